"""What is said over an open connection to one node: reads sent together, changes one at a time.

Belongs here: the order of typing, echo, ``sending`` and Enter; waiting for the end of a reply; the slower
ways when the quick one does not line up. Does not belong here: how a connection comes about (`transport`),
where a reply ends (`wire`) and what it means (`licence`, `xstatus`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from reconciler.errors import JournalError, OutcomeUnknown, Rejected, Unreachable, Unreadable
from reconciler.ports import Tap

from . import wire
from .wire import Ending, RawReply, ReplyReader

QUIET_SECONDS = 0.3
"""After a last line that could be one: how long nothing more may come before it is taken as the end."""

KILL_LINE = b"\x15"

WIDE = 10_000
"""Columns of a terminal: enough that none folds a code."""

WIDEST = 65_000
"""For a line editor that shows no more than its terminal is wide."""

NO_TERMINAL = 0

BY_HAND = "tsh < FILE"
"""As root, tsh reads commands from its standard input, where no terminal cuts a line."""

PIECE = 1_024
"""Characters typed before their echo is waited for: a terminal that is full is noticed at once."""


class Ear:
    """The receiving end of one channel. ``sink`` gets every byte inside the callback that received it.

    A sink that raises is not called again; what it raised is in ``failure``.
    """

    def __init__(self) -> None:
        self.sink: Callable[[bytes], None] | None = None
        self.closed = False
        self.failure: Exception | None = None
        self._changed = asyncio.Event()

    def hear(self, data: bytes) -> None:
        if self.sink is not None and self.failure is None:
            try:
                self.sink(data)
            except Exception as error:
                self.failure = error
        self._changed.set()

    def hear_no_more(self) -> None:
        self.closed = True
        self._changed.set()

    @property
    def deaf(self) -> bool:
        """Nothing more can be heard: the channel has closed, or what was heard could not be taken in."""
        return self.closed or self.failure is not None

    async def more(self, seconds: float | None) -> bool:
        """Wait for the next bytes, or for the end; False when this long nothing has happened."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait for ``reached``; whether it was, when the time was over or nothing more could be heard."""
        try:
            async with asyncio.timeout(seconds):
                while not reached() and not self.deaf:
                    await self.more(None)
        except TimeoutError:
            pass
        return reached()

    async def quiet(self, seconds: float) -> None:
        """Wait until nothing has come for this long, or nothing more can be heard."""
        while not self.deaf and await self.more(seconds):
            pass


class Channel(Protocol):
    """One open shell. ``enter`` is what ends a line there; ``write`` raises OSError once it is closed."""

    ear: Ear
    terminal: bool

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


def _enter(channel: Channel) -> bytes:
    return wire.ENTER if channel.terminal else wire.ENTER_WITHOUT_TERMINAL


