"""xStatus and xConfiguration replies: several layouts, one value; damage is never a value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.expressway import xstatus
from providers.expressway.wire import ReplyReader
from reconciler.model import UNKNOWN, Alarm, OptionKey, SmartConfig, Software

from .played import TRANSCRIPTS


def lines(name: str) -> tuple[str, ...]:
    reader = ReplyReader(["x"])
    reader.feed((TRANSCRIPTS / f"{name}.txt").read_bytes())
    return reader.replies[0].lines


@pytest.mark.parametrize(
    ("name", "software", "serial"),
    [
        ("X14.3.1/systemunit", Software("X14.3.1", "expressway"), "0E4D1FA5"),
        ("X14.0.8/systemunit", Software("X14.0.8", "expressway"), "52E01234"),
        ("X15.0/systemunit", Software("X15.0", "expressway", True), "0F77AA01"),
    ],
)
def test_release_product_and_serial_stand_in_several_places(name, software, serial):
    assert xstatus.read_software(lines(name)) == software
    assert xstatus.read_serial(lines(name)) == serial


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (['*s SystemUnit: /', '  Build: "X8.11.4 (Test SW)"'], "X8.11.4 (Test SW)"),
        (['*s SystemUnit: /', '  Software:', '    Version: "14.10"'], "X14.10"),
        (['*s SystemUnit: /', '  SoftwareVersion: X14.2.5PreAlpha1'], "X14.2.5PreAlpha1"),
        (['*s SystemUnit Version: "X14.2"'], "X14.2"),
        (["TANDBERG Video Communication Server X14.0.11"], "X14.0.11"),
        (['*s SystemUnit: /', '  Version: "X14.2"', '  Version: "X14.3"'], UNKNOWN),
        (['*s SystemUnit: /', '  Hardware:', '    Version: "X14.2"'], UNKNOWN),
        (['*s SystemUnit: /', '  Software:', '    Version: "X14.3\x00.1"', '    Build: "X14.3"'], UNKNOWN),
        (['*s SystemUnit: /', '  Version: "X14.3'], UNKNOWN),
        ([], UNKNOWN),
    ],
)  # fmt: skip
def test_version_forms(text, version):
    software = xstatus.read_software(text)
    assert (software if software is UNKNOWN else software.version) == version


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ('ExpresswaySeries: "False"', "vcs"),
        ('ExpresswaySeries: "True"', "expressway"),
        ('Product: "Cisco Expressway"', "expressway"),
        ('Product: "TANDBERG VCS"', UNKNOWN),
        ('ExpresswaySeries: "Perhaps"', UNKNOWN),
    ],
)
def test_product_forms(text, product):
    assert xstatus.read_software(['Version: "X14.2"', text]).product == product


def test_blanks_around_a_serial_are_no_part_of_it():
    assert xstatus.read_serial(['SerialNumber: " 0E4D1FA5 "']) == "0E4D1FA5"


def test_two_serials_that_differ_are_none():
    assert xstatus.read_serial(['SerialNumber: "0E4D1FA5"', 'Hardware SerialNumber: "0E4D1FA6"']) is UNKNOWN


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("X14.3.1/smart", SmartConfig("direct", None, "none", UNKNOWN, "error")),
        ("X14.2.6/smart", SmartConfig("satellite", "https://ssm.plant.example.com/", "all", False, "error")),
        ("X15.0/smart", SmartConfig("direct", None, "hostname", UNKNOWN, UNKNOWN)),
    ],
)
def test_smart_settings_are_read_in_every_form(name, config):
    assert xstatus.read_smart_config(lines(name)) == config


def test_bare_settings_and_strange_words():
    assert xstatus.read_smart_config(
        ['license smart transport: "direct"', "License Smart Reservation Enable: On", "privacy: sometimes"]
    ) == SmartConfig(transport="direct", reservation_enable=True)
    assert xstatus.read_smart_config(["*c xConfiguration License Smart Url: ftp"]).transport is UNKNOWN
    twice = ["license smart transport: direct", "license smart transport: satellite"]
    assert xstatus.read_smart_config(twice).transport is UNKNOWN
    assert xstatus.read_smart_config(['license smart url: "https://half']).url is UNKNOWN


def test_alarms_are_found_by_five_digits_in_any_layout():
    assert xstatus.read_alarms(lines("X14.3.1/alarms")) == (
        Alarm("30035", "Evaluation period ends in 30 days", "warning"),
        Alarm("40049", "Cluster TLS permissive", "warning"),
    )
    assert xstatus.read_alarms(lines("X15.0/alarms")) == (Alarm("30028", "", "warning"),)
    assert [alarm.id for alarm in xstatus.read_alarms(lines("X15.0/warnings"))] == ["30042", "40049"]
    assert xstatus.read_alarms(["*s Alarm: /", "*s/end"]) == ()
    assert xstatus.read_alarms(["*s Alarm 20006: /", '  Severity: "critical"', "*s/end"]) == (
        Alarm("20006", "", "critical"),
    )
    assert xstatus.read_alarms(["Alarm 20006 raised"]) == (Alarm("20006", "Alarm 20006 raised"),)


def test_damaged_alarms_are_not_known():
    assert xstatus.read_alarms(["*s Alarm: /", "  ID: \ufffd0035"]) is UNKNOWN


def test_option_keys_come_from_either_place():
    assert xstatus.read_option_keys(lines("X14.3.1/options")) == (
        OptionKey("116341J00-1-60BAD5CD", "Advanced Account Security"),
    )
    config = ['*c xConfiguration Option 1 Key: "116341C00-1-AAAA"', '*c xConfiguration Option 2 Key: ""']
    assert xstatus.read_option_keys(config) == (OptionKey("116341C00-1-AAAA"),)
    assert xstatus.read_option_keys(["\x00"]) is UNKNOWN


def test_peers_in_order_without_the_empty_ones():
    assert xstatus.read_peers(lines("X14.3.1/alternates")) == (("e1.example.com", "e2.example.com"), 1)
    assert xstatus.read_peers([]) == (UNKNOWN, UNKNOWN)
    lone = ['*c xConfiguration Alternates Peer 1 Address: ""', "Alternates ConfigurationMaster: 7"]
    assert xstatus.read_peers(lone) == ((), UNKNOWN)


@pytest.mark.parametrize(
    "text",
    [
        ["Peer 1 Address: a", "Peer 3 Address: c"],
        ["Peer 1 Address: a", "Peer 1 Address: b"],
        ["Peer 1 Address: a", "Peer 2 Address: \x1b"],
        ["Peer 1 Address: a", 'Peer 2 Address: "b'],
    ],
)
def test_a_peer_list_with_a_hole_or_damage_is_not_known(text):
    assert xstatus.read_peers(text)[0] is UNKNOWN


def test_servers_without_those_of_single_domains():
    assert xstatus.read_servers(lines("X14.3.1/dns")) == ("192.0.2.53", "192.0.2.54")
    assert xstatus.read_servers(lines("X14.3.1/ntp")) == ("ntp1.example.com", "ntp2.example.com")
    assert xstatus.read_servers(["*c xConfiguration NTP Address: ntp.example.com"]) == ("ntp.example.com",)
    assert xstatus.read_servers(["*c NTP: /", "  Server [1]:", '    Address: "n"', "  Server [2]:"]) == ("n",)
    assert xstatus.read_servers(lines("X14.3.1/ip-dns")) is UNKNOWN


def test_the_host_name_is_one_name():
    assert xstatus.read_hostname(lines("X14.3.1/ip-dns")) == "e1"
    assert xstatus.read_hostname(["DNS Host Name: e 1"]) is UNKNOWN
    assert xstatus.read_hostname([]) is UNKNOWN


def test_a_nested_block_has_the_path_of_its_parents():
    tree = xstatus.read_tree(["*s A: /", "  B:", '    C: "1"', "  D: 2", "*s/end", "*s E F: 3"])
    assert [(leaf.path, leaf.value) for leaf in tree.leaves] == [
        (("a", "b", "c"), "1"),
        (("a", "d"), "2"),
        (("e", "f"), "3"),
    ]


READERS = (
    xstatus.read_software,
    xstatus.read_serial,
    xstatus.read_smart_config,
    xstatus.read_alarms,
    xstatus.read_option_keys,
    xstatus.read_peers,
    xstatus.read_servers,
    xstatus.read_hostname,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=12))
def test_no_text_makes_a_reader_raise(text):
    for reader in READERS:
        reader(text)


NAMES = [
    path.relative_to(TRANSCRIPTS).with_suffix("").as_posix()
    for path in sorted(TRANSCRIPTS.glob("*/*.txt"))
    if not path.stem.startswith(("licence", "ok", "reservation"))
]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_known_value_never_comes_from_a_broken_line(data):
    """A line with broken bytes gives nothing; what else is known is what the whole reply said."""
    name = data.draw(st.sampled_from(NAMES))
    whole = lines(name)
    number = data.draw(st.integers(0, len(whole) - 1))
    at = data.draw(st.integers(0, len(whole[number])))
    broken = list(whole)
    broken[number] = (
        whole[number][:at] + data.draw(st.sampled_from(["\ufffd", "\x00", "\x1b"])) + whole[number][at + 1 :]
    )
    for reader in (xstatus.read_serial, xstatus.read_alarms, xstatus.read_option_keys, xstatus.read_servers):
        assert reader(broken) in (UNKNOWN, reader(whole))
    assert xstatus.read_peers(broken)[0] in (UNKNOWN, xstatus.read_peers(whole)[0])
    software, before = xstatus.read_software(broken), xstatus.read_software(whole)
    assert software is UNKNOWN or software.version == before.version
    config, was = xstatus.read_smart_config(broken), xstatus.read_smart_config(whole)
    assert config.transport in (UNKNOWN, was.transport)
    assert config.url in (UNKNOWN, was.url)


@pytest.mark.parametrize("key", ["ID", "AlarmID", "Number"])
@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("Status: Raised", True),
        ("State: Active", True),
        ("Status: Lowered", False),
        ("State: Cleared", False),
    ],
)
def test_an_alarm_is_known_by_each_name_of_its_number_until_it_is_lowered(key, said, raised):
    block = [
        "*s Alarm: /",
        "  Alarm 1: /",
        f"    {key}: 30035",
        f"    {said}",
        "  Alarm 2: /",
        "    ID: 40049",
    ]
    found = [alarm.id for alarm in xstatus.read_alarms([*block, "*s/end"])]
    assert found == (["30035", "40049"] if raised else ["40049"])


@pytest.mark.parametrize("line", ["SerialNumber: 0E4D1FA5", "Serial: 0E4D1FA5", "Serial Number: 0E4D1FA5"])
def test_a_serial_is_read_under_each_of_its_names(line):
    assert xstatus.read_serial(["*s SystemUnit: /", f"  {line}", "*s/end"]) == "0E4D1FA5"
