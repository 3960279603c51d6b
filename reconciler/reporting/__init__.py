"""Values in, strings out: plans, drift, runs, errors and tables as text, JSON, Markdown, DOT and Mermaid.

Belongs here: wording and layout. Does not belong here: deciding, reading, printing. Everything that a
remote system said goes through `clean` first; colour only repeats what a word or symbol says.
"""

from reconciler.reporting.clean import clean, for_ci, markdown_code, markdown_fence, markdown_text, one_line
from reconciler.reporting.plan import plan_text, summary_line
from reconciler.reporting.problems import complaints_summary, complaints_text, error_text
from reconciler.reporting.run import (
    finished_line,
    observed_line,
    observing_line,
    progress_line,
    run_exits,
    run_summary,
    run_text,
    starting_line,
)
from reconciler.reporting.summary import drift_exits, plan_exits
from reconciler.reporting.waiting import waiting_text

__all__ = [
    "clean",
    "complaints_summary",
    "complaints_text",
    "drift_exits",
    "error_text",
    "finished_line",
    "for_ci",
    "markdown_code",
    "markdown_fence",
    "markdown_text",
    "observed_line",
    "observing_line",
    "one_line",
    "plan_exits",
    "plan_text",
    "progress_line",
    "run_exits",
    "run_summary",
    "run_text",
    "starting_line",
    "summary_line",
    "waiting_text",
]
