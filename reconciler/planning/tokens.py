"""Registration tokens: which slot a cluster registers from, who makes it and when it is revoked.

One token for each account and export flag, made when somebody needs it and revoked when the last of them
has settled (S33 to S36). A standing token belongs to whoever keeps it: it is neither made nor revoked.

Belongs here: the actions on accounts that serve registrations. Does not belong here: the registrations
themselves (steps).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reconciler.model import (
    AccountDesired,
    Action,
    ClusterDesired,
    CodeKind,
    HeldCode,
    Kind,
    Purpose,
)
from reconciler.rules import Index, active, by_token

from .catalogue import Maker, action_id


def slot_of(cluster: ClusterDesired) -> str:
    """``token/<account>/allowed|restricted``, or ``secret/<reference>`` for a standing token."""
    assert cluster.registration is not None  # noqa: S101 - only asked for clusters that register
    standing = cluster.registration.token.value
    if standing is not None:
        return f"secret/{standing}"
    return f"token/{cluster.account}/{'allowed' if export_of(cluster) else 'restricted'}"


def export_of(cluster: ClusterDesired) -> bool:
    """The portal offers export-controlled functionality unless somebody unticks it; so does a token here."""
    registration = cluster.registration
    return registration is None or registration.export_controlled is not False


def token_ends(params: Mapping[str, Any], asked: datetime) -> datetime | None:
    """When the token of an action with these parameters ends, as far as its answer does not say."""
    days = params.get("expires_after_days")
    return asked + timedelta(days=days) if isinstance(days, int) else None


@dataclass
class Tokens:
    """The tokens of one plan. Ask ``need`` for each registration, then ``actions`` once."""

    index: Index
    maker: Maker
    now: datetime
    _used: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._held = {code.slot: code for code in self.index.held.codes if self._usable(code)}
        self._groups = _groups(self.index)

    def _usable(self, code: HeldCode) -> bool:
        fresh = code.expires_at is None or code.expires_at > self.now
        return code.kind is CodeKind.TOKEN and code.readable and fresh

    def need(self, cluster: ClusterDesired) -> tuple[str, ...]:
        """The ids that must have succeeded before a node of this cluster can use its token."""
        slot = slot_of(cluster)
        if slot.startswith("secret/"):
            return ()
        self._used.setdefault(slot, [])
        if slot in self._held:
            return ()
        return (action_id(Kind.CREATE_TOKEN, cluster.account, {"export_controlled": export_of(cluster)}),)

    def used_by(self, cluster: ClusterDesired, registration: Action) -> None:
        """Remember who must have settled before the token may be revoked."""
        self._used.get(slot_of(cluster), []).append(registration.id)

    def actions(self) -> list[Action]:
        made: list[Action] = []
        for slot in sorted({*self._used, *self._left_over()}):
            group = self._groups.get(slot)
            if group is not None:
                made.extend(self._of_slot(slot, group))
        return made

    def _left_over(self) -> Iterable[str]:
        """Tokens that we made and nobody waits for: a run ended before it could revoke them."""
        return (slot for slot, code in self._held.items() if _ours(code))

    def _of_slot(self, slot: str, group: _Group) -> Iterable[Action]:
        users = self._used.get(slot, [])
        held = self._held.get(slot)
        create = self._create(slot, group) if held is None else None
        if create is not None:
            yield create
        made_here = create is not None and self.maker.carries(group.account.address, Kind.CREATE_TOKEN)
        ours = made_here or (held is not None and _ours(held))
        if ours and self.maker.carries(group.account.address, Kind.REVOKE_TOKEN):
            yield self._revoke(slot, group.account, users, () if create is None else (create.id,))

    def _create(self, slot: str, group: _Group) -> Action:
        account = group.account
        params = {
            "export_controlled": group.export_controlled,
            "expires_after_days": group.days,
            "max_uses": group.uses,
        }
        reason = f"{group.uses} nodes of account {account.name} may register from it"
        if group.uses == 1:
            reason = f"one node of account {account.name} may register from it"
        return self.maker.make(
            Kind.CREATE_TOKEN,
            account.address,
            account.name,
            params,
            reason,
            purpose=Purpose.SUPPLY,
            makes=slot,
        )

    def _revoke(
        self, slot: str, account: AccountDesired, users: Iterable[str], needs: tuple[str, ...]
    ) -> Action:
        return self.maker.make(
            Kind.REVOKE_TOKEN,
            account.address,
            account.name,
            {"token": slot},
            "the token opens every licence of the virtual account until it is revoked",
            needs=needs,
            after=users,
            purpose=Purpose.CLEANUP,
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """Everybody who may register from one slot."""

    account: AccountDesired
    export_controlled: bool
    uses: int
    days: int


def _ours(code: HeldCode) -> bool:
    return not code.from_person


def _groups(index: Index) -> Mapping[str, _Group]:
    groups: dict[str, _Group] = {}
    for cluster in index.managed():
        if (
            not by_token(cluster)
            or cluster.registration is None
            or cluster.registration.token.value is not None
        ):
            continue
        slot, nodes = slot_of(cluster), len(active(cluster))
        known = groups.get(slot)
        uses = nodes + (known.uses if known else 0)
        days = max(cluster.registration.token.expires_after_days, known.days if known else 0)
        if nodes or known:
            groups[slot] = _Group(index.account_of(cluster), export_of(cluster), uses, days)
    return groups
