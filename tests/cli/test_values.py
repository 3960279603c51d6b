"""Options, hosts, names, files and redaction: text in, values out."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from reconciler.cli.console import Console
from reconciler.cli.files import PRIVATE, read_text, write_whole
from reconciler.cli.hosts import Host, parse_host
from reconciler.cli.making import overrides
from reconciler.cli.names import cluster_or_node, short
from reconciler.cli.options import Common, Duration, Labels
from reconciler.cli.redact import Redactor
from reconciler.errors import UsageError, XlicenseError
from reconciler.model import Address, ClusterDesired, Desired, NodeDesired, Override, Role, SshAccess


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("30s", 30), ("5m", 300), ("1h", 3600), ("0.5m", 30), (" 7 s ", 7)]
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "m", "-1s", "1d", "1m30s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


def test_labels_are_pairs_that_must_all_match() -> None:
    assert Labels().convert("site=ams, env=prod", None, None) == (("site", "ams"), ("env", "prod"))
    for text in ("site", "=ams", "site="):
        with pytest.raises(click.BadParameter):
            Labels().convert(text, None, None)


def test_the_next_command_repeats_folder_and_scope_and_is_quoted_for_a_shell() -> None:
    common = Common(
        Console(), Path(), targets=("cluster/ams-*",), selector=(("site", "ams"),), chdir=Path("my lab")
    )
    assert (
        common.again("apply", *common.scope_words())
        == "xlicense apply --target 'cluster/ams-*' -l site=ams -C 'my lab'"
    )


def test_one_reason_may_serve_several_overrides_but_none_may_be_missing() -> None:
    assert overrides(("xl011", "XL012"), ("why",)) == (Override("XL011", "why"), Override("XL012", "why"))
    assert overrides((), ()) == ()
    for rules, reasons in ((("XL011",), ()), ((), ("why",)), (("A", "B"), ("1", "2", "3")), (("A",), (" ",))):
        with pytest.raises(UsageError):
            overrides(rules, reasons)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("e1.example.com", Host("e1.example.com")),
        ("192.0.2.1:2222", Host("192.0.2.1", 2222)),
        ("[2001:db8::1]:22", Host("2001:db8::1", 22)),
        ("[2001:db8::1]", Host("2001:db8::1")),
        ("2001:db8::1", Host("2001:db8::1")),
    ],
)
def test_a_host_may_name_its_port(text: str, host: Host) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize("text", ["", ":22", "-oProxyCommand=x", "e1:ssh"])
def test_what_is_no_host_is_refused_before_anything_is_opened(text: str) -> None:
    with pytest.raises(UsageError):
        parse_host(text)


def workspace() -> Desired:
    ssh = SshAccess("admin", 22, "/known_hosts")
    node = NodeDesired(Address("cluster/ams-edge/node/e1"), "e1", "e1.example.com", ssh)
    cluster = ClusterDesired(Address("cluster/ams-edge"), "ams-edge", Role.EDGE, "emea", (node,))
    return Desired("aaaaaaaa", "/w", clusters=(cluster,))


@pytest.mark.parametrize("text", ["ams-edge/e1", "cluster/ams-edge/node/e1"])
def test_a_node_is_named_short_or_in_full(text: str) -> None:
    address = cluster_or_node(workspace(), text)
    assert address == "cluster/ams-edge/node/e1"
    assert short(address) == "ams-edge/e1"


def test_a_misspelt_cluster_is_answered_with_a_guess() -> None:
    with pytest.raises(UsageError, match="Did you mean 'ams-edge'"):
        cluster_or_node(workspace(), "ams-egde")


def test_a_file_is_written_whole_keeps_its_mode_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    path.chmod(0o640)
    write_whole(path, "new\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new\n", 0o640)
    write_whole(path, "private\n", mode=PRIVATE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(XlicenseError, match=r"nowhere/a\.yaml cannot be written: No such file"):
        write_whole(tmp_path / "nowhere" / "a.yaml", "x")


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(XlicenseError, match=r"the evidence .* is not UTF-8 text"):
        read_text(path, "the evidence")
    with pytest.raises(XlicenseError, match=r"the plan file .* cannot be read"):
        read_text(tmp_path / "missing", "the plan file")


def test_known_values_and_what_looks_like_a_code_are_taken_out_and_words_stay() -> None:
    redactor = Redactor()
    redactor.hide("s3cret")
    redactor.hide("ab")
    text = "login s3cret failed for absolute path; token ZjA1YjhkMzctOGVhNy00YjU0LWFkNmMtOWEx"
    assert redactor.clean(text) == "login <redacted> failed for absolute path; token <redacted>"
    code = "<authorizationCode><flag>A</flag></authorizationCode><returnCode>CJHqk1</returnCode>"
    assert "CJHqk1" not in redactor.clean(code)
