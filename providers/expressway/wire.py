"""What is typed into an Expressway's shell, and where in its stream of bytes each reply ends. Pure.

The shell (``tsh``) has no prompt. A reply ends with a line that is exactly ``OK``, that begins with
``ERROR``, or that is ``Command not recognized.`` (netmiko ``cisco_tp``); an xStatus block ends with
``*s/end`` first, so an ``OK`` inside free text ends nothing.

Belongs here: framing, the spelling of commands, what may be typed at all. Does not belong here: what the
lines of a reply mean (`licence`, `xstatus`, `codes`) and who carries the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.model import Action, CodeKind, Kind

ENTER = b"\r\n"
"""What netmiko sends; a shell that answers the blank line in between is recognised and read line by line."""

ENTER_WITHOUT_TERMINAL = b"\n"
"""Without a pty nothing turns CR into LF; public code pipes ``command\\n`` into tsh."""

MAX_ECHO = 256 * 1024
"""Bytes at the end of what a terminal shows among which an echo is looked for."""

MAX_REPLY = 8 * 1024 * 1024
"""Bytes after which a reply is not one."""

SYSTEM_UNIT = "xStatus SystemUnit"
LICENCE = "xstatus // license"
LICENCE_ELEMENT = "xStatus License"
SMART_CONFIG = "xConfiguration License Smart"
ALARMS = "xStatus Alarm"
WARNINGS = "xStatus Warnings"
OPTIONS = "xStatus Options"
OPTION_CONFIG = "xConfiguration Option"
ALTERNATES = "xConfiguration Alternates"
DNS = "xConfiguration DNS"
IP_DNS = "xConfiguration IP DNS"
NTP = "xConfiguration NTP"

OBSERVE: tuple[str, ...] = (
    SYSTEM_UNIT,
    LICENCE,
    SMART_CONFIG,
    ALARMS,
    OPTIONS,
    ALTERNATES,
    DNS,
    IP_DNS,
    NTP,
)
"""What one look at a node sends, in one go. The first shows that the shell is there and awake."""

SECOND_SPELLING: dict[str, str] = {LICENCE: LICENCE_ELEMENT, ALARMS: WARNINGS, OPTIONS: OPTION_CONFIG}
"""Asked only where the first spelling is not known to the release or shows nothing."""

READS: frozenset[str] = frozenset((*OBSERVE, *SECOND_SPELLING.values()))
"""All that a read-only connection may send."""


class Ending(Enum):
    """How a reply ended. ``UNSAID``: the stream stopped or the wait ended before its last line."""

    OK = "OK"
    ERROR = "ERROR"
    NOT_RECOGNISED = "Command not recognized."
    UNSAID = "(no end)"


@dataclass(frozen=True, slots=True)
class RawReply:
    """The lines of one reply without its echo and its last line. ``said`` is that last line."""

    command: str
    lines: tuple[str, ...]
    ending: Ending
    said: str = ""

    @property
    def text(self) -> str:
        return "\n".join(line for line in (*self.lines, self.said) if line.strip())


# --- bytes to lines ------------------------------------------------------------------------------------

_ESCAPES = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window title
    rb"|\x1b[()][0-9A-Za-z]"
    rb"|\x1b[=>78cDEHMNOZ]"
)
_BREAK = re.compile(rb"\r\n|\r|\n")
_TEXT_BREAK = re.compile(r"\r\n|\r|\n")
_DAMAGE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]")


def clean_line(raw: bytes) -> str:
    """One line as text: escapes and bells gone; bytes that are no UTF-8 become U+FFFD (`is_damaged`)."""
    if b"\x1b" in raw:
        raw = _ESCAPES.sub(b"", raw)
    return raw.replace(b"\x07", b"").decode("utf-8", "replace").rstrip()


def clean_lines(raw: bytes) -> list[str]:
    """The same for several lines at once, which is quicker: no UTF-8 character holds a line break."""
    if b"\x1b" in raw or b"\x07" in raw:
        return [clean_line(line) for line in _BREAK.split(raw)]
    return [line.rstrip() for line in _TEXT_BREAK.split(raw.decode("utf-8", "replace"))]


def is_damaged(line: str) -> bool:
    """Whether the line holds something that no node prints: its facts are not to be believed."""
    return _DAMAGE.search(line) is not None


def printable(text: str, secrets: Iterable[str] = ()) -> str:
    """Text that may be shown: secrets become ``<secret>``, control characters go, 2,000 characters stay."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "<secret>")
    return _DAMAGE.sub("", text.replace("\t", " ")).strip()[:2000]


