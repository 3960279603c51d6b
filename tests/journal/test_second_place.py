"""The second place and the terminal: where something goes that neither file takes, and how it is found."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import tempfile
from pathlib import Path
from typing import Any

import pyrage
import pytest

from reconciler import model as m
from reconciler.errors import JournalError
from reconciler.journal import keys
from reconciler.journal.frames import Frame, FrameKind, encode
from reconciler.journal.rescue import Rescue
from reconciler.journal.taking_over import rescued

from .bench import CODE, EMEA, NOW, TOKEN_SLOT, Desk, create_token
from .files_left import no_more_files

REPLY: dict[str, Any] = {"op": "op-1", "at": NOW.isoformat(), "journal": "ab"}
HELD = m.to_data(m.HeldCode("c", m.CodeKind.TOKEN, TOKEN_SLOT, EMEA, "emea", NOW, readable=False))
KEPT: dict[str, Any] = {"code": HELD, "run": "run-1", "journal": "ab", "to": []}


def test_what_is_kept_is_private_found_oldest_first_and_whole(tmp_path: Path) -> None:
    rescue = Rescue("ws1")
    assert rescue.folder == tmp_path / "runtime" / "xlicense" / "ws1"
    assert (rescue.kept(), rescue.folder.exists()) == ((), False)
    said = [rescue.keep(Frame(FrameKind.RECEIVED, REPLY, data, 0, 0)) for data in (b"one", b"two")]
    kept = rescue.kept()
    assert said == [f"it is kept in {path}" for path in kept]
    assert [path.read_bytes() for path in kept] == [
        encode(FrameKind.RECEIVED, REPLY, b"one"),
        encode(FrameKind.RECEIVED, REPLY, b"two"),
    ]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in kept}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (rescue.folder, rescue.folder.parent)}
    assert (modes, folders) == ({0o600}, {0o700})
    (rescue.folder / "note.txt").touch()
    assert rescue.kept() == kept
    frame = rescued(kept[0])
    assert frame is not None
    assert (frame.kind, frame.about, frame.blob) == (FrameKind.RECEIVED, REPLY, b"one")


def test_a_second_place_that_cannot_be_listed_is_not_taken_for_empty() -> None:
    rescue = Rescue("ws1")
    rescue.keep(Frame(FrameKind.RECEIVED, REPLY, b"x", 0, 0))
    with (
        no_more_files(),
        pytest.raises(JournalError, match=f"{rescue.folder} cannot be listed: Too many") as caught,
    ):
        rescue.kept()
    assert caught.value.remedy
    assert len(rescue.kept()) == 1


@pytest.mark.parametrize("inner", [True, False])
def test_a_second_place_that_others_can_read_is_not_used(
    inner: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    rescue = Rescue("ws1")
    rescue.folder.mkdir(parents=True, mode=0o700)
    rescue.folder.parent.chmod(0o700)
    (rescue.folder if inner else rescue.folder.parent).chmod(0o750)
    with pytest.raises(JournalError, match="by others"):
        rescue.kept()
    assert "on the terminal" in rescue.keep(Frame(FrameKind.RECEIVED, REPLY, b"x", 0, 0))
    assert "by others" in capfd.readouterr().err


def test_without_a_runtime_folder_the_temporary_files_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere/at/all")
    assert Rescue("ws1").folder == Path(tempfile.gettempdir()) / f"xlicense-{os.getuid()}" / "ws1"


@pytest.mark.parametrize("kind", [FrameKind.RECEIVED, FrameKind.CODE])
def test_the_last_resort_can_be_copied_from_the_terminal_and_opened(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: FrameKind
) -> None:
    (tmp_path / "runtime" / "xlicense").touch()
    seal = keys.Seal([keys.init_identity(tmp_path / "id")], tmp_path / "id")
    text = CODE * 9
    blob = seal.seal(text.encode()) if kind is FrameKind.RECEIVED else seal.seal_text(text).encode()
    about = REPLY if kind is FrameKind.RECEIVED else KEPT
    assert Rescue("ws1").keep(Frame(kind, about, blob, 0, 0)) == (
        "it was printed, sealed, on the terminal: copy it"
    )
    said = capfd.readouterr().err
    assert "NOTHING ON THIS MACHINE TAKES THIS ANY MORE: " in said
    assert f"It came for {'op-1' if kind is FrameKind.RECEIVED else TOKEN_SLOT} and may be a code" in said
    assert max(len(line) for line in said[said.index("-----BEGIN") :].splitlines()) == 64
    armoured = said[said.index("-----BEGIN") :].strip() + "\n"
    identity = pyrage.x25519.Identity.from_str((tmp_path / "id").read_text().splitlines()[1])
    assert pyrage.decrypt(armoured.encode(), [identity]).decode() == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        encode(FrameKind.RECEIVED, REPLY, b"x")[:-1],
        encode(FrameKind.RECEIVED, REPLY, b"x") * 2,
        encode(FrameKind.RECEIVED, {"op": 3}, b"x"),
    ],
)
def test_what_is_not_one_whole_frame_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "1.frame").write_bytes(data)
    assert rescued(tmp_path / "1.frame") is None
    assert rescued(tmp_path / "none.frame") is None


def received(op: str, journal_id: str, data: bytes) -> Frame:
    return Frame(FrameKind.RECEIVED, {"op": op, "at": NOW.isoformat(), "journal": journal_id}, data, 0, 0)


def opened_with(desk: Desk, *replies: bytes, second: bytes) -> list[bytes]:
    """What the journal holds of an effect with these replies in its spool and one in the second place."""
    with desk.open() as journal:
        effect = journal.intent("run-1", create_token())
        effect.sending()
        for reply in replies:
            effect.received(reply)
    with desk.open() as journal:
        sealed = pyrage.encrypt(second, [pyrage.x25519.Recipient.from_str(desk.recipients[0])])
    known = sqlite3.connect(desk.database).execute("SELECT payload FROM records LIMIT 1").fetchone()[0]
    Rescue("ws1").keep(received(effect.op_id, json.loads(known)["journal"], sealed))
    with desk.open() as journal:
        return journal.spooled(effect.op_id)


@pytest.mark.parametrize("replies", [(), (b"first",), (b"first", b"second")])
def test_what_the_second_place_holds_joins_what_the_spool_has_of_the_effect(
    desk: Desk, replies: tuple[bytes, ...]
) -> None:
    assert opened_with(desk, *replies, second=b"last") == [*replies, b"last"]
