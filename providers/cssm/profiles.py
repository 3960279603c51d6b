"""The public faces of Cisco Smart Software Manager as data: hosts, paths, naming, and what is proven.

Belongs here: one row per operation with the source of the fact. Does not belong here: bodies and answers
(wire), connections (transport), sentences for people (words, portal). Adding a surface is adding a table.

An operation that no source proves has ``on=False``: a person does it at the portal until somebody with
access states its path in ``manager.paths`` or switches it on in ``manager.capabilities``. Sources:

- *smart-license-app*: github CiscoDevNet/smart-license-app; *mcssmapi*: github mmikulic212/mcssmapi
- *gve*: github gve-sw/gve_devnet_smart_licensing_using_policy_offline_reservation_tools (saved responses)
- *ansible*: github abhaskar2907/cisco-smart-license (cloud and On-Prem)
- *mcp*: github CiscoDevNet/cisco-smart-licensing-mcp-community, which quotes "Software APIs" 1.0.2
- *hcmf*: Cisco HCM-F Smart Licensing guide
- *offline reservation*: a public Firepower tool built from "Software APIs" 1.0.2, with live notes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote, urlencode, urlsplit

from reconciler.errors import Complaint, ConfigError
from reconciler.model import AccountDesired, Kind, Manager, ManagerKind


class Operation(StrEnum):
    """What can be asked of a CSSM; these names are the keys of ``manager.paths`` and ``capabilities``."""

    ACCOUNTS = "accounts"
    VIRTUAL_ACCOUNTS = "virtual_accounts"
    LICENCES = "licences"
    SUMMARY = "licence_summary"
    INSTANCES = "instances"
    LIST_TOKENS = "list_tokens"
    CREATE_TOKEN = "create_token"
    REVOKE_TOKEN = "revoke_token"
    SEARCH_RESERVABLE = "search_reservable"
    DEVICE_SEARCH = "device_search"
    RESERVE = "reserve"
    UPDATE_RESERVATION = "update_reservation"
    CONFIRM_RESERVATION = "confirm_reservation"
    REMOVE_INSTANCE = "remove_instance"
    REMOVE_GHOST = "remove_ghost"


CARRIED: Mapping[Operation, Kind] = {
    Operation.CREATE_TOKEN: Kind.CREATE_TOKEN,
    Operation.REVOKE_TOKEN: Kind.REVOKE_TOKEN,
    Operation.RESERVE: Kind.RESERVE,
    Operation.UPDATE_RESERVATION: Kind.UPDATE_RESERVATION,
    Operation.CONFIRM_RESERVATION: Kind.CONFIRM_RESERVATION,
    Operation.REMOVE_INSTANCE: Kind.REMOVE_INSTANCE,
    Operation.REMOVE_GHOST: Kind.REMOVE_GHOST,
}
"""Which operation carries which action."""

MUTATIONS = frozenset(CARRIED)


class Paging(StrEnum):
    """Where the page is named: ``limit``/``offset`` in the body or the query, or the PnP family's names."""

    NONE = "none"
    BODY = "body"
    QUERY = "query"
    PNP = "pnp"


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of one profile. ``path`` is relative and may name ``{account}`` and ``{va}``.

    ``body_keys`` are the keys that hold the requests of a call whose versions spell them differently.
    """

    method: str
    path: str
    source: str
    paging: Paging = Paging.NONE
    query: tuple[tuple[str, str], ...] = ()
    on: bool = True
    body_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One surface. ``prefix`` is appended to a ``base_url`` that has no path of its own.

    ``login_path`` is relative to the prefixed base and used where no ``login_url`` is known. ``login_body``
    is how the client credentials travel, never in a query: ``form`` or ``json``. ``requesting_system`` is
    the header of the summary family.
    """

    name: str
    base_url: str
    prefix: str
    login_url: str
    login_path: str
    login_body: str
    calls: Mapping[Operation, Call]
    requesting_system: str = ""


_V1 = "v1/accounts/{account}"
_VA = _V1 + "/virtual-accounts/{va}"
_V2_VA = "v2/accounts/{account}/virtual-accounts/{va}"

_REMOVE_V2 = Call(
    "POST",
    _V2_VA + "/devices/remove",
    "mcssmapi, IOS XR scripts: the misspelt key is the real one, mcssmapi sends both",
    body_keys=("productInstacesRemoveRequests", "productInstancesRemoveRequests"),
)
_REMOVE_V3 = Call(
    "POST",
    "licensing/v3/accounts/{account}/devices/remove",
    "offline reservation",
    query=(("virtualAccountName", "{va}"),),
    body_keys=("productInstancesRemoveRequests",),
)

