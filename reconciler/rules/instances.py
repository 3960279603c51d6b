"""Rules about product instances in CSSM, for nodes that were found there and for those that were not.

The planner joins nodes and instances; these cards and sentences say what it found.
"""

from __future__ import annotations

from reconciler.model import Address, Instance, Level, RuleCard, Severity

from .rule import GUIDE, TAC, Rule, Violation

GHOST = Rule(
    RuleCard(
        "XL340",
        ("S29", "A2", "A7"),
        Level.ADVICE,
        "plan",
        "Every instance of a machine that this workspace has known is a node of it.",
        "A machine that left without deregistering goes on holding its licences. Only a serial that the"
        " journal knows, or that a node replaces, makes an instance ours: an account is full of other"
        " products.",
        "Remove it at Inventory > Product Instances, or list it under remove_instances of the account.",
        f"{GUIDE}; {TAC}, transport",
    )
)

NOT_LISTED = Rule(
    RuleCard(
        "XL341",
        ("S27", "S28", "S29"),
        Level.ADVICE,
        "plan",
        "A registered node is among the product instances of its account.",
        "The list may be some minutes late, and a node that hides its name can only be found by serial.",
        "Nothing to do, unless it is still missing tomorrow.",
        f"{TAC}, transport",
    )
)

LAST_CONTACT = Rule(
    RuleCard(
        "XL042",
        ("S42", "A3"),
        Level.ADVICE,
        "plan",
        "A registered node has been in contact within 12 hours.",
        "Usage goes to CSSM every six hours by itself. The authorization expires after 90 days of silence.",
        "Check the way from the node to CSSM.",
        f"{TAC}, token registration; {GUIDE}",
    )
)

OLD_NAME = Rule(
    RuleCard(
        "XL205",
        ("A5", "S27"),
        Level.ADVICE,
        "plan",
        "CSSM shows the present host name of a node that shares it.",
        "A new host name is told only when the registration is renewed.",
        "Renew it at Maintenance > Smart licensing > Actions > Renew Registration Now.",
        GUIDE,
    )
)

RULES = (LAST_CONTACT, OLD_NAME, GHOST, NOT_LISTED)


def ghost(account: Address, name: str, instance: Instance) -> Violation:
    address = Address.of_instance(name, instance.serial or instance.name)
    text = f"{account} lists {instance.name}, serial {instance.serial}, which is no node here any more."
    return Violation(address, text)


def not_listed(node: Address, account: str) -> Violation:
    text = f"The node is registered and is not among the product instances of {account}."
    return Violation(node, text, severity=Severity.INFO)


def silent(node: Address, hours: int) -> Violation:
    return Violation(node, f"CSSM has not heard of the node for {hours} hours.")


def old_name(node: Address, shown: str, now: str) -> Violation:
    return Violation(node, f"CSSM shows {shown}, and the node is {now}.", severity=Severity.INFO)
