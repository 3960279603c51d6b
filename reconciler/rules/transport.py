"""Rules about the way to CSSM: transport, URL, proxy, DNS, and what a node tells about itself."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from reconciler.model import (
    UNKNOWN,
    Address,
    Desired,
    Kind,
    Level,
    RuleCard,
    Severity,
    TransportMode,
)

from .context import PlanContext
from .index import by_token
from .rule import GUIDE, TAC, Rule, Violation, Violations
from .versions import acted_nodes

_REGISTERS = (Kind.REGISTER, Kind.REREGISTER)
_SMART_TRANSPORT = re.compile(r"https://[^/\s]+/SmartTransport")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


# XL022: transport first.


def _transport_not_known(context: PlanContext) -> Violations:
    for cluster, node, observed in acted_nodes(context):
        known = observed.smart is not UNKNOWN and observed.smart.transport is not UNKNOWN
        if not known and not context.planned(cluster.address, Kind.SET_TRANSPORT):
            yield Violation(node.address, "The node does not show its transport.", _REGISTERS)


# XL024: the URL.


def _wrong_url_written(desired: Desired) -> Violations:
    for account in desired.accounts:
        url = account.transport_url
        if url is not None and _SMART_TRANSPORT.fullmatch(url) is None:
            yield _wrong_url(account.address, url)
    known = {account.transport_url for account in desired.accounts}
    for cluster in desired.clusters:
        url = None if cluster.transport is None else cluster.transport.url
        if url is not None and url not in known and _SMART_TRANSPORT.fullmatch(url) is None:
            yield _wrong_url(cluster.address, url)


def _wrong_url_planned(context: PlanContext) -> Violations:
    for cluster in context.acted_on:
        if cluster.transport is None or cluster.transport.mode is not TransportMode.ON_PREM:
            continue
        url = cluster.transport.url or context.index.account_of(cluster).transport_url or ""
        if _SMART_TRANSPORT.fullmatch(url) is None:
            yield _wrong_url(cluster.address, url)


def _wrong_url(address: Address, url: str) -> Violation:
    text = f"{url or 'No URL'} is not the address of an On-Prem's transport."
    kinds = (Kind.SET_URL, Kind.SET_TRANSPORT, *_REGISTERS)
    return Violation(address, text, kinds, f"Write {corrected(url)} instead.")


def corrected(url: str) -> str:
    """The URL that was most likely meant: https, the same host, ``/SmartTransport``."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return f"https://{parts.netloc or 'on-prem.example.com'}/SmartTransport"


# XL025: the proxy.


def _wrong_proxy(desired: Desired) -> Violations:
    for cluster in desired.clusters:
        transport = cluster.transport
        if transport is None or transport.mode is not TransportMode.PROXY:
            continue
        host, port = transport.proxy_host, transport.proxy_port
        if host is None or _HOST.fullmatch(host) is None:
            text = f"The proxy address {host!r} is neither an IPv4 address nor a host name."
            yield Violation(cluster.address, text, (Kind.SET_PROXY, *_REGISTERS))
        elif port is None or not 0 < port < 65_536:
            text = f"The proxy port {port} is not one."
            yield Violation(cluster.address, text, (Kind.SET_PROXY, *_REGISTERS))


# XL026: what the nodes tell about themselves.


def _privacy_left_open(desired: Desired) -> Violations:
    for cluster in desired.clusters:
        if by_token(cluster) and cluster.privacy is None:
            text = "The YAML does not say whether host names are shared, so each node does as it is set."
            yield Violation(cluster.address, text, severity=Severity.INFO)


# XL201, XL316: switching a registered cluster.


def _switch_announced(context: PlanContext) -> Violations:
    for cluster in context.acted_on:
        if context.planned(cluster.address, Kind.SET_TRANSPORT):
            leaving = context.planned(cluster.address, Kind.DEREGISTER)
            if leaving:
                text = (
                    f"The switch takes the registration of {_nodes(len(leaving))} away until it is registered"
                    " again; evaluation time runs meanwhile."
                )
                yield Violation(cluster.address, text, severity=Severity.INFO)


