"""The lab as a process: up, status, set, fault, advance, down; and the workspace of the example."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from providers.lab import load_world
from providers.lab.control import NotRunning, ask, read_state
from providers.lab.process import IDLE_SECONDS, Start, StartFailed, down, up
from reconciler.cli.lab import lab
from reconciler.errors import UsageError, XlicenseError

EXAMPLE = Path(__file__).parents[2] / "examples" / "lab"
WORLD = """
cloud:
  clients: [{client_id: a, client_secret: b}, {client_id: r, client_secret: s, writes: false}]
  accounts: {example.com: {virtual_accounts: {EMEA: {licences: {rms: 1}}}}}
clusters:
  a: {nodes: {n1: {serial: "0E4D1FA5", version: X14.3.1, dns: [192.0.2.53]}}}
"""
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a world file; whatever lab runs from it ends with the test."""
    (tmp_path / "world.yaml").write_text(WORLD, encoding="utf-8")
    yield tmp_path
    down(tmp_path / ".lab")


@pytest.fixture
def run(folder: Path) -> Run:
    def run(*words: str) -> Result:
        return CliRunner().invoke(lab, [*words, "-C", str(folder)])

    return run


def test_up_starts_a_lab_that_outlives_the_command_and_down_ends_it(folder: Path, run: Run) -> None:
    said = run("up")
    assert said.exit_code == 0
    assert said.output.startswith("The lab is up.\ncloud")
    state = read_state(folder / ".lab")
    assert state is not None
    assert run("up").output.startswith("The lab is up already.\n")
    assert read_state(folder / ".lab") == state
    assert run("down").output == "The lab is down.\n"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", state["port"]))
    assert run("down").output == "No lab was running.\n"
    assert (run("up", "--quiet").output, run("down", "-q").output) == ("", "")


