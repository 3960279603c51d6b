"""xStatus and xConfiguration line by line: names, shapes and places of every value that is read."""

from __future__ import annotations

import pytest

from providers.expressway import xstatus
from reconciler.model import UNKNOWN, Alarm, OptionKey, SmartConfig


def leaves(*text):
    return [(leaf.path, leaf.value, leaf.owner) for leaf in xstatus.read_tree(text).leaves]


def test_siblings_share_an_owner_and_two_blocks_of_one_name_do_not():
    found = leaves("*s Alarm: /", "  Alarm 1: /", "    ID: 1", "    Severity: x", "  Alarm 1:", "    ID: 2")
    (_, _, one), (_, _, same), (_, _, other) = found
    assert one == same == ("0:alarm", "1:alarm 1")
    assert other == ("0:alarm", "4:alarm 1")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (("*s A B: 1",), [(("a", "b"), "1", ("a",))]),
        (("*c xConfiguration A: 1",), [(("a",), "1", ())]),
        (("xConfiguration A [2] B: 1",), [(("a", "2", "b"), "1", ("a", "2"))]),
        (("  A: 1",), [(("a",), "1", ())]),
        (("A: /", "B: 1"), [(("b",), "1", ())]),
        (("A: /", " B: 1"), [(("a", "b"), "1", ("0:a",))]),
        (("A:", "  B:", " C: 1"), [(("a", "c"), "1", ("0:a",))]),
        (("A:", "  B:", "  C: 1"), [(("a", "c"), "1", ("0:a",))]),
        (("A:", "*r B: 1"), [(("b",), "1", ())]),
        (('A: "x: y"',), [(("a",), "x: y", ())]),
        (("A: b: c",), [(("a",), "b: c", ())]),
        (('A: ""',), [(("a",), "", ())]),
        (("no pair here", "A: 1"), [(("a",), "1", ())]),
        (("A: \x00", "B: 1"), [(("b",), "1", ())]),
        (('A: "1', "B: 1"), [(("b",), "1", ())]),
        (('A: 1"',), []),
        (('A: "',), []),
        (("xConfiguration: 1",), []),
        ((f"{'k' * 120}: 1",), [(("k" * 120,), "1", ())]),
        ((f"{'k' * 121}: 1",), []),
    ],
)
def test_a_line_is_a_leaf_under_what_it_is_indented_below(text, found):
    assert leaves(*text) == found


@pytest.mark.parametrize(
    ("text", "damaged"),
    [(("A: 1",), 0), (("\x00",), 1), (('A: "1', "B: \x00"), 2), (("xConfiguration: 1",), 1), (("prose",), 0)],
)
def test_lines_that_are_not_to_be_believed_are_counted(text, damaged):
    assert xstatus.read_tree(text).damaged == damaged


UNIT = "*s SystemUnit: /"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ((UNIT, "  Software Version: 14.2.5"), "X14.2.5"),
        ((UNIT, "  SoftwareID: X14.2.5"), "X14.2.5"),
        ((UNIT, "  Release: X14.2.5"), "X14.2.5"),
        ((UNIT, "  Name: X14.2.5"), "X14.2.5"),
        ((UNIT, "  Version: 14.2.5"), UNKNOWN),
        ((UNIT, "  Version: X14"), UNKNOWN),
        ((UNIT, "  Version: about X14.2"), UNKNOWN),
        ((UNIT, "  Version: X14.2 and more"), UNKNOWN),
        ((UNIT, "  Software Version: X14.2", "  Version: X14.3"), "X14.2"),
        ((UNIT, "  Version: X14.3", "  Build: X14.2"), "X14.3"),
        ((UNIT, "  Build: X14.2", "  Name: X14.2"), "X14.2"),
        ((UNIT, "  Build: X14.2", "  Name: X14.3"), UNKNOWN),
        ((UNIT, "  Build: X14.2", "  Other: \x00"), UNKNOWN),
        ((UNIT, "  Software Version: X14.2", "  Other: \x00"), "X14.2"),
        ((UNIT, "  Hardware Version: X14.2"), UNKNOWN),
        (("Cisco TelePresence Video Communication Server X14.0.11 (Test)",), "X14.0.11 (Test)"),
        (("Video Communication Server X14.0", "Video Communication Server X14.2"), UNKNOWN),
        (("Video Communication Server X14.0 \x00",), UNKNOWN),
    ],
)
def test_the_release_is_read_at_the_best_place_that_shows_one(text, version):
    software = xstatus.read_software(text)
    assert (software if software is UNKNOWN else software.version) == version


