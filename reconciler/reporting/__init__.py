"""Values in, strings out: plans, drift, runs, errors and tables as text, JSON, Markdown, DOT and Mermaid.

Belongs here: wording and layout. Does not belong here: deciding, reading, printing. Everything that a
remote system said goes through `clean` first; colour only repeats what a word or symbol says.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reconciler.reporting.clean import (
    clean,
    for_ci,
    json_for_ci,
    markdown_code,
    markdown_fence,
    markdown_text,
    one_line,
)

if TYPE_CHECKING:
    from reconciler.reporting.drift import drift_summary, drift_text
    from reconciler.reporting.graphs import graph_dot, graph_mermaid
    from reconciler.reporting.machine import drift_json, plan_json, run_json
    from reconciler.reporting.markdown import drift_markdown
    from reconciler.reporting.observation import observation_text
    from reconciler.reporting.plan import plan_text, summary_line
    from reconciler.reporting.problems import complaints_summary, complaints_text, error_text
    from reconciler.reporting.run import (
        finished_line,
        observed_line,
        observing_line,
        progress_line,
        run_summary,
        run_text,
        starting_line,
    )
    from reconciler.reporting.summary import drift_exits, plan_exits, run_exits
    from reconciler.reporting.tables import (
        EXIT_MEANINGS,
        codes_text,
        desired_text,
        exits_text,
        list_text,
        ops_text,
        rule_text,
        rules_text,
        waiting_text,
    )
    from reconciler.reporting.words import moment

__all__ = [
    "EXIT_MEANINGS",
    "clean",
    "codes_text",
    "complaints_summary",
    "complaints_text",
    "desired_text",
    "drift_exits",
    "drift_json",
    "drift_markdown",
    "drift_summary",
    "drift_text",
    "error_text",
    "exits_text",
    "finished_line",
    "for_ci",
    "graph_dot",
    "graph_mermaid",
    "json_for_ci",
    "list_text",
    "markdown_code",
    "markdown_fence",
    "markdown_text",
    "moment",
    "observation_text",
    "observed_line",
    "observing_line",
    "one_line",
    "ops_text",
    "plan_exits",
    "plan_json",
    "plan_text",
    "progress_line",
    "rule_text",
    "rules_text",
    "run_exits",
    "run_json",
    "run_summary",
    "run_text",
    "starting_line",
    "summary_line",
    "waiting_text",
]

_HOMES = {
    "moment": "words",
    "drift_summary": "drift",
    "drift_text": "drift",
    "graph_dot": "graphs",
    "graph_mermaid": "graphs",
    "drift_json": "machine",
    "plan_json": "machine",
    "run_json": "machine",
    "drift_markdown": "markdown",
    "observation_text": "observation",
    "plan_text": "plan",
    "summary_line": "plan",
    "complaints_summary": "problems",
    "complaints_text": "problems",
    "error_text": "problems",
    "finished_line": "run",
    "observed_line": "run",
    "observing_line": "run",
    "progress_line": "run",
    "run_summary": "run",
    "run_text": "run",
    "starting_line": "run",
    "drift_exits": "summary",
    "plan_exits": "summary",
    "run_exits": "summary",
    "EXIT_MEANINGS": "tables",
    "codes_text": "tables",
    "desired_text": "tables",
    "exits_text": "tables",
    "list_text": "tables",
    "ops_text": "tables",
    "rule_text": "tables",
    "rules_text": "tables",
    "waiting_text": "tables",
}

if not TYPE_CHECKING:  # a type checker that sees __getattr__ would take any name

    def __getattr__(name: str) -> Any:
        """A renderer is loaded when it is first asked for: most commands need one of them."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