def _say(channel: Channel, data: bytes) -> bool:
    """Write, unless the other side has gone; whether the bytes left."""
    try:
        channel.write(data)
    except OSError:
        channel.ear.hear_no_more()
    return not channel.ear.closed


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a shell to wake up, for more of an echo, for all replies to what was sent together, and
    for the next of these to begin."""

    wake: float
    echo: float
    reply: float
    stall: float


class Conversation:
    """All that is said to one node. ``open_channel(columns)`` raises Unreachable or Untrusted; without
    columns there is no terminal."""

    def __init__(
        self, name: str, open_channel: Callable[[int], Awaitable[Channel]], patience: Patience
    ) -> None:
        self._name = name
        self._open = open_channel
        self._patience = patience
        self._changing = asyncio.Lock()

    # --- reads -----------------------------------------------------------------------------------------

    async def read(self, commands: Sequence[str]) -> dict[str, RawReply]:
        """Replies by command, all asked together; one by one where the replies do not line up.

        A command that got no whole reply is UNSAID or missing. Raises Unreachable, Untrusted, Unreadable.
        """
        replies = await self._read_together(commands)
        if replies is None:
            replies = await self._read_singly(commands)
        return {reply.command: reply for reply in replies}

    async def _read_together(self, commands: Sequence[str]) -> list[RawReply] | None:
        """All at once behind a question whose answer cannot be missed; None where that does not work out."""
        led = commands[0] == wire.SYSTEM_UNIT
        lines = tuple(commands) if led else (wire.SYSTEM_UNIT, *commands)
        reader = ReplyReader(lines, sync=True)
        channel = await self._open(WIDE)
        channel.ear.sink = reader.feed
        try:
            _say(channel, b"".join(line.encode() + _enter(channel) for line in lines))
            await self._replied(channel.ear, reader, lambda: reader.done)
        finally:
            channel.close()
        if reader.overflow:
            raise Unreadable(f"{self._name}: a reply without end, more than {wire.MAX_REPLY} bytes")
        if not reader.done or not all(map(wire.answers, reader.replies)):
            return None
        return reader.replies if led else reader.replies[1:]

    async def _read_singly(self, commands: Sequence[str]) -> list[RawReply]:
        """The slow way: one command at a time, each reply taken when nothing more comes."""
        channel = await self._open(WIDE)
        replies: list[RawReply] = []
        try:
            await channel.ear.quiet(QUIET_SECONDS)
            for command in commands:
                replies.append(await self._ask(channel, command))
                if replies[-1].ending is Ending.UNSAID:
                    break
        finally:
            channel.close()
        if replies[0].ending is Ending.UNSAID and not replies[0].lines:
            raise Unreachable(f"{self._name}: the shell does not answer")
        return replies

    async def _ask(self, channel: Channel, command: str) -> RawReply:
        reader = ReplyReader([command] * 9)
        channel.ear.sink = reader.feed
        _say(channel, command.encode() + _enter(channel))
        await self._replied(channel.ear, reader, lambda: bool(reader.replies) or reader.overflow)
        await channel.ear.quiet(QUIET_SECONDS)
        if reader.quiet_end:
            reader.finish_quietly()
        full = [reply for reply in reader.replies if reply.lines]
        return (full or reader.replies or [reader.rest()])[0]

    async def _replied(self, ear: Ear, reader: ReplyReader, enough: Callable[[], bool]) -> None:
        """Wait until there is enough, but no longer than there is hope.

        None is left once a block without its ``*s/end`` has gone quiet, or once whole replies have come
        and then nothing for a long time: then they do not line up with what was asked.
        """
        try:
            async with asyncio.timeout(self._patience.reply):
                while not enough() and not ear.deaf:
                    resting = self._patience.stall if reader.resting else None
                    if not await ear.more(QUIET_SECONDS if reader.quiet_end else resting):
                        return
        except TimeoutError:
            return

    # --- changes ---------------------------------------------------------------------------------------

    async def change(self, commands: Sequence[str], tap: Tap) -> RawReply:
        """Send the first of these spellings that the node knows; each on a channel of its own.

        ``tap.sending`` is said once, right before the first Enter. Raises Unreachable or Untrusted where
        Enter was not pressed, OutcomeUnknown where it was and no whole reply came.
        """
        once = Once(tap)
        async with self._changing:
            for command in commands[:-1]:
                reply = await self._change(command, once)
                if reply.ending is not Ending.NOT_RECOGNISED:
                    return reply
            return await self._change(commands[-1], once)

    async def _change(self, command: str, tap: Once) -> RawReply:
        channel = await self._typed(command)
        last = _enter(channel)
        if not channel.terminal:
            last = command.encode() + last
        try:
            return await self._press_enter(channel, command, last, tap)
        finally:
            channel.close()

    async def _awake(self, channel: Channel) -> bytes | None:
        """Ask for the system unit until its block has come; what was received, None where it did not come.

        Shows that the shell reads, and that everything before it (banner, greeting) has been said.
        """
        reader = ReplyReader([wire.SYSTEM_UNIT], sync=True)
        seen = bytearray()

        def sink(data: bytes) -> None:
            seen.extend(data)
            reader.feed(data)

        channel.ear.sink = sink
        _say(channel, wire.SYSTEM_UNIT.encode() + _enter(channel))
        await channel.ear.until(lambda: reader.done, self._patience.wake)
        return bytes(seen) if reader.replies else None

    async def _typed(self, command: str) -> Channel:
        """A channel on which only Enter is missing, or, without a terminal, nothing has been typed yet.

        A terminal that does not show the whole command (no echo, or a line cut at 4,095 characters) is given
        up: without one no echo is due, and nothing cuts or folds a line. Where that is not to be had either,
        a line editor may show more in a wider one. Raises Rejected where the line stays cut.
        """
        channel, begun = await self._in_terminal(WIDE, command)
        if channel is None:
            channel = await self._without_terminal(needed=not begun)
        if channel is None and begun:
            channel, begun = await self._in_terminal(WIDEST, command)
        if channel is not None:
            return channel
        if begun:
            raise Rejected(
                f"{self._name}: the terminal does not take the whole line of {len(command)} characters, and "
                "there is no way around it; nothing was carried out",
                remedy=f"type it by hand; as root, a file with the command can be read: {BY_HAND}",
            )
        raise Unreachable(
            f"{self._name}: the shell does not show what is typed, and without a terminal it does not "
            "answer; nothing was carried out"
        )

    async def _in_terminal(self, columns: int, command: str) -> tuple[Channel | None, bool]:
        """The channel once it shows all that was typed, else None; and whether it showed any of it."""
        channel = await self._open(columns)
        echo = bytearray()
        if await self._guarded(channel, self._typed_and_shown(channel, command, echo)):
            return channel, True
        return None, wire.echo_begun(echo, command)

    async def _without_terminal(self, *, needed: bool) -> Channel | None:
        """A channel that answers without a terminal. Raises Unreachable only where it is ``needed``."""
        try:
            channel = await self._open(NO_TERMINAL)
        except Unreachable:
            if needed:
                raise
            return None
        return channel if await self._guarded(channel, self._awake(channel)) else None

    async def _guarded(self, channel: Channel, attempt: Awaitable[object]) -> bool:
        """Whether the attempt worked out; the channel is closed where it did not."""
        worked: object = None
        try:
            worked = await attempt
        finally:
            if not worked:
                channel.close()
        return bool(worked)

    async def _typed_and_shown(self, channel: Channel, command: str, echo: bytearray) -> bool:
        seen = await self._awake(channel)
        if seen is None or not wire.echo_begun(seen, wire.SYSTEM_UNIT):
            return False
        channel.ear.sink = echo.extend
        for start in range(0, len(command), PIECE):
            typed = command[: start + PIECE]
            _say(channel, typed[start:].encode())
            if not await self._comes(channel.ear, partial(wire.echoed, echo, typed)):
                _say(channel, KILL_LINE)
                return False
        return True

    async def _comes(self, ear: Ear, reached: Callable[[], bool]) -> bool:
        """Whether the echo gets there; a slow one is waited for as long as more of it comes."""
        try:
            async with asyncio.timeout(self._patience.reply):
                while not reached() and not ear.deaf and await ear.more(self._patience.echo):
                    pass
        except TimeoutError:
            pass
        return reached()

    async def _press_enter(self, channel: Channel, command: str, last: bytes, tap: Once) -> RawReply:
        ear = channel.ear
        reader = ReplyReader([command])
        refused: list[JournalError] = []

        def sink(data: bytes) -> None:
            try:
                tap.received(data)
            except JournalError as error:  # kept elsewhere, as all that follows must be: it may hold the code
                refused.append(error)
            reader.feed(data)

        if ear.closed:
            raise Unreachable(f"{self._name}: the connection was lost before anything was carried out")
        tap.sending()
        ear.sink = sink
        if not _say(channel, last):
            raise Unreachable(f"{self._name}: the connection was lost before anything was carried out")
        await self._replied(ear, reader, lambda: reader.done)
        failure = ear.failure or (refused[0] if refused else None)
        if failure is not None:
            raise OutcomeUnknown(f"{self._name}: the reply was not recorded: {failure}") from failure
        if not reader.done and reader.quiet_end:
            reader.finish_quietly()
        if reader.replies:
            return reader.replies[0]
        how = "the connection was lost" if ear.closed else "no end of the reply came in time"
        raise OutcomeUnknown(
            f"{self._name}: the command was sent and {how}: done or not, only looking can tell"
        )


class Once:
    """The tap of one effect: ``sending`` is said once, however many spellings or peers there are."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._said = False

    def sending(self) -> None:
        if not self._said:
            self._tap.sending()
            self._said = True

    def received(self, data: bytes) -> None:
        self._tap.received(data)
