"""The surfaces as data: addresses, names, overrides, and what nobody has proven."""

from __future__ import annotations

from typing import Any

import pytest

from providers.cssm.profiles import PROFILES, Operation, surface_of
from reconciler.errors import ConfigError
from reconciler.model import AccountDesired, Address, Manager, ManagerKind


def account(
    kind: ManagerKind = ManagerKind.CLOUD,
    profile: str = "legacy",
    *,
    va: str = "Expressway EMEA",
    local: str | None = None,
    **manager: Any,
) -> AccountDesired:
    stated = Manager(kind, profile, **manager)
    return AccountDesired(Address("account/a"), "a", va, stated, "example.com", local)


def test_the_cloud_addresses_are_the_published_ones() -> None:
    surface = surface_of(account())
    assert surface.token_url == "https://cloudsso.cisco.com/as/token.oauth2"
    assert surface.url(Operation.CREATE_TOKEN) == (
        "https://swapi.cisco.com/services/api/smart-accounts-and-licensing"
        "/v1/accounts/example.com/virtual-accounts/Expressway%20EMEA/tokens"
    )


def test_a_name_with_a_slash_stays_one_part_of_the_path() -> None:
    surface = surface_of(account(va="A/B ü{account}"))
    assert surface.url(Operation.LIST_TOKENS).endswith("/virtual-accounts/A%2FB%20%C3%BC%7Baccount%7D/tokens")


def test_the_newer_surface_names_the_virtual_account_in_the_query() -> None:
    surface = surface_of(account(profile="software-apis"))
    assert surface.token_url == "https://id.cisco.com/oauth2/default/v1/token"
    assert surface.url(Operation.INSTANCES, {"limit": 5}) == (
        "https://apx.cisco.com/v1/software/apis/licensing/v2/accounts/example.com/devices"
        "?virtualAccountName=Expressway%20EMEA&limit=5"
    )


def test_an_on_prem_account_is_named_by_its_local_name_below_backend() -> None:
    surface = surface_of(
        account(ManagerKind.ON_PREM, "on-prem", base_url="https://ssm.example.com:8443/", local="Plant 1")
    )
    assert surface.token_url == "https://ssm.example.com:8443/backend/oauth/token"
    assert surface.url(Operation.VIRTUAL_ACCOUNTS) == (
        "https://ssm.example.com:8443/backend/api/v1/accounts/Plant%201/virtual-accounts"
    )


def test_a_base_with_a_path_is_taken_as_it_is() -> None:
    surface = surface_of(account(base_url="https://apx.cisco.com/services/api/services/api/x/"))
    assert surface.url(Operation.LICENCES) == (
        "https://apx.cisco.com/services/api/services/api/x/v1/accounts/example.com/licenses"
    )


@pytest.mark.parametrize("profile", ["software-apis", "hand-off"])
def test_a_surface_without_a_proven_token_call_cannot_make_tokens(profile: str) -> None:
    surface = surface_of(account(profile=profile))
    assert not any(map(surface.can, (Operation.CREATE_TOKEN, Operation.REVOKE_TOKEN)))


def test_an_on_prem_makes_tokens_and_is_not_known_to_revoke_them() -> None:
    surface = surface_of(account(ManagerKind.ON_PREM, "on-prem", base_url="https://ssm:8443"))
    assert surface.can(Operation.CREATE_TOKEN)
    assert not surface.can(Operation.REVOKE_TOKEN)


def test_a_stated_path_counts_as_proven_and_may_state_its_method() -> None:
    stated = (("create_token", "PUT tokens/{va}"), ("account.revoke_token", "tokens/{va}/revoke"))
    surface = surface_of(account(profile="software-apis", paths=stated))
    assert surface.can(Operation.CREATE_TOKEN)
    assert surface.calls[Operation.CREATE_TOKEN].method == "PUT"
    assert surface.calls[Operation.REVOKE_TOKEN].method == "POST"
    assert surface.url(Operation.CREATE_TOKEN).endswith("/v1/software/apis/tokens/Expressway%20EMEA")


def test_a_capability_can_be_switched_off_and_on() -> None:
    off = surface_of(account(capabilities=(("account.create_token", False),)))
    assert not off.can(Operation.CREATE_TOKEN)
    on = account(ManagerKind.ON_PREM, base_url="https://ssm:8443", capabilities=(("revoke_token", True),))
    assert surface_of(on).can(Operation.REVOKE_TOKEN)


def test_a_call_that_no_path_is_known_for_cannot_be_switched_on() -> None:
    surface = surface_of(account(profile="software-apis", capabilities=(("create_token", True),)))
    assert not surface.can(Operation.CREATE_TOKEN)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (account(profile="v9"), "unknown profile 'v9'"),
        (account(paths=(("fly", "x"),)), "unknown operation 'fly'"),
        (account(base_url="http://swapi.cisco.com"), "must be an https:// address"),
        (account(token_url="ftp://x"), "must be an https:// address"),
        (account(ManagerKind.ON_PREM, "on-prem"), "must be an https:// address"),
    ],
)
def test_a_manager_that_makes_no_sense_is_a_complaint(wrong: AccountDesired, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        surface_of(wrong)
    assert message in caught.value.complaints[0].message


def test_every_call_of_every_profile_names_its_source() -> None:
    assert all(call.source for profile in PROFILES.values() for call in profile.calls.values())


def test_an_account_that_a_person_serves_has_no_calls() -> None:
    assert surface_of(account(ManagerKind.HAND_OFF, "hand-off")).calls == {}


def test_a_base_outside_cisco_brings_its_login_along() -> None:
    surface = surface_of(account(base_url="https://cssm.test:42100"))
    assert surface.token_url == "https://cssm.test:42100/as/token.oauth2"
    inside = surface_of(account(base_url="https://apmx.cisco.com"))
    assert inside.token_url == "https://cloudsso.cisco.com/as/token.oauth2"
    stated = surface_of(account(base_url="https://cssm.test:42100", token_url="https://id.test/t"))
    assert stated.token_url == "https://id.test/t"
