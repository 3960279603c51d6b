"""What an authorization code says, and everything that must not pass for one."""

import pytest

from reconciler.model import AuthorizedLine, read_authorization, same_licence, same_udi, udi_parts
from reconciler.model.authorization import MAX_CHARACTERS

CODE = (
    "<specificPLR><authorizationCode><flag>A</flag><version>C</version>"
    "<piid>6ca07f56-145c-4ace-bdc2-40417fd49d47</piid><timestamp>1552292522579</timestamp><entitlements>"
    "<entitlement><tag>regid.2016-07.com.cisco.UCM_Enhanced,12.0_66d0d1cf</tag><count>5</count>"
    "<startDate></startDate><endDate>2027-Mar-01 UTC</endDate><licenseType>TERM</licenseType>"
    "<displayName>UC Manager Enhanced License (12.x)</displayName></entitlement>"
    "</entitlements></authorizationCode><signature>MEYCIQ</signature><udi>P:UCM,S:cc920,U:e53fc968-0253</udi>"
    "</specificPLR>"
)


def test_the_published_sample_is_read():
    read = read_authorization(CODE)
    assert read.udi == "P:UCM,S:cc920,U:e53fc968-0253"
    assert read.instance_id == "6ca07f56-145c-4ace-bdc2-40417fd49d47"
    assert read.made_at == 1552292522579
    assert read.lines == (
        AuthorizedLine(
            "regid.2016-07.com.cisco.UCM_Enhanced,12.0_66d0d1cf",
            5,
            "UC Manager Enhanced License (12.x)",
            None,
            "2027-Mar-01 UTC",
            "TERM",
        ),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (CODE[:-20], "not whole"),
        ("", "not whole"),
        ("A9-B7", "not whole"),
        ("<specificPLR><udi>P:X,S:1</udi></specificPLR>", "names no licence"),
        (CODE.replace("<udi>P:UCM,S:cc920,U:e53fc968-0253</udi>", ""), "for which device"),
        (CODE.replace("<count>5</count>", "<count>five</count>"), "count 'five'"),
        (CODE.replace("<count>5</count>", "<count>-5</count>"), "count '-5'"),
        (CODE.replace("<count>5</count>", "<count>5</count><count>6</count>"), "count twice"),
        (CODE.replace("</signature>", "</signature><udi>P:UCM,S:other</udi>"), "udi twice"),
        ('<!DOCTYPE a [<!ENTITY e "x">]>' + CODE, "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd">' + CODE, "document type"),
        ("<a>" + " " * 70_000 + "</a>", "more than"),
    ],
)
def test_whatever_is_not_a_whole_code_is_refused_with_the_reason(text, why):
    with pytest.raises(ValueError, match=why):
        read_authorization(text)


def test_blanks_and_the_long_names_of_the_parts_make_no_difference():
    assert same_udi("P:UCM,S:cc920,U:e53fc968-0253", "P:UCM, S:cc920,U:E53FC9680253") is True
    assert same_udi("PID:EXPY,SN:0E4D1FA5", "P:EXPY,S:0e4d1fa5") is True
    assert udi_parts("PID:EXPY,SN:0E4D1FA5,UUID:ab") == {"P": "EXPY", "S": "0E4D1FA5", "U": "AB"}


def test_another_product_serial_or_uuid_is_another_device():
    assert same_udi("P:EXPY,S:1,U:a", "P:EXPY,S:1,U:b") is False
    assert same_udi("P:EXPY,S:1", "P:EXPY,S:2") is False
    assert same_udi("P:UCM,S:1", "P:EXPY,S:1") is False


def test_two_identities_without_a_common_part_are_not_judged():
    assert same_udi("P:EXPY", "P:EXPY,S:1") is None
    assert same_udi("opaque", "P:EXPY,S:1") is None
    assert same_udi("", "") is None
    assert same_udi("opaque-1", "opaque-1") is True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("t1", "A"), ("t1", "B"), True),
        (("t1", "A"), ("t2", "A"), False),
        (("", "UC Manager Enhanced License"), ("t", "UC Manager  enhanced License (12.x)"), True),
        (("", "UC Manager Enhanced License (14.x)"), ("t", "UC Manager Enhanced License (12.x)"), False),
        (("", "UC Manager Enhanced License (12.x)"), ("t", "UC Manager Enhanced License (12.x)"), True),
        (("", "UC Manager Enhanced License"), ("t", "UC Manager Enhanced Plus License"), False),
        (("", ""), ("t", ""), False),
        ((None, None), ("t", "A"), False),
    ],
)
def test_a_licence_is_known_by_its_tag_else_by_its_name_with_or_without_a_version(
    one: tuple[str, str], other: tuple[str, str], same: bool
) -> None:
    assert same_licence(*one, *other) is same_licence(*other, *one) is same


