"""The smallest workspace and cluster that load without a warning; tests change one thing in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

WORKSPACE = """\
version: 1
workspace: 7f3c1d9a
accounts:
  emea:
    smart_account: example.com
    virtual_account: Expressway EMEA
    manager: {kind: cloud}
  plant:
    manager: {kind: on-prem, base_url: "https://ssm.example.com:8443"}
    transport_url: https://ssm.example.com/SmartTransport
    local_account: Plant
    virtual_account: Default
  vault-room:
    virtual_account: Air gap
    manager: {kind: hand-off}
defaults:
  ssh: {password: {env: EXPRESSWAY_PASSWORD}}
"""

CLUSTER = """\
cluster: ams-edge
role: edge
account: emea
transport: {mode: direct}
registration: {mode: token}
nodes:
  - {name: e1, host: e1.example.com, serial: 0E4D1FA5}
"""

Write = Callable[..., Path]
