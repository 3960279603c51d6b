"""Reservations over real SSH against nodes that play transcripts: what is typed, kept, refused."""

from __future__ import annotations

import pytest

from providers.expressway import conversation
from reconciler.errors import OutcomeUnknown, Rejected, Unreachable, Unreadable
from reconciler.model import (
    Action,
    Address,
    Carrier,
    CodeKind,
    EffectClass,
    Kind,
    Produced,
    RegistrationStatus,
)
from reconciler.ports import Inputs

from .conftest import Play, Provide
from .played import PlayedNode, TapLog, transcript
from .test_authorization import RMS, code, line

E1 = Address.of_node("ams-edge", "e1")
SERIAL = "0E4D1FA5"
SLOT = f"authorization/{SERIAL}"
OK = "\r\nOK\r\n"
RESERVATION = "xcommand license smart reservation"
RETURN = "CMcmMV-TriR2T-hKD6pi-c3h43U-sT8Hzx-6CRCjt-9J1GRA-6wZEnV-M2u"


def action(kind: Kind, **params: object) -> Action:
    usual: dict[Kind, dict[str, object]] = {
        Kind.INSTALL_AUTHORIZATION: {
            "serial": SERIAL,
            "udi": f"PID:EXPY,SN:{SERIAL}",
            "authorization": SLOT,
            "request": None,
            "lines": [line()],
            "confirms": False,
            "unchecked": False,
        },
        Kind.RETURN_RESERVATION: {"serial": SERIAL},
        Kind.RETURN_AUTHORIZATION: {"serial": SERIAL, "authorization": SLOT},
    }
    more = usual.get(kind, {}) | params
    return Action(f"{kind}:s:0", E1, kind, SERIAL, more, Carrier.SSH, EffectClass.CODE, "why")


def inputs(value: str = "", tap: TapLog | None = None) -> Inputs:
    return Inputs("op-1", tap or TapLog(), {SLOT: value or code(RMS)})


def typed(node: PlayedNode) -> list[str]:
    return [text for text in node.seen.lines if text != "xStatus SystemUnit"]


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (Kind.ENABLE_RESERVATION, "xConfiguration License Smart ReservationEnable: On"),
        (Kind.DISABLE_RESERVATION, "xConfiguration License Smart ReservationEnable: Off"),
        (Kind.CANCEL_RESERVATION, "xCommand License Smart Reservation Cancel"),
    ],
)
async def test_settings_and_a_cancel_are_one_line_and_print_no_code(
    play: Play, provide: Provide, kind: Kind, command: str
) -> None:
    node = await play(replies={command: OK})
    reply = await provide(node).execute(action(kind), inputs())
    assert typed(node) == [command]
    assert (reply.text, reply.codes) == ("", ())


@pytest.mark.parametrize(
    ("kind", "name", "command", "produced"),
    [
        (Kind.REQUEST_RESERVATION, "reservation-request", "Request",
         Produced(CodeKind.REQUEST, "CB-ZEXPY:0E4D1FA5-AK9A6sMTr-86")),
        (Kind.INSTALL_AUTHORIZATION, "reservation-install-update", f'Install "{code(RMS)}"',
         Produced(CodeKind.CONFIRMATION, "3311aaea")),
        (Kind.RETURN_RESERVATION, "reservation-return", "Return", Produced(CodeKind.RETURN, RETURN)),
        (Kind.RETURN_AUTHORIZATION, "reservation-return-authorization", f'ReturnAuthorization "{code(RMS)}"',
         Produced(CodeKind.RETURN, RETURN)),
    ],
)  # fmt: skip
async def test_a_code_that_the_node_prints_comes_back_and_is_in_no_text(
    play: Play, provide: Provide, kind: Kind, name: str, command: str, produced: Produced
) -> None:
    node = await play(replies={RESERVATION: transcript(f"X14.3.1/{name}")}, one_byte_at_a_time=True)
    tap = TapLog(node=node)
    reply = await provide(node).execute(action(kind, confirms=True), inputs(tap=tap))
    assert typed(node) == [f"xCommand License Smart Reservation {command}"]
    assert reply.codes == (produced,)
    assert produced.value not in reply.text
    assert produced.value.encode() in tap.data
    assert tap.events.count("sending") == 1
    assert tap.lines_at_sending == ["xStatus SystemUnit"]


async def test_a_first_install_needs_no_code_and_keeps_one_that_comes(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: f"Authorization code installed.\r\n{OK}"})
    reply = await provide(node).execute(action(Kind.INSTALL_AUTHORIZATION), inputs())
    assert (reply.text, reply.codes) == ("Authorization code installed.", ())

    node.script.replies[RESERVATION] = transcript("X14.3.1/reservation-install-first")
    reply = await provide(node).execute(action(Kind.INSTALL_AUTHORIZATION), inputs())
    assert reply.codes == (Produced(CodeKind.CONFIRMATION, "5c2b17e0"),)


