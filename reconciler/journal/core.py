"""What every part of the journal stands on: the open files, the state read from them, and one way to write.

Belongs here: writing a record, reading on, the codes and their values. What the engine calls is in
`sqlite_journal`, what people ask is in `enquiry`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from reconciler.errors import HeldElsewhere, JournalError
from reconciler.model import (
    Authorization,
    CodeKind,
    EffectState,
    HeldCode,
    OpenEffect,
    read_authorization,
    to_data,
)
from reconciler.ports import Clock

from .chain import Record, RecordKind, canonical, link
from .fold import CodeEntry, EffectEntry
from .folder import HOLDERS, LOOK
from .frames import Frame, FrameKind
from .keys import GO_ON, Seal
from .leases import Leases
from .opening import Files, problems, read_on
from .rescue import Rescue
from .taking_over import take_over

_SHORTEST = 6


class JournalCore:
    """An open journal. Every public method may be called from any thread."""

    def __init__(self, files: Files, seal: Seal, clock: Clock) -> None:
        self._files = files
        self._seal = seal
        self._clock = clock
        self._fold = files.fold
        self._lock = threading.RLock()
        self._rescue = Rescue(files.workspace)
        self._leases = Leases(files.store, files.folder / HOLDERS)
        self._readable: dict[str, bool] = {}
        self._values: set[str] = set()
        self._made: list[Record] | None = None
        self._kept: list[str] = []
        take_over(files, self._rescue, self._write_kept)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._files.folder}, record {self._fold.head.seq})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the head in the spool and let go of the files. A second call does nothing."""
        with self._lock:
            if not self._files.spool.close.alive:
                return
            try:
                if not (self._files.spool.broken or self._files.store.broken):
                    self._files.note_head()
            finally:
                self._leases.close()
                self._files.close()

    def verify(self) -> tuple[str, ...]:
        """Everything wrong with the files, read again from the disk; empty when all is well."""
        with self._lock:
            return problems(self._files)

    # Codes

    def _keep(self, code: HeldCode, value: str, run_id: str) -> None:
        self._remember(value)
        if code.kind is CodeKind.AUTHORIZATION:
            code = replace(code, authorization=says(value))
        data = {"code": to_data(code), "sealed": self._seal.seal_text(value), "to": list(self._seal.to)}
        try:
            self._write(RecordKind.CODE, data, run=run_id, op=code.op_id or "")
        except JournalError as error:
            raise self._elsewhere(error, FrameKind.CODE, {**data, "run": run_id}) from error

    def _elsewhere(
        self, error: JournalError, kind: FrameKind, about: dict[str, Any], sealed: bytes = b""
    ) -> JournalError:
        """Keep what could not be written: a code in the spool, anything in the second place, else on the
        terminal. Returns the error to raise, which says where it is."""
        if kind is FrameKind.CODE:
            about, sealed = {**about}, about["sealed"].encode("ascii")
            del about["sealed"]
        about["journal"] = self._fold.journal_id
        place = self._in_spool(kind, about, sealed)
        if place is None:
            place = self._rescue.keep(Frame(kind, about, sealed, 0, 0))
            self._kept.append(place)
        return type(error)(f"{error.message}; what came is not lost: {place}", remedy=error.remedy)

    def _in_spool(self, kind: FrameKind, about: dict[str, Any], sealed: bytes) -> str | None:
        """A reply that is there already holds its code. A reply itself was just refused by the spool."""
        if kind is not FrameKind.CODE:
            return None
        if self._files.spool.answered(about["code"]["op_id"] or ""):
            return "the reply that it was in is in the spool"
        try:
            self._files.spool.append(kind, about, sealed)
        except JournalError:
            return None
        return "it is in the spool"

    def _write_kept(self, frame: Frame) -> None:
        """Make the record of a code that an earlier process could only keep elsewhere."""
        code = frame.about["code"]
        if code["code_id"] in self._fold.codes:
            return
        data = {"code": code, "sealed": frame.blob.decode("ascii"), "to": frame.about["to"]}
        with self._alone():
            if code["code_id"] not in self._fold.codes:
                self._write(RecordKind.CODE, data, run=frame.about["run"], op=code["op_id"] or "")

    def _in_slot(self, slot: str, *, used_too: bool = False) -> list[CodeEntry]:
        found = [entry for entry in self._fold.codes.values() if entry.code.slot == slot]
        return [entry for entry in found if used_too or entry.used is None]

    def _open(self, entry: CodeEntry) -> str:
        try:
            value = self._seal.open(entry.sealed).decode()
        except JournalError as error:
            message = f"code {entry.code.code_id} ({entry.code.slot}) is held and not readable here"
            raise HeldElsewhere(f"{message}: {error.message}", remedy=GO_ON) from None
        self._remember(value)
        return value

    def _remember(self, value: str) -> None:
        """What is shorter than any code would only make holes in texts."""
        if len(value) >= _SHORTEST:
            self._values.add(value)

    def codes(self, *, all: bool = False) -> tuple[HeldCode, ...]:  # noqa: A002 - the flag of the command
        """The codes that the world has not used up, or all that were ever kept; oldest first."""
        with self._lock:
            self._refresh()
            return self._codes(all)

    def _codes(self, used_too: bool) -> tuple[HeldCode, ...]:
        entries = [entry for entry in self._fold.codes.values() if used_too or entry.used is None]
        return tuple(replace(entry.code, readable=self._is_readable(entry)) for entry in entries)

    def _is_readable(self, entry: CodeEntry) -> bool:
        if entry.code.code_id not in self._readable:
            self._readable[entry.code.code_id] = self._seal.readable(entry.sealed)
        return self._readable[entry.code.code_id]

    # Effects

    def _effect(self, entry: EffectEntry) -> OpenEffect:
        effect = entry.effect()
        if effect.state is EffectState.SENDING and self._files.spool.answered(effect.op_id):
            return replace(effect, state=EffectState.ANSWERED)
        return effect

    def _must_be_open(self, op_id: str) -> None:
        if op_id not in self._fold.effects:
            raise JournalError(f"there is no open effect {op_id}", remedy="xlicense op list")

    # Writing

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes meanwhile, and what others wrote before is known.

        The state takes in the records of this step once they are committed, and not before.
        """
        with self._lock:
            self._usable()
            made: list[Record] = []
            with self._files.store.transaction():
                self._read_on()
                self._made = made
                try:
                    yield
                finally:
                    self._made = None
            for record in made:
                self._fold.apply(record)
            self._files.note_witness()

    def _write(self, kind: RecordKind, data: dict[str, Any], *, run: str = "", op: str = "") -> None:
        """Add one record, alone or as part of a step; it is on disk when the step ends."""
        with self._lock:
            if self._made is not None:
                self._append(self._made, kind, data, run, op)
                return
            with self._alone():
                self._write(kind, data, run=run, op=op)

    def _append(self, made: list[Record], kind: RecordKind, data: dict[str, Any], run: str, op: str) -> None:
        record = link(
            made[-1].head if made else self._fold.head,
            at=self._now(),
            kind=kind,
            run=run,
            op=op,
            spool=self._files.spool.synced,
            payload=canonical(data),
        )
        self._files.store.append(record)
        made.append(record)

    def _usable(self) -> None:
        if not self._files.spool.close.alive:
            raise JournalError(f"the journal in {self._files.folder} is closed")
        if self._files.spool.broken or self._files.spool.full or self._files.store.broken:
            kept = f"; what came is not lost: {self._kept[-1]}" if self._kept else ""
            raise JournalError(
                f"the journal in {self._files.folder} is closed for this process after a failed write{kept}",
                remedy=LOOK,
            )

    def _read_on(self) -> None:
        read_on(self._files.store, self._fold)

    def _refresh(self) -> None:
        self._files.spool.refresh()
        self._read_on()

    def _now(self) -> str:
        return self._clock.now().isoformat()

    def _clean(self, text: str) -> str:
        """A text without any code value that this process has seen."""
        for value in self._values:
            text = text.replace(value, "<code>")
        return text


def says(value: str) -> Authorization | None:
    """What an authorization code says, which is no secret; None for anything that is not one."""
    try:
        return read_authorization(value)
    except ValueError:
        return None


def code_id() -> str:
    return f"code-{secrets.token_hex(4)}"
