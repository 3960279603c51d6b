"""Where documents leave the form of a reservation open: every answer that a node or CSSM may give."""

import asyncio
import re
from typing import Any

import pytest

from providers.lab import build_world, dialect, portal, reservation
from providers.lab.by_hand import set_by_hand
from providers.lab.nouns import AAS, DESKTOP_14, RMS, ROOM_14, TAGS
from providers.lab.shell import answer
from providers.lab.world import World
from tests.lab.lab_clients import START, Site, one_node, site

COMMAND = "xCommand License Smart Reservation"
LINES = "virtual_account: EMEA, lines: {rms: 4}"


def _world(more: str = "", *, forms: str = "", settings: str = "") -> World:
    text = one_node(more, settings=settings)
    return build_world(text.replace("cloud:\n", f"cloud:\n  forms: {{{forms}}}\n", 1), START)


def _say(world: World, line: str) -> tuple[str, ...]:
    said = answer(world, world.node("a/n1"), line)
    return (*said.lines, said.end)


def _requested(forms: str) -> World:
    return _world(f"dialect: {{{forms}}}, reservation: {{state: requested}}")


def _issue(world: World, quantities: dict[str, int] | None = None) -> str:
    code = world.node("a/n1").holding.request or ""
    return portal.reserve(
        world, virtual_account="EMEA", request_code=code, quantities=quantities or {"rms": 1}
    )


def _block(world: World) -> str:
    return "\n".join(_say(world, "xStatus // License"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bare", r"CE-ZEXPY:0E4D1FA5-\w{9}-\d\d"),
        ("sentence", r"Enter this request code in the Cisco Smart Software Manager portal:\nCE-Z\S+"),
        ("labelled", r"Reservation Request Code: CE-Z\S+"),
    ],
)
def test_a_request_is_worded_in_three_ways(words: str, said: str) -> None:
    made = _requested(f"request_code: compact, request_words: {words}")
    assert re.fullmatch(said, "\n".join(_say(made, f"{COMMAND} Request")[:-1]))


@pytest.mark.parametrize(
    ("forms", "same"),
    [
        ("request_code: compact, request_again: same", True),
        ("request_code: compact, request_again: new", False),
        ("request_code: plain, request_again: new", True),
    ],
)
def test_a_request_that_is_repeated_prints_the_same_code_or_a_new_one(forms: str, same: bool) -> None:
    made = _requested(forms)
    first, second = (_say(made, f"{COMMAND} Request")[0] for _ in range(2))
    assert (first == second) is same


def test_after_a_cancelled_request_the_compact_code_is_another() -> None:
    made = _requested("request_code: compact")
    first = _say(made, f"{COMMAND} Request")[0]
    _say(made, f"{COMMAND} Cancel")
    assert _say(made, f"{COMMAND} Request")[0] != first


@pytest.mark.parametrize(("stale", "end"), [("accepted", "OK"), ("refused", "ERROR")])
def test_a_code_for_an_earlier_request_is_installed_or_not(stale: str, end: str) -> None:
    made = _requested(f"request_code: compact, request_again: new, stale_request: {stale}")
    code = _issue(made)
    _say(made, f"{COMMAND} Request")
    assert _say(made, f'{COMMAND} Install "{code}"')[-1] == end


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "lines",
            (
                r"Authorization code installed\.\n"
                r"Please enter the confirmation code to CSSM account: [0-9a-f]{8}"
            ),
        ),
        (
            "joined",
            r"Authorization code installed\. Please enter the confirmation code to CSSM account: [0-9a-f]{8}",
        ),
        ("labelled", r"Reservation install successful\.\nConfirmation code: [0-9a-f]{8}"),
        (
            "sentence",
            r"Enter this confirmation code in Cisco Smart Software Manager portal:\n[0-9a-f]{8}",
        ),
    ],
)
def test_an_installation_is_worded_in_four_ways(words: str, said: str) -> None:
    made = _requested(f"install_words: {words}")
    assert re.fullmatch(said, "\n".join(_say(made, f'{COMMAND} Install "{_issue(made)}"')[:-1]))


