"""The two files that cross an air gap: the bundle of requests that goes out, the answers that come back.

Both are JSON with a format, a version and the SHA-256 of their own canonical JSON (RFC 8785), which finds
damage on the way and proves nothing about who wrote them: that an answer belongs here is proven by what the
code itself says. Belongs here: their shape, bytes to values and back, one sentence for each kind of damage.
Does not belong here: encryption (a value arrives and leaves sealed), carrying requests out, sheets. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from reconciler.errors import XlicenseError
from reconciler.model import CodeKind, digest

FORMAT_VERSION = "1.0"
"""Of both files: minor grows additively, major is refused."""

MAX_BYTES = 16 * 1024 * 1024
"""A request with the longest code there is takes 70 KiB, so this is room for 200 of them and more."""

BUNDLE_SCHEMA = "bundle.v1.schema.json"
ANSWERS_SCHEMA = "answers.v1.schema.json"

_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
_WORKSPACE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"


class _Part(BaseModel):
    """A newer minor version may add fields: they are read over, and the digest covers them all the same."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class BundleAccount(_Part):
    """The virtual account that a request is about."""

    name: str = Field(description="The account's name in the workspace.", min_length=1, max_length=80)
    smart_account: str | None = Field(None, description="The domain of the Smart Account.")
    virtual_account: str = Field(description="The virtual account, as the portal names it.", min_length=1)


class Line(_Part):
    """One licence of a reservation: always the new total, never a difference."""

    entitlement: str = Field(description="rms, desktop, room, or a name of the workspace's own.")
    name: str = Field("", description="As the portal names the licence; empty where it is not known.")
    tag: str | None = Field(None, description="The entitlement tag, where it is known.")
    quantity: int = Field(description="The new total.", ge=0)
    before: int | None = Field(None, description="The total before it, for an update.", ge=0)


class CodeIn(_Part):
    """A code that goes in at the portal. It is needed there, so it is not encrypted."""

    kind: CodeKind = Field(description="Which code it is.")
    slot: str = Field(description="How the action names it: request/SERIAL and the like.")
    value: str = Field(description="The code itself.", min_length=1, max_length=65_536, repr=False)


class Request(_Part):
    """One hand-off. Its id is the key under which the far side remembers that it was carried out."""

    id: str = Field(description="The id of the hand-off.", pattern=_ID)
    kind: str = Field(description="The action, such as account.reserve.")
    subject: str = Field(description="The node's serial number, or the account for a token.")
    account: BundleAccount = Field(description="Where it is done.")
    serial: str | None = Field(None, description="The serial number of the node that it is about.")
    udi: str | None = Field(None, description="The device identity that the node prints.")
    product_tag: str | None = Field(None, description="The product's software tag at CSSM, where known.")
    lines: tuple[Line, ...] = Field((), description="The licences, as totals.")
    params: Mapping[str, str | int | bool | None] = Field(
        default_factory=dict, description="What else the action says; a slot names one of the codes."
    )
    codes: tuple[CodeIn, ...] = Field((), description="The codes that go in.")
    wants: CodeKind | None = Field(None, description="The code that comes back; null where none does.")
    instructions: tuple[str, ...] = Field((), description="The steps at the portal, one a line.")
    since: AwareDatetime = Field(description="When it was parked.")
    due: AwareDatetime | None = Field(None, description="When it should be done.")
    owner: str | None = Field(None, description="Who is asked to do it.")
    ticket: str | None = Field(None, description="The ticket that it is done under.")


class Bundle(_Part):
    """What goes out."""

    format: str = Field("xlicense-bundle", description="What this file is.", pattern="^xlicense-bundle$")
    format_version: str = Field(FORMAT_VERSION, description="Of this file's format.")
    workspace: str = Field(description="The id of the workspace that wrote it.", pattern=_WORKSPACE)
    created_at: AwareDatetime = Field(description="When it was written.")
    recipients: tuple[str, ...] = Field(
        description="age recipients of the inside: answers come back encrypted to them."
    )
    requests: tuple[Request, ...] = Field(description="What is to be done.")


