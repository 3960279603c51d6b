"""What the licensing agent of a node does: register, reregister, deregister, renew, retry, run its clock.

::

    unregistered --register--> pending --token good--> registered --deregister--> unregistered
                                 |  ^                      |
         token invalid: failed --+  +-- no way through:    +-- reregister: stays registered until the new
                                        again after            registration stands, and if it fails
                                        retry_seconds

Belongs here: a node's behaviour over time. Does not belong here: texts (`texts`), command spelling
(`shell`), what the manager decides (`manager`). Sources: admin guide X15.3 (timers, states, evaluation), TAC
docs 215633 and 217743; the reasons for CSCwe09378 and time-outs are quoted from there.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from . import manager as managers
from .manager import Declined
from .nouns import (
    AUTHORIZATION_LIFE,
    CERTIFICATE_LIFE,
    CONTACT,
    RENEWAL,
    AlarmRaised,
    Attempt,
    Manager,
    Node,
    Registration,
    has_new_root,
)
from .world import World

TIMED_OUT = "HTTP Server Error 200: Operation timed out"
SELF_SIGNED = "SSL certificate problem: self signed certificate in certificate chain"
NO_HOST = "Could not resolve host"
NOT_FOUND = "HTTP Server Error 404: Not Found"

COMMUNICATION, RENEWAL_FAILED, AUTHORIZATION_FAILED = "30042", "30045", "30044"
IN_EVALUATION, OUT_OF_COMPLIANCE, EVALUATION_OVER = "30035", "30036", "30038"
AUTHORIZATION_OVER, REGISTRATION_OVER = "30039", "30041"
ALARM_TITLES = {
    AUTHORIZATION_OVER: ("Smart license in overage authorization expired", "Alert"),
    REGISTRATION_OVER: ("Smart license registration expired", "Error"),
    COMMUNICATION: ("Smart license communication error", "Error"),
    RENEWAL_FAILED: ("Smart license renew registration failed", "Error"),
    AUTHORIZATION_FAILED: ("Smart license renew auth failed", "Error"),
    IN_EVALUATION: ("Smart license in Eval", "Warning"),
    OUT_OF_COMPLIANCE: ("Smart license in overage out of compliance", "Alert"),
    EVALUATION_OVER: ("Smart license no provision Eval expired", "Critical"),
}
WARNING_DAYS = 30
DAY = 86_400.0
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class NotNow(Exception):
    """The agent does not carry this out in the state it is in; nothing has changed."""


class NoWay(Exception):
    """The manager cannot be reached; the text is the reason as the node prints it."""


def way(world: World, node: Node) -> Manager:
    """The manager that the node's settings lead to. Raises NoWay with the reason as the node prints it."""
    return _way_on_prem(world, node) if node.transport == "satellite" else _way_cloud(world, node)


def _way_on_prem(world: World, node: Node) -> Manager:
    parts = urlsplit(node.url)
    manager = world.on_prem_called(parts.hostname or "")
    if manager is None:
        raise NoWay(f"{NO_HOST}: {parts.hostname or node.url or 'none'}")
    if parts.scheme != "https" or not manager.answers_nodes:
        raise NoWay(TIMED_OUT)
    if parts.path != "/SmartTransport":
        raise NoWay(NOT_FOUND)
    return manager


def _way_cloud(world: World, node: Node) -> Manager:
    if not node.dns:
        raise NoWay(f"{NO_HOST}: smartreceiver.cisco.com")
    through_proxy = node.proxy is not None and node.proxy in world.settings.proxies
    if node.network == "isolated" or (node.network == "proxy-only" and not through_proxy):
        raise NoWay(TIMED_OUT)
    if node.proxy is not None and not through_proxy:
        raise NoWay(TIMED_OUT)
    if not has_new_root(node.version):
        raise NoWay(SELF_SIGNED)
    if not world.cloud.answers_nodes:
        raise NoWay(TIMED_OUT)
    return world.cloud


def register(world: World, node: Node, token: str) -> None:
    """Start a registration; the outcome shows later. Raises NotNow on a registered node or without smart."""
    if not node.smart or node.registration is not None:
        raise NotNow("already registered" if node.smart else "smart licensing is disabled")
    _without_reservation(node)
    _start(world, node, token, again=False)


def reregister(world: World, node: Node, token: str) -> None:
    """Start a registration whatever the state; a registered node stays so until the new one stands."""
    if not node.smart:
        raise NotNow("smart licensing is disabled")
    _without_reservation(node)
    _start(world, node, token, again=node.registration is not None)