def test_a_part_that_is_not_there_or_blank_is_not_known():
    bare = CODE.replace("<timestamp>1552292522579</timestamp>", "")
    for field in ("endDate", "licenseType", "displayName"):
        start, _, rest = bare.partition(f"<{field}>")
        bare = f"{start}<{field}> </{field}>{rest.partition(f'</{field}>')[2]}"
    read = read_authorization(bare)
    assert read.made_at is None
    (line,) = read.lines
    assert (line.starts, line.ends, line.licence_type, line.name) == (None, None, None, "")


def test_the_day_a_line_starts_is_read():
    started = CODE.replace("<startDate></startDate>", "<startDate>2026-Mar-01 UTC</startDate>")
    assert read_authorization(started).lines[0].starts == "2026-Mar-01 UTC"


@pytest.mark.parametrize("stamp", ["soon", "\u0661\u0662", "-5"])
def test_a_time_stamp_that_is_no_number_is_not_known(stamp):
    assert read_authorization(CODE.replace("1552292522579", stamp)).made_at is None


def test_the_names_of_the_parts_may_be_written_small():
    assert udi_parts("pid:EXPY,sn:0E4D1FA5,uuid:ab") == {"P": "EXPY", "S": "0E4D1FA5", "U": "AB"}


def test_a_code_of_the_greatest_length_is_read():
    room = MAX_CHARACTERS - len(CODE)
    assert read_authorization(CODE.replace("<flag>", "<flag>" + " " * room)).udi


def two_lines(more: str = "") -> str:
    return CODE.replace(
        "</entitlements>",
        f"<entitlement><tag>t2</tag><count>7</count><displayName>Rooms</displayName>{more}</entitlement>"
        "</entitlements>",
    )


def test_each_licence_has_a_line_with_its_own_texts():
    first, second = read_authorization(two_lines()).lines
    assert (first.quantity, first.name) == (5, "UC Manager Enhanced License (12.x)")
    assert second == AuthorizedLine("t2", 7, "Rooms")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (CODE.replace("<count>5</count>", ""), "a licence of it has the count ''"),
        (CODE.replace("<count>5</count>", "<count>\uff15</count>"), "a licence of it has the count '\uff15'"),
        (CODE.replace("<count>5</count>", f"<count>{'x' * 30}</count>"), f"the count '{'x' * 20}'"),
        (
            CODE.replace("<tag>", "<tog>").replace("</tag>", "</tog>"),
            "a licence of it has no entitlement tag",
        ),
        ("<a>text</a>", "it does not say for which device it is"),
        ('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "a document type or an entity"),
        (two_lines("<count>8</count>"), "it says count twice, and differently"),
    ],
)
def test_a_line_that_is_not_whole_makes_the_code_none(text, why):
    with pytest.raises(ValueError, match=why):
        read_authorization(text)


def test_what_stands_twice_and_says_the_same_is_said_once():
    assert read_authorization(two_lines("<count>7</count>")).lines[1].quantity == 7


def test_text_between_the_elements_belongs_to_none_of_them():
    stray = (
        CODE.replace("<udi>", "stray<udi>").replace("<tag>", "stray <tag>").replace("</udi>", "</udi>more")
    )
    assert read_authorization(stray) == read_authorization(CODE)


def test_a_code_may_begin_with_blank_lines_and_a_declaration():
    assert read_authorization(f"\n <?xml version='1.0'?>\n{CODE}\n") == read_authorization(CODE)


@pytest.mark.parametrize(
    ("udi", "parts"),
    [
        ("p:EXPY;s:1 u:ab", {"P": "EXPY", "S": "1", "U": "AB"}),
        ("S : 1", {"S": "1"}),
        ("XS:1,PID:", {}),
        ("CE-ZEXPY:0E4D1FA5-AbC", {}),
        ("", {}),
    ],
)
def test_the_parts_of_an_identity_stand_behind_their_names(udi, parts):
    assert udi_parts(udi) == parts


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("U:ab-cd", "U:abcd,P:X", True),
        ("U:abcd", "U:ab-cd", True),
        ("S:1", "P:X,S:1", True),
        ("P:X", "P:X,S:1", None),
        ("P:X", "P:X", True),
        (" ", "", None),
        ("an opaque  one", "an opaque one ", True),
        ("S:1,U:a", "S:1,U:b", False),
    ],
)
def test_two_identities_are_one_by_serial_or_uuid(one, other, same):
    assert same_udi(one, other) is same
    assert same_udi(other, one) is same


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("RMS (14)", True),
        ("RMS ( v14.2 ) ", True),
        ("RMS (12.x)", False),
        ("RMS", True),
        ("RMS (new)", False),
        ("RMS (14) more", False),
    ],
)
def test_a_version_stands_in_brackets_at_the_end_of_a_name(name, same):
    assert same_licence(None, "rms (14.x)", "tag", name) is same