def test_up_writes_what_a_client_needs_for_its_owner_alone(folder: Path, run: Run) -> None:
    run("up")
    made = {path.name: path for path in (folder / ".lab").iterdir()}
    assert {"known_hosts", "ca.pem", "admin-password", "client-id", "client-secret", "read-client-id"} <= set(
        made
    )
    private = [path for name, path in made.items() if name != "lab.log"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert stat.S_IMODE((folder / ".lab").stat().st_mode) == 0o700
    assert made["client-id"].read_text() == "a\n"
    assert made["known_hosts"].read_text().startswith("[127.0.0.1]:")


def test_status_says_what_there_is_and_json_is_pure(run: Run) -> None:
    run("up")
    said = run("status").output
    assert "X14.3.1  unregistered, direct, 89 evaluation days left" in said
    assert "example.com / EMEA: 0 instances, 0 tokens" in said
    assert "Asked 0 times" in said
    data = json.loads(run("status", "--json").output)
    assert [node["name"] for node in data["nodes"]] == ["a/n1"]


def test_set_fault_and_advance_change_the_running_world(run: Run) -> None:
    run("up")
    assert run("set", "a/n1", "proxy", "p:1").output == "a/n1: proxy is now p:1\n"
    assert run("fault", "add", "a/n1", "slow", "--match", "Alarm", "--always").exit_code == 0
    assert "a/n1: slow on /Alarm/, always, fired 0" in run("fault", "list").output
    assert "Fault: a/n1: slow" in run("status").output
    assert run("fault", "clear", "a/n1").output == "1 cleared\n"
    assert "no fault is set" in run("fault", "list").output
    assert run("advance", "30d").exit_code == 0
    assert "59 evaluation days left" in run("status").output


def test_the_ledger_lists_what_was_asked_and_given(folder: Path, run: Run) -> None:
    run("up")
    data = json.loads(run("status", "--json").output)
    port = data["servers"][0]["port"]
    with socket.create_connection(("127.0.0.1", port)):
        pass
    told = json.loads(run("ledger", "--json").output)
    assert told == {"asked": [], "given": [], "used": [], "codes": [], "logins": [], "ran_twice": []}
    assert run("ledger").output == ""


def test_without_the_extra_the_command_says_what_to_install(folder: Path) -> None:
    code = "import sys; sys.modules['trustme'] = None\nfrom reconciler.cli.lab import lab; lab(['status'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "the lab needs two packages that are not installed (trustme)" in done.stderr


def test_complaints_of_the_lab_are_usage_errors(run: Run) -> None:
    run("up")
    for words in (("set", "b/n1", "url", "x"), ("fault", "add", "a/n1", "explode"), ("advance", "soon")):
        assert isinstance(run(*words).exception, UsageError)


def test_without_a_lab_the_commands_say_how_to_start_one(run: Run) -> None:
    error = run("status").exception
    assert isinstance(error, XlicenseError)
    assert error.remedy == "xlicense lab up"


def test_up_needs_a_world_file_and_says_so(folder: Path, run: Run) -> None:
    error = run("up", "--world", "none.yaml").exception
    assert isinstance(error, UsageError)
    assert "none.yaml" in error.message
    (folder / "world.yaml").write_text("cluters: {}", encoding="utf-8")
    error = run("up").exception
    assert isinstance(error, XlicenseError)
    assert "did you mean 'clusters'" in error.message


def test_a_port_in_use_is_named(folder: Path, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = WORLD.replace('serial: "0E4D1FA5"', f'serial: "0E4D1FA5", port: {port}')
        (folder / "world.yaml").write_text(text, encoding="utf-8")
        error = run("up").exception
    assert isinstance(error, XlicenseError)
    assert f"port {port} on 127.0.0.1 cannot be used" in error.message
    assert "--ports-from" in error.message


def test_fixed_ports_can_be_moved(folder: Path, run: Run) -> None:
    text = WORLD.replace('serial: "0E4D1FA5"', 'serial: "0E4D1FA5", port: 42201')
    (folder / "world.yaml").write_text(text, encoding="utf-8")
    free = _free_port()
    run("up", "--ports-from", str(free))
    data = json.loads(run("status", "--json").output)
    assert data["nodes"][0]["port"] == free


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    with pytest.raises(StartFailed, match="cannot be made or written"):
        up(Start(folder / "world.yaml", folder / "file" / ".lab"))


def _await_end(folder: Path) -> None:
    """The state file goes last; no event tells another process."""
    deadline = time.monotonic() + 20
    while read_state(folder / ".lab") is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _await_silence(folder: Path) -> None:
    """A killed lab leaves its state file; it is gone when nobody answers."""
    while True:
        try:
            ask(folder / ".lab", "status")
        except NotRunning:
            return


def test_a_lab_ends_by_itself_when_nobody_uses_it(folder: Path) -> None:
    assert IDLE_SECONDS == 7200
    up(Start(folder / "world.yaml", folder / ".lab", idle_seconds=1.0))
    _await_end(folder)
    with pytest.raises(NotRunning):
        ask(folder / ".lab", "status")


def test_a_lab_ends_on_sigterm_and_cleans_up(folder: Path) -> None:
    up(Start(folder / "world.yaml", folder / ".lab"))
    state = read_state(folder / ".lab")
    assert state is not None
    os.kill(state["pid"], signal.SIGTERM)
    _await_end(folder)
    assert (folder / ".lab" / "lab.log").read_text() == ""


def test_a_lab_that_died_is_started_again(folder: Path) -> None:
    up(Start(folder / "world.yaml", folder / ".lab"))
    state = read_state(folder / ".lab")
    assert state is not None
    os.kill(state["pid"], signal.SIGKILL)
    _await_silence(folder)
    assert up(Start(folder / "world.yaml", folder / ".lab"))[1]


def test_the_control_door_wants_the_key(folder: Path) -> None:
    up(Start(folder / "world.yaml", folder / ".lab"))
    state = read_state(folder / ".lab")
    assert state is not None
    for request in (b'{"do": "down"}\n', b'{"do": "down", "key": "x"}\n', b"nonsense\n"):
        with socket.create_connection(("127.0.0.1", state["port"])) as sock:
            sock.sendall(request)
            assert "error" in json.loads(sock.makefile("rb").readline())
    assert ask(folder / ".lab", "status")["servers"]


def test_the_foreground_command_says_what_is_wrong_in_one_line(folder: Path) -> None:
    command = [sys.executable, "-m", "providers.lab", "--world", "none.yaml", "--state", str(folder / ".lab")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "none.yaml: cannot be read: No such file or directory\n"


def test_starting_takes_a_few_seconds_at_most(folder: Path) -> None:
    started = time.monotonic()
    up(Start(folder / "world.yaml", folder / ".lab"))
    assert time.monotonic() - started < 30


def test_the_example_workspace_and_its_world_speak_of_the_same_nodes() -> None:
    made = load_world(EXAMPLE / "world.yaml", datetime(2026, 1, 5, tzinfo=UTC))
    written = {}
    for path in sorted((EXAMPLE / "clusters").glob("*.yaml")):
        cluster = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
        assert path.stem == cluster["cluster"]
        for node in cluster["nodes"]:
            written[f"{cluster['cluster']}/{node['name']}"] = (node["serial"], int(node["port"]))
    assert written == {name: (node.serial, node.port) for name, node in made.nodes.items()}
    assert len(made.clusters) == 7


def test_every_key_of_a_world_file_is_in_the_readme_of_the_example() -> None:
    from providers.lab import by_hand, dialect, faults, nouns, world_nodes, worldfile

    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    found = (*vars(worldfile).items(), *vars(world_nodes).items())
    specs = [value for name, value in found if name.startswith("_") and name.isupper()]
    keys = {key for spec in specs if isinstance(spec, dict) for key in spec}
    keys |= {
        *dialect.CHOICES,
        *dialect.FORMS,
        *faults.MEANING,
        *nouns.QUIRKS,
        *by_hand.WHAT_A_NODE_HAS,
        *by_hand.WHAT_A_SERVER_HAS,
    }
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


def test_a_person_is_the_portal_of_a_running_lab(folder: Path, run: Run) -> None:
    run("up")
    for act in ("enable", "request"):
        assert run("set", "a/n1", "reservation", act).output == f"a/n1: reservation {act} is done\n"
    assert "reservation in progress" in run("status").output
    request = json.loads(run("ledger", "--json").output)["given"][0]["value"]
    (folder / "request.txt").write_text(f"{request}\n", encoding="utf-8")
    asked = ("--virtual-account", "EMEA", "--code-file", str(folder / "request.txt"))
    said = run("portal", "reserve", *asked, "--quantity", "rms=1")
    assert said.output.startswith("<specificPLR>")
    assert run("portal", "download", "--serial", "0E4D1FA5").output == said.output
    run("set", "a/n1", "reservation", "install")
    told = run("status").output
    assert "EMEA, Cisco Expressway Rich Media Session License: 1 = 0 free + 1 reserved" in told
    assert "Codes of reservations: 2 used, 0 refused, 0 used more than once." in told
    assert "took authorization <specificPLR>" in run("ledger").output
    run("set", "a/n1", "reservation", "return")
    code = json.loads(run("ledger", "--json").output)["given"][-1]["value"]
    (folder / "return.txt").write_text(code, encoding="utf-8")
    assert (
        run("portal", "remove", "--serial", "0E4D1FA5", "--code-file", str(folder / "return.txt")).output
        == ""
    )
    assert run("status").output.count("reserved") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("reserve", "--virtual-account", "EMEA"), "the portal needs --code-file to reserve"),
        (("update", "--serial", "x"), "the portal needs --quantity to update"),
        (("download", "--serial", "x", "--quantity", "rms=1"), "takes no --quantity to download"),
        (("download", "--serial", "x"), "CSSM has no product instance of x"),
        (("update", "--serial", "x", "--quantity", "rms"), "'rms' is not a licence and its quantity"),
    ],
)
def test_the_portal_says_what_it_needs(run: Run, words: tuple[str, ...], said: str) -> None:
    run("up")
    failed = run("portal", *words)
    assert isinstance(failed.exception, UsageError)
    assert said in str(failed.exception)