_LEGACY = Profile(
    name="legacy",
    base_url="https://swapi.cisco.com",
    prefix="/services/api/smart-accounts-and-licensing",
    login_url="https://cloudsso.cisco.com/as/token.oauth2",
    login_path="",
    login_body="form",
    requesting_system='{"display_name":"CSLU"}',
    calls={
        Operation.ACCOUNTS: Call("GET", "v2/accounts/search", "gve: numeric ids of accounts"),
        Operation.VIRTUAL_ACCOUNTS: Call("GET", _V1 + "/customer/virtual-accounts", "ansible, go client"),
        Operation.LICENCES: Call("POST", _V1 + "/licenses", "Smart-Licensing-Dashboard", Paging.BODY),
        Operation.SUMMARY: Call("POST", "v3/licenses/summary", "gve: entitlement tags"),
        Operation.INSTANCES: Call("POST", _V1 + "/devices", "gve: saved response", Paging.BODY),
        Operation.LIST_TOKENS: Call("GET", _VA + "/tokens", "smart-license-app, mcssmapi"),
        Operation.CREATE_TOKEN: Call("POST", _VA + "/tokens", "smart-license-app, ansible"),
        Operation.REVOKE_TOKEN: Call(
            "POST", _VA + "/tokens/revoke", "ansible, in a block that is commented out: weak"
        ),
        Operation.RESERVE: Call(
            "POST", _V2_VA + "/reserve-licenses", "mcssmapi; v1 in smart-license-app and IOS XR scripts"
        ),
        Operation.UPDATE_RESERVATION: Call("POST", _VA + "/update-licenses", "IOS XR scripts"),
        Operation.CONFIRM_RESERVATION: Call("POST", _VA + "/confirm-licenses", "IOS XR scripts"),
        Operation.REMOVE_INSTANCE: _REMOVE_V2,
        Operation.REMOVE_GHOST: _REMOVE_V2,
    },
)

_SOFTWARE_APIS = Profile(
    name="software-apis",
    base_url="https://apx.cisco.com",
    prefix="/v1/software/apis",
    login_url="https://id.cisco.com/oauth2/default/v1/token",
    login_path="",
    login_body="form",
    requesting_system='{"display_name":"CSLU"}',
    calls={
        Operation.ACCOUNTS: Call("GET", "pnp/v2/accounts", "offline reservation", Paging.PNP),
        Operation.VIRTUAL_ACCOUNTS: Call(
            "GET", "pnp/v2/accounts/{account}/virtual-accounts", "offline reservation", Paging.PNP
        ),
        Operation.SUMMARY: Call("POST", "licensing/v2/get-summary", "mcp, offline reservation"),
        Operation.INSTANCES: Call(
            "GET",
            "licensing/v2/accounts/{account}/devices",
            "offline reservation",
            Paging.QUERY,
            query=(("virtualAccountName", "{va}"),),
        ),
        Operation.SEARCH_RESERVABLE: Call("POST", "licensing/v1/search-slr-details", "offline reservation"),
        Operation.DEVICE_SEARCH: Call("GET", "licensing/v2/device/search", "offline reservation"),
        Operation.RESERVE: Call(
            "POST",
            "licensing/v2/account/{account}/virtual-account/{va}/licenses/reserve",
            "offline reservation: the nouns are singular here",
        ),
        Operation.REMOVE_INSTANCE: _REMOVE_V3,
        Operation.REMOVE_GHOST: _REMOVE_V3,
    },
)

_ON_PREM = Profile(
    name="on-prem",
    base_url="",
    prefix="/backend",
    login_url="",
    login_path="oauth/token",
    login_body="json",
    calls={
        Operation.VIRTUAL_ACCOUNTS: Call("GET", "api/" + _V1 + "/virtual-accounts", "ansible"),
        Operation.LICENCES: Call("POST", "api/" + _V1 + "/licenses", "ansible", Paging.BODY),
        Operation.INSTANCES: Call("GET", "api/" + _VA + "/devices", "ansible", Paging.QUERY),
        Operation.LIST_TOKENS: Call("GET", "api/" + _VA + "/tokens", "ansible, wwt"),
        Operation.CREATE_TOKEN: Call("POST", "api/" + _VA + "/tokens", "ansible, wwt, hcmf"),
        Operation.REVOKE_TOKEN: Call(
            "POST", "api/" + _VA + "/tokens/revoke", "not found in any On-Prem document", on=False
        ),
    },
)

_HAND_OFF = Profile("hand-off", "", "", "", "", "form", {})

PROFILES: Mapping[str, Profile] = {p.name: p for p in (_LEGACY, _SOFTWARE_APIS, _ON_PREM, _HAND_OFF)}


