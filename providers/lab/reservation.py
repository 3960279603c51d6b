"""What the licensing agent of a node does with a reservation: request, install, return, cancel.

::

    off --enable--> on --request--> in progress --install--> reserved --install an update--> reserved
                     ^                  |                       |
                     +--cancel----------+        +--return------+   (its code is spent, evaluation runs on)
                     +--ReturnAuthorization of a code that was never installed: a return code, nothing else

Belongs here: a node's side of a reservation. Does not belong here: CSSM's side (`slr`), wording (`texts`),
spelling (`shell`). Sources: admin guide X15.3 (commands, *unregistered first*), release note X14.2.5 (from
X14.2 on), Cisco TAC (codes); what CML's agent does where those say nothing is marked *inferred*.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import agent, codes
from .agent import NotNow
from .ledger import Given, Used
from .nouns import Node, numbers
from .reserved import Holding, Issued
from .world import World

RESERVATIONS_FROM = (14, 2)
INVALID = "the authorization code is not valid"


def knows_reservations(node: Node) -> bool:
    return numbers(node.version)[:2] >= RESERVATIONS_FROM


def enable(node: Node) -> None:
    """Raises NotNow without smart, or on a node that is registered or about to be."""
    if not node.smart:
        raise NotNow("smart licensing is disabled")
    _not_registered(node)
    node.holding.enabled = True


def disable(node: Node) -> None:
    """Raises NotNow while a reservation is installed or requested."""
    if node.holding.installed is not None or node.holding.request is not None:
        raise NotNow("a reservation is installed or in progress: return or cancel it first")
    node.holding.enabled = False


def request(world: World, node: Node) -> str:
    """The request code. Asked again, the same or a new one (dialect ``request_again``). Raises NotNow."""
    holding = _enabled(node)
    _not_registered(node)
    if holding.installed is not None:
        raise NotNow("a reservation is installed already")
    if holding.request is None or node.dialect.request_again == "new":
        holding.requests += 1
        holding.request = _request_code(node, holding.requests)
    world.ledger.given.append(Given(world.now, node.name, "request", holding.request))
    return holding.request


def _request_code(node: Node, number: int) -> str:
    """The plain form is the identity of the device and never differs."""
    if node.dialect.request_code == "plain":
        return codes.plain_request(node.serial, node.uuid)
    return codes.compact_request(node.serial, number)


def cancel(node: Node) -> None:
    """Raises NotNow where nothing is in progress."""
    if _enabled(node).request is None:
        raise NotNow("no reservation is in progress")
    node.holding.request = None


def install(world: World, node: Node, text: str) -> Issued:
    """Install an authorization code, the first or an update. Raises NotNow, and nothing has changed then."""
    holding = _enabled(node)
    try:
        issued = _installable(world, node, holding, text)
    except NotNow:
        _used(world, node, text, accepted=False)
        raise
    _used(world, node, text, accepted=True)
    if holding.installed is None:
        agent.stop_evaluation(node, world.now)
        holding.installed_at = world.now
    holding.installed, holding.request = issued, None
    holding.confirmation = issued.confirmation
    node.registration_word, node.failure, node.failed_at = "reserved", None, None
    world.ledger.given.append(Given(world.now, node.name, "confirmation", issued.confirmation))
    return issued


def _installable(world: World, node: Node, holding: Holding, text: str) -> Issued:
    issued = _own(world, node, text)
    if holding.installed is None and holding.request is None:
        raise NotNow("no reservation is in progress")
    if holding.installed is None and not _answers(node, holding, issued):
        raise NotNow("the authorization code does not answer the current reservation request")
    if issued == holding.installed and node.dialect.install_again == "refused":
        raise NotNow("the authorization code is installed already")
    if holding.installed is not None and world.older(issued, holding.installed):
        raise NotNow("a newer authorization code is installed already")
    return issued


def _own(world: World, node: Node, text: str) -> Issued:
    """The code, where CSSM signed it for this device and it is not spent. Raises NotNow."""
    issued = world.issued.get(text)
    if issued is None:
        raise NotNow(INVALID)
    device = codes.read_request(issued.udi)
    if device is None or device.serial != node.serial or device.uuid not in ("", node.uuid):
        raise NotNow("the authorization code is for another device")
    if issued.piid in node.holding.spent:
        raise NotNow("the authorization code was returned")
    return issued


def _answers(node: Node, holding: Holding, issued: Issued) -> bool:
    return node.dialect.stale_request == "accepted" or issued.request == holding.request


def give_back(world: World, node: Node) -> str:
    """Return the installed reservation: it is gone at once, evaluation runs on. Raises NotNow.

    Asked again, a node prints the last code once more or an error (dialect ``return_again``).
    """
    holding = _enabled(node)
    issued = holding.installed
    if issued is None:
        if holding.returned and holding.request is None and node.dialect.return_again == "reprinted":
            world.ledger.given.append(Given(world.now, node.name, "return", holding.returned))
            return holding.returned
        raise NotNow("no reservation is installed")
    holding.installed = holding.installed_at = None
    holding.spent.add(issued.piid)
    node.registration_word = "unregistered"
    agent.start_evaluation(node, world.now)
    return _return_code(world, node, issued)


def return_authorization(world: World, node: Node, text: str) -> str:
    """The return code of a code that is not installed; it can never be installed then. Raises NotNow.

    The guide cancels first; whether that is needed is not known (dialect ``return_authorization``). That an
    installed reservation forbids it is inferred.
    """
    try:
        issued = _returnable(world, node, text)
    except NotNow:
        _used(world, node, text, accepted=False)
        raise
    _used(world, node, text, accepted=True)
    node.holding.spent.add(issued.piid)
    node.holding.request = None
    return _return_code(world, node, issued)


def _returnable(world: World, node: Node, text: str) -> Issued:
    holding = _enabled(node)
    if holding.request is not None and node.dialect.return_authorization == "after-cancel":
        raise NotNow("a reservation is in progress: cancel it first")
    if holding.installed is not None:
        raise NotNow("a reservation is installed: return it instead")
    return _own(world, node, text)


def _return_code(world: World, node: Node, issued: Issued) -> str:
    node.holding.returned = issued.returned
    world.ledger.given.append(Given(world.now, node.name, "return", issued.returned))
    return issued.returned


def restart(world: World, node: Node) -> None:
    """The node boots: terms that ended are noticed, a request may be lost (dialect ``restart``)."""
    node.powered, node.booted_at = True, world.now
    if node.dialect.restart == "drops-request":
        node.holding.request = None


def usable(node: Node) -> Iterator[tuple[str, int]]:
    """(display name, quantity) of what a reserved node may use. A term that has ended is noticed only at a
    restart (admin guide X15.3).
    """
    issued = node.holding.installed
    for line in issued.lines if issued is not None else ():
        over = line.ends and node.booted_at is not None and line.ends[:10] <= f"{node.booted_at:%Y-%m-%d}"
        yield line.name, 0 if over else line.quantity


def beyond(node: Node) -> tuple[str, ...]:
    """The licences that a reserved node uses more of than it has; version 12 and 14 count alike."""
    if node.holding.installed is None:
        return ()
    have: dict[str, int] = {}
    for name, quantity in usable(node):
        have[_family(name)] = have.get(_family(name), 0) + quantity
    return tuple(name for name, count in node.usage.items() if count > have.get(_family(name), 0))


def _family(name: str) -> str:
    return name.partition(" (")[0]


def _used(world: World, node: Node, text: str, *, accepted: bool) -> None:
    world.ledger.used.append(Used(world.now, node.name, "authorization", text, accepted))


def _enabled(node: Node) -> Holding:
    if not node.holding.enabled:
        raise NotNow("license reservation is not enabled")
    return node.holding


def _not_registered(node: Node) -> None:
    if node.registration is not None or node.attempt is not None:
        raise NotNow("the node is registered: deregister it first")
