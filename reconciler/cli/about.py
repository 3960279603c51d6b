"""``version`` and ``completion``: what the installed program says of itself."""

from __future__ import annotations

import click

from reconciler import __version__
from reconciler.errors import Exit

from .lazy import command
from .options import Common, common
from .process import COMPLETE

DISTRIBUTIONS = ("asyncssh", "click", "deepdiff", "httpx2", "networkx", "pydantic", "pyrage", "PyYAML")


@command("version", examples=["xlicense version", "xlicense version --json"])
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common("plain")
def version_command(common: Common, as_json: bool) -> Exit:
    """Show the versions of xlicense, of its plan format, of Python and of the libraries that matter."""
    import json
    import platform
    from importlib.metadata import version

    from reconciler.model import FORMAT_VERSION

    facts = {
        "xlicense": __version__,
        "format_version": FORMAT_VERSION,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    facts |= {name.lower(): version(name) for name in DISTRIBUTIONS}
    if as_json:
        common.console.json(json.dumps(facts, indent=2))
    else:
        common.console.result("\n".join(f"{name:<16}{value}" for name, value in facts.items()))
    return Exit.OK


@command(
    "completion",
    examples=[
        'eval "$(xlicense completion bash)"      # in ~/.bashrc',
        'eval "$(xlicense completion zsh)"       # in ~/.zshrc',
        "xlicense completion fish | source       # in config.fish",
    ],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common("plain")
def completion_command(common: Common, shell: str) -> Exit:
    """Print the script that makes a shell complete xlicense's commands and options."""
    from click.shell_completion import get_completion_class

    from .app import root

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    common.console.result(kind(root, {}, "xlicense", COMPLETE).source())
    return Exit.OK