def test_a_first_installation_may_print_no_code_and_an_update_prints_one() -> None:
    made = _requested("first_confirmation: omitted")
    said = _say(made, f'{COMMAND} Install "{_issue(made)}"')
    assert said == ("Authorization code installed.", "OK")
    update = portal.update(made, serial="0E4D1FA5", quantities={"rms": 2})
    assert len(_say(made, f'{COMMAND} Install "{update}"')) == 3


@pytest.mark.parametrize("again", dialect.CHOICES["install_again"])
def test_a_code_that_is_installed_twice_prints_its_confirmation_again_or_an_error(again: str) -> None:
    made = _requested(f"install_again: {again}")
    code = _issue(made)
    first, second = (_say(made, f'{COMMAND} Install "{code}"') for _ in range(2))
    assert second == (
        first if again == "reprinted" else ("the authorization code is installed already", "ERROR")
    )


def test_an_older_code_is_not_installed_over_a_newer_one() -> None:
    made = _requested("")
    code = _issue(made)
    _say(made, f'{COMMAND} Install "{code}"')
    update = portal.update(made, serial="0E4D1FA5", quantities={"rms": 2})
    _say(made, f'{COMMAND} Install "{update}"')
    assert _say(made, f'{COMMAND} Install "{code}"')[-1] == "ERROR"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lines", "Enter the following return code into the CSSM:\n{code}"),
        ("joined", "Enter the following return code into the CSSM: {code}"),
        ("labelled", "Reservation Return Code: {code}"),
    ],
)
def test_a_return_is_worded_in_three_ways(words: str, said: str) -> None:
    made = _world(f"dialect: {{return_words: {words}}}, reservation: {{{LINES}}}")
    lines = "\n".join(_say(made, f"{COMMAND} Return")[:-1])
    assert lines == said.format(code=made.node("a/n1").holding.returned)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("generated", "{code} is generated."),
        ("lines", "Enter the following return code into the CSSM:\n{code}"),
        ("labelled", "Reservation Return Code: {code}"),
    ],
)
def test_the_return_of_a_code_is_worded_in_three_ways(words: str, said: str) -> None:
    made = _requested(f"return_authorization_words: {words}")
    code = _issue(made)
    _say(made, f"{COMMAND} Cancel")
    lines = "\n".join(_say(made, f'{COMMAND} ReturnAuthorization "{code}"')[:-1])
    assert lines == said.format(code=made.node("a/n1").holding.returned)


@pytest.mark.parametrize(
    ("words", "pending", "installed", "authorized"),
    [
        (
            "mixed",
            "Reservation In Progress",
            "REGISTERED - SPECIFIC LICENSE RESERVATION",
            "Authorized - Reserved",
        ),
        (
            "title",
            "Reservation In Progress",
            "Registered - Specific License Reservation",
            "Authorized - Reserved",
        ),
        (
            "upper",
            "RESERVATION IN PROGRESS",
            "REGISTERED - SPECIFIC LICENSE RESERVATION",
            "AUTHORIZED - RESERVED on Jan 05 2026 12:00:00 UTC",
        ),
        (
            "underscore",
            "RESERVATION_IN_PROGRESS",
            "REGISTERED_SPECIFIC_LICENSE_RESERVATION",
            "AUTHORIZED_RESERVED",
        ),
    ],
)
def test_sister_products_have_other_words_for_the_states(
    words: str, pending: str, installed: str, authorized: str
) -> None:
    made = _requested(f"reserved_words: {words}")
    assert f"\nStatus: {pending}\n" in _block(made)
    _say(made, f'{COMMAND} Install "{_issue(made)}"')
    block = _block(made)
    assert f"\nStatus: {installed}\n" in block
    assert f"\nStatus: {authorized}\n" in block


@pytest.mark.parametrize(
    ("place", "head", "tail"), [("tail", False, True), ("heading", True, False), ("both", True, True)]
)
def test_whether_reservation_is_on_stands_in_two_places(place: str, head: bool, tail: bool) -> None:
    block = _block(_world(f"dialect: {{reservation_place: {place}}}, reservation: {{state: enabled}}"))
    assert ("License Reservation is ENABLED" in block) is head
    assert ("License reservation: ENABLED" in block) is tail


