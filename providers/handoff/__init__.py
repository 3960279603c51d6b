"""Hand-offs on their way: bundles across an air gap, the answers that come back, and sheets for a person."""

from .sheets import CODE_WORDS, Ink, csv_sheet, markdown_sheet, title_of
from .wire import (
    Answer,
    Answers,
    Bundle,
    BundleAccount,
    CodeIn,
    Line,
    Outcome,
    Request,
    digest_of,
    read_answers,
    read_bundle,
    schemas,
    write_answers,
    write_bundle,
)

__all__ = [
    "CODE_WORDS",
    "Answer",
    "Answers",
    "Bundle",
    "BundleAccount",
    "CodeIn",
    "Ink",
    "Line",
    "Outcome",
    "Request",
    "csv_sheet",
    "digest_of",
    "markdown_sheet",
    "read_answers",
    "read_bundle",
    "schemas",
    "title_of",
    "write_answers",
    "write_bundle",
]
