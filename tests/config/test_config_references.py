"""Secrets are resolved late, once, from where the reference says; no failure tells the value."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from reconciler.config import SecretResolver, references
from reconciler.errors import Exit, SecretError
from reconciler.model import SecretRef, SshAccess
from reconciler.ports import SecretSource


def failure(root: Path, ref: SecretRef) -> SecretError:
    with pytest.raises(SecretError) as caught:
        SecretResolver(root).resolve(ref)
    assert caught.value.exit_code is Exit.TRUST
    assert "hunter2" not in caught.value.message + str(caught.value.remedy)
    return caught.value


def python(code: str) -> SecretRef:
    return SecretRef("command", (sys.executable, "-c", code))


def owned(file: Path, content: bytes = b"hunter2\n", mode: int = 0o600) -> Path:
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_it_is_a_secret_source(tmp_path: Path) -> None:
    source: SecretSource = SecretResolver(tmp_path)
    assert "hunter2" not in repr(source)


def test_an_environment_variable_gives_the_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XL_TEST", "hunter2")
    assert SecretResolver(tmp_path).resolve(SecretRef("env", "XL_TEST")) == "hunter2"


def test_a_variable_that_is_not_set_or_empty_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XL_TEST", raising=False)
    assert "XL_TEST is not set" in failure(tmp_path, SecretRef("env", "XL_TEST")).message
    monkeypatch.setenv("XL_TEST", "")
    assert "env:XL_TEST is empty" in failure(tmp_path, SecretRef("env", "XL_TEST")).message


def test_a_secret_is_resolved_once_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = SecretResolver(tmp_path)
    monkeypatch.setenv("XL_TEST", "hunter2")
    resolver.resolve(SecretRef("env", "XL_TEST"))
    monkeypatch.delenv("XL_TEST")
    assert resolver.resolve(SecretRef("env", "XL_TEST")) == "hunter2"


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"hunter2\n", "hunter2"), (b"hunter2", "hunter2"), (b"hunter2\r\n", "hunter2"), (b" a\n\n", " a\n")],
)
def test_a_file_gives_the_secret_without_its_last_line_end(
    tmp_path: Path, content: bytes, secret: str
) -> None:
    owned(tmp_path / "s", content, 0o400)
    assert SecretResolver(tmp_path).resolve(SecretRef("file", "s")) == secret
    assert SecretResolver(Path("/")).resolve(SecretRef("file", str(tmp_path / "s"))) == secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700, 0o622])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = owned(tmp_path / "s", mode=mode)
    error = failure(tmp_path, SecretRef("file", "s"))
    assert "open to others" in error.message
    assert error.remedy == f"chmod 600 {file}"


def test_a_link_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    owned(tmp_path / "s")
    (tmp_path / "link").symlink_to(tmp_path / "s")
    (tmp_path / "folder").mkdir(mode=0o700)
    assert "symbolic link" in failure(tmp_path, SecretRef("file", "link")).message
    assert "is not a file" in failure(tmp_path, SecretRef("file", "folder")).message
    assert "No such file" in failure(tmp_path, SecretRef("file", "nothing")).message


def test_a_file_of_another_user_is_refused() -> None:
    found = SimpleNamespace(st_mode=0o100600, st_uid=2**31 - 7)
    with pytest.raises(SecretError, match="belongs to another user"):
        references._check_owner_only(SecretRef("file", "s"), Path("s"), found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_file_without_a_readable_secret_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    owned(tmp_path / "s", content)
    assert reason in failure(tmp_path, SecretRef("file", "s")).message


def test_a_command_gives_what_it_prints_and_nothing_else(tmp_path: Path) -> None:
    ref = python("import sys; print('hunter2'); print('noise', file=sys.stderr)")
    assert SecretResolver(tmp_path).resolve(ref) == "hunter2"


def test_a_command_gets_no_shell_and_starts_in_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("here")
    assert SecretResolver(tmp_path).resolve(python("print(open('s').read(), end=';$HOME')")) == "here;$HOME"


def test_a_command_finds_no_other_secret_of_the_workspace_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XL_OTHER", "hunter2")
    monkeypatch.setenv("XL_HOME_OF_STORE", "/store")
    way = SshAccess("admin", 22, "/known_hosts", password=SecretRef("env", "XL_OTHER"))
    ref = python("import os; print(os.environ.get('XL_OTHER'), os.environ['XL_HOME_OF_STORE'])")
    assert SecretResolver(tmp_path, {"node": (way,)}).resolve(ref) == "None /store"


def test_a_command_that_fails_is_named_without_what_it_said(tmp_path: Path) -> None:
    error = failure(tmp_path, python("import sys; print('hun' + 'ter2'); sys.exit(3)"))
    assert "exit code 3" in error.message


def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "cannot be started" in failure(tmp_path, SecretRef("command", ("/nowhere/at-all",))).message
    assert "cannot be started" in failure(tmp_path, SecretRef("command", "/nowhere/at-all")).message
    assert "not a command" in failure(tmp_path, SecretRef("command", ("a\0b",))).message


def test_a_command_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "COMMAND_SECONDS", 0.1)
    assert "did not end" in failure(tmp_path, python("import threading; threading.Event().wait()")).message


@pytest.mark.parametrize(
    ("ref", "module", "extra"),
    [
        (SecretRef("keyring", "xlicense/admin"), "keyring", "keyring"),
        (SecretRef("vault", "secret/x#y"), "hvac", "vault"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: SecretRef, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert failure(tmp_path, ref).remedy == f"pip install 'xlicense[{extra}]'"


def fake(monkeypatch: pytest.MonkeyPatch, name: str, **content: object) -> None:
    """Stands in for a library that is not ours and not installed in every environment."""
    module = ModuleType(name)
    module.__dict__.update(content)
    monkeypatch.setitem(sys.modules, name, module)


def broken(*_arguments: object, **_named: object) -> None:
    raise RuntimeError("hunter2")


def test_the_keyring_is_asked_for_service_and_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, "keyring", get_password=lambda service, user: f"{service}+{user}")
    assert SecretResolver(tmp_path).resolve(SecretRef("keyring", "xlicense/a/b")) == "xlicense+a/b"


def test_a_keyring_without_the_entry_or_out_of_order_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, "keyring", get_password=lambda _service, _user: None)
    assert failure(tmp_path, SecretRef("keyring", "xlicense/a")).remedy == "keyring set xlicense a"
    fake(monkeypatch, "keyring", get_password=broken)
    assert "RuntimeError" in failure(tmp_path, SecretRef("keyring", "xlicense/a")).message


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "kv1/x": {"data": {"y": "hunter2"}},
        "secret/data/x": {"data": {"data": {"y": "hunter2"}, "metadata": {}}},
        "kv1/odd": {"data": {"y": 5}},
        "gone": None,
    }
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example.com")
    monkeypatch.setenv("VAULT_TOKEN", "t")
    fake(monkeypatch, "hvac", Client=lambda **_named: SimpleNamespace(read=answers.__getitem__))


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("path", ["kv1/x", "secret/data/x"])
def test_vault_is_read_in_both_versions_of_its_engine(tmp_path: Path, path: str) -> None:
    assert SecretResolver(tmp_path).resolve(SecretRef("vault", f"{path}#y")) == "hunter2"


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("path", ["kv1/odd", "gone", "secret/data/x"])
def test_a_vault_without_a_text_there_is_said(tmp_path: Path, path: str) -> None:
    key = "z" if path == "secret/data/x" else "y"
    assert "no text" in failure(tmp_path, SecretRef("vault", f"{path}#{key}")).message


@pytest.mark.usefixtures("vault")
def test_a_vault_that_fails_or_is_not_named_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "vault failed (KeyError)" in failure(tmp_path, SecretRef("vault", "nowhere#y")).message
    monkeypatch.delenv("VAULT_TOKEN")
    assert "VAULT_TOKEN is not set" in failure(tmp_path, SecretRef("vault", "kv1/x#y")).message