# --- lines to replies ----------------------------------------------------------------------------------

_OPENS = re.compile(r"\*[sr] [^:\"]+:(?:\s*/|\s*\(.*\):?)?")
_CLOSES = re.compile(r"\*[srh]/end|\*\* ?end", re.IGNORECASE)
_ERROR = re.compile(r"ERROR(?![A-Za-z0-9_])")
_NOT_RECOGNISED = re.compile(r"Command not recogni[sz]ed\.?", re.IGNORECASE)
_ECHO_PREFIX = 64


def _ending(line: str) -> Ending | None:
    if line == "OK":
        return Ending.OK
    if line[:1] not in "ECc":  # nearly every line, and cheaper to see than by two patterns
        return None
    if _ERROR.match(line):
        return Ending.ERROR
    return Ending.NOT_RECOGNISED if _NOT_RECOGNISED.fullmatch(line) else None


def _squeeze(line: str) -> str:
    return " ".join(line.split())


def _is_echo(line: str, commands: Sequence[str]) -> bool:
    """The typed command, alone or after a short prompt that we know nothing about."""
    text = _squeeze(line)
    return any(text.endswith(command) and len(text) - len(command) <= _ECHO_PREFIX for command in commands)


class ReplyReader:
    """Cuts a stream of bytes into the replies to ``commands``, in order; any chunking gives the same.

    With ``sync`` the first reply must hold an xStatus block: everything before it (banner, message of the
    day, a greeting ``OK``) is passed over. ``quiet_end`` says that a block without ``*s/end`` was followed
    by a last line: whoever waits may take that as the end once nothing more comes.
    """

    def __init__(self, commands: Sequence[str], *, sync: bool = False) -> None:
        self._commands = tuple(_squeeze(command) for command in commands)
        self._last_words = tuple(command.split(" ")[-1] for command in self._commands)
        self._names = tuple(commands)
        self._sync = sync
        self._rest = bytearray()
        self._lines: list[str] = []
        self._open = False
        self._bytes = 0
        self.replies: list[RawReply] = []

    @property
    def done(self) -> bool:
        return len(self.replies) == len(self._names) or self.overflow

    @property
    def overflow(self) -> bool:
        return self._bytes > MAX_REPLY

    @property
    def quiet_end(self) -> bool:
        last = self._lines[-1].strip() if self._lines else ""
        return _ending(last) is not None and not self._rest.strip()

    @property
    def resting(self) -> bool:
        """Between two replies: one has ended and nothing of the next has come."""
        return bool(self.replies) and not self._lines and not self._rest

    def feed(self, data: bytes) -> None:
        self._bytes += len(data)
        self._rest += data
        if b"\n" not in data and b"\r" not in data:
            return
        whole = max(self._rest.rfind(b"\n"), self._rest.rfind(b"\r")) + 1
        lines = clean_lines(bytes(self._rest[:whole]))
        del self._rest[:whole]
        for line in filter(None, () if self.overflow else lines):
            if len(self.replies) < len(self._names):
                self._take(line)

    def finish_quietly(self) -> None:
        """Take the last line seen as the end of the reply. Only where `quiet_end` holds."""
        said = self._lines.pop().strip()
        self._end(_ending(said) or Ending.UNSAID, said)

    def rest(self) -> RawReply:
        """What there is of the reply that did not end."""
        command = self._names[min(len(self.replies), len(self._names) - 1)]
        return RawReply(command, tuple(self._lines), Ending.UNSAID)

    def _take(self, line: str) -> None:
        text = line.strip()
        if not text or (line.endswith(self._last_words) and _is_echo(line, self._commands)):
            return
        starred = text[0] == "*"
        if starred and _OPENS.fullmatch(text):
            self._opened()
        elif starred and self._open and _CLOSES.fullmatch(text):
            self._open = False
            self._sync = False
        elif not self._open and (ending := _ending(text)) is not None:
            if self._sync:
                self._lines.clear()
            else:
                self._end(ending, text)
            return
        self._lines.append(line)

    def _opened(self) -> None:
        if self._sync and not self._open:
            self._lines.clear()
        self._open = True

    def _end(self, ending: Ending, said: str) -> None:
        self.replies.append(RawReply(self._names[len(self.replies)], tuple(self._lines), ending, said))
        self._lines = []
        self._open = self._sync = False


