"""A workspace with a key and a journal, and the command line in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler import model as m
from reconciler.cli.process import run
from reconciler.execution import SystemClock
from reconciler.journal import SqliteJournal, default_identity, open_journal, recipient_of, state_folder
from tests.ran import Ran

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = "7f3c1d9a"
SERIAL = "0E4D3C01"
C1 = m.Address.of_node("ams-core", "c1")
SECRET = "CA-3f9c17d2-canary-request-code"

XLICENSE_YAML = f"""\
version: 1
workspace: {WORKSPACE}
defaults:
  ssh: {{username: admin, password: {{env: ADMIN_PASSWORD}}, known_hosts: known_hosts}}
accounts:
  emea:
    virtual_account: Expressway EMEA
    smart_account: acme.example
    manager: {{kind: hand-off}}
"""

CLUSTER_YAML = f"""\
cluster: ams-core
role: core
account: emea
registration: {{mode: reservation}}
nodes:
  - {{name: c1, host: 192.0.2.11, serial: "{SERIAL}", reserve: {{rms: 20}}}}
"""


class Keeping:
    """``keeping("journal", "backup", "x")`` runs a command in the workspace."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        (folder / "clusters").mkdir(parents=True)
        (folder / "xlicense.yaml").write_text(XLICENSE_YAML, encoding="utf-8")
        (folder / "clusters" / "ams-core.yaml").write_text(CLUSTER_YAML, encoding="utf-8")

    def __call__(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("COLUMNS", "1000")  # where a sentence breaks depends on how long the paths are
            code = run(arguments)
        said = self._capsys.readouterr()
        assert "bug in xlicense" not in said.err, said.err
        return Ran(arguments, code, said.out, said.err)

    def killed(self, *command: str) -> Iterator[int]:
        """The same command in copies of this home, killed at each call that touches a file. While one is
        looked at, this object stands in that copy; yields how its process ended."""
        home = self.folder.parent
        told = subprocess.run(
            [sys.executable, "-m", "tests.cli.killed", str(home), *command],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for line in told.stdout.splitlines():
            copy, code = line.split()
            with pytest.MonkeyPatch.context() as patch:
                for name in ("STATE_HOME", "CONFIG_HOME", "RUNTIME_DIR"):
                    patch.setenv(f"XDG_{name}", str(Path(copy, name.partition("_")[0].lower())))
                self.folder = Path(copy, "workspace")
                yield int(code)
        self.folder = home / "workspace"

    @property
    def yaml(self) -> str:
        return (self.folder / "xlicense.yaml").read_text(encoding="utf-8")

    @property
    def state(self) -> Path:
        return state_folder(WORKSPACE)

    @contextmanager
    def journal(self) -> Iterator[SqliteJournal]:
        journal = open_journal(
            self.state,
            workspace=WORKSPACE,
            recipients=(recipient_of(default_identity()),),
            identity=default_identity(),
            clock=SystemClock(),
        )
        try:
            yield journal
        finally:
            journal.close()

    def request(self, *, end: bool = False) -> str:
        """A reservation request whose reply came and whose end is not known, or was seen; its op id."""
        action = m.Action(
            f"node.request_reservation:{SERIAL}", C1, m.Kind.REQUEST_RESERVATION, SERIAL, {},
            m.Carrier.SSH, m.EffectClass.CODE, "", makes=f"request/{SERIAL}",
        )  # fmt: skip
        with self.journal() as journal:
            started = journal.begin_run("apply", None, None)
            journal.lease([C1.parent], started)
            effect = journal.intent(started, action)
            effect.sending()
            effect.received(f"Request code: {SECRET}\r\nOK\r\n".encode())
            if end:
                effect.code(m.Produced(m.CodeKind.REQUEST, SECRET), f"request/{SERIAL}")
                effect.done()
            else:
                effect.unknown("the connection was lost")
            journal.release(started)
            journal.end_run(started, "ended")
        return effect.op_id
