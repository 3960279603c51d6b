"""How the status of the lab is shown. Belongs here: lines. Does not belong here: commands (`lab`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from providers.lab.control import Json


def say_nodes(answer: Json) -> None:
    for node in answer["nodes"]:
        where = f" in {node['virtual_account']}" if node["virtual_account"] else ""
        alarms = f", alarms {' '.join(node['alarms'])}" if node["alarms"] else ""
        click.echo(
            f"{node['name']:<16} port {node['port']}  {node['version']:<8} {node['registration']}{where}, "
            f"{node['transport']}, {node['evaluation_days']} evaluation days left{alarms}"
        )


def say_servers(answer: Json) -> None:
    for server in answer["servers"]:
        click.echo(f"{server['name']:<16} port {server['port']}  {server['kind']}")
        for one in server["accounts"]:
            click.echo(
                f"  {one['account']} / {one['virtual_account']}: "
                f"{one['instances']} instances, {one['tokens']} tokens"
            )


def say_pools(answer: Json) -> None:
    for row in answer["pools"]:
        if row["reserved"] or row["transit"]:
            click.echo(
                f"{row['virtual_account']}, {row['licence']}: {row['quantity']} = {row['free']} free + "
                f"{row['reserved']} reserved + {row['transit']} in transit + {row['in_use']} in use"
            )


def say_ledger(answer: Json) -> None:
    told = answer["ledger"]
    click.echo(
        f"Asked {told['asked']} times, gave {told['codes_given']} codes, let in {told['logins']} logins "
        f"and refused {told['logins_refused']}; {told['ran_twice']} commands ran twice with one code."
    )
    if told["codes_used"] or told["codes_refused"]:
        click.echo(
            f"Codes of reservations: {told['codes_used']} used, {told['codes_refused']} refused, "
            f"{told['codes_used_twice']} used more than once."
        )
    for problem in answer["problems"]:
        click.echo(f"Not accounted for: {problem}")
    for fault in answer["faults"]:
        click.echo(f"Fault: {fault}")