class Outcome(StrEnum):
    """What became of a request on the far side."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_CARRIED = "not carried"


class Answer(_Part):
    """What came of one request. ``value`` is a complete, armoured age file."""

    id: str = Field(description="The id of the hand-off.", pattern=_ID)
    outcome: Outcome = Field(description="done, failed, unknown, or not carried out by this program.")
    value: str | None = Field(
        None,
        description="The code that came back, as an armoured age file for the recipients of the bundle.",
        pattern=r"^-----BEGIN AGE ENCRYPTED FILE-----\n",
    )
    text: str = Field("", description="What there is to say about it.", max_length=4_000)
    by: str = Field("", description="Who carried it out.", max_length=300)
    at: AwareDatetime = Field(description="When it was carried out.")


class Answers(_Part):
    """What comes back."""

    format: str = Field("xlicense-answers", description="What this file is.", pattern="^xlicense-answers$")
    format_version: str = Field(FORMAT_VERSION, description="Of this file's format.")
    workspace: str = Field(description="The id of the workspace that asked.", pattern=_WORKSPACE)
    bundle: str = Field(description="The digest of the bundle that this answers.")
    created_at: AwareDatetime = Field(description="When it was written.")
    answers: tuple[Answer, ...] = Field(description="One for each request of the bundle.")


class _BundleFile(Bundle):
    """What goes out across an air gap."""

    digest: str = Field(description="SHA-256, in hex, of the canonical JSON of all the rest.")


class _AnswersFile(Answers):
    """What comes back across an air gap."""

    digest: str = Field(description="SHA-256, in hex, of the canonical JSON of all the rest.")


def digest_of(part: Bundle | Answers) -> str:
    """The digest that its file carries."""
    return digest(part.model_dump(mode="json"))


def write_bundle(bundle: Bundle) -> bytes:
    return _written(bundle)


def write_answers(answers: Answers) -> bytes:
    return _written(answers)


def _written(part: Bundle | Answers) -> bytes:
    data = part.model_dump(mode="json")
    text = json.dumps({**data, "digest": digest(data)}, indent=2, ensure_ascii=False)
    return (text + "\n").encode()


def read_bundle(data: bytes) -> tuple[Bundle, str]:
    """The bundle and its digest. Raises XlicenseError that names what is wrong with the file."""
    return _read(Bundle, data, "bundle")


def read_answers(data: bytes) -> tuple[Answers, str]:
    """The answers and their digest. Raises XlicenseError that names what is wrong with the file."""
    return _read(Answers, data, "answers file")


_File = TypeVar("_File", Bundle, Answers)
_REMEDY = "Bring the file over once more; nothing was changed here."


def _read(kind: type[_File], data: bytes, what: str) -> tuple[_File, str]:
    found = _parsed(data, what)
    _right_format(found, kind, what)
    missing = [name for name, field in kind.model_fields.items() if field.is_required() and name not in found]
    if missing or "digest" not in found:
        raise _damaged(f"the {what} is not complete: {', '.join(missing or ['digest'])} is missing")
    stated = found.pop("digest")
    real = _digest(found, what)
    if stated != real:
        raise _damaged(f"the {what} was altered on its way: its digest does not fit what is in it")
    return _validated(kind, found, what), real


def _parsed(data: bytes, what: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise _damaged(f"the {what} is larger than {MAX_BYTES // 1024**2} MiB; none of ours is")
    try:
        found = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_without_doubles, parse_constant=_no_number
        )
    except json.JSONDecodeError as error:
        raise _damaged(f"the {what} is not JSON: {error.msg} at line {error.lineno}") from None
    except (ValueError, RecursionError) as error:
        why = str(error) if type(error) is ValueError else "it is not UTF-8 text, or nested too deep"
        raise _damaged(f"the {what} is not JSON: {why}") from None
    if not isinstance(found, dict):
        raise _damaged(f"the {what} is not JSON of ours: it holds no object")
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("one key stands twice in one object")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _right_format(found: Mapping[str, Any], kind: type[Bundle | Answers], what: str) -> None:
    wanted = kind.model_fields["format"].default
    named = found.get("format")
    if named != wanted:
        known = {"xlicense-bundle": "a bundle", "xlicense-answers": "an answers file"}
        said = known.get(named) if isinstance(named, str) else None
        raise XlicenseError(f"this is {said or 'not a file of ours'}, and {_article(what)} was expected")
    version = found.get("format_version")
    if not isinstance(version, str) or version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        shown = version[:20] if isinstance(version, str) else "unknown"
        raise XlicenseError(
            f"the {what} has format {shown}, this xlicense reads {FORMAT_VERSION}",
            remedy="Use the same release of xlicense on both sides.",
        )


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _digest(found: Mapping[str, Any], what: str) -> str:
    """Numbers beyond what JSON can carry have no canonical form."""
    try:
        return digest(found)
    except (ValueError, RecursionError):
        raise _damaged(f"the {what} was altered on its way: it holds what no xlicense writes") from None


def _validated(kind: type[_File], found: Mapping[str, Any], what: str) -> _File:
    """The input is left out of every message: it may hold a code."""
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        missing = first["type"] == "missing"
        said = f"{where} is missing" if missing else f"{where}: {first['msg']}"
        raise _damaged(f"the {what} is not complete: {said}" if missing else f"the {what}: {said}") from None


def _damaged(message: str) -> XlicenseError:
    return XlicenseError(message, remedy=_REMEDY)


def schemas() -> dict[str, dict[str, Any]]:
    """Each schema (draft-07) by the name of its file."""
    return {
        BUNDLE_SCHEMA: _schema(_BundleFile, "xlicense bundle: what goes out across an air gap"),
        ANSWERS_SCHEMA: _schema(_AnswersFile, "xlicense answers: what comes back across an air gap"),
    }


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    found = _plain(model.model_json_schema(mode="serialization", ref_template="#/definitions/{model}"))
    found["definitions"] = found.pop("$defs", {})
    found["required"] = ["format", "format_version", *found["required"]]
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **found}


def _plain(schema: Any, *, names: bool = False) -> Any:
    """Without titles made from field names, and nothing beside a reference, which draft-07 ignores.

    ``names`` is set where the keys are names of ours and not words of JSON Schema.
    """
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: _plain(value, names=key in {"properties", "$defs"} and not names)
        for key, value in schema.items()
        if names or key != "title"
    }
    if not names and "$ref" in found and len(found) > 1:
        beside = {key: value for key, value in found.items() if key != "$ref"}
        return {**beside, "allOf": [{"$ref": found["$ref"]}]}
    return found
