"""Rules about where a reservation stands: half-way, in another's hands, with a code that is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model import (
    UNKNOWN,
    Action,
    Carrier,
    Kind,
    Level,
    NodeDesired,
    RuleCard,
    Severity,
    State,
    Waiting,
)

from .context import PlanContext
from .index import active, by_reservation, by_token
from .matrix import BY_PERSON, IN_TRANSIT, Row
from .reservation import HELP
from .rule import OURS, TAC, Rule, Violation, Violations, listed

_UPDATING = (Kind.UPDATE_RESERVATION, Kind.INSTALL_AUTHORIZATION, Kind.CONFIRM_RESERVATION)


# XL374: lines.


def _lines_not_known(context: PlanContext) -> Violations:
    for cluster, node, situation in context.reservations():
        reserves = by_reservation(cluster) and node in active(cluster)
        if reserves and situation.row is Row.CONVERGED and situation.lines is UNKNOWN:
            text = (
                "What the node has reserved is not known, so a change would drop the lines that nobody named."
            )
            yield Violation(node.address, text, _UPDATING, told=True)


# XL078: under way.


def _under_way(context: PlanContext) -> Violations:
    for _cluster, node, situation in context.reservations():
        if situation.row not in IN_TRANSIT and situation.why and situation.row not in BY_PERSON:
            yield Violation(node.address, f"Not yet visible: {situation.why}.", severity=Severity.INFO)
        if situation.row in IN_TRANSIT:
            text = f"The reservation is {situation.row.value}."
            if situation.row in (Row.CONFIRM, Row.CONFIRM_LOST):
                text += " The update is not complete before CSSM has the confirmation code."
            yield Violation(node.address, text)


# XL370: a person decides.

_SAYS = {
    Row.FOREIGN: "Somebody else is at work here: {why}.",
    Row.STRANDED: "CSSM has a reservation for it, the node has none, and no return code is held.",
    Row.POISONED: "CSSM lists an instance of it that the node does not explain.",
    Row.SNAPSHOT: "Node and CSSM have different totals, with no update under way: {why}.",
    Row.ABSENT: "The node has a reservation installed, and CSSM has none for it.",
    Row.TWO_MODES: "The node is registered by token, and CSSM has a reservation for it.",
    Row.ELSEWHERE: "CSSM has a reservation for it in {why}.",
    Row.ONE_SIDE: "Only one side is known: {why}.",
}
_RESOLVE = "xlicense op resolve {serial} --adopt --evidence FILE --reason TEXT"
_CASE = "Cisco licensing: xlicense casefile {serial}"
_REMEDIES = {
    Row.FOREIGN: f"Let them finish, or take it over: {_RESOLVE}",
    Row.STRANDED: f"Look for the code with xlicense codes list --all; if it is lost, ask {_CASE}",
    Row.POISONED: "If it holds no reservation: xlicense op resolve {serial} --absent --evidence FILE"
    " --reason TEXT",
    Row.SNAPSHOT: "Install the newest code of the portal on the node by hand, or take the totals of CSSM for"
    f" granted: {_RESOLVE}",
    Row.ABSENT: f"Only a new reservation helps: return this one on the node by hand, or ask {_CASE}",
    Row.TWO_MODES: "Remove the reservation at Product Instances with its return code; if it is lost, ask "
    f"{_CASE}",
    Row.ELSEWHERE: "Remove at Product Instances what should not be there, or name that account in the YAML.",
    Row.ONE_SIDE: "xlicense handoff attest {account} --file instances.csv",
}
"""What a person can do; only a state that is somebody's intention can be taken over."""


def _by_person(context: PlanContext) -> Violations:
    for cluster, node, situation in context.reservations():
        if situation.row not in BY_PERSON or not _is_read(context, node):
            continue
        text = _SAYS[situation.row].format(why=situation.why)
        remedy = _REMEDIES[situation.row].format(serial=situation.serial, account=cluster.account)
        managed = cluster.registration is not None or State.RETIRED in (cluster.state, node.state)
        stands = managed and situation.row is not Row.ONE_SIDE
        yield Violation(node.address, text, remedy=remedy, told=True, stands=stands)


def _is_read(context: PlanContext, node: NodeDesired) -> bool:
    """A node that could not be read is told as that."""
    licence = context.index.licence(node.address)
    return licence is not None and licence.registration is not UNKNOWN


# XL371: proof before a cancel.


def _no_proof(context: PlanContext) -> Violations:
    requested = {item.serial.upper(): item.at for item in context.held.requested}
    for cluster, node, situation in context.reservations():
        account = context.index.account_of(cluster)
        sides = context.matrix.sides
        if situation.row is not Row.REQUEST_LOST or sides.readable(account):
            continue
        attested = sides.attested.get(account.address)
        if attested is None or attested.at <= requested.get(situation.serial, context.now):
            text = "The request code is lost, and nobody has said that CSSM has no reservation for it."
            remedy = f"xlicense handoff attest {account.name} --file instances.csv"
            yield Violation(node.address, text, remedy=remedy, told=True)