def _nodes(count: int) -> str:
    return "one node" if count == 1 else f"{count} nodes"


def _switch_without_return(context: PlanContext) -> Violations:
    for cluster in context.acted_on:
        if cluster.registration is not None:
            continue
        if context.planned(cluster.address, Kind.SET_TRANSPORT) and any(
            context.index.registered(node.address) for node in cluster.nodes
        ):
            text = "The cluster is registered, and the YAML does not say how it would be registered again."
            yield Violation(cluster.address, text, (Kind.SET_TRANSPORT, Kind.DEREGISTER, Kind.SET_URL))


# XL215: name resolution.


def _no_dns(context: PlanContext) -> Violations:
    for cluster, node, observed in acted_nodes(context):
        direct = cluster.transport is not None and cluster.transport.mode is TransportMode.DIRECT
        if direct and observed.dns == ():
            yield Violation(node.address, "The node has no DNS server.", _REGISTERS)


RULES = (
    Rule(
        RuleCard(
            "XL022",
            ("S22", "S44"),
            Level.GUARD,
            "plan",
            "The transport is known before a node registers.",
            "Registration uses whatever transport is set; one that cannot be read may lead anywhere.",
            "Look at Maintenance > Smart licensing on the node, then override this rule.",
            f"{TAC}, transport and token registration",
        ),
        _transport_not_known,
    ),
    Rule(
        RuleCard(
            "XL024",
            ("S24",),
            Level.HARD,
            "lint and plan",
            "The URL of an On-Prem is https and ends in /SmartTransport.",
            "The node sends to exactly this address; any other path, or http, is never answered.",
            "Write https://HOST/SmartTransport.",
            f"{TAC}, transport; {GUIDE}",
        ),
        _wrong_url_planned,
        _wrong_url_written,
    ),
    Rule(
        RuleCard(
            "XL025",
            ("S25",),
            Level.HARD,
            "lint",
            "A proxy is an IPv4 address or a host name, and a port.",
            "The page of the node takes nothing else; a URL or an IPv6 address is not accepted there.",
            "Write transport: {mode: proxy, host: proxy.example.com, port: 8080}.",
            f"{TAC}, transport; {GUIDE}",
        ),
        lint=_wrong_proxy,
    ),
    Rule(
        RuleCard(
            "XL026",
            ("S26", "S27"),
            Level.ADVICE,
            "lint",
            "Whether host names are shared with Cisco is said out loud.",
            "With a token CSSM shows the host name unless it is hidden. Only a shared name can be found"
            " there.",
            "Write privacy: {hostname: hidden}, or shared.",
            f"{TAC}, transport",
        ),
        lint=_privacy_left_open,
    ),
    Rule(
        RuleCard(
            "XL201",
            ("A1",),
            Level.ADVICE,
            "plan",
            "A registered node deregisters before its transport is switched.",
            "The guide asks for it when going from Direct to On-Prem or back.",
            "Choose a time when nobody needs the evaluation days.",
            GUIDE,
        ),
        _switch_announced,
    ),
    Rule(
        RuleCard(
            "XL215",
            ("A15", "S23"),
            Level.GUARD,
            "plan",
            "A node that registers directly can resolve names.",
            "Direct registration needs a DNS server that resolves cisco.com.",
            "Set a DNS server at System > DNS.",
            GUIDE,
        ),
        _no_dns,
    ),
    Rule(
        RuleCard(
            "XL316",
            ("A1",),
            Level.HARD,
            "plan",
            "The transport of a registered cluster is switched only where its registration is managed too.",
            "The switch deregisters every node, and nothing would register them again.",
            "Add registration: {mode: token} or {mode: reservation} to the cluster.",
            GUIDE,
        ),
        _switch_without_return,
    ),
)