def _without_reservation(node: Node) -> None:
    """Reserved or about to be, a node takes no token. Raises NotNow."""
    holding = node.holding
    if holding.installed is not None or holding.request is not None:
        raise NotNow("a reservation is installed or in progress")
    if holding.enabled and node.dialect.register_while_enabled == "refused":
        raise NotNow("license reservation is enabled")


def _start(world: World, node: Node, token: str, *, again: bool) -> None:
    attempt = Attempt(world.number(), token, again)
    node.attempt = attempt
    node.failure = None
    if not again:
        node.registration_word = "pending"
    world.later(world.settings.register_seconds, lambda: _try(world, node, attempt))


def _try(world: World, node: Node, attempt: Attempt) -> None:
    if node.attempt is not attempt:
        return
    attempt.tries += 1
    try:
        manager = way(world, node)
        _succeed(world, node, manager, attempt)
    except NoWay as no_way:
        _wait_and_retry(world, node, attempt, str(no_way))
    except Declined as declined:
        _fail(world, node, attempt, str(declined))


def _succeed(world: World, node: Node, manager: Manager, attempt: Attempt) -> None:
    account, virtual_account, token = managers.admit(world, manager, node, attempt.token)
    old = node.registration
    if old is not None and old.manager != manager.name:
        managers.drop_instance(world.manager(old.manager), node)
    stop_evaluation(node, world.now)
    node.registration = Registration.since(
        world.now, manager.name, account, virtual_account, export=token.export
    )
    node.registration_word = "registered"
    node.attempt = None
    node.failure = node.failed_at = None
    clear_alarms(node, COMMUNICATION, RENEWAL_FAILED, AUTHORIZATION_FAILED, REGISTRATION_OVER)
    keep_contact(world, node)


def _wait_and_retry(world: World, node: Node, attempt: Attempt, reason: str) -> None:
    attempt.reason = reason
    node.failure, node.failed_at = reason, world.now
    raise_alarm(world, node, COMMUNICATION)
    world.later(world.settings.retry_seconds, lambda: _try(world, node, attempt))


def _fail(world: World, node: Node, attempt: Attempt, reason: str) -> None:
    node.attempt = None
    node.failure, node.failed_at = reason, world.now
    if not attempt.again:
        node.registration_word = "failed"
    clear_alarms(node, COMMUNICATION)
    raise_alarm(world, node, RENEWAL_FAILED)


def deregister(world: World, node: Node) -> bool:
    """Leave the manager, or give up an attempt. True where the manager heard of it and freed the licences.

    Raises NotNow on a node that is neither registered nor trying.
    """
    registration, attempt = node.registration, node.attempt
    if registration is None and attempt is None:
        raise NotNow("not registered")
    node.registration, node.attempt = None, None
    node.registration_word = "unregistered"
    node.failure = node.failed_at = None
    clear_alarms(node, COMMUNICATION, RENEWAL_FAILED, AUTHORIZATION_FAILED)
    start_evaluation(node, world.now)
    return registration is None or _tell_manager(world, node, registration)


def _tell_manager(world: World, node: Node, registration: Registration) -> bool:
    try:
        manager = way(world, node)
    except NoWay:
        return False
    return manager.name == registration.manager and managers.drop_instance(manager, node)


def renew_registration(world: World, node: Node) -> None:
    """Renew the ID certificate; host name and privacy are told to the manager. Raises NotNow."""
    registration = _registered(node)
    stamp = date_text(world.now)
    try:
        _contact(world, node, registration)
    except NoWay as no_way:
        registration.renewal = f"FAILED on {stamp}"
        node.failure, node.failed_at = str(no_way), world.now
        raise_alarm(world, node, RENEWAL_FAILED)
        return
    registration.renewal = f"SUCCEEDED on {stamp}"
    registration.expires = world.now + CERTIFICATE_LIFE
    registration.next_renewal = world.now + RENEWAL
    node.failure = node.failed_at = None
    clear_alarms(node, RENEWAL_FAILED, COMMUNICATION)