async def test_a_code_of_letters_only_is_in_no_text_either(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: f"Confirmation code: deadbeef\r\n{OK}"})
    reply = await provide(node).execute(action(Kind.INSTALL_AUTHORIZATION, confirms=True), inputs())
    assert reply.codes == (Produced(CodeKind.CONFIRMATION, "deadbeef"),)
    assert "deadbeef" not in reply.text


@pytest.mark.parametrize(
    "kind", [Kind.REQUEST_RESERVATION, Kind.RETURN_RESERVATION, Kind.RETURN_AUTHORIZATION]
)
@pytest.mark.parametrize(
    "said", ["", "Enter the code CMcmMV-TriR2T-\x00D6pi into CSSM\r\n", "Return code: 3311aaea 4422\r\n"]
)
async def test_no_readable_code_where_one_must_come_is_unreadable_and_shows_none(
    play: Play, provide: Provide, kind: Kind, said: str
) -> None:
    node = await play(replies={RESERVATION: said + OK})
    with pytest.raises(Unreadable, match="code can be read") as unread:
        await provide(node).execute(action(kind), inputs(tap=(tap := TapLog())))
    assert said.encode() in tap.data
    assert "TriR2T" not in str(unread.value) + unread.value.said


async def test_an_update_that_prints_no_confirmation_code_is_unreadable(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: f"Authorization code installed.\r\n{OK}"})
    with pytest.raises(Unreadable, match="no confirmation code"):
        await provide(node).execute(action(Kind.INSTALL_AUTHORIZATION, confirms=True), inputs())


async def test_a_return_that_is_cut_off_leaves_the_outcome_open(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: transcript("X14.3.1/reservation-return")}, drop_mid="xCommand")
    provider = provide(node)
    with pytest.raises(OutcomeUnknown):
        await provider.execute(action(Kind.RETURN_RESERVATION), inputs(tap=(tap := TapLog())))
    assert provider.read_code(CodeKind.RETURN, bytes(tap.data)) is None


async def test_a_refusal_shows_the_node_s_words_without_codes(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: f"Code {RETURN} is pending\r\nERROR: not now\r\n"})
    with pytest.raises(Rejected, match="not now") as refusal:
        await provide(node).execute(action(Kind.RETURN_RESERVATION), inputs())
    assert RETURN not in str(refusal.value) + refusal.value.said
    assert "is pending" in refusal.value.said


async def test_a_release_without_reservations_says_from_which_on_they_are_known(
    play: Play, provide: Provide
) -> None:
    node = await play(replies={RESERVATION: "Command not recognized.\r\n"})
    with pytest.raises(Rejected) as refusal:
        await provide(node).execute(action(Kind.REQUEST_RESERVATION), inputs())
    assert "X14.2" in refusal.value.remedy
    assert typed(node) == ["xCommand License Smart Reservation Request"]


@pytest.mark.parametrize(
    ("value", "params"),
    [
        (code(RMS, udi="P:EXPY,S:0AAAAAAA"), {}),
        (code(RMS), {"lines": [line(quantity=4)]}),
        (code(("rms-tag", 10, "RMS", "2025-12-31")), {}),
        (code(RMS)[:-9], {}),
        (code(RMS) + '"; xCommand Boot', {"unchecked": True}),
    ],
)
async def test_a_code_that_does_not_fit_is_refused_before_anything_is_sent(
    play: Play, provide: Provide, value: str, params: dict[str, object]
) -> None:
    node = await play()
    with pytest.raises(Rejected, match="the code is kept") as refusal:
        await provide(node).execute(
            action(Kind.INSTALL_AUTHORIZATION, **params), inputs(value, tap := TapLog())
        )
    assert "MEYC" not in str(refusal.value)
    assert tap.events == []
    assert node.seen.connections == 0


async def test_another_node_s_code_is_not_returned_and_a_missing_one_not_installed(
    play: Play, provide: Provide
) -> None:
    node = await play()
    provider = provide(node)
    with pytest.raises(Rejected, match="0AAAAAAA"):
        await provider.execute(action(Kind.RETURN_AUTHORIZATION), inputs(code(RMS, udi="S:0AAAAAAA")))
    with pytest.raises(Unreachable, match="no authorization was given"):
        await provider.execute(action(Kind.INSTALL_AUTHORIZATION), Inputs("op", TapLog(), {}))
    assert node.seen.connections == 0


async def test_the_identity_in_the_request_code_is_compared_too(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: OK})
    slot = f"request/{SERIAL}"
    held = Inputs("op", TapLog(), {SLOT: code(RMS), slot: "P:EXPY,S:OTHER,U:1"})
    with pytest.raises(Rejected, match="S:OTHER"):
        await provide(node).execute(action(Kind.INSTALL_AUTHORIZATION, udi=None, request=slot), held)
    assert node.seen.connections == 0


# --- the long line -------------------------------------------------------------------------------------

LONG = [
    (f"regid.2026-01.com.example.T{number:03}", number + 1, f"Licence {number}", "") for number in range(20)
]
LINES = [line(tag, quantity) for tag, quantity, _, _ in LONG]
INSTALL = "xCommand License Smart Reservation Install"