def _out_already(context: PlanContext) -> Violations:
    """What a person may be entering just now is neither cancelled nor given back behind them."""
    needs = {action.id: action.needs for action in context.actions}
    for action in context.actions:
        if action.kind not in _GIVES_UP:
            continue
        first = _before(action.id, needs)
        for item in context.held.waiting:
            same = item.subject.upper() == action.subject.upper()
            if same and not item.done and item.action_id not in first:
                what = "request code" if action.kind is Kind.CANCEL_RESERVATION else "reservation"
                text = f"Hand-off {item.handoff_id} is out: its {what} may be in use at the portal just now."
                remedy = f"xlicense handoff recall {item.handoff_id} --reason …"
                yield Violation(action.address, text, (), remedy)


def _before(action_id: str, needs: Mapping[str, Iterable[str]]) -> set[str]:
    """Everything that this action waits for in any case."""
    found: set[str] = set()
    ahead = [action_id]
    while ahead:
        more = set(needs.get(ahead.pop(), ())) - found
        found |= more
        ahead.extend(more)
    return found


_GIVES_UP = (Kind.CANCEL_RESERVATION, Kind.RETURN_RESERVATION)


# XL380: once only.


def _handed_out(context: PlanContext) -> Violations:
    """A person who was asked for other totals may be entering them just now."""
    for _, node, situation in context.reservations():
        planned = {action.kind.value: action.id for action in _by_hand(context, node)}
        for item in context.held.waiting:
            mine = item.subject.upper() == situation.serial and not item.done
            if mine and planned.get(item.kind, item.action_id) != item.action_id:
                text = (
                    f"Hand-off {item.handoff_id} is out for the same step with other values{_totals(item)}."
                )
                remedy = f"Answer it, or xlicense handoff recall {item.handoff_id} --reason …"
                yield Violation(node.address, text, (Kind(item.kind),), remedy)


def _by_hand(context: PlanContext, node: NodeDesired) -> list[Action]:
    return [action for action in context.touching(node.address) if action.carrier is Carrier.PERSON]


def _totals(item: Waiting) -> str:
    lines = item.params.get("lines")
    if not lines:
        return ""
    return ": " + listed(f"{line['quantity']} {line['name'] or line['entitlement']}" for line in lines)


# XL067: what a return means.


def _returning(context: PlanContext) -> Violations:
    for action in context.actions:
        if action.kind is Kind.RETURN_RESERVATION:
            yield Violation(
                action.address,
                "From the return on the node has no licence; its return code is the only way to free them.",
                severity=Severity.INFO,
            )


def _gone_from_token(context: PlanContext) -> Violations:
    """XL324, for clusters in no mode at all: nothing is managed, and something is there."""
    for cluster, node, situation in context.reservations():
        managed = by_token(cluster) or by_reservation(cluster)
        leaving = State.RETIRED in (cluster.state, node.state)
        if not managed and not leaving and situation.row in (Row.CONVERGED, *IN_TRANSIT):
            yield Violation(
                node.address, f"The node has a reservation: {situation.row.value}.", severity=Severity.INFO
            )


RULES = (
    Rule(
        RuleCard(
            "XL067",
            ("S67", "S64", "S66", "S68"),
            Level.ADVICE,
            "plan",
            "A return is followed by the removal of the instance.",
            "If the return code is lost, only Cisco licensing can free the licences; this journal keeps it.",
            "Apply the removal too; it is planned.",
            f"{TAC}, reservations",
        ),
        plan=_returning,
    ),
    Rule(
        RuleCard(
            "XL078",
            ("S78", "S62", "S70", "S76", "S81"),
            Level.ADVICE,
            "plan",
            "No reservation is left half-way.",
            "Between two steps the node and CSSM disagree. It can go on at any time, on any day.",
            "Apply the plan; it goes on from there.",
            f"{TAC}, reservations",
        ),
        plan=_under_way,
    ),
    Rule(
        RuleCard(
            "XL370",
            ("S67", "S71"),
            Level.HARD,
            "plan",
            "Both sides of a reservation and the journal fit together.",
            "Where they do not, any next step could strand licences or reserve them twice.",
            "Look at both sides; xlicense plan says for each node what a person can do.",
            OURS,
        ),
        plan=_by_person,
    ),
    Rule(
        RuleCard(
            "XL371",
            ("A10", "S53"),
            Level.HARD,
            "plan",
            "A request is cancelled only where CSSM has no reservation for it, and nothing is given up while"
            " its hand-off is out.",
            "Cancelling a request that was reserved strands its licences, and so does an update that is"
            " entered after the return.",
            "Look at Product Instances, and state what is there.",
            OURS,
        ),
        plan=lambda context: [*_no_proof(context), *_out_already(context)],
    ),
    Rule(
        RuleCard(
            "XL374",
            ("S73",),
            Level.HARD,
            "plan",
            "Every line of a reservation is known before it is changed.",
            "An update sends the totals of every line.",
            "Attest the reservation, or let the account be read.",
            HELP,
        ),
        plan=_lines_not_known,
    ),
    Rule(
        RuleCard(
            "XL379",
            ("S45",),
            Level.ADVICE,
            "plan",
            "A cluster whose mode is not managed holds no reservation.",
            "What the YAML does not name is left alone.",
            "Write registration: {mode: reservation} to manage it.",
            OURS,
        ),
        plan=_gone_from_token,
    ),
    Rule(
        RuleCard(
            "XL380",
            ("S57", "S74"),
            Level.HARD,
            "plan",
            "A step of a person is handed out once.",
            "Two people, or one with two sheets, would reserve or update twice for one node.",
            "Answer the hand-off that is out, or take it back with xlicense handoff recall.",
            OURS,
        ),
        plan=_handed_out,
    ),
)
