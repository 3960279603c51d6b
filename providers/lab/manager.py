"""What CSSM and an On-Prem do with tokens, instances and pools; the far end of a node's registration.

Belongs here: the managers' decisions over the world. Does not belong here: JSON and HTTP (`cssm`), and what
a node makes of an answer (`agent`). Sources: admin guide X15.3, CSSM built-in help, TAC doc 215633.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .ledger import Given
from .nouns import EXPRESSWAY_TAG, Account, Instance, Manager, Node, Token, VirtualAccount
from .world import World


class Declined(Exception):
    """The manager says no; the text is its sentence. ``answer`` is the whole answer where it has another
    form than the usual one.
    """

    answer: dict[str, Any] | None = None


def create_token(
    world: World,
    manager: Manager,
    account: Account,
    virtual_account: VirtualAccount,
    *,
    description: str,
    days: int,
    export: bool,
    max_uses: int | None,
    created_by: str,
) -> Token:
    """A new token; 1 to 365 days. Raises Declined."""
    if not 1 <= days <= 365:
        raise Declined("Token expiration must be between 1 and 365 days")
    if export and not account.export_right:
        raise Declined("Export-controlled functionality is not allowed for this Smart Account")
    token = Token(
        world.new_token_text(),
        description,
        export,
        world.now,
        world.now + timedelta(days=days),
        created_by,
        max_uses,
    )
    virtual_account.tokens.append(token)
    world.ledger.given.append(Given(world.now, manager.name, "token", token.value, description))
    return token


def revoke_token(virtual_account: VirtualAccount, value: str) -> bool:
    """Revoke by value; False where this virtual account has no such live token."""
    for token in virtual_account.tokens:
        if token.value == value and not token.revoked:
            token.revoked = True
            return True
    return False


def find_token(manager: Manager, value: str) -> tuple[Account, VirtualAccount, Token] | None:
    for account in manager.accounts:
        for virtual_account in account.virtual_accounts:
            for token in virtual_account.tokens:
                if token.value == value:
                    return account, virtual_account, token
    return None


def admit(world: World, manager: Manager, node: Node, value: str) -> tuple[Account, VirtualAccount, Token]:
    """Register a node with a token: uses it once and makes the instance. Raises Declined."""
    found = find_token(manager, value)
    if found is None or not found[2].alive(world.now):
        raise Declined("The token is invalid or expired")
    account, virtual_account, token = found
    token.uses += 1
    drop_instance(manager, node)
    virtual_account.instances.append(instance_of(world, node))
    return account, virtual_account, token


def instance_of(world: World, node: Node) -> Instance:
    return Instance(
        serial=node.serial,
        pid="EXPY",
        host_name=node.host_name,
        product_tag=EXPRESSWAY_TAG,
        product_type="EXPY",
        registered_at=world.now,
        last_contact=world.now,
        uuid=node.uuid,
        shown_by_host=node.privacy in ("none", "version"),
        usage=dict(node.usage),
        node=node.name,
        key=node.dialect.instance_key,
    )


def drop_instance(manager: Manager, node: Node) -> bool:
    """Take the node's connected instance out of every virtual account of this manager; what it used is free
    again. A reservation stays: only its return code ends it.
    """
    gone = False
    for account in manager.accounts:
        for virtual_account in account.virtual_accounts:
            kept = [one for one in virtual_account.instances if one.node != node.name or one.booking]
            gone = gone or len(kept) < len(virtual_account.instances)
            virtual_account.instances[:] = kept
    return gone


def hear_from(world: World, virtual_account: VirtualAccount, node: Node) -> None:
    """A contact of a registered node: last contact, name (or not, with privacy) and usage are taken over."""
    for instance in virtual_account.instances:
        if instance.node == node.name and instance.booking is None:
            instance.last_contact = world.now
            instance.host_name = node.host_name
            instance.shown_by_host = node.privacy in ("none", "version")
            instance.usage = dict(node.usage)