def long_install() -> Action:
    return action(Kind.INSTALL_AUTHORIZATION, lines=LINES)


async def test_a_long_code_goes_through_a_terminal_that_takes_it(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: transcript("X14.3.1/reservation-install-first")}, fold_at=200)
    await provide(node).execute(long_install(), inputs(code(*LONG), tap := TapLog(node=node)))
    assert typed(node) == [f'{INSTALL} "{code(*LONG)}"']
    assert len(typed(node)[0]) > 4_095
    assert not any(text.startswith(INSTALL) for text in tap.lines_at_sending or ())
    assert node.seen.shells == 1


async def test_where_a_terminal_cuts_at_4095_characters_one_without_it_is_used(
    play: Play, provide: Provide
) -> None:
    node = await play(replies={RESERVATION: OK}, cut_at=4_095)
    await provide(node, connect_timeout=0.5).execute(long_install(), inputs(code(*LONG)))
    assert typed(node) == [f'{INSTALL} "{code(*LONG)}"']
    assert node.seen.half_lines == []


async def test_a_wider_terminal_is_tried_where_there_is_none_without(play: Play, provide: Provide) -> None:
    node = await play(replies={RESERVATION: OK}, cut_at=4_095, cut_below=20_000, without_terminal=False)
    await provide(node, connect_timeout=0.5).execute(long_install(), inputs(code(*LONG)))
    assert typed(node) == [f'{INSTALL} "{code(*LONG)}"']
    assert [size[0] for size in node.seen.sizes] == [conversation.WIDE, conversation.WIDEST]


async def test_a_line_that_stays_cut_is_refused_with_the_way_by_hand_and_nothing_ran(
    play: Play, provide: Provide
) -> None:
    node = await play(replies={RESERVATION: OK}, cut_at=4_095, without_terminal=False)
    with pytest.raises(Rejected, match="nothing was carried out") as refusal:
        await provide(node, connect_timeout=0.5).execute(long_install(), inputs(code(*LONG), tap := TapLog()))
    assert "tsh < FILE" in refusal.value.remedy
    assert tap.events == []
    assert typed(node) == []
    assert node.seen.half_lines == []


# --- what is said and shown ----------------------------------------------------------------------------


async def test_reservation_states_are_observed(play: Play, provide: Provide) -> None:
    node = await play(
        replies={
            "xstatus // license": transcript("X14.3.1/licence-reservation-pending"),
            "xconfiguration license smart": transcript("X14.3.1/smart-reservation"),
        }
    )
    seen = await provide(node).observe(E1)
    assert seen.problems == ()
    assert seen.licence.registration is RegistrationStatus.RESERVATION_PENDING
    assert seen.smart.reservation_enable is True
    assert (seen.licence.udi, seen.serial) == (f"PID:EXPY,SN:{SERIAL}", SERIAL)


def test_commands_are_shown_without_the_code(provide: Provide) -> None:
    provider = provide(PlayedNode(script=None))
    assert provider.commands(action(Kind.INSTALL_AUTHORIZATION)) == (f'{INSTALL} "<authorization code>"',)
    assert provider.commands(action(Kind.RETURN_AUTHORIZATION)) == (
        'xCommand License Smart Reservation ReturnAuthorization "<authorization code>"',
    )
    assert provider.commands(action(Kind.REQUEST_RESERVATION)) == (
        "xCommand License Smart Reservation Request",
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.ENABLE_RESERVATION, ("ReservationEnable: On", "unregistered", "every peer")),
        (Kind.DISABLE_RESERVATION, ("ReservationEnable: Off",)),
        (Kind.REQUEST_RESERVATION, ("Reservation Request", "reservation request code", "Do not repeat")),
        (
            Kind.INSTALL_AUTHORIZATION,
            ('Install "<authorization code>"', "10 of rms-tag", "quotes", "tsh < FILE"),
        ),
        (Kind.RETURN_RESERVATION, ("Reservation Return", SERIAL, "UNLICENSED", "return code")),
        (Kind.CANCEL_RESERVATION, ("Reservation Cancel", "no authorization code")),
        (Kind.RETURN_AUTHORIZATION, ("ReturnAuthorization", "quotes", "return code")),
    ],
)
def test_a_person_types_the_same_at_the_command_line(provide: Provide, kind: Kind, words) -> None:
    steps = provide(PlayedNode(script=None)).instructions(action(kind))
    assert "ssh admin@127.0.0.1" in steps[0]
    assert all(word in "\n".join(steps) for word in words)
    assert kind in provide(PlayedNode(script=None)).capabilities()[E1]


def test_an_update_asks_for_its_confirmation_code(provide: Provide) -> None:
    steps = "\n".join(
        provide(PlayedNode(script=None)).instructions(action(Kind.INSTALL_AUTHORIZATION, confirms=True))
    )
    assert "Copy the confirmation code" in steps
