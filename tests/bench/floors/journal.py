"""Our journal at its work: whole effects, each intent, sending, verified and end. Prints records a second."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from reconciler.execution import SystemClock
from reconciler.journal import open_journal
from reconciler.model import Action, Address, Carrier, EffectClass, Kind

EFFECTS = 300
RECORDS_AN_EFFECT = 3
folder = Path(sys.argv[1], str(time.time_ns()))
folder.parent.mkdir(exist_ok=True)
journal = open_journal(folder, workspace="0badf00d", recipients=(), identity=None, clock=SystemClock())
run_id = journal.begin_run("bench", None, None)
address = Address.of_node("ams-edge", "e1")
action = Action(
    "node.set_url:0E4D1FA5:0", address, Kind.SET_URL, "0E4D1FA5", {"url": "https://x/SmartTransport"},
    Carrier.SSH, EffectClass.SET, "bench",
)  # fmt: skip
begun = time.perf_counter()
for _ in range(EFFECTS):
    effect = journal.intent(run_id, action)
    effect.sending()
    effect.done()
print(EFFECTS * RECORDS_AN_EFFECT / (time.perf_counter() - begun))
journal.close()
