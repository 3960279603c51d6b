"""What each surface of a manager can be asked: method and path, and what is done then. No HTTP here.

::

    legacy          /services/api/smart-accounts-and-licensing/{v1,v2,v3}/…   cloud
    software-apis   /v1/software/apis/…                                       cloud
    on-prem         /backend/api/v1/…  or  /api/v1/…                          SSM On-Prem

Belongs here: the tables of paths and their handlers over the world. Does not belong here: bearers, status
codes of the transport, faults (`cssm`), field names (`views`), reservations (`slr_calls`). A path
that no document or client shows (creating tokens on software-apis) is not here: it answers 404.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from . import manager as managers
from . import slr_calls, views
from .calls import Call, Route, route, whole
from .manager import Declined
from .nouns import ON_PREM, Instance, Manager, VirtualAccount
from .views import Json

LEGACY = "/services/api/smart-accounts-and-licensing"
SOFTWARE_APIS = "/v1/software/apis"
MOVING_UP_TO = 150


def find(manager: Manager, method: str, raw_path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a request, with the variable parts decoded; None where the manager has no such call."""
    table, path = _table(manager, raw_path)
    for candidate in table:
        match = candidate.pattern.fullmatch(path)
        if match and candidate.method == method:
            return candidate, tuple(unquote(part) for part in match.groups())
    return None


def _table(manager: Manager, raw_path: str) -> tuple[tuple[Route, ...], str]:
    """The surface that a path belongs to. Doubled slashes and a doubled prefix do no harm."""
    path = re.sub(r"/{2,}", "/", raw_path).replace("/services/api/services/api/", "/services/api/")
    if manager.kind == ON_PREM:
        return ON_PREM_ROUTES, path.removeprefix("/backend")
    if path.startswith(SOFTWARE_APIS):
        return SOFTWARE_APIS_ROUTES, path.removeprefix(SOFTWARE_APIS)
    return (LEGACY_ROUTES, path.removeprefix(LEGACY)) if path.startswith(LEGACY) else ((), path)


# -- accounts ----------------------------------------------------------------------------------------------


def _accounts(call: Call) -> Json:
    return views.success(accounts=[views.account_with_roles(one) for one in call.manager.accounts])


def _search_accounts(call: Call) -> Json:
    """By part of the domain, as the real one: work.com also finds wework.com."""
    wanted = call.query.get("domain", "")
    rows = [views.account_found(one) for one in call.manager.accounts if wanted in one.domain]
    return {"totalRecords": len(rows), "accounts": call.paged(rows)}


def _numbered_accounts(call: Call) -> Json:
    rows = [views.account_with_numbers(one) for one in call.manager.accounts]
    return {"message_code": "", "accounts": rows, "message": "", "status": "COMPLETE"}


def _pnp_accounts(call: Call) -> Json:
    rows = [views.account_pnp(one) for one in call.manager.accounts]
    return _pnp_page(call, rows)


def _pnp_virtual_accounts(call: Call) -> Json:
    return _pnp_page(call, [views.virtual_account_pnp(va) for va in call.account().virtual_accounts])


def _pnp_page(call: Call, rows: list[Json]) -> Json:
    start, size = whole(call.query.get("startIdx"), 0), whole(call.query.get("rowsPerPage"), 100)
    return {"totalRows": len(rows), "data": views.page(rows, size, start)}


def _user_accounts(call: Call) -> Json:
    rows = [views.account_with_numbers(one) for one in call.manager.accounts]
    return {"status": "COMPLETE", "message_code": "", "message": "", "accounts": rows}


def _local_accounts(call: Call) -> Json:
    return {"accounts": [views.account_on_prem(one) for one in call.manager.accounts], "status": "SUCCESS"}


def _virtual_accounts(call: Call) -> Json:
    yes = call.quirk("default_yes")
    found = call.account().virtual_accounts
    return views.success(virtualAccounts=[views.virtual_account(va, yes=yes) for va in found])