def renew_authorization(world: World, node: Node) -> None:
    """Renew the authorization now instead of after 30 days. Raises NotNow."""
    registration = _registered(node)
    try:
        _contact(world, node, registration)
    except NoWay as no_way:
        registration.communication = f"FAILED on {date_text(world.now)}"
        node.failure, node.failed_at = str(no_way), world.now
        raise_alarm(world, node, AUTHORIZATION_FAILED)
        return
    registration.authorized_at = world.now
    registration.communication = ""
    clear_alarms(node, AUTHORIZATION_FAILED, COMMUNICATION)


def keep_contact(world: World, node: Node) -> None:
    """Put the next contact that a registered node makes by itself on the agenda; without one, daily tries."""
    registration = node.registration
    if registration is None:
        return
    due = min(registration.authorized_at + CONTACT, registration.next_renewal)
    seconds = max((due - world.now).total_seconds(), DAY)
    world.later(seconds, lambda: _contact_by_itself(world, node, registration))


def _contact_by_itself(world: World, node: Node, registration: Registration) -> None:
    if node.registration is not registration:
        return
    renew_authorization(world, node)
    if world.now >= registration.next_renewal:
        renew_registration(world, node)
    if world.now >= registration.expires:
        _expire(world, node)
    keep_contact(world, node)


def _expire(world: World, node: Node) -> None:
    """A year without contact: unregistered, the evaluation runs on, the manager may forget the instance."""
    node.registration = None
    node.registration_word = "expired"
    raise_alarm(world, node, REGISTRATION_OVER)
    start_evaluation(node, world.now)


def authorization_expired(world: World, node: Node) -> bool:
    """No contact for 90 days."""
    registration = node.registration
    return registration is not None and world.now >= registration.authorized_at + AUTHORIZATION_LIFE


def _registered(node: Node) -> Registration:
    if node.registration is None:
        raise NotNow("not registered")
    return node.registration


def _contact(world: World, node: Node, registration: Registration) -> None:
    if way(world, node).name != registration.manager:
        raise NoWay(TIMED_OUT)
    managers.hear_from(world, registration.virtual_account, node)


def start_evaluation(node: Node, now: datetime) -> None:
    """The one evaluation period runs on from where it stopped; it never starts anew."""
    if node.smart and node.evaluation_since is None:
        node.evaluation_since = now


def stop_evaluation(node: Node, now: datetime) -> None:
    node.evaluation_seconds = node.evaluation_left(now)
    node.evaluation_since = None


def raise_alarm(world: World, node: Node, alarm_id: str) -> None:
    if all(alarm.id != alarm_id for alarm in node.alarms):
        title, severity = ALARM_TITLES[alarm_id]
        node.alarms.append(AlarmRaised(alarm_id, title, severity, alarm_uuid(world), world.now))


def clear_alarms(node: Node, *alarm_ids: str) -> None:
    node.alarms[:] = [alarm for alarm in node.alarms if alarm.id not in alarm_ids]


def alarm_uuid(world: World) -> str:
    text = world.new_hex(32)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def settle_alarms(world: World, node: Node) -> None:
    """Raise and clear the alarms that follow from what is so: evaluation ending or over, pool too small."""
    left = node.evaluation_left(world.now)
    running = node.smart and not node.licensed
    facts = {
        IN_EVALUATION: running and 0 < left <= WARNING_DAYS * DAY,
        EVALUATION_OVER: running and left <= 0,
        OUT_OF_COMPLIANCE: bool(short(node)),
        AUTHORIZATION_OVER: authorization_expired(world, node),
    }
    for alarm_id, holds in facts.items():
        if holds:
            raise_alarm(world, node, alarm_id)
        else:
            clear_alarms(node, alarm_id)


def short(node: Node) -> tuple[str, ...]:
    """The licences in use on this registered node that its virtual account has too few of."""
    if node.registration is None:
        return ()
    pool = node.registration.virtual_account
    return tuple(name for name, count in node.usage.items() if count and pool.short_of(name))


def replicate(world: World, node: Node) -> None:
    """A transport was set on this node: where the setting replicates, the primary's value spreads later."""
    cluster = world.clusters.get(node.cluster)
    if cluster is None or not cluster.replicates_transport:
        return
    primary = world.primary(node)

    def spread() -> None:
        for peer in world.peers(node):
            peer.transport = primary.transport

    world.later(world.settings.replication_seconds, spread)


def date_text(moment: datetime) -> str:
    """A date as the agent prints it: ``Jun 10 2020 07:57:22 UTC`` (TAC doc 215633)."""
    month = _MONTHS[moment.month - 1]
    return f"{month} {moment:%d %Y %H:%M:%S} UTC"
