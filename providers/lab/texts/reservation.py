"""What a node says of its reservation: the parts of the licence block, and the replies of the commands.

Seen (Cisco TAC): *Authorization code installed.*, *Please enter the confirmation code to CSSM account: …*,
*Enter the following return code into the CSSM:*. Seen (admin guide X15.3): *… is generated.*, ``OK``.
Inferred from sister products: *REGISTERED - SPECIFIC LICENSE RESERVATION* (IOS XE), *Reservation In Progress*
and *Authorized - Reserved* (Unity Connection), *License Reservation is ENABLED* (CUCM), the list of reserved
licences and the last codes (IOS XE), and every other wording. Dialects ``reserved_words``,
``reservation_place``, ``reserved_lines``, ``last_codes``, ``*_words``.
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.lab import reservation
from providers.lab.agent import date_text
from providers.lab.nouns import AAS, Node
from providers.lab.reserved import Issued, Line

INSTALLED = {
    "mixed": "REGISTERED - SPECIFIC LICENSE RESERVATION",
    "title": "Registered - Specific License Reservation",
    "upper": "REGISTERED - SPECIFIC LICENSE RESERVATION",
    "underscore": "REGISTERED_SPECIFIC_LICENSE_RESERVATION",
}
REQUESTED = {
    "mixed": "Reservation In Progress",
    "title": "Reservation In Progress",
    "upper": "RESERVATION IN PROGRESS",
    "underscore": "RESERVATION_IN_PROGRESS",
}
RESERVED = ("Authorized - Reserved", "Not Authorized - Reserved")


def heading(node: Node) -> list[str]:
    """The line under *Smart Licensing is ENABLED*, where the node has it."""
    if node.dialect.reservation_place == "tail" or not reservation.knows_reservations(node):
        return []
    return [f"License Reservation is {_switch(node)}", ""]


def registration(node: Node) -> Iterator[str]:
    """The registration of a node that has a reservation installed or requested."""
    words = node.dialect.reserved_words
    issued, at = node.holding.installed, node.holding.installed_at
    if issued is None or at is None:
        yield f"Status: {node.status_text or REQUESTED[words]}"
        yield "Export-Controlled Functionality: NOT ALLOWED"
        return
    export = any(line.name == AAS and line.quantity for line in issued.lines)
    yield f"Status: {node.status_text or INSTALLED[words]}"
    yield f"Export-Controlled Functionality: {'ALLOWED' if export else 'NOT ALLOWED'}"
    yield f"Initial Registration: SUCCEEDED on {date_text(at)}"


def authorization(node: Node) -> str:
    """The words of the authorization status of a reserved node."""
    words = RESERVED[1] if reservation.beyond(node) else RESERVED[0]
    at = node.holding.installed_at
    if node.dialect.reserved_words == "underscore":
        return words.upper().replace(" - ", "_").replace(" ", "_")
    if node.dialect.reserved_words == "upper" and at is not None:
        return f"{words.upper()} on {date_text(at)}"
    return words


def info(node: Node) -> Iterator[str]:
    """*Reservation Info* at the end of the block."""
    if node.dialect.reservation_place == "heading" or not reservation.knows_reservations(node):
        return
    yield from ("", "Reservation Info", "================", f"License reservation: {_switch(node)}")
    if node.dialect.last_codes == "printed":
        yield f"Last Confirmation code: {node.holding.confirmation or 'None'}"
        yield f"Last return code: {node.holding.returned or 'None'}"
    if node.dialect.reserved_lines == "listed" and node.holding.installed is not None:
        yield from ("", "Specified license reservations:")
        for line in node.holding.installed.lines:
            yield from _reserved(line)


def _reserved(line: Line) -> Iterator[str]:
    yield f"{line.name} ({line.tag}):"
    yield f"Description: {line.name}"
    yield f"Total reserved count: {line.quantity}"
    yield "Term information:"
    yield f"License type: {line.licence_type}"
    if line.ends:
        yield f"End Date: {line.ends}"
    yield f"Term Count: {line.quantity}"


def _switch(node: Node) -> str:
    return "ENABLED" if node.holding.enabled else "DISABLED"


# -- replies -----------------------------------------------------------------------------------------------


def requested(node: Node, code: str) -> tuple[str, ...]:
    return {
        "sentence": ("Enter this request code in the Cisco Smart Software Manager portal:", code),
        "labelled": (f"Reservation Request Code: {code}",),
    }.get(node.dialect.request_words, (code,))


def installed(node: Node, issued: Issued) -> tuple[str, ...]:
    """An update always prints its confirmation code; a first installation not on every node."""
    code = issued.confirmation
    if not issued.update and node.dialect.first_confirmation == "omitted":
        return ("Authorization code installed.",)
    return {
        "joined": (
            f"Authorization code installed. Please enter the confirmation code to CSSM account: {code}",
        ),
        "labelled": ("Reservation install successful.", f"Confirmation code: {code}"),
        "sentence": ("Enter this confirmation code in Cisco Smart Software Manager portal:", code),
    }.get(
        node.dialect.install_words,
        ("Authorization code installed.", f"Please enter the confirmation code to CSSM account: {code}"),
    )


def returned(words: str, code: str) -> tuple[str, ...]:
    return {
        "joined": (f"Enter the following return code into the CSSM: {code}",),
        "labelled": (f"Reservation Return Code: {code}",),
        "generated": (f"{code} is generated.",),
    }.get(words, ("Enter the following return code into the CSSM:", code))