def _create_virtual_account(call: Call) -> Json:
    name = str(call.body.get("name", "")).strip()
    account = call.account()
    if not name or any(va.name == name for va in account.virtual_accounts):
        raise Declined("The Virtual Account name is missing or exists already")
    number = 900_000 + call.world.number()
    account.virtual_accounts.append(
        VirtualAccount(name, number, description=str(call.body.get("description", "")))
    )
    return views.success()


def _delete_virtual_account(call: Call) -> Json:
    va = call.virtual_account()
    if va.default or va.instances:
        raise Declined("The Virtual Account is the default or still holds product instances")
    call.account().virtual_accounts.remove(va)
    return views.success()


# -- tokens ------------------------------------------------------------------------------------------------


def _tokens(call: Call) -> Json:
    bare = call.quirk("bare_tokens")
    alive = [one for one in call.virtual_account().tokens if one.alive(call.world.now)]
    return views.success(tokens=[views.token(one, bare=bare) for one in alive])


def _create_token(call: Call) -> Json:
    body = call.body
    if body.get("exportControlled") not in ("Allowed", "Not Allowed"):
        raise Declined("exportControlled must be Allowed or Not Allowed")
    uses = body.get("numberofUses") if call.manager.kind == ON_PREM else None
    limit = whole(uses, call.manager.token_uses or 0)
    made = managers.create_token(
        call.world,
        call.manager,
        call.account(),
        call.virtual_account(),
        description=str(body.get("description", "")),
        days=whole(body.get("expiresAfterDays"), 0),
        export=body["exportControlled"] == "Allowed",
        max_uses=limit or None,
        created_by=call.client.client_id,
    )
    return views.success(tokenInfo=views.token(made, bare=call.quirk("bare_tokens")))


def _revoke_tokens(call: Call) -> Json:
    va = call.virtual_account()
    wanted = [str(value) for value in call.body.get("tokens") or ()]
    gone = [value for value in wanted if managers.revoke_token(va, value)]
    if len(gone) < len(wanted) or not wanted:
        raise Declined("One or more tokens could not be found")
    return views.success(tokens=[{"token": value} for value in gone])


# -- licences and instances --------------------------------------------------------------------------------


def _licences(call: Call) -> Json:
    pending = call.manager.form("pending_shown") == "yes"
    rows = [views.licence(va, pool, pending=pending) for va in call.chosen() for pool in va.pools]
    return views.success(totalRecords=len(rows), licenses=call.paged(rows))


def _subscriptions(call: Call) -> Json:
    call.chosen()
    return views.success(totalRecords=0, licenseSubscriptions=[])


def _let_others_move(call: Call, va: VirtualAccount) -> None:
    """Another product registers before the next page is cut, so that rows shift and the total grows."""
    turning = whole(call.body.get("offset", call.query.get("offset")), 0) > 0
    if turning and call.quirk("moving_total") and len(va.instances) < MOVING_UP_TO:
        serial = f"FDO{call.world.number():08d}"
        now = call.world.now
        va.instances.insert(
            0, Instance(serial, "ISR4331/K9", "", "", "", registered_at=now, last_contact=now)
        )


def _devices(call: Call) -> Json:
    for va in call.chosen()[:1]:
        _let_others_move(call, va)
    rows = [views.device(va, one, call.manager) for va in call.chosen() for one in va.instances]
    return views.success(totalRecords=len(rows), devices=call.paged(rows))


def _devices_of_virtual_account(call: Call) -> Json:
    _let_others_move(call, call.virtual_account())
    rows = [views.short_device(one) for one in call.virtual_account().instances]
    return views.success(totalRecords=len(rows), devices=call.paged(rows))


def _devices_by_query(call: Call) -> Json:
    name = call.query.get("virtualAccountName", "")
    serial = call.query.get("instanceName", "")
    rows = [
        views.short_device(one)
        for va in call.account().virtual_accounts
        for one in va.instances
        if name in ("", va.name) and (serial in (one.serial, one.host_name) or not serial)
    ]
    return {"status": "SUCCESS", "totalRecords": len(rows), "devices": call.paged(rows)}


