"""Alarms that are told and block nothing: those of licensing, and the rest."""

from __future__ import annotations

from reconciler.model import UNKNOWN, Level, RuleCard, Severity

from .cluster import CLUSTER_ALARMS
from .context import PlanContext
from .rule import REFERENCE, TAC, Rule, Violation, Violations
from .versions import acted_nodes, read_nodes

_LICENSING: dict[str, str] = {
    "30035": "the evaluation period is running out; register the node",
    "30036": "more licences are used than there are; add licences in CSSM",
    "30037": "more licences are used than there are, and provisioning is off; add licences in CSSM",
    "30038": "the evaluation is over and limits are enforced; register the node",
    "30039": "the authorization has expired; check the way to CSSM, then renew it",
    "30040": "the authorization has expired and limits are enforced; check the way to CSSM, then renew it",
    "30041": "the registration has expired; check the network and the clock, then register",
    "30042": "the node cannot reach CSSM or On-Prem; check DNS, proxy and firewall",
    "30043": "the authorization ends soon; renew it",
    "30044": "renewing the authorization failed; check the way to CSSM",
    "30045": "renewing the registration failed; check the way to CSSM",
    "30046": "the registration ends soon; renew it",
    "30047": "the limit of export-controlled sessions is reached",
    "30048": "the limit of export-controlled sessions is near",
}
_OF_LICENSING = "30"


def _licensing(context: PlanContext) -> Violations:
    ignored = set(context.desired.policy.alarms_ignore)
    for _, node, observed in read_nodes(context):
        if observed.alarms is UNKNOWN:
            continue
        for alarm in observed.alarms:
            if alarm.id.startswith(_OF_LICENSING) and alarm.id not in ignored:
                said = _LICENSING.get(alarm.id) or alarm.text or "a licence limit"
                text = f"Alarm {alarm.id} is raised: {said}."
                yield Violation(node.address, text, severity=Severity.INFO)


def _others(context: PlanContext) -> Violations:
    """Only where something would be done: an alarm that never clears must not turn every drift red."""
    ignored = set(context.desired.policy.alarms_ignore) | CLUSTER_ALARMS
    for _, node, observed in acted_nodes(context):
        if observed.alarms is UNKNOWN:
            continue
        for alarm in observed.alarms:
            if alarm.id not in ignored and not alarm.id.startswith(_OF_LICENSING):
                text = f"Alarm {alarm.id} is raised: {alarm.text or 'no text'}."
                yield Violation(node.address, text)


RULES = (
    Rule(
        RuleCard(
            "XL311",
            ("S89", "A3", "A14"),
            Level.ADVICE,
            "plan",
            "No licensing alarm is raised.",
            "These alarms are what registering, renewing or more licences cure, so they block nothing.",
            "Do what the alarm asks for; policy.alarms.ignore lists the ids that say nothing here.",
            f"{REFERENCE}; {TAC}, troubleshooting",
        ),
        _licensing,
    ),
    Rule(
        RuleCard(
            "XL312",
            ("S88",),
            Level.ADVICE,
            "plan",
            "A node that is changed raises no other alarm.",
            "Alarms outside licensing and the cluster do not stand in the way; 10005 never clears on a lab"
            " machine.",
            "Look at Status > Alarms; policy.alarms.ignore takes ids.",
            f"{TAC}, troubleshooting",
        ),
        _others,
    ),
)