@pytest.mark.parametrize(
    ("text", "product", "select"),
    [
        (("Expressway: True",), "expressway", UNKNOWN),
        (("ExpresswaySeries: off",), "vcs", UNKNOWN),
        (("ExpresswaySeries: yes", "Expressway: True"), "expressway", UNKNOWN),
        (("ExpresswaySeries: yes", "Expressway: False"), UNKNOWN, UNKNOWN),
        (("ExpresswaySeries: yes", "Expressway: perhaps"), UNKNOWN, UNKNOWN),
        (("ProductID: Cisco EXPRESSWAY",), "expressway", UNKNOWN),
        (("ProductType: expressway-e", "Product: VCS"), "expressway", UNKNOWN),
        (("ExpresswaySeries: perhaps", "Product: Expressway"), UNKNOWN, UNKNOWN),
        (("Other: Expressway",), UNKNOWN, UNKNOWN),
        (("Name: Expressway Select",), UNKNOWN, True),
    ],
)
def test_the_product_is_what_it_says_it_is(text, product, select):
    software = xstatus.read_software(("Version: X14.2", *text))
    assert (software.product, software.select_image) == (product, select)


@pytest.mark.parametrize(
    ("line", "serial"),
    [
        ("Hardware Serial Number: 0E4D1FA5", "0E4D1FA5"),
        ("SerialNumber: 0E4D1", UNKNOWN),
        ("SerialNumber: 0E4D-1FA5", UNKNOWN),
        (f"SerialNumber: {'0' * 16}", "0" * 16),
        (f"SerialNumber: {'0' * 17}", UNKNOWN),
        ("Number: 0E4D1FA5", UNKNOWN),
        ("Other: 0E4D1FA5", UNKNOWN),
    ],
)
def test_a_serial_has_its_name_and_its_shape(line, serial):
    assert xstatus.read_serial([line]) == serial
    assert xstatus.read_serial([line, line]) == serial


SMART = "*c xConfiguration License Smart"


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ((f"{SMART} Transport: Direct",), SmartConfig(transport="direct")),
        ((f"{SMART} Transport: satellite",), SmartConfig(transport="satellite")),
        ((f"{SMART} Transport: pigeon",), SmartConfig()),
        ((f"{SMART} Privacy: None",), SmartConfig(privacy="none")),
        ((f"{SMART} Privacy: all",), SmartConfig(privacy="all")),
        ((f"{SMART} Privacy: hostname",), SmartConfig(privacy="hostname")),
        ((f"{SMART} Privacy: version",), SmartConfig(privacy="version")),
        ((f"{SMART} Debug: error",), SmartConfig(debug="error")),
        ((f"{SMART} Debug: trace",), SmartConfig(debug="trace")),
        ((f"{SMART} Debug: debug",), SmartConfig(debug="debug")),
        ((f"{SMART} Debug: all",), SmartConfig(debug="all")),
        ((f"{SMART} Url: https://a/",), SmartConfig(url="https://a/")),
        ((f'{SMART} Url: ""',), SmartConfig(url=None)),
        ((f'{SMART} Transport: " direct "',), SmartConfig(transport="direct")),
        ((f"{SMART} ReservationEnable: On",), SmartConfig(reservation_enable=True)),
        ((f"{SMART} ReservationEnable: off",), SmartConfig(reservation_enable=False)),
        ((f"{SMART} ReservationEnable: maybe",), SmartConfig()),
        ((f"{SMART} Reservation Enable: On", f"{SMART} ReservationEnable: Off"), SmartConfig()),
        (("*c xConfiguration License Other Transport: direct",), SmartConfig()),
        (("*c xConfiguration Smart Transport: direct",), SmartConfig()),
    ],
)
def test_a_smart_setting_is_a_known_word_under_its_name(text, config):
    assert xstatus.read_smart_config(text) == config


@pytest.mark.parametrize(
    ("text", "peers", "primary"),
    [
        (("Alternates Peer 1 Address: a", "Alternates Peer 2 Address: b"), ("a", "b"), UNKNOWN),
        (("Alternates Peer 2 Address: b", "Alternates Peer 1 Address: a"), ("a", "b"), UNKNOWN),
        (("Peer 1 Address: a", "Peer 1 Address: a"), ("a",), UNKNOWN),
        (("Peer Address: a",), ("a",), UNKNOWN),
        (("Peer 2 Address: a",), UNKNOWN, UNKNOWN),
        (("Peer 0 Address: a",), UNKNOWN, UNKNOWN),
        (("Peer 100 Address: a",), UNKNOWN, UNKNOWN),
        (("Peer ² Address: a",), UNKNOWN, UNKNOWN),
        (("Peer ab Address: a",), UNKNOWN, UNKNOWN),
        (("Peer 1 Name: a",), UNKNOWN, UNKNOWN),
        (("Other 1 Address: a",), UNKNOWN, UNKNOWN),
        (("Address: a",), UNKNOWN, UNKNOWN),
        (("1 Address: a",), UNKNOWN, UNKNOWN),
        (("ConfigurationPrimary: 1",), UNKNOWN, 1),
        (("ConfigurationMaster: 6",), UNKNOWN, 6),
        (("ConfigurationPrimary: 7",), UNKNOWN, UNKNOWN),
        (("ConfigurationPrimary: 12",), UNKNOWN, UNKNOWN),
        (("ConfigurationPrimary: 1", "ConfigurationMaster: 2"), UNKNOWN, UNKNOWN),
        (('Peer 1 Address: ""',), (), UNKNOWN),
        (('Peer 1 Address: ""', 'Peer 2 Address: ""', "ConfigurationPrimary: 1"), (), 1),
        (('Cluster Name: ""',), (), UNKNOWN),
        (('ClusterName: ""',), (), UNKNOWN),
        (('Cluster Name: "a"',), UNKNOWN, UNKNOWN),
        (('Cluster Name: ""', "Peer 2 Address: a"), UNKNOWN, UNKNOWN),
    ],
)
def test_peers_stand_in_the_order_of_their_numbers(text, peers, primary):
    assert xstatus.read_peers(text) == (peers, primary)


