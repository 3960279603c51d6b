"""The provider over real SSH against a node that plays transcripts."""

from __future__ import annotations

from reconciler.model import (
    Action,
    Address,
    AuthorizationStatus,
    Carrier,
    EffectClass,
    Kind,
    RegistrationStatus,
)
from reconciler.ports import Inputs

from .conftest import Play, Provide
from .played import TapLog

E1 = Address.of_node("ams-edge", "e1")


async def test_one_look_at_a_node_in_evaluation_shows_all_its_parts(play: Play, provide: Provide) -> None:
    node = await play()
    seen = await provide(node).observe(E1)

    assert seen.problems == ()
    assert seen.serial == "0E4D1FA5"
    assert seen.software.version == "X14.3.1"
    assert seen.licence.registration is RegistrationStatus.UNREGISTERED
    assert seen.licence.authorization is AuthorizationStatus.EVALUATION
    assert seen.licence.evaluation_seconds == 89 * 86400 + 274
    assert seen.smart.transport == "direct"
    assert seen.smart.url is None
    assert [alarm.id for alarm in seen.alarms] == ["30035", "40049"]
    assert seen.peers == ("e1.example.com", "e2.example.com")
    assert seen.primary == 1
    assert seen.hostname == "e1"
    assert seen.dns == ("192.0.2.53", "192.0.2.54")
    assert seen.ntp == ("ntp1.example.com", "ntp2.example.com")
    assert [key.key for key in seen.option_keys] == ["116341J00-1-60BAD5CD"]
    assert (node.seen.connections, node.seen.shells) == (1, 1)


TOKEN = "NjQ5ZGNhYTctOTgxZi00-LTE3MDAwMDAwMDA%3D%0Aabcdef"
"""The shape of a registration token; never one of a real account."""


def register(kind: Kind = Kind.REGISTER, token: str = "token/emea/allowed") -> Action:
    return Action(
        id=f"{kind}:0E4D1FA5:00000000",
        address=E1,
        kind=kind,
        subject="0E4D1FA5",
        params={"token": token, "virtual_account": "Expressway EMEA", "export_controlled": True},
        carrier=Carrier.SSH,
        effect_class=EffectClass.ONCE,
        reason="not registered",
    )


async def test_registering_types_the_token_compares_the_echo_then_says_sending_then_presses_enter(
    play: Play, provide: Provide
) -> None:
    node = await play()
    tap = TapLog(node=node)
    inputs = Inputs("op-1", tap, {"token/emea/allowed": TOKEN})

    reply = await provide(node).execute(register(), inputs)

    assert reply.codes == ()
    assert node.seen.lines[-1] == f'xCommand License Smart Register Idtoken: "{TOKEN}"'
    assert tap.lines_at_sending == ["xStatus SystemUnit"]
    assert tap.events[0] == "sending"
    assert b"OK" in tap.data
    assert tap.events.count("sending") == 1