def answers(reply: RawReply) -> bool:
    """Whether a reply can belong to its command: the first block or setting it shows has the right name."""
    first = next((line for line in reply.lines if line.lstrip().startswith("*")), "")
    words = [word.casefold() for word in re.findall(r"[\w/]+", reply.command)]
    shown = [word.casefold() for word in re.findall(r"[A-Za-z]\w*", first)]
    if not shown:
        return True
    if words[0] == "xconfiguration":
        return shown[0] == "c" and words[1] in shown
    element = shown[1] if shown[0] == "s" and len(shown) > 1 else ""
    if "license" in words:
        return element not in {"", "systemunit"}
    return bool(element) and (element.startswith(words[1]) or words[1].startswith(element))


def echoed(data: bytes | bytearray, command: str) -> bool:
    """Whether these bytes end with exactly this command, however the terminal folded it: with a line
    break, or with the space and carriage return of a line editor."""
    if len(data) < len(command):
        return False
    plain = _ESCAPES.sub(b"", bytes(data[-MAX_ECHO:]))
    folds = (plain, plain.replace(b" \r", b""))
    return any(fold.translate(None, b"\r\n").endswith(command.encode()) for fold in folds)


def echo_begun(data: bytes | bytearray, command: str) -> bool:
    """Whether the terminal shows at least the start of what was typed."""
    return command.encode()[:16] in _ESCAPES.sub(b"", bytes(data))


# --- what is typed -------------------------------------------------------------------------------------

_TYPEABLE = re.compile(r"[\x20-\x7e]+")
_FORBIDDEN = re.compile(r"[\"'\\`]")
MAX_ARGUMENT = 3_500
"""A canonical terminal cuts a line at 4,095 characters without an error."""


MAX_CODE = 65_536
"""An authorization code may be longer than that: whether a terminal takes it is seen in its echo."""


def quoted(value: str, most: int = MAX_ARGUMENT) -> str:
    """The value between double quotes. Raises ValueError, without the value, for anything but printable
    ASCII without quotes and backslashes: how the shell escapes is not known, so nothing is escaped."""
    if not _TYPEABLE.fullmatch(value) or _FORBIDDEN.search(value):
        raise ValueError("a character that cannot be typed safely (quote, backslash, newline or not ASCII)")
    if len(value) > most:
        raise ValueError(f"{len(value)} characters, more than the {most} that a command may hold")
    return f'"{value}"'


_WORDS = frozenset({"direct", "satellite", "none", "hostname", "version", "all"})


def _word(value: object) -> str:
    word = str(value)
    if word not in _WORDS:
        raise ValueError(f"not a word that this setting takes: {word[:40]!r}")
    return word


