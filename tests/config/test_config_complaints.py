"""Each complaint has a place, a clear sentence and a code; all of a run come together; none is a secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.config import load
from reconciler.errors import Complaint, ConfigError
from tests.config.config_texts import CLUSTER, WORKSPACE, Write


def complaints(root: Path) -> tuple[Complaint, ...]:
    with pytest.raises(ConfigError) as caught:
        load(root)
    return caught.value.complaints


def only(root: Path) -> Complaint:
    found = [item for item in complaints(root) if item.level == "error"]
    assert len(found) == 1, found
    return found[0]


def text(root: Path) -> str:
    """Everything that may reach a person."""
    return repr(complaints(root)) + "".join(map(str, complaints(root)))


def changed(old: str, new: str) -> str:
    assert old in CLUSTER
    return CLUSTER.replace(old, new)


def test_a_complaint_prints_as_path_line_column_level_message_and_code(write: Write) -> None:
    root = write(ams_edge=changed("role: edge", "role: edg"))
    assert str(only(root)) == (
        "clusters/ams-edge.yaml:2:7: error: role must be core or edge; did you mean edge? [bad-value]"
    )
    assert only(root).source_line == "role: edg"


def test_the_complaints_of_all_files_come_together_in_order(write: Write) -> None:
    root = write(
        WORKSPACE.replace("workspace: 7f3c1d9a", "workspace: NO"),
        b=changed("host: e1.example.com", "host: 'a b'").replace("ams-edge", "b"),
        a="[",
    )
    found = complaints(root)
    assert [item.path for item in found] == ["clusters/a.yaml", "clusters/b.yaml", "xlicense.yaml"]


def test_all_complaints_of_one_file_come_together(write: Write) -> None:
    root = write(ams_edge="cluster: A\nrole: x\nmanage: y\nnodes: []\nnods: 1\n")
    assert [item.line for item in complaints(root)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "code"),
    [
        ("role: edge", "rol: edge", (2, 1), "unknown key rol; did you mean role?", "unknown-key"),
        (
            "role: edge",
            "zzz: edge",
            (2, 1),
            "unknown key zzz; known are cluster, labels, role",
            "unknown-key",
        ),
        (
            "host: e1.example.com",
            "hots: e1",
            (7, 16),
            "unknown key hots in nodes[0]; did you mean host?",
            "unknown-key",
        ),
        (
            "{mode: direct}",
            "{mod: direct}",
            (4, 13),
            "unknown key mod in transport; did you mean",
            "unknown-key",
        ),
        ("cluster: ams-edge\n", "", (1, 1), "cluster is missing", "missing-key"),
        ("name: e1, ", "", (7, 5), "name is missing in nodes[0]", "missing-key"),
        ("role: edge", "role: [edge]", (2, 7), "role must be", "bad-value"),
        ("account: emea", "account: Emea", (3, 10), "account must be a name", "bad-value"),
        ("account: emea", "account: [emea]", (3, 10), "account must be a single value", "wrong-type"),
        ("{mode: direct}", "direct", (4, 12), "transport must be a mapping", "wrong-type"),
        ("role: edge", "labels: x", (2, 9), "labels must be a mapping", "wrong-type"),
        ("role: edge", "labels: {'a b': x}", (2, 10), "this name must be a label", "bad-value"),
        (
            "host: e1.example.com",
            "host: 'ssh://x'",
            (7, 22),
            "nodes[0].host must be a host name",
            "bad-value",
        ),
        ("serial: 0E4D1FA5", "port: 70000", (7, 44), "port must be a whole number from 1 to", "bad-value"),
        ("serial: 0E4D1FA5", "port: 022", (7, 44), "port must be a whole number", "bad-value"),
        ("serial: 0E4D1FA5", "port: {a: b}", (7, 44), "port must be a whole number", "bad-value"),
        ("serial: 0E4D1FA5", "serial: '!'", (7, 46), "serial must be a serial number", "bad-value"),
        ("role: edge", "version: latest", (2, 10), "version must be a release such as X14.3.1", "bad-value"),
        (
            "{mode: token}",
            "{mode: token, export_controlled: yes}",
            (5, 48),
            "must be true or false",
            "bad-value",
        ),
        ("cluster: ams-edge", "cluster: -x", (1, 10), "cluster must be a name", "bad-value"),
        ("cluster: ams-edge", "cluster: " + "x" * 64, (1, 10), "cluster must be a name", "bad-value"),
    ],
)
def test_each_mistake_is_named_at_its_place(
    write: Write, old: str, new: str, place: tuple[int, int], message: str, code: str
) -> None:
    found = only(write(ams_edge=changed(old, new)))
    assert (found.line, found.column) == place
    assert message in found.message
    assert found.code == code


def test_a_list_where_a_mapping_belongs_is_said_of_the_file(write: Write) -> None:
    assert only(write(ams_edge="- a\n")).message == "the file must be a mapping (key: value)"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"cluster: x\n\tnodes: []\n", "tab"),
        (b"[" * 60_000, "too-deep"),
        (b"x: &a [1]\n" + b"y: [" + b"*a, " * 101 + b"]", "too-many-aliases"),
        (b"cluster: a\ncluster: a\n", "duplicate-key"),
        (b"cluster: \xff\n", "encoding"),
        (b"cluster: a\x00b\n", "yaml-syntax"),
        (b" " * (1024 * 1024 + 1), "too-large"),
        (CLUSTER.encode("utf-16"), "encoding"),
    ],
)
def test_a_damaged_file_gives_one_clear_complaint(write: Write, content: bytes, code: str) -> None:
    assert code in {item.code for item in complaints(write(ams_edge=content))}


def test_a_value_that_is_missing_is_complained_about_once(write: Write) -> None:
    assert only(write(ams_edge=changed("role: edge", "role:"))).code == "no-value"


@pytest.mark.parametrize(
    "ssh",
    [
        "{password: hunter2}",
        "{password: [hunter2]}",
        "{password: {hunter2}}",
        "{password: {hunter2: x}}",
        "{password: {env: A, hunter2: B}}",
        "{password: {env: hunter2 x}}",
        "{pasword: hunter2}",
        "{username: admin, pasword: hunter2, port: x}",
        "{pw: hunter2, port: x}",
        "{password: *hunter2}",
        "{password: !hunter2 x}",
        "{password: {env: A, file: hunter2}}",
        "{key: hunter2}",
        "{jump: {host: h, username: u, password: hunter2}}",
        "{password: {env: A, env: hunter2}}",
        "{password: hunter2, password: hunter2}",
        "\n  password: |\n   hunter2\n  port: x",
        "\n  password:\n   hunter2: [",
        "\n  key:\n   -----BEGIN PRIVATE KEY-----\n   hunter2: {",
    ],
)
def test_no_complaint_holds_a_secret_that_was_written_in_clear(write: Write, ssh: str) -> None:
    assert "hunter2" not in text(write(WORKSPACE, ams_edge=CLUSTER + f"ssh: {ssh}\n"))


def test_a_secret_on_a_line_of_its_own_is_not_shown_for_its_neighbour(write: Write) -> None:
    flow = "{cluster: ams-edge, nodes: [], ssh: {password:\nhunter2, port: x}}\n"
    assert "hunter2" not in text(write(ams_edge=flow))


def test_a_file_of_another_kind_is_not_complained_about_without_end(write: Write) -> None:
    found = complaints(write(ams_edge="".join(f"key{index}: x\n" for index in range(20_000))))
    assert len(found) == 101
    assert found[0].message == "and 19902 more errors in this file"
    twice = complaints(write(ams_edge=CLUSTER + "role: edge\n" * 150))
    assert [item.code for item in twice].count("duplicate-key") == 100


def test_a_literal_secret_is_an_error_that_says_what_to_write_instead(write: Write) -> None:
    found = only(write(ams_edge=CLUSTER + "ssh: {password: hunter2}\n"))
    assert found.code == "literal-secret"
    assert found.source_line == ""
    assert (found.line, found.column) == (8, 17)
    assert "{env: NAME}" in found.message


@pytest.mark.parametrize("reference", ["{env: A, file: b}", "{}"])
def test_a_reference_names_exactly_one_place(write: Write, reference: str) -> None:
    found = only(write(ams_edge=CLUSTER + f"ssh: {{password: {reference}}}\n"))
    assert found.code == "secret-reference"


def test_literal_client_ids_and_tokens_are_refused_too(write: Write) -> None:
    credentials = "    credentials: {read: {client_id: hunter2, client_secret: {env: A}}}\n"
    workspace = WORKSPACE.replace("  plant:", credentials + "  plant:")
    cluster = changed("{mode: token}", "{mode: token, token: {value: hunter2}}")
    root = write(workspace, ams_edge=cluster)
    assert [item.code for item in complaints(root)] == ["literal-secret", "literal-secret"]
    assert "hunter2" not in text(root)


def test_the_source_line_is_shown_where_nothing_secret_is_near(write: Write) -> None:
    found = only(write(ams_edge=changed("nodes:", "nodes:\n  - {name: e9, host: '?'}")))
    assert found.source_line == "  - {name: e9, host: '?'}"


def test_the_source_line_of_an_unknown_key_ends_with_the_key(write: Write) -> None:
    found = only(write(ams_edge=changed("{mode: direct}", "{mode: direct, pwd_for_it: hunter2}")))
    assert found.source_line == "transport: {mode: direct, pwd_for_it"


def test_a_very_long_line_is_not_shown(write: Write) -> None:
    assert only(write(ams_edge=changed("role: edge", "role: " + "x" * 400))).source_line == ""


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    found = only(tmp_path / "nowhere")
    assert found.code == "no-workspace"
    assert "there is no folder" in found.message


def test_a_folder_without_a_workspace_is_said(tmp_path: Path) -> None:
    assert "there is no xlicense.yaml" in only(tmp_path).message


def test_a_workspace_without_clusters_is_only_a_warning(write: Write) -> None:
    assert [item.code for item in load(write()).warnings] == ["no-clusters"]


def test_a_missing_clusters_folder_is_only_a_warning(tmp_path: Path) -> None:
    (tmp_path / "xlicense.yaml").write_text(WORKSPACE)
    assert [item.message for item in load(tmp_path).warnings] == ["there is no folder clusters"]


def test_a_clusters_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "xlicense.yaml").write_text(WORKSPACE)
    (tmp_path / "clusters").write_text("")
    assert only(tmp_path).code == "unreadable"


def test_a_file_with_another_ending_is_said_not_to_be_read(write: Write) -> None:
    root = write(ams_edge=CLUSTER)
    (root / "clusters" / "x.yml").write_text("")
    (root / "clusters" / ".swap.yaml").write_text("")
    assert [(item.path, item.code) for item in load(root).warnings] == [("clusters/x.yml", "file-name")]


def test_a_link_that_leads_out_of_the_workspace_is_refused(write: Write, tmp_path: Path) -> None:
    root = write()
    (root / "clusters" / "out.yaml").symlink_to("/etc/hostname")
    assert only(root).code == "outside"


def test_a_link_inside_the_workspace_is_followed(write: Write) -> None:
    root = write(CLUSTER and WORKSPACE)
    (root / "ams").write_text(CLUSTER)
    (root / "clusters" / "ams-edge.yaml").symlink_to(root / "ams")
    assert not load(root).warnings


def test_a_broken_link_a_folder_and_a_pipe_are_refused_without_waiting(write: Write) -> None:
    root = write()
    (root / "clusters" / "a.yaml").symlink_to(root / "nothing")
    (root / "clusters" / "b.yaml").mkdir()
    os.mkfifo(root / "clusters" / "c.yaml")
    assert [item.code for item in complaints(root)] == ["unreadable"] * 3


def test_without_a_readable_workspace_clusters_are_still_checked(write: Write) -> None:
    found = complaints(write("[", ams_edge=CLUSTER, b=CLUSTER))
    assert {item.code for item in found} >= {"yaml-syntax", "duplicate-cluster"}
    assert "unknown-account" not in {item.code for item in found}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), place=st.integers(0, len(CLUSTER)))
def test_no_bytes_make_the_loader_raise_anything_but_complaints(
    write: Write, content: bytes, place: int
) -> None:
    damaged = CLUSTER.encode()[:place] + content + CLUSTER.encode()[place:]
    try:
        load(write(WORKSPACE, ams_edge=damaged))
    except ConfigError as error:
        assert error.complaints  # noqa: PT017 - either it loads, or it says why not


_WORDS = st.sampled_from(
    [*(WORKSPACE + CLUSTER).replace("\n", " \n ").split(" "), "[", "{", "}", "]", ",", "&a"]
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(_WORDS, max_size=40))
def test_no_words_of_the_format_in_any_order_make_it_raise(write: Write, words: list[str]) -> None:
    text = " ".join(words)
    try:
        load(write(text, ams_edge=text))
    except ConfigError as error:
        assert error.complaints  # noqa: PT017 - as above
