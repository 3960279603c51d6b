"""A small world that obeys actions: what a node would show after each kind, and nothing of how it is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler import model as m
from tests.planning.fleet import Auth, Status

WORDS = {"none": (False, False), "hostname": (True, False), "version": (False, True), "all": (True, True)}


def carry_out(observation: m.Observation, actions: Iterable[m.Action]) -> m.Observation:
    """The observation after these actions, in their order; a person does what a person should."""
    nodes = {node.address: node for node in observation.nodes}
    for action in actions:
        touched = action.params.get("nodes", [action.address])
        for address in touched:
            if address in nodes:
                nodes[address] = _after(action, nodes[address])
    return replace(observation, nodes=tuple(nodes.values()))


def _after(action: m.Action, node: m.NodeObserved) -> m.NodeObserved:
    smart, licence = node.smart, node.licence
    assert smart is not m.UNKNOWN
    assert licence is not m.UNKNOWN
    match action.kind:
        case m.Kind.SET_TRANSPORT:
            assert licence.registration is not Status.REGISTERED
            smart = replace(smart, transport=action.params["transport"])
        case m.Kind.SET_URL:
            smart = replace(smart, url=action.params["url"])
        case m.Kind.SET_PRIVACY:
            hidden, version = WORDS[action.params["privacy"]]
            smart = replace(smart, privacy=action.params["privacy"])
            licence = replace(licence, hostname_hidden=hidden, version_hidden=version)
        case m.Kind.SET_PROXY:
            host = action.params["host"]
            licence = replace(licence, proxy=None if host is None else f"{host}:{action.params['port']}")
        case m.Kind.REGISTER | m.Kind.REREGISTER:
            assert action.kind is m.Kind.REREGISTER or licence.registration is Status.UNREGISTERED
            licence = replace(
                licence,
                registration=Status.REGISTERED,
                authorization=Auth.AUTHORIZED,
                evaluation_seconds=None,
                virtual_account=action.params["virtual_account"],
                export_controlled=action.params["token"].endswith("allowed"),
                failure=None,
            )
        case m.Kind.DEREGISTER:
            licence = replace(
                licence,
                registration=Status.UNREGISTERED,
                authorization=Auth.EVALUATION,
                evaluation_seconds=80 * 86_400,
                virtual_account=None,
                export_controlled=None,
            )
        case m.Kind.RENEW_AUTHORIZATION:
            licence = replace(licence, authorization=Auth.AUTHORIZED)
    return replace(node, smart=smart, licence=licence)
