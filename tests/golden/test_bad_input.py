"""Bad input through the real command line: one clear message, the documented exit code, never a traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.golden.harness import ROOT
from tests.ran import Ran

PLACE = re.compile(
    r"^(?P<path>\S+\.yaml):(?P<line>\d+):(?P<column>\d+): error: (?P<message>.+) \[(?P<code>[a-z-]+)\]$"
)
WORKSPACE = """\
version: 1
workspace: 9d0c1a01
accounts:
  emea:
    smart_account: example.com
    virtual_account: Expressway EMEA
    manager: {kind: cloud, profile: legacy}
    credentials:
      apply: {client_id: {env: CSSM_CLIENT_ID}, client_secret: {env: CSSM_CLIENT_SECRET}}
defaults:
  ssh: {username: admin, password: {env: EXPRESSWAY_PASSWORD}, known_hosts: known_hosts}
"""
CLUSTER = """\
cluster: ams-edge
role: edge
account: emea
transport: {mode: direct}
registration: {mode: token}
nodes:
  - {name: e1, host: e1.example.com, serial: "0E4D1FA5"}
"""
NODE = '  - {{name: e{0}, host: e{0}.example.com, serial: "0E4D1FA{0}"}}\n'
BOMB = "cluster: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"k{level}: &{letter} [{', '.join(['*' + before] * 9)}]\n"
    for level, (before, letter) in enumerate(zip("abcdefghijk", "bcdefghijkl", strict=True))
)


def written(root: Path, cluster: str, workspace: str = WORKSPACE) -> Path:
    (root / "clusters").mkdir()
    (root / "xlicense.yaml").write_text(workspace, encoding="utf-8")
    (root / "clusters/ams-edge.yaml").write_text(cluster, encoding="utf-8")
    return root


def xlicense(root: Path, *arguments: str, **environment: str) -> Ran:
    """Run one command in a workspace where nothing answers."""
    kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("COVERAGE_")}
    folders = {
        "HOME": str(root),
        "XDG_STATE_HOME": str(root / "state"),
        "XDG_CONFIG_HOME": str(root / "config"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "reconciler.cli", *arguments],
        cwd=root,
        env={**kept, **folders, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ran = Ran(arguments, done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in ran.out + ran.err, str(ran)
    return ran


def the_complaint(ran: Ran) -> tuple[str, int, int, str, str]:
    """The path, line, column, message and code of the only complaint that a command made."""
    found = [match for line in (ran.out + ran.err).splitlines() if (match := PLACE.match(line))]
    assert len(found) == 1, str(ran)
    path, line, column, message, code = found[0].groups()
    return path, int(line), int(column), message, code


@pytest.mark.parametrize(
    ("cluster", "place", "said", "code"),
    [
        pytest.param("", (1, 1), "the file is empty", "empty-file", id="an empty file"),
        pytest.param(CLUSTER.replace("  - ", "\t- "), (7, 1), "tab", "tab", id="a tab"),
        pytest.param("[" * 60_000, (1, 33), "nested deeper than 32 levels", "too-deep", id="60 kB of ["),
        pytest.param(BOMB, None, "alias", "too-many-aliases", id="an alias bomb"),
        pytest.param(CLUSTER + "role: core\n", (8, 1), "twice", "duplicate-key", id="a key twice"),
        pytest.param(
            CLUSTER.replace("account: emea", "account: apac"),
            (3, 10),
            "apac",
            "unknown-account",
            id="no such account",
        ),
        pytest.param(
            CLUSTER + '  - {name: e2, host: e2.example.com, serial: "0E4D1FA5"}\n',
            (8, 46),
            "0E4D1FA5",
            "duplicate-serial",
            id="one serial twice",
        ),
        pytest.param(
            CLUSTER + "".join(NODE.format(number) for number in (2, 3, 4, 6, 7, 8)),
            None,
            "6",
            "too-many-nodes",
            id="seven nodes",
        ),
    ],
)
def test_a_bad_file_gives_one_complaint_with_its_place_and_exits_3(
    tmp_path: Path, cluster: str, place: tuple[int, int] | None, said: str, code: str
) -> None:
    began = time.monotonic()
    ran = xlicense(written(tmp_path, cluster), "validate")
    assert ran.code == 3, str(ran)
    path, line, column, message, found = the_complaint(ran)
    assert (path, found) == ("clusters/ams-edge.yaml", code), str(ran)
    assert said in message
    assert place in {None, (line, column)}, str(ran)
    assert time.monotonic() - began < 20
