"""fmt, import and edits: comments kept, values unharmed, the second time changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.config import add_recipient, cluster_yaml, events, format_text, load, set_state
from reconciler.config.editing import replace_file
from reconciler.errors import ConfigError, UsageError, XlicenseError
from reconciler.model import Address, State
from tests.config.config_texts import CLUSTER, WORKSPACE, Write


def test_formatting_keeps_comments_and_settles_indentation_and_serials() -> None:
    text = (
        "# top\ncluster:   ams   # the name\n\nnodes:\n- {name: e1,   serial: 52E01234}   # first\n"
        "- name: e2\n  serial: '0E123456'\n  version: 14.10\n# end\n"
    )
    assert format_text(text, "x") == (
        '# top\ncluster: ams     # the name\n\nnodes:\n  - {name: e1, serial: "52E01234"} # first\n'
        '  - name: e2\n    serial: "0E123456"\n    version: 14.10\n# end\n'
    )


def test_a_formatted_text_is_not_changed_again() -> None:
    for text in (WORKSPACE, CLUSTER, "a:\n- b\n-  c # d\n# e\n"):
        once = format_text(text, "x")
        assert format_text(once, "x") == once


@pytest.mark.parametrize("value", ["014", "0x10", "1_000", "yes", "2001-01-01", "1e3", ".inf", "0E123456"])
def test_formatting_leaves_every_plain_value_as_it_is(value: str) -> None:
    assert format_text(f"a: {value}\n", "x") == f"a: {value}\n"


def test_line_ends_of_windows_and_a_byte_order_mark_go() -> None:
    assert format_text("\ufeffa: b # c\r\nd: e\r\n", "x") == "a: b # c\nd: e\n"


def test_anchors_and_the_document_start_stay() -> None:
    text = "---\na: &x 52E01234\nserial: *x\nb: &y {c: d}\ne: *y\n"
    assert format_text(text, "x") == text


def test_an_anchor_that_is_used_again_is_no_trouble() -> None:
    text = "a: &x 1\nb: *x\nc: &x 2\nd: *x\n"
    assert format_text(text, "x") == text


def test_what_would_lose_a_comment_is_refused_and_not_written() -> None:
    with pytest.raises(ConfigError) as caught:
        format_text("a: {b: c, # why\n  d: e}\n", "clusters/x.yaml")
    assert [item.code for item in caught.value.complaints] == ["cannot-rewrite"]


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty-file"), ("a: [", "yaml-syntax"), ("a: 1\na: 2\n", "duplicate-key")]
)
def test_what_is_no_workspace_yaml_is_refused_with_its_complaints(text: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        format_text(text, "x")
    assert caught.value.complaints[0].code == code


_LINES = st.lists(
    st.sampled_from(
        [
            "# note",
            "",
            "a: b",
            "c:   d # e",
            "serial: 0E1",
            "l:",
            "- x",
            "  - y  # z",
            "  k: {serial: 1E2}",
            "'q': \"r\"",
        ]
    ),
    max_size=10,
)


@settings(max_examples=200, deadline=None)
@given(_LINES)
def test_formatting_is_stable_and_keeps_the_tree_or_refuses(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    try:
        once = format_text(text, "x")
    except ConfigError:
        return
    assert format_text(once, "x") == once
    assert events.read(once).data == events.read(text).data
    assert once.count("#") == text.count("#")


DATA = {
    "nodes": [
        {"name": "e1", "host": "e1.example.com", "serial": "52E01234"},
        {"name": "e2", "host": "e2.example.com", "serial": "0E123456", "reserve": {"rms": 20}},
    ],
    "registration": {"mode": "reservation", "token": None},
    "role": "edge",
    "account": "emea",
    "cluster": "ams-edge",
    "version": "14.10",
    "privacy": None,
}


def test_a_new_cluster_file_has_one_node_a_line_and_quoted_serials() -> None:
    data = {**DATA, "registration": {"mode": "reservation"}}
    assert cluster_yaml(data, heading="read from e1.example.com") == (
        "# read from e1.example.com\n"
        "cluster: ams-edge\nrole: edge\naccount: emea\nversion: 14.10\n"
        "registration: {mode: reservation}\nnodes:\n"
        '  - {name: e1, host: e1.example.com, serial: "52E01234"}\n'
        '  - {name: e2, host: e2.example.com, serial: "0E123456", reserve: {rms: 20}}\n'
    )


def test_a_new_cluster_file_loads_and_is_formatted(write: Write) -> None:
    nodes = [{"name": "c1", "host": "2001:db8::1", "state": "active", "replaces": "0E4D0001"}]
    registration = {"mode": "token", "export_controlled": True, "token": {"expires_after_days": 1}}
    text = cluster_yaml(
        {"cluster": "x", "role": "core", "account": "emea", "registration": registration, "nodes": nodes},
    )
    assert format_text(text, "x") == text
    (cluster,) = load(write(x=text)).desired.clusters
    assert cluster.registration
    assert cluster.registration.export_controlled is True


def test_a_text_that_looks_like_no_value_is_quoted() -> None:
    text = cluster_yaml({"cluster": "x", "labels": {"a": "null"}, "nodes": [{"name": "e1", "host": "e1"}]})
    assert 'labels: {a: "null"}' in text


def test_what_would_not_load_is_not_generated() -> None:
    with pytest.raises(ConfigError):
        cluster_yaml({"cluster": "x", "nodes": [{"name": "e1"}], "colour": "red"})


def test_retiring_a_node_writes_one_word_and_keeps_comments(write: Write) -> None:
    root = write(ams_edge="# hello\n" + CLUSTER + "  - {name: e2, host: e2}  # second\n")
    file = set_state(root, Address("cluster/ams-edge/node/e2"), State.RETIRED)
    assert file == root / "clusters/ams-edge.yaml"
    assert file.read_text().startswith("# hello\ncluster: ams-edge\nrole: edge\n")
    assert "  - {name: e2, host: e2, state: retired} # second\n" in file.read_text()
    assert [node.state for node in load(root).desired.clusters[0].nodes] == [State.ACTIVE, State.RETIRED]


def test_retiring_a_cluster_and_taking_it_back(write: Write) -> None:
    root = write(ams_edge=CLUSTER)
    file = set_state(root, Address("cluster/ams-edge"), State.RETIRED)
    assert file.read_text().startswith("cluster: ams-edge\nstate: retired\nrole: edge\n")
    set_state(root, Address("cluster/ams-edge"), State.ACTIVE)
    assert load(root).desired.clusters[0].state is State.ACTIVE


@pytest.mark.parametrize(
    "address", ["cluster/nowhere", "cluster/ams-edge/node/e9", "account/emea", "workspace"]
)
def test_only_a_cluster_or_node_that_is_written_can_be_retired(write: Write, address: str) -> None:
    with pytest.raises(UsageError, match=address):
        set_state(write(ams_edge=CLUSTER), Address(address), State.RETIRED)


def test_a_recipient_is_added_once(write: Write) -> None:
    root = write(WORKSPACE + "# the end\n", ams_edge=CLUSTER)
    assert add_recipient(root, "age1one") == root / "xlicense.yaml"
    add_recipient(root, "age1two")
    add_recipient(root, "age1one")
    assert load(root).desired.journal.recipients == ("age1one", "age1two")
    assert "# the end\n" in (root / "xlicense.yaml").read_text()


def test_a_recipient_joins_a_list_that_is_written_on_one_line(write: Write) -> None:
    root = write(WORKSPACE + "journal: {recipients: [age1one]}  # who can read\n", ams_edge=CLUSTER)
    add_recipient(root, "age1two")
    assert (
        "journal: {recipients: [age1one, age1two]} # who can read\n" in (root / "xlicense.yaml").read_text()
    )


def test_an_edit_keeps_the_mode_of_the_file_and_leaves_nothing_beside_it(write: Write) -> None:
    root = write(ams_edge=CLUSTER)
    (root / "xlicense.yaml").chmod(0o640)
    add_recipient(root, "age1one")
    assert (root / "xlicense.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(item.name for item in root.iterdir()) == ["clusters", "xlicense.yaml"]


def test_a_file_that_cannot_be_replaced_is_said_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for file in (tmp_path / "folder", tmp_path / "nowhere" / "x"):
        with pytest.raises(XlicenseError, match="cannot be written"):
            replace_file(file, "text")
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]


def test_an_edit_that_would_lose_a_comment_is_refused(write: Write) -> None:
    text = CLUSTER + "  - {name: e2, # why\n     host: e2}\n"
    root = write(ams_edge=text)
    with pytest.raises(ConfigError):
        set_state(root, Address("cluster/ams-edge/node/e2"), State.RETIRED)
    assert (root / "clusters/ams-edge.yaml").read_text() == text


def test_a_workspace_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "xlicense.yaml").mkdir()
    with pytest.raises(XlicenseError, match="cannot be read"):
        add_recipient(tmp_path, "age1one")


def test_a_damaged_workspace_file_is_left_alone(write: Write) -> None:
    root = write("a: [", ams_edge=CLUSTER)
    with pytest.raises(ConfigError):
        add_recipient(root, "age1one")
    assert (root / "xlicense.yaml").read_text() == "a: ["