def test_a_node_may_list_what_is_reserved_and_its_last_codes() -> None:
    block = _block(
        _world(f"dialect: {{reserved_lines: listed, last_codes: printed}}, reservation: {{{LINES}}}")
    )
    assert f"\n{RMS} ({TAGS[RMS]}):\n" in block
    assert "\nTotal reserved count: 4\n" in block
    assert re.search(r"\nLast Confirmation code: [0-9a-f]{8}\nLast return code: None\n", block)


def test_use_beyond_the_reservation_is_not_authorized() -> None:
    made = _world(f"usage: {{rms: 5}}, reservation: {{{LINES}}}")
    assert "Status: Not Authorized - Reserved" in _block(made)
    set_by_hand(made, "a/n1", "usage", "rms=4")
    assert "Status: Authorized - Reserved" in _block(made)


def test_version_14_licences_fulfil_the_use_of_version_12() -> None:
    text = one_node(
        "usage: {desktop: 3, room: 1}, reservation: {virtual_account: EMEA, lines: {desktop14: 3, room14: 1}}"
    ).replace("desktop: 5,", "desktop: 5, desktop14: 3, room14: 1,")
    made = build_world(text, START)
    assert "Status: Authorized - Reserved" in _block(made)
    va = made.virtual_account("cloud", "example.com", "EMEA")
    booked = {pool.name: va.booked(pool) for pool in va.pools if va.booked(pool)}
    assert booked == {DESKTOP_14: 3, ROOM_14: 1}


def test_a_term_that_has_ended_is_noticed_at_a_restart() -> None:
    text = one_node(f"usage: {{rms: 4}}, reservation: {{{LINES}}}").replace(
        "{rms: 10,", "{rms: {quantity: 10, licence_type: TERM, ends: 2026-02-01},"
    )
    made = build_world(text, START)
    issued = made.node("a/n1").holding.installed
    assert issued is not None
    assert "<endDate>2026-02-01</endDate><licenseType>TERM</licenseType>" in issued.text
    set_by_hand(made, "a/n1", "power", "restart")
    assert "Status: Authorized - Reserved" in _block(made)
    made.now = made.now.replace(month=3)
    assert "Status: Authorized - Reserved" in _block(made)
    set_by_hand(made, "a/n1", "power", "restart")
    assert "Status: Not Authorized - Reserved" in _block(made)


@pytest.mark.parametrize(("form", "end"), [("refused", "ERROR"), ("reprinted", "OK")])
def test_a_second_return_prints_the_code_again_or_an_error(form: str, end: str) -> None:
    made = _world(f"dialect: {{return_again: {form}}}, reservation: {{{LINES}}}")
    first, second = (_say(made, f"{COMMAND} Return") for _ in range(2))
    assert second[-1] == end
    assert (second == first) is (end == "OK")


@pytest.mark.parametrize(("form", "end"), [("after-cancel", "ERROR"), ("any-time", "OK")])
def test_a_code_is_returned_before_the_request_is_cancelled_or_not(form: str, end: str) -> None:
    made = _requested(f"return_authorization: {form}")
    assert _say(made, f'{COMMAND} ReturnAuthorization "{_issue(made)}"')[-1] == end
    assert ("Reservation In Progress" in _block(made)) is (end == "ERROR")


@pytest.mark.parametrize(("form", "kept"), [("keeps-request", True), ("drops-request", False)])
def test_a_restart_keeps_a_request_or_drops_it(form: str, kept: bool) -> None:
    made = _requested(f"restart: {form}")
    set_by_hand(made, "a/n1", "power", "restart")
    assert ("Reservation In Progress" in _block(made)) is kept


def test_other_teams_hold_reservations_too() -> None:
    text = one_node().replace(
        "instances:\n", "instances:\n            - {serial: x, pid: EXPY, reserved: {rms: 7}}\n"
    )
    made = build_world(text, START)
    va = made.virtual_account("cloud", "example.com", "EMEA")
    assert va.available(va.pools[0]) == 3
    assert "<count>8</count>" in portal.update(made, serial="x", quantities={"rms": 8})