def _device_search(call: Call) -> Json:
    serial = call.query.get("udi_serial_number", "")
    for account in call.manager.accounts:
        for va in account.virtual_accounts:
            for one in va.instances:
                if one.serial == serial:
                    found = views.device_found(account, va, one)
                    if call.quirk("listed_search"):
                        return {"status": "COMPLETE", "data": [found]}
                    return {"status": "OK", "data": found}
    message = "No matching record found for given input"
    return {"status": "COMPLETE", "message_code": "NO DATA FOUND", "message": message, "data": []}


def _summary(call: Call, *, new_names: bool) -> Json:
    """Needs the numbers of account and virtual account in headers; the misspelling was seen."""
    wanted = (call.headers.get("x-csw-smart-account-id"), call.headers.get("x-csw-virtual-account-id"))
    for account in call.manager.accounts:
        for va in account.virtual_accounts:
            if (str(account.number), str(va.number)) == wanted:
                return views.summary(va, call.body.get("data") or {}, call.world.now, new_names=new_names)
    return {"status": "FAILED", "message_code": "", "message": "Invaid Smart Account ID"}


def _legacy_summary(call: Call) -> Json:
    return _summary(call, new_names=False)


def _new_summary(call: Call) -> Json:
    return _summary(call, new_names=True)


_SHARED = (
    ("GET", "{}/virtual-accounts/{}/tokens", _tokens, False),
    ("POST", "{}/virtual-accounts/{}/tokens", _create_token, True),
    ("POST", "{}/virtual-accounts/{}/tokens/revoke", _revoke_tokens, True),
    ("GET", "{}/virtual-accounts/{}/devices", _devices_of_virtual_account, False),
    ("POST", "{}/licenses", _licences, False),
    ("POST", "{}/license-subscriptions", _subscriptions, False),
    ("POST", "{}/devices", _devices, False),
)
LEGACY_ROUTES = (
    route("GET", "/v2/accounts", _accounts),
    route("GET", "/v1/accounts/search", _search_accounts),
    route("GET", "/v2/accounts/search", _numbered_accounts),
    route("GET", "/v1/accounts/{}/customer/virtual-accounts", _virtual_accounts),
    route("POST", "/v1/accounts/{}/customer/virtual-accounts", _create_virtual_account, writes=True),
    route(
        "POST", "/v1/accounts/{}/customer/virtual-accounts/{}/delete", _delete_virtual_account, writes=True
    ),
    route("POST", "/v3/licenses/summary", _legacy_summary),
    *(
        route(method, f"/v1/accounts/{path}", handler, writes=writes)
        for method, path, handler, writes in _SHARED
    ),
    *slr_calls.LEGACY_ROUTES,
)
SOFTWARE_APIS_ROUTES = (
    route("GET", "/accounts/v1/user/search-smart-accounts", _user_accounts),
    route("GET", "/pnp/v2/accounts", _pnp_accounts),
    route("GET", "/pnp/v2/accounts/{}/virtual-accounts", _pnp_virtual_accounts),
    route("POST", "/licensing/v2/get-summary", _new_summary),
    route("GET", "/licensing/v2/accounts/{}/devices", _devices_by_query),
    route("GET", "/licensing/v2/device/search", _device_search),
    *slr_calls.SOFTWARE_APIS_ROUTES,
)
ON_PREM_ROUTES = (
    route("POST", "/api/v1/upstream_satellites/accounts", _local_accounts),
    route("GET", "/api/v1/accounts/{}/virtual-accounts", _virtual_accounts),
    route("POST", "/api/v1/accounts/{}/virtual-accounts", _create_virtual_account, writes=True),
    route("POST", "/api/v1/accounts/{}/virtual-accounts/{}/delete", _delete_virtual_account, writes=True),
    *(
        route(method, f"/api/v1/accounts/{path}", handler, writes=writes)
        for method, path, handler, writes in _SHARED
    ),
)
