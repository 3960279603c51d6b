"""A new workspace: files that teach. Nothing that exists is overwritten.

Belongs here: what `xlicense init` writes. Does not belong here: what the keys mean (documents).
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from reconciler.config.loading import CLUSTERS, WORKSPACE_FILE
from reconciler.config.schema_files import CLUSTER_SCHEMA, WORKSPACE_SCHEMA, schemas
from reconciler.errors import UsageError, XlicenseError

_WORKSPACE = """\
# yaml-language-server: $schema=schemas/{schema}
# One workspace: accounts, defaults and policy. Clusters are in clusters/, one file each.
# Secrets are never written here, only where they are: {{env: NAME}}, {{file: path}}, {{command: [program]}},
# {{keyring: service/user}} or {{vault: path#key}}.
version: 1
workspace: {workspace}  # names the journal of this workspace; do not change it

accounts:
  # A virtual account in Cisco Smart Software Manager. Without credentials the steps there are done by hand.
  main:
    smart_account: example.com
    virtual_account: Default
    manager: {{kind: cloud, profile: legacy}}  # profile: legacy or software-apis
    # credentials:
    #   read: {{client_id: {{env: CSSM_READ_ID}}, client_secret: {{env: CSSM_READ_SECRET}}}}
    #   apply: {{client_id: {{env: CSSM_CLIENT_ID}}, client_secret: {{env: CSSM_CLIENT_SECRET}}}}
  # An account on Smart Software Manager On-Prem:
  # plant:
  #   manager: {{kind: on-prem, base_url: "https://ssm.example.com:8443", ca_file: ca/ssm.pem}}
  #   transport_url: https://ssm.example.com/SmartTransport
  #   local_account: Plant
  #   virtual_account: Default
  # An account that only people reach:
  # vault-room:
  #   virtual_account: Air gap
  #   manager: {{kind: hand-off}}

defaults:
  account: main
  # `xlicense hostkeys learn` writes known_hosts; look at it before you trust it.
  ssh: {{username: admin, password: {{env: EXPRESSWAY_PASSWORD}}, known_hosts: known_hosts}}

# policy:
#   plan_valid_for: 24h
#   evaluation: {{warn_below_days: 60, fail_below_days: 14}}
"""

_CLUSTER = """\
# yaml-language-server: $schema=../schemas/{schema}
# Rename this file to the name of your cluster, ending in .yaml: it is read from then on.
# `xlicense import HOST` writes such a file from what a node says.
cluster: example
labels: {{site: ams}}  # select by them: xlicense plan -l site=ams
role: edge  # core: Expressway-C, edge: Expressway-E
manage: observe  # only look; take this line away to let xlicense change the nodes
transport: {{mode: direct}}  # direct, on-prem, or {{mode: proxy, host: proxy.example.com, port: 8080}}
privacy: {{hostname: shared}}  # hidden or shared; version likewise
registration: {{mode: token, export_controlled: true}}
nodes:  # the primary first
  - {{name: e1, host: e1.example.com}}
  - {{name: e2, host: e2.example.com}}
"""

_IGNORED = """\
# Secrets and saved plans stay on this machine.
/secrets/
*.plan
"""


def init_workspace(folder: Path) -> tuple[Path, ...]:
    """Make a workspace in this folder. Returns the files written, in order.

    Raises UsageError where there is one already, XlicenseError where the folder cannot be written.
    """
    if (folder / WORKSPACE_FILE).exists():
        raise UsageError(
            f"there is a workspace in {folder} already", remedy="xlicense validate, or init another folder"
        )
    try:
        return tuple(_write(folder / path, text) for path, text in _texts().items() if _is_new(folder / path))
    except OSError as error:
        raise XlicenseError(f"{error.filename or folder} cannot be written: {error.strerror}") from None


def _texts() -> dict[str, str]:
    """xlicense.yaml last: a folder that holds one is a workspace."""
    known = {f"schemas/{name}": schema_text(schema) for name, schema in schemas().items()}
    return {
        f"{CLUSTERS}/example.yaml.sample": _CLUSTER.format(schema=CLUSTER_SCHEMA),
        ".gitignore": _IGNORED,
        **known,
        WORKSPACE_FILE: _WORKSPACE.format(schema=WORKSPACE_SCHEMA, workspace=secrets.token_hex(4)),
    }


def schema_text(schema: object) -> str:
    """The text of a schema file, as it is committed and as init writes it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _is_new(file: Path) -> bool:
    return not file.exists()


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    return file