def test_ten_servers_are_ordered_as_numbers():
    text = [f"*c DNS Server {number} Address: s{number}" for number in range(1, 11)]
    assert xstatus.read_servers(text) == tuple(f"s{number}" for number in range(1, 11))
    assert xstatus.read_servers(["DNS PerDomainServer 1 Address: x"]) == ()
    assert xstatus.read_servers(["Server 1 Name: x"]) is UNKNOWN


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("DNS Hostname: e1", "e1"),
        ("IP DNS Host Name: e1.example.com", "e1.example.com"),
        ("System Name: e1", "e1"),
        ("DNS Name: e1", UNKNOWN),
        ('DNS Hostname: " e1 "', "e1"),
        ("DNS Hostname: -e1", UNKNOWN),
        ("DNS Hostname: e1_", UNKNOWN),
        (f"DNS Hostname: {'e' * 253}", "e" * 253),
        (f"DNS Hostname: {'e' * 254}", UNKNOWN),
    ],
)
def test_a_host_name_has_its_name_and_its_shape(line, name):
    assert xstatus.read_hostname([line]) == name


@pytest.mark.parametrize(
    ("text", "alarms"),
    [
        (("Alarm 1:", "  ID: 20006", "  Detail: d", "  Title: t"), (Alarm("20006", "d"),)),
        (("Alarm 1:", "  ID: 20006", "  Details: d"), (Alarm("20006", "d"),)),
        (("Alarm 1:", "  ID: 20006", "  Text: d"), (Alarm("20006", "d"),)),
        (("Alarm 1:", "  ID: 20006", "  Description: d"), (Alarm("20006", "d"),)),
        (("Alarm 1:", "  ID: 20006", '  Detail: ""', "  Title: d"), (Alarm("20006", "d"),)),
        (("Alarm 1:", "  ID: 20006", "  Reason: d"), (Alarm("20006", "d"),)),
        (("Alarm 1:", "  ID: 20006", "  Name: d"), (Alarm("20006", "d"),)),
        (("Alarm 1:", "  ID: 20006", "  Level: Critical"), (Alarm("20006", "", "critical"),)),
        (("Alarm 1:", "  ID: 20006", "  ID: 20007"), (Alarm("20006"),)),
        (("Alarm 1:", "  ID: 20006", "Alarm 2:", "  ID: 20006", "  Text: later"), (Alarm("20006"),)),
        (("Alarm 1:", "  ID: 30035", "Alarm 2:", "  ID: 20006"), (Alarm("20006"), Alarm("30035"))),
        (("Alarm 1:", "  ID: 2000", "  Number: 20006"), (Alarm("20006"),)),
        (("Alarm 20006:", "  Severity: X"), (Alarm("20006", "", "x"),)),
        (("Alarm 20006 raised:", "  Severity: X"), (Alarm("20006", "Alarm 20006 raised:"),)),
        (("Alarm 20006 of 9:", "  Severity: X"), (Alarm("20006", "Alarm 20006 of 9:"),)),
        (("Alarm 1:", "  ID: 200061"), ()),
        (("Alarm 1:", "  ID: 02006"), ()),
        (("Alarm 1:", "  ID: 20006", "  Status: Lowered", "  Text: 30035"), ()),
        (("20006, 30035",), (Alarm("20006", "20006, 30035"), Alarm("30035", "20006, 30035"))),
        (("raised: 20006",), (Alarm("20006", "raised: 20006"),)),
        (("at 192.0.2.1:20006",), ()),
        (("at 20006:30",), ()),
        (("x20006 20006x 20006.1 1-20006 02006 200067",), ()),
    ],
)  # fmt: skip
def test_an_alarm_is_five_digits_with_its_text_and_severity(text, alarms):
    assert xstatus.read_alarms(text) == alarms


def test_an_option_key_is_named_once_with_what_it_is_for():
    text = (
        "Option 1:",
        "  Key: K1",
        "  Description: one",
        "Option 2:",
        '  Key: ""',
        "Option 3:",
        "  Text: x",
    )
    assert xstatus.read_option_keys(text) == (OptionKey("K1", "one"),)
    again = (*text, "Option 4:", "  Key: K1", "  Description: one", "Option 5:", "  Key: A0")
    assert xstatus.read_option_keys(again) == (OptionKey("K1", "one"), OptionKey("A0"))
