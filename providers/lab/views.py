"""The JSON that managers answer with, in the shapes of each surface. Pure: world values in, plain data out.

Belongs here: field names, envelopes, oddities that were seen (string booleans, blank fields, a trailing
blank in ``displayName``). Does not belong here: paths, HTTP and OAuth (`cssm`), decisions (`manager`).
Sources: saved answers and client code listed in the README; what nobody shows is marked *inferred*.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .nouns import TAGS, Account, Instance, Manager, Pool, Token, VirtualAccount
from .reserved import Booking

Json = dict[str, Any]


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def success(**fields: Any) -> Json:
    return {**fields, "status": "SUCCESS", "statusMessage": ""}


def error(message: str) -> Json:
    return {"status": "ERROR", "statusMessage": message}


def page(rows: Sequence[Any], limit: int, offset: int) -> list[Any]:
    return list(rows[offset : offset + limit])


# -- accounts ----------------------------------------------------------------------------------------------


def account_with_roles(account: Account) -> Json:
    roles = [
        {"role": "Virtual Account Administrator", "virtualAccount": va.name}
        for va in account.virtual_accounts
    ]
    return {
        "accountDomain": account.domain,
        "accountName": account.name,
        "accountStatus": "Active",
        "accountType": "CUSTOMER",
        "roles": roles,
    }


def account_found(account: Account) -> Json:
    return {
        "domain": account.domain,
        "name": account.name,
        "id": account.number,
        "type": "CUSTOMER",
        "status": "ACTIVE",
    }


def account_with_numbers(account: Account) -> Json:
    return {
        "account_id": str(account.number),
        "domain": account.domain,
        "name": account.name,
        "virtual_accounts": [
            {"default": va.default, "name": va.name, "virtual_account_id": str(va.number)}
            for va in account.virtual_accounts
        ],
    }


def account_on_prem(account: Account) -> Json:
    return {
        "name": account.name,
        "domain": account.domain,
        "cssm_smart_account_name": account.domain,
        "cssm_virtual_account_name": account.linked_virtual_account or "",
    }


def account_pnp(account: Account) -> Json:
    return {
        "companyName": account.name,
        "domainIdentifier": account.domain,
        "accountIdentifier": str(account.number),
    }


def virtual_account(va: VirtualAccount, *, yes: bool) -> Json:
    """``isDefault`` is a string; ``yes`` and ``true`` were both seen."""
    words = ("yes", "no") if yes else ("true", "false")
    return {
        "name": va.name,
        "description": va.description,
        "isDefault": words[0] if va.default else words[1],
        "commerceAccessLevel": "",
    }


def virtual_account_pnp(va: VirtualAccount) -> Json:
    return {
        "virtualAccountName": va.name,
        "virtualAccountId": str(va.number),
        "default": "true" if va.default else "false",
    }


# -- tokens ------------------------------------------------------------------------------------------------


def token(one: Token, *, bare: bool) -> Json:
    """Only the key ``token`` is documented; the others are inferred (quirk ``bare_tokens``: absent)."""
    if bare:
        return {"token": one.value}
    return {
        "token": one.value,
        "description": one.description,
        "expirationDate": iso(one.expires_at),
        "exportControlled": "Allowed" if one.export else "Not Allowed",
        "createdBy": one.created_by,
    }


# -- licences ----------------------------------------------------------------------------------------------


def licence(va: VirtualAccount, pool: Pool, *, pending: bool = True) -> Json:
    """A line of the licence list: display name and no entitlement tag. What is reserved is in use."""
    in_use, lent = va.in_use(pool.name), va.lent_to(pool.name)
    short = va.short_of(pool.name)
    return {
        "license": pool.name,
        "virtualAccount": va.name,
        "quantity": pool.quantity,
        "inUse": in_use,
        "available": pool.quantity - in_use,
        "reserved": va.booked(pool),
        "pendingQuantity": va.in_transit(pool) if pending else 0,
        "status": "Out Of Compliance" if short else "In Compliance",
        "billingType": pool.billing,
        "isPortable": False,
        "ahaApps": False,
        "licenseDetails": [
            {
                "licenseType": pool.licence_type,
                "quantity": pool.quantity,
                "startDate": None,
                "endDate": pool.ends,
                "subscriptionId": None,
                "status": "ACTIVE",
            }
        ],
        "licenseSubstitutions": [_substitution(va, pool, lent)] if lent else [],
    }


def _substitution(va: VirtualAccount, pool: Pool, lent: int) -> Json:
    higher = next(high.name for high in va.pools if high.covers == pool.name)
    return {
        "licenseName": pool.name,
        "substitutedLicense": higher,
        "substitutedQuantity": lent,
        "substitutionType": "UPWARD",
    }


def summary_line(va: VirtualAccount, pool: Pool, *, new_names: bool) -> Json:
    """A line of the tag summary; the quantity names differ between the surfaces."""
    in_use = va.in_use(pool.name)
    booked = va.booked(pool)
    quantities: Json = {
        "prepaid_entitled": pool.quantity,
        "prepaid_inuse": in_use,
        "prepaid_reserved": booked,
    }
    if new_names:
        quantities = {"entitled": pool.quantity, "future_entitled": 0, "inuse": in_use, "reserved": booked}
    detail = {
        "billing_type": pool.billing,
        "quantity": pool.quantity,
        "start_date": "",
        "end_date": pool.ends or "",
        "subscription_id": "",
        "status": "ACTIVE",
        "billing_model": "",
        "license_type": pool.licence_type,
    }
    return {
        "tag": pool.tag,
        "display_name": pool.name,
        "compliance_status": "Out Of Compliance" if va.short_of(pool.name) else "In Compliance",
        "enforced": True,
        "export_restricted": False,
        "license_details": [detail],
        **quantities,
    }


def summary(va: VirtualAccount, asked: Json, at: datetime, *, new_names: bool) -> Json:
    wanted = set(asked.get("tags") or ())
    lines = [
        summary_line(va, pool, new_names=new_names) for pool in va.pools if not wanted or pool.tag in wanted
    ]
    return {
        "status": "SUCCESS",
        "message": f"Retrieved summary for {len(lines)} license in the pool.",
        "timestamp": int(at.timestamp() * 1000),
        "nonce": asked.get("nonce", ""),
        "out_standing_reports": 0,
        "summary": lines,
    }


# -- product instances -------------------------------------------------------------------------------------


def sudi(instance: Instance) -> Json:
    """The key of an instance: serial, only the uuid as UC products have it, or both."""
    return {
        "macAddress": None,
        "suvi": None,
        "hostIdentifier": None,
        "udiSerialNumber": "" if instance.key == "uuid" else instance.serial,
        "udiPid": instance.pid,
        "uuid": None if instance.key == "serial" else instance.uuid,
        "udiVid": None,
    }


def shown_name(instance: Instance) -> str:
    """The host name where it is shared, else the identifier with its trailing blank."""
    if instance.shown_by_host and instance.host_name:
        return instance.host_name
    key = f"UUID:{instance.uuid}" if instance.key == "uuid" else f"UDI_SN:{instance.serial}"
    return f"UDI_PID:{instance.pid}; {key}; "


def device(va: VirtualAccount, instance: Instance, manager: Manager) -> Json:
    used = {name: count for name, count in instance.usage.items() if count}
    short = any(va.short_of(name) for name in used)
    return {
        **_device(va, instance, used, short=short),
        **(_reserved(va, instance.booking, manager) if instance.booking else {}),
    }


def _reserved(va: VirtualAccount, booking: Booking, manager: Manager) -> Json:
    """How a reservation shows is not published; the portal writes *(Reserved Licenses)* beside it. Inferred:
    a list of its own, or the licences as if they were in use, or nothing (form ``reservations_shown``).
    """
    shown, pending = manager.form("reservations_shown"), manager.form("pending_shown") == "yes"
    if shown == "absent":
        return {}
    if shown == "usage":
        lines = [(tag, booking.booked(tag)) for tag in booking.totals()]
        return {"licenseUsage": [{"license": _name(va, tag), "quantity": n} for tag, n in lines if n]}
    moving = booking.update is not None
    rows = [
        {
            "license": _name(va, tag),
            "entitlementTag": tag,
            "quantity": old,
            **({"pendingQuantity": new if moving else None} if pending else {}),
        }
        for tag, (old, new) in booking.totals().items()
    ]
    status = {"reservationStatus": "IN_TRANSIT" if moving else "COMPLETE"} if pending else {}
    return {"reservationType": "SPECIFIC", "reservedLicenses": rows, **status}


def _name(va: VirtualAccount, tag: str) -> str:
    pool = va.pool_tagged(tag)
    return pool.name if pool else next((name for name, one in TAGS.items() if one == tag), tag)


def _device(va: VirtualAccount, instance: Instance, used: dict[str, int], *, short: bool) -> Json:
    return {
        "licenseUsage": [{"license": name, "quantity": count} for name, count in used.items()],
        "hostName": instance.host_name if instance.shown_by_host else "",
        "sudi": sudi(instance),
        "displayName": shown_name(instance),
        "registrationDate": iso(instance.registered_at),
        "productTagName": instance.product_tag,
        "virtualAccount": va.name,
        "productName": "",
        "productDescription": "",
        "productType": instance.product_type,
        "status": "Out Of Compliance" if short else "In Compliance",
        "lastContactDate": iso(instance.last_contact),
    }


def short_device(instance: Instance) -> Json:
    return {
        "instanceName": shown_name(instance),
        "productTagName": instance.product_tag,
        "sudi": {key: value for key, value in sudi(instance).items() if value is not None},
    }


def device_found(account: Account, va: VirtualAccount, instance: Instance) -> Json:
    """One hit of the search over all accounts: a single object, not a list, as seen live."""
    return {
        "sudi": sudi(instance),
        "software_tag": instance.product_tag,
        "account": {
            "account_id": str(account.number),
            "domain": account.domain,
            "name": account.name,
            "virtual_account_id": str(va.number),
            "virtual_account_name": va.name,
            "default": va.default,
        },
    }
