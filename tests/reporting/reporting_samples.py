"""Plans and runs as literals: a fleet like the one of the lab, in the states that a person meets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler import model as m

NOW = datetime(2026, 11, 24, 3, 57, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)

EMEA = m.Address("account/emea")
AMS = m.Address("cluster/ams-edge")
E1 = m.Address("cluster/ams-edge/node/e1")
E2 = m.Address("cluster/ams-edge/node/e2")
LON1 = m.Address("cluster/lon-core/node/c1")
PAR1 = m.Address("cluster/par-edge/node/e1")
MAD1 = m.Address("cluster/mad-edge/node/e1")
MAD2 = m.Address("cluster/mad-edge/node/e2")
OSL1 = m.Address("cluster/osl-core/node/c1")
OSL2 = m.Address("cluster/osl-core/node/c2")


def node(address: m.Address, serial: str, version: str, *problems: m.Problem) -> m.NodeObserved:
    return m.NodeObserved(address, NOW, serial=serial, software=m.Software(version), problems=problems)


def action(
    address: m.Address, kind: m.Kind, reason: str, params: dict[str, Any] | None = None, **rest: Any
) -> m.Action:
    carrier = rest.pop("carrier", m.Carrier.SSH)
    effect_class = rest.pop("effect_class", m.EffectClass.ONCE)
    subject = rest.pop("subject", address.name)
    name = f"{kind.value}:{subject}:0"
    return m.Action(name, address, kind, subject, params or {}, carrier, effect_class, reason, **rest)


def plan(**parts: Any) -> m.Plan:
    basis = m.Plan(
        content_digest="d" * 64,
        nonce="n-1",
        workspace="7f3c1d9a",
        created_at=NOW,
        expires_at=LATER,
        tool_version="0.1.0",
        observation=m.Observation(NOW),
        clusters_total=7,
        nodes_total=12,
    )
    return replace(basis, **parts)


def unregistered(address: m.Address, after: m.Value = "Expressway EMEA") -> tuple[m.Change, ...]:
    cause = m.Cause.NOT_YET_APPLIED
    return (
        m.Change(address, "registration", "unregistered", "registered", cause),
        m.Change(address, "virtual_account", None, after, cause),
    )


TOKEN = {"token": "token/emea/allowed", "virtual_account": "Expressway EMEA", "export_controlled": True}
CREATE = action(
    EMEA,
    m.Kind.CREATE_TOKEN,
    "2 nodes of cluster/ams-edge register with it",
    {"export_controlled": True, "expires_after_days": 1, "max_uses": 2},
    carrier=m.Carrier.API,
    effect_class=m.EffectClass.CODE,
    purpose=m.Purpose.SUPPLY,
    makes="token/emea/allowed",
)
PRIVACY = action(
    E1, m.Kind.SET_PRIVACY, "the YAML hides the host name", {"privacy": "hostname"}, subject="0E4D1FA5"
)
REGISTER_1 = action(
    E1, m.Kind.REGISTER, "not registered", TOKEN, subject="0E4D1FA5", needs=(CREATE.id,), after=(PRIVACY.id,)
)
REGISTER_2 = action(E2, m.Kind.REGISTER, "not registered", TOKEN, subject="0E4D2B17", needs=(CREATE.id,))
AGAIN = action(
    LON1,
    m.Kind.REREGISTER,
    'registered to another virtual account, "Expressway Old"',
    TOKEN,
    subject="0A1B2C3D",
    needs=(CREATE.id,),
)
REVOKE = action(
    EMEA,
    m.Kind.REVOKE_TOKEN,
    "a token that nobody needs any more opens the account to whoever finds it",
    {"token": "token/emea/allowed"},
    carrier=m.Carrier.API,
    after=(REGISTER_1.id, REGISTER_2.id, AGAIN.id),
    purpose=m.Purpose.CLEANUP,
)
PROXY = action(
    MAD1,
    m.Kind.SET_PROXY,
    "the node has no proxy",
    {"host": "proxy.example.com", "port": 3128},
    subject="0C0C0C01",
    carrier=m.Carrier.PERSON,
    carrier_note="the Expressway has no command for it",
)
PROXY_2 = replace(PROXY, id="node.set_proxy:0C0C0C02:0", address=MAD2, subject="0C0C0C02")
BEHIND_PROXY = action(
    MAD1, m.Kind.REGISTER, "not registered", TOKEN, subject="0C0C0C01", needs=(PROXY.id, CREATE.id)
)
REFUSED_REGISTER = action(PAR1, m.Kind.REGISTER, "not registered", TOKEN, subject="0B0B0B01")
REFUSED_TRANSPORT = action(
    m.Address("cluster/par-edge"),
    m.Kind.SET_TRANSPORT,
    "the YAML says direct",
    {"transport": "direct", "nodes": [str(PAR1)]},
)

S11 = m.Refusal(
    "XL011",
    m.Level.HARD,
    PAR1,
    "X14.2.1 trusts a root certificate that Cisco replaced in January 2023: registering direct or through "
    "a proxy fails.",
    "Upgrade to X14.2.5 or a later X14.2, or X14.3 and above, or use an On-Prem.",
    "Field Notice FN72306",
    rows=("S11",),
)
WAITING = m.Waiting(
    "h-1",
    PROXY.id,
    PROXY.kind.value,
    MAD1,
    "0C0C0C01",
    NOW,
    (
        "Open https://mad-e1.example.com and log in as admin.",
        "Go to System > Smart licensing > Transport settings.",
        "Set proxy host proxy.example.com and port 3128, then Save.",
    ),
    due=LATER,
    owner="network team",
    ticket="CHG-42",
)
FINDING_LOW = m.Finding(
    "evaluation-low",
    m.Severity.WARNING,
    E2,
    "12 days of the evaluation period are left.",
    "Register the node before they run out.",
    ("S97",),
)
FINDING_DELETED = m.Finding(
    "not-in-yaml",
    m.Severity.INFO,
    m.Address("account/emea/instance/0D0D0D01"),
    "An instance of no node here.",
)

FLEET = plan(
    observation=m.Observation(
        NOW,
        (
            node(E1, "0E4D1FA5", "X14.3.1"),
            node(E2, "0E4D2B17", "X14.3.1"),
            node(LON1, "0A1B2C3D", "X15.0"),
            node(PAR1, "0B0B0B01", "X14.2.1"),
            node(MAD1, "0C0C0C01", "X14.3.1"),
            node(MAD2, "0C0C0C02", "X14.3.1"),
            node(OSL1, "0F0F0F01", "X14.3.1"),
            node(OSL2, "0F0F0F02", "X14.3.1"),
        ),
    ),
    changes=(
        m.Change(E1, "privacy", "none", "hostname", m.Cause.CHANGED_BEHIND, "2026-11-20T10:00:00+00:00"),
        *unregistered(E1),
        *unregistered(E2),
        m.Change(LON1, "virtual_account", "Expressway Old", "Expressway EMEA", m.Cause.NOT_YET_APPLIED),
        m.Change(MAD1, "proxy", None, "proxy.example.com:3128", m.Cause.WAITING),
        *unregistered(MAD1),
        m.Change(MAD2, "proxy", None, "proxy.example.com:3128", m.Cause.NOT_YET_APPLIED),
        m.Change(OSL1, "url", m.UNKNOWN, "https://smartreceiver.cisco.com/licservice/license"),
        *unregistered(PAR1),
    ),
    actions=(CREATE, PRIVACY, REGISTER_1, REGISTER_2, AGAIN, PROXY, PROXY_2, BEHIND_PROXY, REVOKE),
    held_back=(
        m.HeldBack(PROXY.id, "h-1", "hand-off h-1 waits for a person"),
        m.HeldBack(BEHIND_PROXY.id, PROXY.id, "needs node.set_proxy, which cannot run"),
    ),
    withheld=(REFUSED_REGISTER,),
    findings=(FINDING_DELETED, FINDING_LOW),
    refusals=(S11,),
    waiting=(WAITING,),
    evaluation=(
        m.EvaluationLeft(E1, 81, running=True),
        m.EvaluationLeft(E2, 12, running=True),
        m.EvaluationLeft(MAD1, 81, running=True),
        m.EvaluationLeft(MAD2, 81, running=True),
        m.EvaluationLeft(PAR1, 0, running=True),
        m.EvaluationLeft(OSL1, 60, running=False, remembered=True),
        m.EvaluationLeft(OSL2, 55, running=False, remembered=True),
    ),
)

COMMANDS = {
    CREATE.id: ("POST /services/api/smart-accounts-and-licensing/v1/accounts/example.com/...",),
    PRIVACY.id: ("xConfiguration license smart privacy: hostname",),
    REGISTER_1.id: ("xCommand license smart register idtoken: <token>",),
}

RUN = m.RunResult(
    "r-7",
    outcomes=(
        m.ActionOutcome(CREATE, m.Result.DONE, seconds=0.4),
        m.ActionOutcome(PRIVACY, m.Result.DONE, seconds=1.2),
        m.ActionOutcome(
            REGISTER_1,
            m.Result.FAILED,
            "The node says: Invalid token. It stays unregistered.",
            "Look at the token in the account, then plan again.",
            31.2,
            "op-3",
        ),
        m.ActionOutcome(
            REGISTER_2,
            m.Result.UNKNOWN,
            "The connection was lost after the command was sent.",
            None,
            5.0,
            "op-4",
        ),
        m.ActionOutcome(AGAIN, m.Result.SKIPPED, "it needs step 1, which failed"),
        m.ActionOutcome(PROXY, m.Result.WAITING, "h-1"),
    ),
    refusals=(S11,),
    waiting=(WAITING,),
    unread=(OSL1,),
    untrusted=(OSL2,),
)
