"""``rules`` and ``explain``: the rule book, printed."""

from __future__ import annotations

import click

from reconciler.errors import Exit, UsageError

from .lazy import command
from .options import Common, common


@command("rules", examples=["xlicense rules", "xlicense rules --json"])
@click.option("--json", "as_json", is_flag=True, help="As JSON, every field.")
@common("plain")
def rules_command(common: Common, as_json: bool) -> Exit:
    """List the rules: id, level, phase, sentence, and the rows of the rule book that each answers."""
    from reconciler.model import FORMAT_VERSION, to_data
    from reconciler.reporting import rules_text
    from reconciler.rules import RULES

    console = common.console
    if as_json:
        import json

        listed = [to_data(card) for card in RULES]
        console.json(json.dumps({"format_version": FORMAT_VERSION, "rules": listed}, indent=2))
    else:
        console.result(rules_text(RULES, width=console.width, color=console.colour))
    return Exit.OK


@command("explain", examples=["xlicense explain XL011"])
@click.argument("rule", metavar="RULE")
@common("plain")
def explain_command(common: Common, rule: str) -> Exit:
    """Explain one rule: what it says, why, what to do about it, and where Cisco says so."""
    from difflib import get_close_matches

    from reconciler.reporting import rule_text
    from reconciler.rules import RULES, card

    found = card(rule.upper())
    if found is None:
        close = get_close_matches(rule.upper(), [known.id for known in RULES], n=1)
        guess = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(f"there is no rule {rule!r}.{guess}", remedy="xlicense rules")
    common.console.result(rule_text(found, width=common.console.width, color=common.console.colour))
    return Exit.OK