@pytest.mark.parametrize(("form", "end"), [("refused", "ERROR"), ("accepted", "OK")])
def test_a_token_is_taken_or_not_while_reservation_is_only_switched_on(form: str, end: str) -> None:
    made = _world(f"dialect: {{register_while_enabled: {form}}}, reservation: {{state: enabled}}")
    assert _say(made, 'xCommand License Smart Register Idtoken: "x"')[-1] == end


def test_the_usage_text_names_the_reservation_commands_where_the_release_has_them() -> None:
    assert "xCommand License Smart Reservation Request" in _say(_world(), "xCommand License ?")
    old = build_world(one_node("smart: true", version="X14.0.11"), START)
    assert "xCommand License Smart Reservation Request" not in _say(old, "xCommand License ?")


async def _typed(lab: Site, width: int = 10_000) -> bytes:
    """What a node says to a line of 5,000 characters, typed on a terminal."""
    shell = await lab.shell(width=width)
    return (await shell.say(f'{COMMAND} Install "{"x" * 5000}"')).encode()


@pytest.mark.parametrize(
    ("form", "bells", "said"),
    [("cut", 0, b"double quotes"), ("beeps", 1, b"double quotes"), ("whole", 0, b"is not valid")],
)
async def test_a_terminal_cuts_a_long_line(form: str, bells: int, said: bytes) -> None:
    more = f"dialect: {{tty_line: {form}}}, reservation: {{state: requested}}"
    async with site(one_node(more)) as lab:
        answered = await _typed(lab)
        assert said in answered
        assert bool(answered.count(b"\a")) is bool(bells)


async def test_a_channel_without_a_terminal_cuts_nothing() -> None:
    async with site(one_node("reservation: {state: requested}")) as lab:
        connection = await lab.connect("a/n1")
        process = await connection.create_process(request_pty=False, encoding=None)
        process.stdin.write(f'{COMMAND} Install "{"x" * 5000}"\r\n'.encode())
        assert b"is not valid" in await process.stdout.readuntil(b"ERROR\r\n")
        connection.abort()


# -- CSSM --------------------------------------------------------------------------------------------------


async def _row(forms: str, more: str = f"{LINES}") -> dict[str, Any]:
    text = one_node(f"reservation: {{{more}}}").replace("cloud:\n", f"cloud:\n  forms: {{{forms}}}\n", 1)
    async with site(text) as lab:
        _, answered = await lab.api("POST", "/v1/accounts/example.com/devices", {"virtualAccounts": ["EMEA"]})
        return dict(answered["devices"][-1])


async def test_the_instance_list_shows_reserved_lines_or_use_or_nothing() -> None:
    row = await _row("reservations_shown: lines")
    assert row["reservationType"] == "SPECIFIC"
    assert row["reservedLicenses"] == [
        {"license": RMS, "entitlementTag": TAGS[RMS], "quantity": 4, "pendingQuantity": None}
    ]
    row = await _row("reservations_shown: usage")
    assert row["licenseUsage"] == [{"license": RMS, "quantity": 4}]
    assert "reservedLicenses" not in row
    row = await _row("reservations_shown: absent")
    assert (row["licenseUsage"], "reservedLicenses" in row) == ([], False)


async def test_an_update_in_transit_shows_or_not() -> None:
    transit = f"state: transit, {LINES}, update: {{rms: 6}}"
    row = await _row("", transit)
    assert row["reservedLicenses"][0]["pendingQuantity"] == 6
    assert row["reservationStatus"] == "IN_TRANSIT"
    row = await _row("pending_shown: no", transit)
    assert "pendingQuantity" not in row["reservedLicenses"][0]
    assert "reservationStatus" not in row


@pytest.mark.parametrize(
    ("form", "serial", "uuid"), [("serial", True, False), ("uuid", False, True), ("both", True, True)]
)
async def test_an_instance_is_named_by_serial_or_uuid_or_both(form: str, serial: bool, uuid: bool) -> None:
    row = await _row(f"reserved_key: {form}")
    assert (bool(row["sudi"]["udiSerialNumber"]), bool(row["sudi"]["uuid"])) == (serial, uuid)


