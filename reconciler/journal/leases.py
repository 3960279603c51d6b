"""Who may write where: one lease a cluster or account, taken all or none, and proof of who is alive.

A holder keeps a file in ``holders/`` locked for as long as its process lives; the kernel lets go of the
lock when the process dies, however it dies. That lock is the proof of death on this machine. A lease from
another host proves nothing: there only its expiry counts, and only where no effect of that run is open.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import socket
import weakref
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.errors import JournalError, LockHeld
from reconciler.model import Address

from .folder import LOOK, names_in, open_private
from .store import LeaseRow, Store
from .views import Lease

LIFE = timedelta(seconds=60)


class Leases:
    """The leases of one workspace, as one process sees them."""

    def __init__(self, store: Store, holders: Path) -> None:
        self._store = store
        self._holders = holders
        self._host = socket.gethostname()
        self._locks: dict[str, weakref.finalize[[int], Leases]] = {}

    def try_take(
        self, addresses: Sequence[Address], run_id: str, now: datetime, has_open: Callable[[str], bool]
    ) -> LeaseRow | None:
        """Inside a transaction: take all, or none and return one that is in the way."""
        standing = {row.address: row for row in self._store.leases()}
        rivals = [standing[a] for a in addresses if a in standing and standing[a].run != run_id]
        for row in rivals:
            if not self._gives_way(row, now, has_open):
                return row
        for row in rivals:
            self._drop(row.run)
        if addresses:
            self._show_life(run_id)
            self._store.put_leases([self._row(address, run_id, now) for address in addresses])
        return None

    def _drop(self, run_id: str) -> None:
        """Its proof of life goes too: nothing asks for it any more."""
        self._store.drop_leases(run_id)
        (self._holders / run_id).unlink(missing_ok=True)

    def _gives_way(self, row: LeaseRow, now: datetime, has_open: Callable[[str], bool]) -> bool:
        if self.alive(row) is False:
            return True
        return datetime.fromisoformat(row.expires) < now and not has_open(row.run)

    def _row(self, address: Address, run_id: str, now: datetime) -> LeaseRow:
        at = now.isoformat()
        return LeaseRow(address, run_id, user(), self._host, os.getpid(), at, at, (now + LIFE).isoformat())

    def alive(self, row: LeaseRow) -> bool | None:
        """True or False where this machine can prove it."""
        if row.host != self._host:
            return None
        return self._lives_here(row.run)

    def _lives_here(self, run_id: str) -> bool:
        if run_id in self._locks:
            return True
        try:
            descriptor = os.open(self._holders / run_id, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise JournalError(
                f"{self._holders / run_id} cannot be opened: {error.strerror}", remedy=LOOK
            ) from error
        return self._is_locked(descriptor)

    @staticmethod
    def _is_locked(descriptor: int) -> bool:
        """Shared on our side, so that two who look at once do not take each other for the holder."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _show_life(self, run_id: str) -> None:
        """Somebody who took our leases away has also removed the file."""
        path = self._holders / run_id
        if run_id in self._locks and path.exists():
            return
        descriptor = open_private(path, os.O_RDWR)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._hide(run_id)
        self._locks[run_id] = weakref.finalize(self, os.close, descriptor)

    def _hide(self, run_id: str) -> None:
        if run_id in self._locks:
            self._locks.pop(run_id)()

    def still_held(self, run_id: str) -> None:
        """Inside a transaction. Raises LockHeld where a run that took leases has lost one."""
        if run_id in self._locks and not self._store.holds_lease(run_id):
            raise LockHeld(f"the leases of {run_id} were taken away meanwhile", remedy="xlicense plan")

    def beat(self, run_id: str, now: datetime) -> None:
        with self._store.transaction():
            self._store.beat(run_id, now.isoformat(), (now + LIFE).isoformat())

    def release(self, run_id: str) -> None:
        """Give back, or take away, every lease of this run."""
        with self._store.transaction():
            self._drop(run_id)
        self._hide(run_id)

    def take_away(self, run_id: str, *, alive: bool | None) -> None:
        """Release what somebody else holds. A living holder keeps its proof of life: what it has open may
        still be on its way, and is nobody else's before its process has ended."""
        with self._store.transaction():
            if alive:
                self._store.drop_leases(run_id)
            else:
                self._drop(run_id)

    def living(self) -> frozenset[str]:
        """The runs whose process lives on this machine, with leases or without."""
        return frozenset(name for name in names_in(self._holders) if self._lives_here(name))

    def close(self) -> None:
        """Let go of the proofs of life; what is still leased then counts as left behind."""
        for run_id in tuple(self._locks):
            self._hide(run_id)

    def all(self) -> tuple[Lease, ...]:
        return tuple(self._lease(row) for row in self._store.leases())

    def _lease(self, row: LeaseRow) -> Lease:
        return Lease(
            address=Address(row.address),
            run_id=row.run,
            holder=row.holder,
            host=row.host,
            pid=row.pid,
            since=datetime.fromisoformat(row.since),
            heartbeat=datetime.fromisoformat(row.heartbeat),
            expires=datetime.fromisoformat(row.expires),
            alive=self.alive(row),
        )


def held_by(row: LeaseRow) -> LockHeld:
    """The message that names the holder."""
    return LockHeld(
        f"{row.address} is being changed by {row.holder} on {row.host} (pid {row.pid}) since {row.since}",
        remedy=f"Wait for it, or if it is gone: xlicense unlock {row.run}",
    )


def user() -> str:
    """Who runs this, as far as the machine can tell."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"
