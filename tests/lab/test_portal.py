"""People at the portal and at nodes, where worlds start, clones and snapshots, and the books of it all."""

import re
from collections.abc import Callable

import pytest

from providers.lab import WorldFileError, books, build_world, portal
from providers.lab.by_hand import set_by_hand
from providers.lab.nouns import DESKTOP, RMS, TAGS
from providers.lab.shell import answer
from providers.lab.world import World
from tests.lab.lab_clients import START, node, one_node, world

COMMAND = "xCommand License Smart Reservation"
SERIAL = "0E4D1FA5"
RESERVED = "reservation: {virtual_account: EMEA, lines: {rms: 4}}"
REQUESTED = "reservation: {state: requested}"


def _made(more: str = RESERVED, *, settings: str = "") -> World:
    return build_world(one_node(more, settings=settings), START)


def _two(first: str, second: str, *, serial: str = "0E4D1FA6") -> World:
    nodes = f"      n1: {{{node(SERIAL, first)}}}\n      n2: {{{node(serial, second)}}}\n"
    return build_world(world(f"  a:\n    nodes:\n{nodes}"), START)


def _row(made: World, licence: str = RMS, va: str = "EMEA") -> books.PoolRow:
    return next(one for one in books.pools(made) if (one.virtual_account, one.licence) == (va, licence))


def _say(made: World, line: str, name: str = "a/n1") -> tuple[str, ...]:
    said = answer(made, made.node(name), line)
    return (*said.lines, said.end)


def _reserve(made: World, name: str = "a/n1", **quantities: int) -> str:
    code = made.node(name).holding.request or ""
    return portal.reserve(made, virtual_account="EMEA", request_code=code, quantities=quantities)


# -- the portal --------------------------------------------------------------------------------------------


def test_a_person_reserves_updates_confirms_and_removes() -> None:
    made = _made(REQUESTED)
    _say(made, f'{COMMAND} Install "{_reserve(made, rms=4)}"')
    code = portal.update(made, serial=SERIAL, quantities={"rms": 6, DESKTOP: 1, TAGS[RMS]: 5})
    assert portal.download(made, serial=SERIAL) == code
    assert _row(made).transit == 1
    said = _say(made, f'{COMMAND} Install "{code}"')
    portal.confirm(made, serial=SERIAL, code=said[1].rpartition(" ")[2].upper())
    assert (_row(made).reserved, _row(made, DESKTOP).reserved, _row(made).transit) == (5, 1, 0)
    portal.remove(made, serial=SERIAL, return_code=_say(made, f"{COMMAND} Return")[1])
    assert _row(made).free == 10
    assert [one.text for one in made.ledger.asked_of("portal")] == [
        "reserve in EMEA",
        f"update {SERIAL}",
        f"download {SERIAL}",
        f"confirm {SERIAL}",
        f"remove {SERIAL}",
    ]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda made: _reserve(made, rms=11), "Insufficient licenses"),
        (lambda made: _reserve(made, rms=1, other=1), "tag other is not available"),
        (lambda made: portal.update(made, serial=SERIAL, quantities={"rms": 1}), "no product instance of"),
        (
            lambda made: portal.reserve(made, virtual_account="X", request_code="", quantities={}),
            "account 'X'",
        ),
    ],
)
def test_what_the_portal_refuses_has_its_sentence(act: Callable[[World], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        act(_made(REQUESTED))


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda made: portal.update(made, serial=SERIAL, quantities={"rms": 4}), "No reserved quantity"),
        (lambda made: portal.update(made, serial=SERIAL, quantities={"rms": 0}), "at least one license"),
        (lambda made: portal.update(made, serial=SERIAL, quantities={"rms": 11}), "Insufficient"),
        (lambda made: portal.confirm(made, serial=SERIAL, code="0" * 8), "waits for no confirmation"),
        (lambda made: portal.remove(made, serial=SERIAL), "Return Code is required"),
        (lambda made: portal.remove(made, serial=SERIAL, return_code="x"), "Return Code is not valid"),
        (
            lambda made: portal.update(made, serial="FDO2211A0AB", quantities={"rms": 1}),
            "holds no reservation",
        ),
        (lambda made: portal.download(made, serial="FDO2211A0AB"), "holds no reservation"),
        (lambda made: portal.rehost(made, failed=SERIAL, request_code="x"), "Request Code is not valid"),
    ],
)
def test_what_the_portal_refuses_for_a_reservation(act: Callable[[World], object], said: str) -> None:
    made = _made()
    with pytest.raises(ValueError, match=said):
        act(made)
    assert (_row(made).reserved, _row(made).transit) == (4, 0)


