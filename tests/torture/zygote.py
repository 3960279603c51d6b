"""A warm process that becomes ``xlicense``, once for each line it is given: a start in a few milliseconds.

Everything is imported once; each request forks a child with a folder, an environment and streams of its own,
which runs the real ``reconciler.cli.main``. Requests and answers are lines of JSON::

    {"id": 1, "args": ["plan"], "cwd": …, "environment": {…}, "in": path, "out": path, "err": path,
     "points": {"log": path, "plain": path, "at": 17, "how": "kill", "delay": 0.0002} or null,
     "clock": {"shift": seconds, "speed": factor, "frozen": bool} or null}
    -> {"id": 1, "pid": 4711}      and at its end      {"id": 1, "status": 0}

The clock is the only thing of ours that is exchanged, at its port: recovery waits up to ten minutes for a
slow CSSM, and no test can sit that out.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.model import held, plan
from reconciler.model.codec import from_json

_LIBRARIES = (
    *("asyncssh", "httpx2", "authlib.integrations.httpx_client", "stamina", "pyrage", "networkx", "deepdiff"),
    *(
        "anyio._backends._asyncio",
        "ruamel.yaml",
        "yaml",
        "sqlite3",
        "getpass",
        "platformdirs",
        "rich.console",
    ),
    *("httpcore2", "h11", "certifi", "encodings.idna", "asyncio", "ssl", "uuid", "email.utils"),
    *("concurrent.futures.thread", "pydantic.dataclasses", "encodings.ascii", "encodings.utf_8_sig"),
)
_KINDS = (held.HeldCode, held.EvaluationSeen, held.Verified, plan.Action)
"""What the journal keeps as JSON: pydantic takes some milliseconds for each when it first meets it."""


def _warm() -> None:
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    for name in _LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    for package in ("reconciler", "providers.expressway", "providers.cssm"):
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    importlib.import_module("tests.torture.points")
    for kind in _KINDS:
        with contextlib.suppress(ValueError):
            from_json(kind, "null")


def set_clock(shift: float, speed: float, frozen: bool) -> None:
    """For the rest of this process."""
    import asyncio

    from reconciler.execution import SystemClock

    begun, mark = datetime.now(UTC) + timedelta(seconds=shift), time.monotonic()

    def passed() -> float:
        return (time.monotonic() - mark) * speed

    def now(self: SystemClock) -> datetime:
        return begun if frozen else begun + timedelta(seconds=passed())

    async def sleep(self: SystemClock, seconds: float) -> None:
        await asyncio.sleep(seconds / speed)

    SystemClock.now = now  # type: ignore[method-assign]
    SystemClock.monotonic = lambda self: mark + passed()  # type: ignore[method-assign]
    SystemClock.sleep = sleep  # type: ignore[method-assign]


def _become(request: dict[str, Any]) -> None:
    """The child: never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    for target, path in ((0, request["in"]), (1, request["out"]), (2, request["err"])):
        mode = os.O_RDONLY if target == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        descriptor = os.open(path, mode, 0o600)
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    if request.get("clock"):
        set_clock(**request["clock"])
    if request.get("points"):
        from tests.torture.points import Points, install

        install(Points(**request["points"]))
    finish = _coverage()
    from reconciler.cli import main

    sys.argv = ["xlicense", *request["args"]]
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    finish()
    os._exit(code)


def _coverage() -> Callable[[], None]:
    """Begun here where the environment asks for it, as it would by itself in a process of its own."""
    if "COVERAGE_PROCESS_CONFIG" not in os.environ:
        return lambda: None
    import coverage

    begun = coverage.process_startup()
    assert begun is not None

    def finish() -> None:
        begun.stop()
        begun.save()

    return finish


class _Zygote:
    def __init__(self) -> None:
        self._children: dict[int, int] = {}
        self._answers = os.dup(1)
        os.dup2(2, 1)
        self._wake, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes)

    def serve(self) -> None:
        pending = b""
        while True:
            ready, _, _ = select.select([0, self._wake], [], [])
            if self._wake in ready:
                os.read(self._wake, 4096)
                self._reap()
            if 0 in ready:
                data = os.read(0, 1 << 16)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self._start(json.loads(line))

    def _start(self, request: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                _become(request)
            finally:
                os._exit(70)
        self._children[pid] = request["id"]
        self._say(id=request["id"], pid=pid)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._say(id=self._children.pop(pid), status=os.waitstatus_to_exitcode(status))

    def _say(self, **answer: int) -> None:
        os.write(self._answers, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    _warm()
    gc.collect()
    gc.freeze()
    _Zygote().serve()