async def test_a_refused_reservation_says_no_inside_or_outside() -> None:
    for form, status in (("inside", "SUCCESS"), ("outside", "ERROR")):
        text = one_node().replace("cloud:\n", f"cloud:\n  forms: {{reserve_error: {form}}}\n", 1)
        async with site(text) as lab:
            path = "/v2/accounts/example.com/virtual-accounts/EMEA/reserve-licenses"
            body = {"reservationRequests": [{"reservationCode": "x", "reservationType": "SPECIFIC"}]}
            _, answered = await lab.api("POST", path, body)
            assert answered["status"] == status


def test_cssm_may_add_the_advanced_account_security_entitlement() -> None:
    made = _world("reservation: {state: requested}", forms="extra_line: added")
    code = _issue(made, {"rms": 2})
    assert f"<tag>{TAGS[AAS]}</tag><count>1</count>" in code
    _say(made, f'{COMMAND} Install "{code}"')
    assert "Export-Controlled Functionality: ALLOWED" in _block(made)
    assert f"<tag>{TAGS[AAS]}</tag>" in portal.update(made, serial="0E4D1FA5", quantities={"rms": 1})


def test_a_removed_instance_is_there_for_a_while() -> None:
    made = _world(f"reservation: {{state: returned, {LINES}}}", settings="removal_seconds: 60")
    va = made.virtual_account("cloud", "example.com", "EMEA")
    code = made.node("a/n1").holding.returned
    portal.remove(made, serial="0E4D1FA5", return_code=code)
    assert va.booked(va.pools[0]) == 4
    with pytest.raises(ValueError, match="is being removed"):
        portal.remove(made, serial="0E4D1FA5", return_code=code)
    due = made.next_due()
    assert due is not None
    assert (due - START).total_seconds() == 60
    made.catch_up(due)
    assert va.booked(va.pools[0]) == 0


def test_an_account_without_the_flag_reserves_nothing() -> None:
    text = one_node("reservation: {state: requested}").replace(
        "name: Example Ltd", "name: Example Ltd\n      reservations: false"
    )
    with pytest.raises(ValueError, match="not enabled for this Smart Account"):
        _issue(build_world(text, START))


async def test_a_late_reserve_runs_when_nobody_listens_any_more() -> None:
    async with site(one_node("reservation: {state: requested}")) as lab:
        lab.lab.faults.add("cloud", "late", match="reserve-licenses", seconds=0.3)
        va = lab.lab.world.virtual_account("cloud", "example.com", "EMEA")
        code = lab.lab.world.node("a/n1").holding.request
        line = {"entitlementTag": TAGS[RMS], "quantity": 1}
        request = {"reservationCode": code, "reservationType": "SPECIFIC", "licenses": [line]}
        path = "/v1/accounts/example.com/virtual-accounts/EMEA/reserve-licenses"
        await lab.bearer()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await lab.api("POST", path, {"reservationRequests": [request]})
        assert va.booked(va.pools[0]) == 0
        lab.lab.faults.add("cloud", "late", match="v2/accounts", seconds=0.4)
        await lab.api("GET", "/v2/accounts")
        assert va.booked(va.pools[0]) == 1
        assert lab.lab.ledger.uses(code or "") == 1


def test_drawn_worlds_draw_the_forms_of_cssm_too_and_what_is_given_stays() -> None:
    drawn = {
        build_world(one_node(settings=f"seed: {n}, dialects: drawn"), START).cloud.form("reserved_key")
        for n in range(20)
    }
    assert drawn == set(dialect.FORMS["reserved_key"])
    text = one_node(settings="seed: 3, dialects: drawn").replace(
        "cloud:\n", "cloud:\n  forms: {reserved_key: both}\n", 1
    )
    assert build_world(text, START).cloud.form("reserved_key") == "both"


def test_every_form_in_every_mix_gives_a_reservation_that_can_be_installed() -> None:
    for seed in range(60):
        made = build_world(one_node(settings=f"seed: {seed}, dialects: drawn"), START)
        this = made.node("a/n1")
        reservation.enable(this)
        code = portal.reserve(
            made,
            virtual_account="EMEA",
            request_code=reservation.request(made, this),
            quantities={"rms": 1},
        )
        assert _say(made, f'{COMMAND} Install "{code}"')[-1] == "OK"
        assert "RESERVATION" in _block(made).upper()