def test_an_instance_without_a_reservation_is_removed_without_a_code() -> None:
    made = _made("registered: {account: example.com, virtual_account: EMEA}, usage: {rms: 3}")
    assert _row(made).in_use == 3
    portal.remove(made, serial=SERIAL)
    assert _row(made).free == 10


def test_cisco_licensing_removes_an_instance_whose_code_is_lost() -> None:
    made = _made("reservation: {state: returned, virtual_account: EMEA, lines: {rms: 4}}")
    assert _row(made).free == 6
    portal.by_case(made, serial=SERIAL)
    assert _row(made).free == 10


# -- a dead node -------------------------------------------------------------------------------------------


def test_the_licences_of_a_dead_node_go_to_its_replacement() -> None:
    made = _two(RESERVED, REQUESTED)
    set_by_hand(made, "a/n1", "power", "off")
    set_by_hand(made, "a/n2", "replaces", "a/n1")
    set_by_hand(made, "a/n2", "reservation", "install")
    assert _row(made).reserved == 4
    assert made.node("a/n2").holding.installed is not None
    assert books.problems(made) == ()
    portal.remove(made, serial=SERIAL)
    assert [one.serial for one in made.virtual_account("cloud", "example.com", "EMEA").instances][1:] == [
        "0E4D1FA6"
    ]


def test_a_dead_node_that_comes_back_uses_licences_that_nobody_booked() -> None:
    made = _two(RESERVED, REQUESTED)
    set_by_hand(made, "a/n2", "replaces", SERIAL)
    assert books.problems(made) == (f"a/n1 has 4 {RMS} installed, CSSM has 0 booked for it",)
    with pytest.raises(AssertionError, match="a/n1 has 4"):
        books.check(made)


def test_too_many_returns_pending_are_refused_where_nothing_stands_in() -> None:
    made = _two(RESERVED.replace("4", "8"), REQUESTED)
    made.cloud.accounts[0].rehost_limit = 0
    with pytest.raises(ValueError, match="Previous Product Return Pending: The licenses on this product"):
        set_by_hand(made, "a/n2", "replaces", "a/n1")
    made.virtual_account("cloud", "example.com", "EMEA").pools[0].quantity = 16
    set_by_hand(made, "a/n2", "replaces", "a/n1")
    assert made.ledger.uses(made.node("a/n2").holding.request or "", accepted=None) == 2


def test_a_reservation_in_transit_is_not_rehosted_and_a_rehosted_one_not_updated() -> None:
    made = _two(RESERVED, REQUESTED)
    set_by_hand(made, "a/n1", "reserved", "rms=5")
    with pytest.raises(ValueError, match="waiting for its confirmation"):
        set_by_hand(made, "a/n2", "replaces", "a/n1")
    set_by_hand(made, "a/n1", "reservation", "install")
    set_by_hand(made, "a/n1", "reservation", "confirm")
    set_by_hand(made, "a/n2", "replaces", "a/n1")
    with pytest.raises(ValueError, match="is being removed"):
        set_by_hand(made, "a/n1", "reserved", "rms=6")


# -- clones and snapshots ----------------------------------------------------------------------------------


def test_two_nodes_with_one_serial_are_two_devices_by_uuid_and_one_without() -> None:
    made = _two(REQUESTED, REQUESTED, serial=SERIAL)
    _reserve(made, rms=1)
    second = _reserve(made, "a/n2", rms=2)
    assert "for another device" in _say(made, f'{COMMAND} Install "{second}"')[0]
    with pytest.raises(ValueError, match="2 product instances"):
        portal.download(made, serial=SERIAL)
    portal.download(made, serial=made.node("a/n2").uuid)
    compact = f"{REQUESTED}, dialect: {{request_code: compact}}"
    made = _two(compact, compact, serial=SERIAL)
    first = _reserve(made, rms=1)
    with pytest.raises(ValueError, match="already exists"):
        _reserve(made, "a/n2", rms=2)
    for name in ("a/n1", "a/n2"):
        assert _say(made, f'{COMMAND} Install "{first}"', name)[-1] == "OK"
    assert made.ledger.uses(first) == 2


