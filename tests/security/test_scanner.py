"""The leak scanner finds what it is there to find: each leak is planted the way that it really happens."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import httpx2
import pydantic
import pytest
import rich.console
import rich.traceback

from .scanner import ENCODINGS, Artefact, Canary, Scanner, files_under

SECRET = "ZjA1YjhkMzctOGVh/+Ny00YjU0LWFk&NmMtOWExNjIx"
CANARY = Canary("token", SECRET)


def found(*artefacts: Artefact) -> set[str]:
    return {hit.encoding for hit in Scanner([CANARY]).scan(artefacts)}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_encoding_is_found(encoding: str) -> None:
    for form in ENCODINGS[encoding](SECRET):
        assert encoding in found(Artefact("x", b"before " + form + b" after")) or encoding in {
            "quoted",
            "json",
        }
        assert found(Artefact("x", b"before " + form + b" after"))


def test_a_part_of_an_opaque_secret_is_found_and_a_clean_text_is_clean() -> None:
    assert found(Artefact("x", SECRET[5:28].encode()))
    assert not found(Artefact("x", b"cluster/ams-edge/node/e1: register"))


def test_what_is_meant_to_be_there_is_no_leak_but_only_there() -> None:
    bundle = Artefact("bundle", SECRET.encode(), meant=frozenset({"token"}))
    assert not found(bundle)
    assert found(bundle, Artefact("stdout", SECRET.encode()))


def asyncssh_command(tmp: Path) -> bytes:
    del tmp
    return logged("asyncssh", "  Command: %s", f'xCommand License Smart Register idtoken: "{SECRET}"')


def http_address(tmp: Path) -> bytes:
    del tmp
    return logged("httpx2", "HTTP Request: %s", httpx2.URL("https://x/", params={"secret": SECRET}))


def logged(name: str, text: str, value: object) -> bytes:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.emit(logging.LogRecord(name, logging.INFO, "", 0, text, (value,), None))
    return stream.getvalue().encode()


def http_status(tmp: Path) -> bytes:
    del tmp
    request = httpx2.Request("GET", f"https://example.com/?token={httpx2.QueryParams({'t': SECRET})}")
    try:
        httpx2.Response(500, request=request).raise_for_status()
    except httpx2.HTTPStatusError as error:
        return str(error).encode()
    return b""


def pydantic_errors(tmp: Path) -> bytes:
    del tmp

    class Login(pydantic.BaseModel):
        password: int

    try:
        Login.model_validate({"password": SECRET})
    except pydantic.ValidationError as error:
        return (error.json() + repr(error.errors())).encode()
    return b""


@dataclass
class Login:
    password: str


def dataclass_repr(tmp: Path) -> bytes:
    del tmp
    return str(ValueError(f"cannot use {Login(SECRET)}")).encode()


def process_error(tmp: Path) -> bytes:
    del tmp
    error = asyncssh.ProcessError({"T": SECRET}, f"x {SECRET}", None, 1, None, 1, SECRET, "")
    return repr(vars(error)).encode()


def rich_locals(tmp: Path) -> bytes:
    del tmp
    console = rich.console.Console(file=io.StringIO(), width=100, force_terminal=True)
    token = SECRET
    try:
        raise ValueError(len(token))
    except ValueError:
        console.print(rich.traceback.Traceback(show_locals=True))
    return console.file.getvalue().encode()  # type: ignore[attr-defined]


def child(*arguments: str, **environment: str) -> bytes:
    script = "import sys; print(open(f'/proc/self/{sys.argv[1]}', 'rb').read())"
    which = "environ" if environment else "cmdline"
    return subprocess.run(
        [sys.executable, "-c", script, which, *arguments],
        env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True,
    ).stdout  # fmt: skip


def child_argv(tmp: Path) -> bytes:
    del tmp
    return child(f"--token={SECRET}")


def child_environment(tmp: Path) -> bytes:
    del tmp
    return child(TOKEN=SECRET)


def temporary_file(tmp: Path) -> bytes:
    with tempfile.NamedTemporaryFile("w", dir=tmp, delete=False) as file:
        file.write(f"token={SECRET}\n")
    return next(one.data for one in files_under(tmp) if b"token" in one.data)


def ci_annotation(tmp: Path) -> bytes:
    del tmp
    return f"::error title=register::refused {SECRET.replace('%', '%25')}\n".encode()


def folded(tmp: Path) -> bytes:
    del tmp
    return "\n".join(
        textwrap.wrap(f"{'the node said ' * 4}{SECRET}", 70, initial_indent="  ", subsequent_indent="    ")
    ).encode()


def folded_in_a_table(tmp: Path) -> bytes:
    del tmp
    return f"\x1b[1m| {SECRET[:14]}\x1b[0m\r\n| {SECRET[14:30]}\r\n| {SECRET[30:]}".encode()


PLANTED: list[Callable[[Path], bytes]] = [
    asyncssh_command, http_address, http_status, pydantic_errors, dataclass_repr, process_error, rich_locals,
    child_argv, child_environment, temporary_file, ci_annotation, folded, folded_in_a_table,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_leak_is_found(plant: Callable[[Path], bytes], tmp_path: Path) -> None:
    data = plant(tmp_path)
    assert data
    assert found(Artefact(plant.__name__, data)), data
