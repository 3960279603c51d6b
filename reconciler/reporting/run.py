"""What became of a run: failures and what to do about them, what waits for a person, and the last summary.

Belongs here: the texts of a RunResult and the one-line texts of its progress. Does not belong here: the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from reconciler.model import Action, ActionOutcome, Address, Result, RunResult
from reconciler.reporting import sections
from reconciler.reporting.clean import clean, one_line
from reconciler.reporting.layout import text_of, wrap
from reconciler.reporting.sections import Page
from reconciler.reporting.summary import active
from reconciler.reporting.words import action_text, plural

_RESULT_COLORS = {
    Result.DONE: "green",
    Result.FAILED: "red",
    Result.UNKNOWN: "red",
    Result.WAITING: "cyan",
    Result.SKIPPED: "yellow",
}


def run_text(
    result: RunResult, *, width: int = 120, color: bool = False, next_command: str | None = None
) -> str:
    """Everything that did not end well, what a person has to do now, the summary, and the next command."""
    page = Page(width, color)
    lines: list[str] = []
    for title, body in (
        ("Failed:", _outcomes(result, Result.FAILED, page)),
        ("Outcome not known:", _outcomes(result, Result.UNKNOWN, page)),
        ("Skipped:", _outcomes(result, Result.SKIPPED, page)),
        ("Refused:", sections.refusal_lines(active(result.refusals), page)),
        ("Not trusted, therefore left alone:", _addresses(result.untrusted, page)),
        ("Not read:", _addresses(result.unread, page)),
        ("Waiting for a person:", sections.waiting_lines(result.waiting, page)),
    ):
        if body:
            lines += [*page.title(title), *body]
    lines += ["", page.ink("bold", run_summary(result))]
    command = next_command or _next_command(result)
    lines += ["", "Next:", f"  {page.ink('bold', one_line(command))}"]
    return text_of(lines)


def run_summary(result: RunResult) -> str:
    """``Run r-1: 5 done, 1 failed, 0 unknown, 1 waiting, 0 refused, 2 skipped.``"""
    numbers = {
        "done": result.count(Result.DONE),
        "failed": result.count(Result.FAILED),
        "unknown": result.count(Result.UNKNOWN),
        "waiting": max(result.count(Result.WAITING), len(result.waiting)),
        "refused": len(active(result.refusals)),
        "skipped": result.count(Result.SKIPPED),
    }
    counted = ", ".join(f"{number:,} {word}" for word, number in numbers.items())
    stopped = " Interrupted at a safe point; nothing is left half-way." if result.interrupted else ""
    return f"Run {one_line(result.run_id)}: {counted}.{stopped}"


def _outcomes(result: RunResult, wanted: Result, page: Page) -> list[str]:
    """What ended alike, with the same words, is told together."""
    chosen = [outcome for outcome in result.outcomes if outcome.result is wanted]
    lines: list[str] = []
    for _, alike in groupby(chosen, key=lambda one: (one.text, one.remedy, one.op_id)):
        lines += _alike(list(alike), page)
    return lines


def _alike(outcomes: Sequence[ActionOutcome], page: Page) -> list[str]:
    lines: list[str] = []
    for outcome in outcomes:
        address = page.ink(_RESULT_COLORS[outcome.result], one_line(outcome.action.address))
        lines += wrap(action_text(outcome.action), page.width, first=f"  {address}  ")
    first = outcomes[0]
    lines += wrap(clean(first.text, keep="\n"), page.width, first="      ") if first.text else []
    return lines + page.labelled(
        [("remedy", one_line(first.remedy or "")), ("record", _record(first))], "      "
    )


def _record(outcome: ActionOutcome) -> str:
    return f"xlicense op show {one_line(outcome.op_id)}" if outcome.op_id else ""


def _addresses(addresses: Sequence[Address], page: Page) -> list[str]:
    return (
        wrap(", ".join(one_line(address) for address in addresses), page.width, first="  ")
        if addresses
        else []
    )


def _next_command(result: RunResult) -> str:
    """What keeps everything else from going on comes first; a remedy that is a command is the next one. Where
    looking has told already what became of everything, nothing is open, and the plan goes on from there."""
    lost = [outcome for outcome in result.outcomes if outcome.result is Result.UNKNOWN]
    if lost:
        told = all(outcome.remedy == "xlicense plan" for outcome in lost)
        return "xlicense plan" if told else "xlicense op list"
    for outcome in result.outcomes:
        if outcome.result is Result.FAILED and (outcome.remedy or "").startswith("xlicense "):
            return outcome.remedy or ""
    return "xlicense handoff list" if result.waiting and not result.count(Result.FAILED) else "xlicense plan"


def observing_line(done: int, total: int) -> str:
    return f"reading {plural(total, 'node or account', 'nodes and accounts')}: {done:,} done"


def observed_line(address: Address, ok: bool) -> str:
    return f"{one_line(address)}: {'read' if ok else 'could not be read'}"


def starting_line(action: Action) -> str:
    return f"{one_line(action.address)}: {action_text(action)} ..."


def progress_line(action: Action, text: str) -> str:
    return f"{one_line(action.address)}: {one_line(text)}"


def finished_line(outcome: ActionOutcome, *, color: bool = False) -> str:
    """``cluster/ams-edge/node/e1: done after 12 s: register to "Expressway EMEA"``."""
    word = Page(color=color).ink(_RESULT_COLORS[outcome.result], outcome.result.value)
    took = f" after {outcome.seconds:.0f} s" if outcome.seconds >= 1 else ""
    text = f" ({one_line(outcome.text)})" if outcome.text and outcome.result is not Result.DONE else ""
    return f"{one_line(outcome.action.address)}: {word}{took}: {action_text(outcome.action)}{text}"