def test_a_clone_has_the_uuid_of_its_original() -> None:
    same = "uuid: 00112233445566778899aabbccddeeff"
    made = _two(f"{REQUESTED}, {same}", f"{REQUESTED}, {same}", serial=SERIAL)
    first = _reserve(made, rms=1)
    with pytest.raises(ValueError, match="already exists"):
        _reserve(made, "a/n2", rms=2)
    assert _say(made, f'{COMMAND} Install "{first}"', "a/n2")[-1] == "OK"


def test_a_snapshot_brings_back_what_the_node_was_and_cssm_forgets_nothing() -> None:
    made = _made()
    set_by_hand(made, "a/n1", "snapshot", "take")
    set_by_hand(made, "a/n1", "reservation", "return")
    set_by_hand(made, "a/n1", "reservation", "remove")
    assert books.problems(made) == ()
    set_by_hand(made, "a/n1", "snapshot", "restore")
    assert "SPECIFIC LICENSE RESERVATION" in "\n".join(_say(made, "xStatus // License"))
    assert len(books.problems(made)) == 1
    set_by_hand(made, "a/n1", "snapshot", "restore")
    assert _say(made, f"{COMMAND} Return")[-1] == "OK"


def test_a_snapshot_keeps_the_clock_of_the_evaluation_and_the_registration() -> None:
    made = _made("evaluation_days: 10")
    set_by_hand(made, "a/n1", "snapshot", "take")
    made.now = made.now.replace(day=9)
    set_by_hand(made, "a/n1", "snapshot", "restore")
    assert made.node("a/n1").evaluation_left(made.now) == 10 * 86_400
    made = _made("registered: {account: example.com, virtual_account: EMEA}")
    set_by_hand(made, "a/n1", "snapshot", "take")
    set_by_hand(made, "a/n1", "registration", "none")
    set_by_hand(made, "a/n1", "snapshot", "restore")
    assert made.node("a/n1").registration is not None


def test_a_snapshot_that_was_never_taken_cannot_be_restored() -> None:
    with pytest.raises(ValueError, match="no snapshot"):
        set_by_hand(_made(), "a/n1", "snapshot", "restore")


# -- by hand on a node -------------------------------------------------------------------------------------


def test_an_admin_does_everything_by_hand() -> None:
    made = _made("")
    for value in ("enable", "request", "cancel", "disable", "enable", "request"):
        set_by_hand(made, "a/n1", "reservation", value)
    set_by_hand(made, "a/n1", "reserved", "EMEA:rms=4,desktop=1")
    set_by_hand(made, "a/n1", "reservation", "install")
    set_by_hand(made, "a/n1", "reserved", "rms=2")
    assert (_row(made).reserved, _row(made, DESKTOP).reserved) == (4, 1)
    set_by_hand(made, "a/n1", "reservation", "install")
    set_by_hand(made, "a/n1", "reservation", "confirm")
    assert (_row(made).reserved, _row(made, DESKTOP).reserved) == (2, 1)
    set_by_hand(made, "a/n1", "reservation", "return")
    set_by_hand(made, "a/n1", "reservation", "case")
    assert _row(made).free == 10
    assert books.problems(made) == ()


def test_an_admin_gives_back_a_code_that_was_never_installed() -> None:
    made = _made("reservation: {state: issued, virtual_account: EMEA, lines: {rms: 4}}")
    for value in ("cancel", "return-authorization", "remove"):
        set_by_hand(made, "a/n1", "reservation", value)
    assert _row(made).free == 10


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("reservation", "steal", "'steal' is not one of enable"),
        ("reservation", "cancel", "no reservation is in progress"),
        ("reserved", "rms", "'rms' is not a licence and its quantity"),
        ("reserved", "rms=-1", "is not a licence and its quantity"),
        ("replaces", "nobody", "no product instance of nobody"),
        ("snapshot", "keep", "'keep' is not one of take, restore"),
        ("power", "low", "'low' is not one of on, off, restart"),
        ("virtual-account", "EMEA", "the node has a reservation"),
    ],
)
def test_what_cannot_be_done_by_hand_is_refused(what: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        set_by_hand(_made(), "a/n1", what, value)


# -- where worlds start ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "on", "requested", "installed", "booked", "transit"),
    [
        ("enabled", True, False, 0, 0, 0),
        ("requested", True, True, 0, 0, 0),
        ("issued", True, True, 0, 4, 0),
        ("installed", True, False, 4, 4, 0),
        ("transit", True, False, 4, 4, 2),
        ("unconfirmed", True, False, 6, 4, 2),
        ("returned", True, False, 0, 4, 0),
    ],
)
def test_a_world_starts_anywhere_in_the_life_of_a_reservation(
    state: str, on: bool, requested: bool, installed: int, booked: int, transit: int
) -> None:
    made = _made(
        f"reservation: {{state: {state}, virtual_account: EMEA, lines: {{rms: 4}}, update: {{rms: 6}}}}"
    )
    holding = made.node("a/n1").holding
    assert (holding.enabled, holding.request is not None) == (on, requested)
    lines = holding.installed.lines if holding.installed else ()
    assert sum(line.quantity for line in lines) == installed
    assert (_row(made).reserved, _row(made).transit) == (booked, transit)
    assert (made.ledger.asked, made.ledger.given, made.ledger.used) == ([], [], [])
    assert books.problems(made) == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("reservation: {state: half}", "'half' is not one of installed, enabled"),
        ("reservation: {lines: {rms: 4}}", "CSSM has no virtual account ''"),
        ("reservation: {virtual_account: EMEA, lines: {rms: 40}}", "Insufficient licenses available"),
        (
            f"registered: {{account: example.com, virtual_account: EMEA}}, {REQUESTED}",
            "deregister it first",
        ),
    ],
)
def test_a_start_that_cannot_be_is_refused(more: str, said: str) -> None:
    with pytest.raises(WorldFileError, match=said):
        _made(more)


