from datetime import UTC, datetime

from reconciler import model as m
from reconciler.planning import make_plan

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def world(reg):
    acc = m.AccountDesired(
        m.Address.of_account("emea"), "emea", "Expressway EMEA", m.Manager(m.ManagerKind.CLOUD, "legacy")
    )
    ssh = m.SshAccess("admin", 22, "/k")
    nodes = tuple(
        m.NodeDesired(m.Address.of_node("ams-edge", n), n, n + ".x", ssh, serial="0E4D1FA" + n[1])
        for n in ("e1", "e2")
    )
    cl = m.ClusterDesired(
        m.Address.of_cluster("ams-edge"),
        "ams-edge",
        m.Role.EDGE,
        "emea",
        nodes,
        transport=m.Transport(m.TransportMode.DIRECT),
        registration=m.Registration(m.RegistrationMode.TOKEN, True),
    )
    d = m.Desired("w", "/r", (acc,), (cl,))
    lic = m.Licence(
        enabled=True,
        registration=reg,
        authorization=m.AuthorizationStatus.AUTHORIZED,
        virtual_account="Expressway EMEA",
        export_controlled=True,
        proxy=None,
    )
    obs = m.Observation(
        NOW,
        tuple(
            m.NodeObserved(
                n.address, NOW, serial=n.serial, licence=lic, software=m.Software("X14.3.1"), smart=m.SmartConfig(transport="direct")
            )
            for n in nodes
        ),
        (m.AccountObserved(acc.address, NOW),),
    )
    caps = {
        acc.address: frozenset({"account.create_token", "account.revoke_token"}),
        **{n.address: frozenset({"node.register"}) for n in nodes},
    }
    return make_plan(d, obs, m.HeldState(), caps, m.PlanOptions(), now=NOW, nonce="n", tool_version="0.1")


def test_thin():
    p = world(m.RegistrationStatus.UNREGISTERED)
    assert [a.kind.value for a in p.actions] == [
        "account.create_token",
        "node.register",
        "node.register",
        "account.revoke_token",
    ]
    assert world(m.RegistrationStatus.REGISTERED).actions == ()
