"""Damage for seeds: fields and framing, from a number, so that a number is all there is to repeat a case."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.torture.programme import SHARE, cases

CASES = cases(3_000, 200_000)
NUMBERS = st.integers(0, 2**63)

fuzzing = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=not SHARE,
    phases=[Phase.explicit, Phase.generate],  # a case is one number: there is nothing to shrink
    suppress_health_check=list(HealthCheck),
)

WORDS: tuple[bytes, ...] = (
    b"\x00",
    b"\xff",
    b"\xfe",
    b"\x80",
    b"\x1b[2J",
    b"\x9b",
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b'"',
    b"'",
    b"\\",
    b"\xe2\x80\xae",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc2",
    b"{",
    b"}",
    b"[",
    b"]",
    b"<",
    b">",
    b"&",
    b"*a",
    b"&a ",
    b"<<: *a",
    b"!!python/object:x",
    b"---\n",
    b"...",
    b"%YAML 1.2",
    b": ",
    b"- ",
    b"null",
    b"true",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"0x1F",
    b"0o17",
    b"1_0",
    b"9" * 40,
    b"-1",
    b"1.5",
    b"2026-13-45",
    b"~",
    b"OK\r\n",
    b"ERROR\r\n",
    b"Command not recognized.",
    b"*s/end\r\n",
    b"*s ",
    b"*c ",
    b"<!DOCTYPE x>",
    b"<!ENTITY a 'b'>",
    b"&a;",
    b"\\ud800",
    b"\\u0000",
    b"status",
    b"age-encryption.org/v1",
    b"XLSP",
    b"SQLite format 3\x00",
)
GARBAGE = (b"\x00", b"\xff", b"\x80\x81", b"\x1b[2K", b"\x07", b"\xc3\x28")


def damaged(seed: bytes, number: int, words: tuple[bytes, ...] = WORDS, most: int = 6) -> bytes:
    """The seed with one to ``most`` changes; sometimes only noise."""
    chance = random.Random(number)
    if chance.random() < 0.02:
        return chance.randbytes(chance.randrange(400))
    data = bytearray(seed)
    for _ in range(chance.randint(1, most)):
        _change(data, chance, words)
    return bytes(data)


def _change(data: bytearray, chance: random.Random, words: tuple[bytes, ...]) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + int(chance.expovariate(0.05)) + 1)
    match chance.randrange(8):
        case 0 if data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        case 1:
            data[at:at] = chance.choice(words)
        case 2:
            data[at:end] = chance.choice(words)
        case 3:
            del data[at:end]
        case 4:
            data[at:at] = data[at:end]
        case 5:
            del data[at:]
        case 6:
            other = chance.randrange(len(data) + 1)
            data[at:end] = data[other : other + end - at]
        case _:
            data[at:at] = chance.choice(words) * chance.choice((2, 40, 3_000))


def with_garbage(seed: bytes, number: int) -> tuple[bytes, str]:
    """The seed with bytes that no node prints put into one of its lines, or cut off; and which of the two."""
    chance = random.Random(number)
    at = chance.randrange(1, len(seed))
    if chance.random() < 0.3:
        return seed[:at], "cut"
    return seed[:at] + chance.choice(GARBAGE) + seed[at:], "garbage"