@dataclass(frozen=True, slots=True)
class Surface:
    """A profile as one account uses it: its overrides applied, its names filled in."""

    profile: Profile
    base: str
    token_url: str
    account_name: str
    virtual_account: str
    calls: Mapping[Operation, Call]

    def can(self, operation: Operation) -> bool:
        call = self.calls.get(operation)
        return call is not None and call.on

    def url(self, operation: Operation, query: Mapping[str, str | int] | None = None) -> str:
        """The absolute URL: every name percent-encoded, a slash in a name included."""
        call = self.calls[operation]
        asked = {key: self._named(value) for key, value in call.query} | dict(query or {})
        tail = f"?{urlencode(asked, quote_via=quote)}" if asked else ""
        return f"{self.base}/{self._filled(call.path).lstrip('/')}{tail}"

    def _named(self, text: str) -> str:
        return text.replace("{account}", self.account_name).replace("{va}", self.virtual_account)

    def _filled(self, path: str) -> str:
        account, va = quote(self.account_name, safe=""), quote(self.virtual_account, safe="")
        return path.replace("{va}", va).replace("{account}", account)


def surface_of(account: AccountDesired) -> Surface:
    """The profile of this account with its manager's overrides. Raises ConfigError for unknown names."""
    manager = account.manager
    profile = _profile(manager)
    base = _base(manager, profile)
    token_url = manager.token_url or _login_url(profile, base)
    if profile is not _HAND_OFF:
        _secure("base_url", base)
        _secure("token_url", token_url)
    return Surface(
        profile=profile,
        base=base,
        token_url=token_url,
        account_name=_account_name(account, profile),
        virtual_account=account.virtual_account,
        calls=_calls(manager, profile),
    )


def _profile(manager: Manager) -> Profile:
    fixed = {ManagerKind.ON_PREM: _ON_PREM, ManagerKind.HAND_OFF: _HAND_OFF}.get(manager.kind)
    profile = fixed or PROFILES.get(manager.profile)
    if profile is None:
        raise _unknown("profile", manager.profile, PROFILES)
    return profile


def _secure(field: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        message = f"manager.{field} must be an https:// address with a host, not {url!r}"
        raise ConfigError([Complaint("xlicense.yaml", 0, 0, message, "manager-url")])


def _unknown(what: str, name: str, known: Iterable[str]) -> ConfigError:
    message = f"unknown {what} {name!r}; known are {', '.join(known)}"
    return ConfigError([Complaint("xlicense.yaml", 0, 0, message, f"manager-{what}")])


def _account_name(account: AccountDesired, profile: Profile) -> str:
    """A cloud account is named by its domain, an On-Prem one by the name of its local account."""
    if profile is _ON_PREM:
        return account.local_account or account.smart_account or account.name
    return account.smart_account or account.name


def _base(manager: Manager, profile: Profile) -> str:
    """A stated base with a path is taken as it is; hosts and prefixes have varied over the years."""
    stated = (manager.base_url or profile.base_url).rstrip("/")
    return stated if urlsplit(stated).path else stated + profile.prefix


def _login_url(profile: Profile, base: str) -> str:
    """Cisco's own login serves Cisco's own hosts; any other base brings its login along, at the same path."""
    parts = urlsplit(base)
    if not profile.login_url:
        return f"{base}/{profile.login_path}"
    if (parts.hostname or "").endswith(".cisco.com"):
        return profile.login_url
    return f"{parts.scheme}://{parts.netloc}{urlsplit(profile.login_url).path}"


def _calls(manager: Manager, profile: Profile) -> dict[Operation, Call]:
    calls = dict(profile.calls)
    if profile is _HAND_OFF:
        return calls
    for name, text in manager.paths:
        operation = _operation(name)
        calls[operation] = _restated(calls.get(operation), operation, text)
    for name, able in manager.capabilities:
        operation = _operation(name)
        if operation in calls:
            calls[operation] = replace(calls[operation], on=able)
    return calls


def _operation(name: str) -> Operation:
    """Operations are named plainly or as the action that they carry (``account.create_token``)."""
    plain = name.removeprefix("account.")
    if plain not in set(Operation):
        raise _unknown("operation", name, Operation)
    return Operation(plain)


def _restated(call: Call | None, operation: Operation, text: str) -> Call:
    """``v1/x/{va}`` or ``POST v1/x/{va}``: somebody with access knows better, so it counts as proven."""
    method, _, path = text.rpartition(" ")
    known = call or _LEGACY.calls.get(operation) or _SOFTWARE_APIS.calls[operation]
    return replace(known, method=method.upper() or known.method, path=path, source="manager.paths", on=True)