def test_an_unreachable_deregistration_leaves_an_instance_that_blocks_a_reservation() -> None:
    made = _made("registered: {account: example.com, virtual_account: EMEA}")
    made.cloud.answers_nodes = False
    set_by_hand(made, "a/n1", "registration", "none")
    for value in ("enable", "request"):
        set_by_hand(made, "a/n1", "reservation", value)
    with pytest.raises(ValueError, match="already exists"):
        set_by_hand(made, "a/n1", "reserved", "EMEA:rms=1")
    portal.remove(made, serial=SERIAL)
    set_by_hand(made, "a/n1", "reserved", "EMEA:rms=1")


def test_a_token_does_not_drop_a_reservation_that_was_never_removed() -> None:
    made = _made("reservation: {state: returned, virtual_account: EMEA, lines: {rms: 4}}")
    set_by_hand(made, "a/n1", "reservation", "disable")
    set_by_hand(made, "a/n1", "virtual-account", "EMEA")
    set_by_hand(made, "a/n1", "usage", "rms=2")
    assert (_row(made).reserved, _row(made).in_use, _row(made).free) == (4, 2, 4)


# -- the books ---------------------------------------------------------------------------------------------


def test_the_books_say_how_often_each_code_was_used() -> None:
    made = _made("")
    set_by_hand(made, "a/n1", "reservation", "enable")
    set_by_hand(made, "a/n1", "reservation", "request")
    set_by_hand(made, "a/n1", "reserved", "EMEA:rms=4")
    set_by_hand(made, "a/n1", "reservation", "install")
    set_by_hand(made, "a/n1", "reservation", "return")
    with pytest.raises(ValueError, match="not valid"):
        portal.remove(made, serial=SERIAL, return_code="wrong")
    set_by_hand(made, "a/n1", "reservation", "remove")
    told = [(one.kind, one.given, one.used, one.refused) for one in books.code_uses(made)]
    assert told == [
        ("request", 1, 1, 0),
        ("authorization", 1, 1, 0),
        ("confirmation", 1, 0, 0),
        ("return", 1, 1, 0),
        ("return", 0, 0, 1),
    ]


def test_connected_instances_may_use_more_than_there_is() -> None:
    made = _made("registered: {account: example.com, virtual_account: Old}, usage: {rms: 3}")
    row = _row(made, va="Old")
    assert (row.quantity, row.free, row.in_use, row.short) == (1, 0, 3, 2)


def test_a_pool_that_shrinks_under_its_reservations_is_not_accounted_for() -> None:
    made = _made()
    made.virtual_account("cloud", "example.com", "EMEA").pools[0].quantity = 3
    assert books.problems(made) == (f"EMEA: 4 and 0 in transit are reserved of 3 {RMS}",)


def test_one_device_that_is_reserved_twice_is_not_accounted_for() -> None:
    made = _made()
    first, second = (made.virtual_account("cloud", "example.com", name) for name in ("EMEA", "Old"))
    second.instances.append(first.instances[-1])
    assert f"{SERIAL} is reserved 2 times" in books.problems(made)
