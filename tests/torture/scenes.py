"""The scenes: each begins where an effect that matters is next, and its one ``apply`` carries that effect.

::

    token      make a token, register, revoke        reserve   switch on, request, reserve, install
    grow       update at CSSM, install, confirm      retire    return, remove
    cancel     cancel a request that was not used    give_back cancel, ReturnAuthorization, remove
    to_token   return, remove, then by token         move      privacy, make a token, register anew, revoke
    switch     URL, transport, make a token, register    leave     deregister
    renew      privacy, renew the registration, renew the authorization
    ghost      register, remove an instance that is gone
"""

from __future__ import annotations

from providers.lab.nouns import AUTHORIZATION_LIFE
from tests.ran import Ran

from .stage import Scene, Stage


async def _applied(stage: Stage) -> None:
    ran = await stage.apply()
    assert ran.code == 0, str(ran)


async def _nothing(stage: Stage) -> None:
    del stage


async def _grow(stage: Stage) -> None:
    await _applied(stage)
    stage.edit("rms: 10", "rms: 14")


async def _retire(stage: Stage) -> None:
    await _applied(stage)
    _retired(await stage.run("retire", "cluster/core"))


async def _cancel(stage: Stage) -> None:
    stage.lab.faults.add("cloud", "error-in-200", match="reserve-licenses", times=None)
    ran = await stage.apply()
    assert stage.lab.ledger.codes("request"), str(ran)
    assert not stage.lab.ledger.codes("authorization"), str(ran)
    _retired(await stage.run("retire", "cluster/core"))


async def _give_back(stage: Stage) -> None:
    for name in stage.lab.nodes:
        stage.lab.faults.add(name, "error", match="reservation install", times=None)
    ran = await stage.apply()
    assert stage.lab.ledger.codes("authorization"), str(ran)
    assert not stage.lab.ledger.codes("confirmation"), str(ran)
    _retired(await stage.run("retire", "cluster/core"))


async def _to_token(stage: Stage) -> None:
    await _applied(stage)
    stage.edit(
        r"registration: \{mode: reservation\}", "registration: {mode: token}\ntransport: {mode: direct}"
    )
    stage.edit(r", reserve: \{rms: 10, desktop: 100\}", "")


async def _move(stage: Stage) -> None:
    """It is registered to another virtual account, and is to share less."""
    stage.edit("role: core\n", "role: core\nprivacy: {hostname: hidden}\n")


async def _switch(stage: Stage) -> None:
    stage.edit("account: vault\ntransport: {mode: direct}", "account: plant\ntransport: {mode: on-prem}")


async def _leave(stage: Stage) -> None:
    await _applied(stage)
    _retired(await stage.run("retire", "cluster/core"))


async def _renew(stage: Stage) -> None:
    """It has not reached CSSM for a quarter of a year, and is to share less."""
    await _applied(stage)
    stage.edit("role: core\n", "role: core\nprivacy: {hostname: hidden}\n")
    (node,) = stage.lab.world.nodes.values()
    assert node.registration is not None
    node.registration.authorized_at -= AUTHORIZATION_LIFE
    node.usage = {"rms": 1}


def _retired(ran: Ran) -> None:
    assert ran.code == 0, str(ran)


def _scenes(nodes: int) -> tuple[Scene, ...]:
    world, by_token, reserved = f"world{nodes}.yaml", f"token{nodes}.yaml", f"reserve{nodes}.yaml"
    return (
        Scene(f"token{nodes}", world, by_token, _nothing),
        Scene(f"reserve{nodes}", world, reserved, _nothing),
        Scene(f"grow{nodes}", world, reserved, _grow),
        Scene(f"retire{nodes}", world, reserved, _retire),
        Scene(f"cancel{nodes}", world, reserved, _cancel),
        Scene(f"give_back{nodes}", world, reserved, _give_back),
        Scene(f"to_token{nodes}", world, reserved, _to_token),
    )


_OTHERS = (
    Scene("move1", "registered1.yaml", "token1.yaml", _move),
    Scene("switch1", "plant1.yaml", "token1.yaml", _switch, "plant.yaml"),
    Scene("leave1", "world1.yaml", "token1.yaml", _leave),
    Scene("renew1", "world1.yaml", "token1.yaml", _renew),
    Scene("ghost1", "ghost1.yaml", "token1.yaml", _nothing, "ghost.yaml"),
)
SCENES = {scene.name: scene for scene in (*_scenes(1), *_scenes(2), *_OTHERS)}