def spellings(action: Action, code: str | None = None) -> tuple[str, ...]:
    """The command of an action, in every documented spelling, best first; the next one is for a release
    that answers ``Command not recognized.``. ``code`` is the token or the authorization code. Raises
    ValueError (see `quoted`).

    Reservation commands are documented in one spelling each (admin guide X15.3). Of the others xCommand
    comes before xConfiguration (Expressway X15.0 reference lists both). A token never goes through
    xConfiguration: the setting would stand in the event log of the node.
    """
    smart = "xCommand License Smart"
    config = SMART_CONFIG
    match action.kind:
        case Kind.SET_URL:
            return (f"{config} Url: {quoted(str(action.params['url']))}",)
        case Kind.SET_TRANSPORT:
            return (f"{config} Transport: {_word(action.params['transport'])}",)
        case Kind.SET_PRIVACY:
            return (f"{config} Privacy: {_word(action.params['privacy'])}",)
        case Kind.REGISTER:
            return (f"{smart} Register Idtoken: {quoted(code or '')}",)
        case Kind.REREGISTER:
            value = quoted(code or "")
            return (f"{smart} Reregister: {value}", f"{smart} Reregister Idtoken: {value}")
        case Kind.DEREGISTER:
            return (f"{smart} Deregister", f"{config} Deregister: On")
        case Kind.RENEW_REGISTRATION:
            return (f"{smart} Renew ID", f"{config} Renew ID: On")
        case Kind.RENEW_AUTHORIZATION:
            return (f"{smart} Renew Auth", f"{config} Renew Auth: On")
        case Kind.ENABLE_RESERVATION:
            return (f"{config} ReservationEnable: On",)
        case Kind.DISABLE_RESERVATION:
            return (f"{config} ReservationEnable: Off",)
        case _:
            return _reservation(action.kind, code or "")


def _reservation(kind: Kind, code: str) -> tuple[str, ...]:
    command = "xCommand License Smart Reservation"
    match kind:
        case Kind.REQUEST_RESERVATION:
            return (f"{command} Request",)
        case Kind.INSTALL_AUTHORIZATION:
            return (f"{command} Install {quoted(code, MAX_CODE)}",)
        case Kind.RETURN_RESERVATION:
            return (f"{command} Return",)
        case Kind.RETURN_AUTHORIZATION:
            return (f"{command} ReturnAuthorization {quoted(code, MAX_CODE)}",)
        case Kind.CANCEL_RESERVATION:
            return (f"{command} Cancel",)
        case _:
            return ()


NODE_KINDS: frozenset[str] = frozenset(
    {
        Kind.SET_URL,
        Kind.SET_PRIVACY,
        Kind.REGISTER,
        Kind.REREGISTER,
        Kind.DEREGISTER,
        Kind.RENEW_REGISTRATION,
        Kind.RENEW_AUTHORIZATION,
        Kind.ENABLE_RESERVATION,
        Kind.DISABLE_RESERVATION,
        Kind.REQUEST_RESERVATION,
        Kind.INSTALL_AUTHORIZATION,
        Kind.RETURN_RESERVATION,
        Kind.CANCEL_RESERVATION,
        Kind.RETURN_AUTHORIZATION,
    }
)
CLUSTER_KINDS: frozenset[str] = frozenset({Kind.SET_TRANSPORT})
TAKES: dict[str, str] = {
    Kind.REGISTER: "token",
    Kind.REREGISTER: "token",
    Kind.INSTALL_AUTHORIZATION: "authorization",
    Kind.RETURN_AUTHORIZATION: "authorization",
}
"""The parameter that names the slot of the code that is typed."""

PRINTS: dict[str, CodeKind] = {
    Kind.REQUEST_RESERVATION: CodeKind.REQUEST,
    Kind.INSTALL_AUTHORIZATION: CodeKind.CONFIRMATION,
    Kind.RETURN_RESERVATION: CodeKind.RETURN,
    Kind.RETURN_AUTHORIZATION: CodeKind.RETURN,
}
"""The code that the node prints in its reply."""
