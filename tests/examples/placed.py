"""An example as it ships, with its hosts, URLs and trust pointed at a lab that holds the same nodes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.golden.harness import ROOT, Scenario

WORLD = """\
settings: {register_seconds: 0.3, retry_seconds: 900, replication_seconds: 0.3}
cloud:
  clients:
    - {client_id: lab-client, client_secret: lab-secret, granted: true, writes: true}
  accounts:
    example.com:
      virtual_accounts:
        Expressway EMEA:
          licences: {rms: 100, desktop: 500, room: 50}
on_prem:
  plant:
    host_names: [ssm.plant.example.com]
    clients:
      - {client_id: plant-client, client_secret: plant-secret, granted: true, writes: true}
    accounts:
      Plant:
        virtual_accounts:
          Default:
            licences: {rms: 50}
"""
CREDENTIALS = {
    "CSSM_READ_ID": "lab-client",
    "CSSM_READ_SECRET": "lab-secret",
    "CSSM_CLIENT_ID": "lab-client",
    "CSSM_CLIENT_SECRET": "lab-secret",
    "SSM_CLIENT_ID": "plant-client",
    "SSM_CLIENT_SECRET": "plant-secret",
}
_NODE = re.compile(r"- \{name: (\w+), host: ([\w.-]+), serial: \"(\w+)\"")
_LEGACY = 'profile: legacy, base_url: "@legacy@", token_url: "@cloud@/as/token.oauth2", ca_file: .lab/ca.pem}'


def example(name: str, tmp: Path) -> Scenario:
    """The example of this name as a scenario; its credentials are in the environment, as its README says."""
    folder = tmp / "example"
    workspace = folder / "workspace"
    shutil.copytree(ROOT / "examples" / name, workspace)
    world = WORLD + "clusters:\n"
    for path in sorted((workspace / "clusters").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        world += f"  {path.stem}:\n    nodes:\n"
        for node, _, serial in _NODE.findall(text):
            world += (
                f'      {node}: {{serial: "{serial}", version: X14.3.1, dns: ["192.0.2.53"], role: edge}}\n'
            )
        path.write_text(
            _NODE.sub(rf'- {{name: \1, host: 127.0.0.1, port: "@port:{path.stem}/\1@", serial: "\3"', text),
            encoding="utf-8",
        )
    main = workspace / "xlicense.yaml"
    text = main.read_text(encoding="utf-8").replace("profile: legacy}", _LEGACY)
    text = text.replace('base_url: "https://ssm.plant.example.com:8443"', 'base_url: "@onprem:plant@"')
    text = text.replace("ca_file: ca/plant.pem", "ca_file: .lab/ca.pem")
    main.write_text(
        text.replace("known_hosts: known_hosts", "known_hosts: .lab/known_hosts"), encoding="utf-8"
    )
    (folder / "world.yaml").write_text(world, encoding="utf-8")
    scenario = Scenario(folder, tmp)
    password = next(iter(scenario.lab.world.nodes.values())).password
    scenario.environment.update(CREDENTIALS, EXPRESSWAY_PASSWORD=password)
    return scenario
