"""YAML text -> plain data: every scalar a text, every limit on the event stream, every position right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.config import events
from reconciler.config.events import read
from reconciler.config.formatting import read_tree


def codes(text: str) -> list[str]:
    return [remark.code for remark in read(text).remarks]


def only(text: str) -> events.Remark:
    (remark,) = read(text).remarks
    return remark


@pytest.mark.parametrize(
    "text", ["14.10", "52E01234", "0E123456", "on", "yes", "0x10", "1_000", "2001-01-01", "012", ".5", "NO"]
)
def test_a_plain_scalar_stays_the_text_that_was_written(text: str) -> None:
    assert read(f"key: {text}\n").data == {"key": text}


def test_lists_and_mappings_in_block_and_flow_style_are_the_same_data() -> None:
    assert read("a:\n  - b: 1\n    c: 2\n").data == read("{a: [{b: 1, c: '2'}]}").data


def test_an_alias_stands_for_what_its_anchor_holds() -> None:
    assert read("a: &x {b: 1}\nc: *x\nd: [*x, &y e, *y]\n").data == {
        "a": {"b": "1"},
        "c": {"b": "1"},
        "d": [{"b": "1"}, "e", "e"],
    }


def test_an_anchor_at_a_key_can_be_used_as_a_value() -> None:
    assert read("&x a: *x\n").data == {"a": "a"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "--- \n...\n"])
def test_a_file_without_content_is_called_empty(text: str) -> None:
    assert only(text).code == "empty-file"


def test_sixty_kilobytes_of_open_brackets_are_one_complaint() -> None:
    remark = only("[" * 60_000)
    assert (remark.line, remark.column, remark.code) == (1, 33, "too-deep")


def test_thirty_two_levels_are_read_and_thirty_three_are_not() -> None:
    assert not read("[" * 32 + "]" * 32).remarks
    assert codes("[" * 33 + "]" * 33) == ["too-deep"]


def test_depth_counts_through_aliases() -> None:
    deep = "a: &x " + "[" * 20 + "]" * 20 + "\n"
    assert not read(deep + "b: " + "[" * 11 + "*x" + "]" * 11 + "\n").remarks
    assert codes(deep + "b: " + "[" * 12 + "*x" + "]" * 12 + "\n") == ["too-deep"]


def test_a_hundred_aliases_are_read_and_one_more_is_not() -> None:
    assert not read("a: &x 1\nb: [" + "*x, " * 100 + "]\n").remarks
    assert codes("a: &x 1\nb: [" + "*x, " * 101 + "]\n") == ["too-many-aliases"]


def test_an_alias_bomb_is_refused_before_it_is_built() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10)
    )
    assert codes(bomb) == ["too-many-aliases"]


def test_an_alias_to_something_that_is_still_open_is_refused() -> None:
    assert only("a: &x [*x]\n").code == "alias"


def test_an_alias_without_an_anchor_is_refused_and_its_name_is_not_repeated() -> None:
    remark = only("password: *hunter2\n")
    assert remark.code == "alias"
    assert "hunter2" not in remark.message


def test_a_key_that_stands_twice_is_refused_at_the_second_place() -> None:
    remark = only("a: 1\nb: 2\na: 3\n")
    assert (remark.line, remark.column, remark.code) == (3, 1, "duplicate-key")
    assert remark.message == "a stands here twice, first in line 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "n:\n- a: {b: 1}\n- {c: 1,\n   a: [2],\n   a: x}\n",
            "a stands here twice, first in line 4",
        ),
        ("hunter2!: 1\nhunter2!: 2\n", "this key stands here twice, first in line 1"),
        (
            "token: {hunter2: 1, hunter2: 2}\n",
            "this key stands here twice, first in line 1",
        ),
    ],
)
def test_a_second_key_is_named_with_the_line_of_the_first_unless_it_could_be_a_secret(
    text: str, message: str
) -> None:
    assert only(text).message == message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: !!str x\n", "tag"),
        ("a: !x {b: c}\n", "tag"),
        ("a: ! x\n", "tag"),
        ("a: !!python/object:os.system [x]\n", "tag"),
        ("a: {<<: {b: c}}\n", "merge-key"),
        ("a: 1\n---\nb: 2\n", "multi-document"),
        ("a:\n", "no-value"),
        ("a: ~\n", "no-value"),
        ("a: [null]\n", "no-value"),
        ("? [a]\n: b\n", "bad-key"),
        ("? {a: b}\n: b\n", "bad-key"),
        ("a: &x b\n*x : c\n", "bad-key"),
        ("a:\n\tb: c\n", "tab"),
        ("a: b\n  \tc: d\n", "tab"),
        ("a: {b: c\n d: e}\n", "yaml-syntax"),
        ("a: b: c\n", "yaml-syntax"),
        ("a: 'b\n", "yaml-syntax"),
        ("a: \x01\n", "yaml-syntax"),
        ("%YAML 9.9\n---\na: b\n", "yaml-syntax"),
    ],
)
def test_what_a_workspace_may_not_contain_is_refused(text: str, code: str) -> None:
    assert codes(text)[0] == code


def test_a_quoted_null_is_a_text() -> None:
    assert read("a: 'null'\nb: \"\"\n").data == {"a": "null", "b": ""}


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    assert not read("'<<': b\n").remarks


def test_several_remarks_are_all_made() -> None:
    assert codes("a: !!str 1\na:\nb: {c: 1, c: 2}\n") == ["tag", "duplicate-key", "no-value", "duplicate-key"]


def test_positions_are_those_of_keys_and_values() -> None:
    spots = read("a: {bb: 1}\nnodes:\n  - name: x\n", spots=True).spots
    assert spots[("a", "bb")] == events.Spot(1, 9, 1, 5)
    assert spots[("nodes", 0)] == events.Spot(3, 5, 3, 5)
    assert spots[("nodes", 0, "name")] == events.Spot(3, 11, 3, 5)


def test_the_outermost_keys_are_placed_without_asking() -> None:
    assert read("# c\ncluster: x\n").keys == {"cluster": (2, 1)}


def test_a_control_character_is_placed() -> None:
    remark = only("a: b\nc: d\x07e\n")
    assert (remark.line, remark.column) == (2, 5)


def test_bytes_that_are_not_utf_8_are_placed() -> None:
    remark = events.decode("a: b\nc: ü\n".encode("latin-1"))
    assert isinstance(remark, events.Remark)
    assert (remark.line, remark.column, remark.code) == (2, 4, "encoding")


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert events.decode(b"\xef\xbb\xbfa: b") == "a: b"


def test_one_mebibyte_is_read_and_one_byte_more_is_not() -> None:
    assert events.decode(b"#" * events.MAX_BYTES) == "#" * events.MAX_BYTES
    remark = events.decode(b"#" * (events.MAX_BYTES + 1))
    assert isinstance(remark, events.Remark)
    assert remark.code == "too-large"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@` \n\t?~<\\0\x00é", max_size=60))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    read(text, spots=True)


_SCALARS = st.text(alphabet="abEe0159.+-_xn:~ ", min_size=1, max_size=8)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text(alphabet="abcn", min_size=1, max_size=3), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def flow(tree: object) -> str:
    """The tree in flow style, every text that can be is plain."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(flow(item) for item in tree) + "]"
    return str(tree) if str(tree).isalnum() else f"'{tree}'"


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "serial", "null", "on", "1"]), _TREES, min_size=1, max_size=4))
def test_the_loader_and_the_writer_see_the_same_tree(tree: dict[str, object]) -> None:
    text = flow(tree) + "\n"
    assert read_tree(text) == read(text).data or read(text).remarks
