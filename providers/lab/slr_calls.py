"""The calls of reservations: which paths there are on each surface, their bodies and answers.

::

    legacy          reserve-licenses (v1, v2), update-licenses and confirm-licenses (v1), devices/remove (v2)
    software-apis   licenses/reserve and search-slr-details, devices/remove (v3); nothing to update or confirm

Belongs here: JSON in and out. Does not belong here: what is decided (`slr`). An On-Prem has none of this.
Sources: smart-license-app, mcssmapi, IOS XR scripts (legacy), a Firepower tool written from the OpenAPI
document of software-apis. ``productInstacesRemoveRequests`` is misspelt in v2 and not in v3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import slr, views
from .calls import Call, route, whole
from .manager import Declined
from .nouns import EXPRESSWAY_TAG, PLR_TAG, TAGS, Instance, VirtualAccount
from .views import Json


def _items(call: Call, key: str) -> list[Json]:
    """The one-element list that a body holds under a key. Raises Declined."""
    found = call.body.get(key)
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise Declined(f"{key} must hold one request")
    return found


def _wanted(request: Json) -> dict[str, int]:
    """Totals by entitlement tag; a quantity is a number or a text. Raises Declined."""
    totals: dict[str, int] = {}
    for line in request.get("licenses") or ():
        tag, quantity = str(line.get("entitlementTag", "")), whole(line.get("quantity"), -1)
        if not tag or quantity < 0 or tag in totals:
            raise Declined("A license line has no entitlementTag or no quantity, or is there twice")
        totals[tag] = quantity
    return totals


def _reserve(call: Call) -> Json:
    request = _items(call, "reservationRequests")[0]
    code = str(request.get("reservationCode", ""))
    if request.get("reservationType") != "SPECIFIC":
        raise _inside(call, "The reservationType is not allowed for this Smart Account", reservationCode=code)
    try:
        issued = slr.reserve(call.world, call.account(), call.virtual_account(), code, _wanted(request))
    except Declined as declined:
        raise _inside(call, str(declined), reservationCode=code) from None
    return _code(issued.text, reservationCode=code)


def _code(text: str, **fields: Any) -> Json:
    """An authorization code in the two layers of the answer."""
    one = {"authorizationCode": text, **fields, "status": "SUCCESS", "statusMessage": ""}
    return views.success(authorizationCodes=[one])


def _inside(call: Call, why: str, **fields: Any) -> Declined:
    """A refusal: inside a successful answer, as newer ones have it, or outside (form ``reserve_error``)."""
    declined = Declined(why)
    if call.manager.form("reserve_error") == "inside":
        one = {"authorizationCode": None, **fields, **views.error(why)}
        declined.answer = views.success(authorizationCodes=[one])
    return declined


def _update(call: Call) -> Json:
    request = _items(call, "reservationUpdateRequests")[0]
    va = call.virtual_account()
    try:
        issued = slr.update(call.world, va, _instance(va, request), _wanted(request))
    except Declined as declined:
        raise _inside(call, str(declined), sudi=request.get("sudi")) from None
    return _code(issued.text, sudi=request.get("sudi"))


def _confirm(call: Call) -> Json:
    request = _items(call, "reservationConfirmationRequests")[0]
    instance = _instance(call.virtual_account(), request)
    slr.confirm(call.world, instance, str(request.get("confirmationCode", "")))
    one = {"sudi": request.get("sudi"), "status": "SUCCESS", "statusMessage": ""}
    return views.success(confirmationCodes=[one])


def _remove_v2(call: Call) -> Json:
    _remove(call, call.virtual_account(), "productInstacesRemoveRequests")
    return views.success()


def _remove_v3(call: Call) -> Json:
    name = call.query.get("virtualAccountName", "")
    va = next((one for one in call.account().virtual_accounts if one.name == name), None)
    if va is None:
        raise Declined(f"Virtual Account {name} was not found or you have no access to it")
    instance = _remove(call, va, "productInstancesRemoveRequests")
    one = {"status": "SUCCESS", "statusMessage": "", "device": views.shown_name(instance)}
    return views.success(removeProductInstancesStatus=[one])


def _remove(call: Call, va: VirtualAccount, key: str) -> Instance:
    request = _items(call, key)[0]
    instance = _instance(va, request)
    slr.remove(call.world, va, instance, str(request.get("returnCode") or "") or None)
    return instance


def _instance(va: VirtualAccount, request: Json) -> Instance:
    """The instance of a device key. Raises Declined."""
    sudi = request.get("sudi")
    given = {key: str(value) for key, value in sudi.items() if value} if isinstance(sudi, dict) else {}
    tag = str(request.get("productTagName") or "")
    for instance in va.instances:
        if _is(instance, given) and tag in ("", instance.product_tag):
            return instance
    raise Declined("The product instance was not found in this Virtual Account")


def _is(instance: Instance, given: dict[str, str]) -> bool:
    """Every part that is given fits; a serial or a uuid is needed."""
    own = {"udiPid": instance.pid, "udiSerialNumber": instance.serial, "uuid": instance.uuid}
    known = {"udiSerialNumber", "uuid"} & set(given)
    return bool(known) and all(own.get(key, value) == value for key, value in given.items())


def _slr_details(call: Call) -> Json:
    """Which entitlements may be reserved for a product; the answer has no display names."""
    return {"status": "SUCCESS", "data": list(_details(call))}


def _details(call: Call) -> Iterator[Json]:
    for tag in call.body.get("softwareTags") or ():
        entitlements: list[Json] = []
        if tag == EXPRESSWAY_TAG:
            entitlements = [{"type": "UNIVERSAL", "entitlementTag": PLR_TAG}]
            entitlements += [{"type": "SPECIFIC", "entitlementTag": one} for one in _reservable(call)]
        yield {"softwareTag": tag, "entitlements": entitlements}


def _reservable(call: Call) -> list[str]:
    """Those of Expressway that exist, with the tags that the accounts' pools have for them."""
    pools = [pool for one in call.manager.accounts for va in one.virtual_accounts for pool in va.pools]
    own = {name: tag for name, tag in TAGS.items() if name not in {pool.name for pool in pools}}
    return [*dict.fromkeys(pool.tag for pool in pools if pool.name in TAGS), *own.values()]


LEGACY_ROUTES = (
    *(
        route(
            "POST", f"/{version}/accounts/{{}}/virtual-accounts/{{}}/reserve-licenses", _reserve, writes=True
        )
        for version in ("v1", "v2")
    ),
    route("POST", "/v1/accounts/{}/virtual-accounts/{}/update-licenses", _update, writes=True),
    route("POST", "/v1/accounts/{}/virtual-accounts/{}/confirm-licenses", _confirm, writes=True),
    route("POST", "/v2/accounts/{}/virtual-accounts/{}/devices/remove", _remove_v2, writes=True),
)
SOFTWARE_APIS_ROUTES = (
    route("POST", "/licensing/v1/search-slr-details", _slr_details),
    route("POST", "/licensing/v2/account/{}/virtual-account/{}/licenses/reserve", _reserve, writes=True),
    route("POST", "/licensing/v3/accounts/{}/devices/remove", _remove_v3, writes=True),
)
