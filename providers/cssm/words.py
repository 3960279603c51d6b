"""What a CSSM failure means to the person who reads it: one sentence, one remedy, the right family of error.

Belongs here: sentences about answers and credentials. Does not belong here: what was answered (wire), what
broke on the way (transport), the steps at the portal (portal). Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.errors import OutcomeUnknown, ProviderError, Rejected, Unreachable, Unreadable, Untrusted

from .wire import Answer, Fault

INVALID_CLIENT = "invalid client"


@dataclass(frozen=True, slots=True)
class Where:
    """What was being done, to whom: every sentence names it.

    ``doing`` continues a sentence (``create a registration token``); ``holder`` is
    ``Smart Account example.com`` or ``local account Plant``; ``mutates`` says that it changes something.
    """

    doing: str
    account: str
    holder: str
    virtual_account: str
    host: str
    on_prem: bool = False
    mutates: bool = False

    @property
    def manager(self) -> str:
        return f"SSM On-Prem {self.host}" if self.on_prem else f"CSSM {self.host}"

    def __str__(self) -> str:
        return (
            f'{self.account}: cannot {self.doing} (virtual account "{self.virtual_account}" of {self.holder})'
        )


def failure(answer: Answer, where: Where) -> ProviderError:
    """The error of an answer that has a fault. A 5xx to a mutation says nothing about what became of it."""
    sentence = _SENTENCES[answer.fault or Fault.STRANGE]
    return sentence(answer, where)


def _quoted(answer: Answer) -> str:
    return f': "{answer.said}"' if answer.said else ""


def _html(answer: Answer, where: Where) -> ProviderError:
    page = f' titled "{answer.said}"' if answer.said else ""
    return Unreadable(
        f"{where}: a web page{page} came instead of JSON; a login page or a proxy stands between this "
        f"machine and {where.host}",
        said=answer.said,
        remedy="Let this machine reach the host directly, or set manager.proxy; check manager.base_url.",
    )


def _not_json(answer: Answer, where: Where) -> ProviderError:
    kind = OutcomeUnknown if where.mutates else Unreadable
    return kind(
        f"{where}: HTTP {answer.status} came with an answer that is not JSON",
        said=answer.said,
        remedy="Check manager.base_url and manager.profile; then try again.",
    )


def _strange(answer: Answer, where: Where) -> ProviderError:
    kind = OutcomeUnknown if where.mutates else Unreadable
    return kind(
        f"{where}: the answer has a shape or status that is not known{_quoted(answer)}",
        said=answer.said,
        remedy="Check manager.profile; what this account answers is another surface than the one configured.",
    )


def _rejected(answer: Answer, where: Where) -> ProviderError:
    reason = _quoted(answer) or f" with HTTP {answer.status}"
    return Rejected(
        f"{where}: {where.manager} said no{reason}",
        said=answer.said,
        remedy="Read what CSSM said; roles, agreements and inventory of the virtual account decide.",
    )


def _unauthorized(answer: Answer, where: Where) -> ProviderError:
    return Untrusted(
        f"{where}: {where.manager} did not accept a fresh access token (HTTP 401){_quoted(answer)}",
        said=answer.said,
        remedy="Check that token_url and base_url belong to the same service and that the client is active.",
    )


def _forbidden(answer: Answer, where: Where) -> ProviderError:
    if INVALID_CLIENT in answer.said.lower():
        return Untrusted(
            f'{where}: HTTP 403 "{answer.said}": the login works, but the application still needs '
            "access granted",
            said=answer.said,
            remedy="Open the application in Cisco's API portal, choose Request Access for the Software APIs "
            "(instance prod), and wait for the approval.",
        )
    return Untrusted(
        f"{where}: {where.manager} refused access (HTTP 403){_quoted(answer)}",
        said=answer.said,
        remedy=_ROLE_REMEDY,
    )


_ROLE_REMEDY = (
    "Give the owner of these credentials the role Smart Account User (or Virtual Account User) "
    "there; the roles of the CCO ID that registered the application decide what it sees."
)


def _missing(answer: Answer, where: Where) -> ProviderError:
    if not answer.enveloped:
        return Unreadable(
            f"{where}: {where.host} has no such path (HTTP 404)",
            said=answer.said,
            remedy="Check manager.base_url, manager.profile and manager.paths.",
        )
    return Rejected(
        f"{where}: not found (HTTP 404){_quoted(answer)}; it does not exist, or is not visible with "
        "these roles",
        said=answer.said,
        remedy=f"Check the spelling (capitals count). {_ROLE_REMEDY}",
    )


def _busy(answer: Answer, where: Where) -> ProviderError:
    kind = Rejected if where.mutates else Unreadable
    return kind(
        f"{where}: {where.manager} asks to slow down (HTTP 429){_quoted(answer)}",
        said=answer.said,
        remedy="Try again later; the quota belongs to the SLA tier of the application.",
    )


def _server(answer: Answer, where: Where) -> ProviderError:
    if where.mutates:
        return OutcomeUnknown(
            f"{where}: {where.manager} failed while doing it (HTTP {answer.status}){_quoted(answer)}",
            said=answer.said,
            remedy="Look at the virtual account before anything is tried again.",
        )
    hint = " Its services may still be starting." if where.on_prem and answer.status == 502 else ""
    return Unreadable(
        f"{where}: {where.manager} is not able to answer (HTTP {answer.status}){_quoted(answer)}",
        said=answer.said,
        remedy=f"Try again later.{hint}",
    )


def _redirect(answer: Answer, where: Where) -> ProviderError:
    return Unreadable(
        f"{where}: {where.host} wants to send us to another address (HTTP {answer.status}); "
        "that is not followed",
        said=answer.said,
        remedy="Check manager.base_url; a proxy or login page answers like this too.",
    )


_SENTENCES: dict[Fault, Callable[[Answer, Where], ProviderError]] = {
    Fault.HTML: _html,
    Fault.NOT_JSON: _not_json,
    Fault.STRANGE: _strange,
    Fault.REJECTED: _rejected,
    Fault.UNAUTHORIZED: _unauthorized,
    Fault.FORBIDDEN: _forbidden,
    Fault.MISSING: _missing,
    Fault.BUSY: _busy,
    Fault.SERVER: _server,
    Fault.REDIRECT: _redirect,
}


def no_bearer(answer: Answer, where: Where) -> ProviderError:
    """The token endpoint gave no access token; ``where`` is of the login."""
    if answer.status in {400, 401} and answer.enveloped:
        return _client_refused(answer, where)
    if answer.status == 403 and where.on_prem:
        return _no_tool_kit(answer, where)
    return failure(answer, where)


def login(where: Where, host: str) -> Where:
    """The same purpose, one step earlier: nothing of the instruction is sent before there is a token."""
    return replace(where, doing=f"get an access token to {where.doing}", host=host, mutates=False)


def _client_refused(answer: Answer, where: Where) -> ProviderError:
    return Untrusted(
        f"{where}: the token endpoint {where.host} refused the client (HTTP {answer.status})"
        f"{_quoted(answer)}",
        said=answer.said,
        remedy="Check client_id and client_secret. A client that was created just now needs about 30 minutes "
        "before it is known.",
    )


def _no_tool_kit(answer: Answer, where: Where) -> ProviderError:
    return Untrusted(
        f"{where}: {where.manager} refused the client (HTTP 403){_quoted(answer)}",
        said=answer.said,
        remedy="On the On-Prem: switch the API tool kit on and create a client id and secret for this "
        "local account.",
    )


# Reservations: what a look before sending says


def not_sent(error: ProviderError, where: Where) -> ProviderError:
    """A look that had to come first failed: nothing of the instruction left."""
    if isinstance(error, Untrusted):
        return error
    return Unreachable(
        f"{where}: nothing was sent, for a look that must come first failed: {error.message}",
        said=error.said,
        remedy=error.remedy,
    )


NEVER_TWICE = "Never reserve a second time for one device."


def without_code(where: Where) -> ProviderError:
    return Unreadable(
        f"{where}: CSSM said yes, but its answer holds no authorization code; the licences are reserved",
        remedy=f"Fetch the code at the portal, from the product instance. {NEVER_TWICE}",
    )


def already_there(where: Where, shown: str, place: str) -> ProviderError:
    return Rejected(
        f"{where}: nothing was sent, for {place} shows this device already: {shown}. A reservation that was "
        "not installed, or a return that was begun on the node and never completed in CSSM, looks like this",
        remedy="Fetch its authorization code at the portal, or remove it with its return code; where that "
        f"is lost, ask Cisco licensing to remove the product instance. {NEVER_TWICE}",
    )


def refused_here(where: Where, reason: str, remedy: str) -> ProviderError:
    return Rejected(f"{where}: nothing was sent: {reason}", remedy=remedy)


# What broke on the way, in the transport's words


def no_answer(where: Where, reason: str) -> ProviderError:
    return Unreachable(
        f"{where}: {where.host} cannot be reached: {reason}",
        remedy="Check the network, DNS, manager.base_url and manager.proxy. Nothing was changed: try again.",
    )


def no_end(where: Where, reason: str) -> ProviderError:
    return OutcomeUnknown(
        f"{where}: it was sent to {where.host}, but {reason}; done or not done, only looking can tell",
        remedy="Look at the virtual account before anything is tried again.",
    )


def too_large(where: Where) -> ProviderError:
    return Unreadable(
        f"{where}: the answer of {where.host} is larger than any answer of CSSM",
        remedy="Check manager.base_url and manager.profile.",
    )


def not_trusted(where: Where, said: str) -> ProviderError:
    return Untrusted(
        f"{where}: the certificate of {where.host} is not trusted: {said}",
        said=said,
        remedy="If an On-Prem or an inspecting proxy signs with its own authority, put that authority's "
        "certificate into a PEM file and name it in manager.ca_file. Checking cannot be switched off.",
    )
