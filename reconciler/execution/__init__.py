"""Observe, apply, the effect protocol, recovery: the only room that awaits providers."""

from reconciler.execution.binding import check_plan_file, plan, selected
from reconciler.execution.engine import Engine, Providers, Stop, SystemClock
from reconciler.execution.observe import observe
from reconciler.execution.run import once_only, run

__all__ = [
    "Engine",
    "Providers",
    "Stop",
    "SystemClock",
    "check_plan_file",
    "observe",
    "once_only",
    "plan",
    "run",
    "selected",
]
