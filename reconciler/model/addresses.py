"""Where something is: ``cluster/ams-edge/node/e1``, ``account/emea/instance/0E4D1FA5``.

An address is its own text, so it sorts, hashes, prints and travels through JSON as itself.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

_NAME = r"[a-z0-9][a-z0-9._-]{0,62}"
_FORM = re.compile(rf"cluster/{_NAME}(/node/{_NAME})?|account/{_NAME}(/instance/[^\s/]{{1,80}})?|workspace")


class Address(str):
    """``cluster/C``, ``cluster/C/node/N``, ``account/A``, ``account/A/instance/I`` or ``workspace``.

    Raises ValueError for any other text.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Address:
        if not _FORM.fullmatch(text):
            raise ValueError(f"not an address: {text!r}")
        return super().__new__(cls, text)

    @classmethod
    def of_cluster(cls, cluster: str) -> Address:
        return cls(f"cluster/{cluster}")

    @classmethod
    def of_node(cls, cluster: str, node: str) -> Address:
        return cls(f"cluster/{cluster}/node/{node}")

    @classmethod
    def of_account(cls, account: str) -> Address:
        return cls(f"account/{account}")

    @classmethod
    def of_instance(cls, account: str, instance: str) -> Address:
        safe = re.sub(r"[/\s]", "_", instance)[:80]
        return cls(f"account/{account}/instance/{safe}")

    @property
    def kind(self) -> str:
        """``cluster``, ``node``, ``account``, ``instance`` or ``workspace``."""
        parts = self.split("/")
        return parts[2] if len(parts) == 4 else parts[0]

    @property
    def name(self) -> str:
        """The last part: the node's, cluster's, account's or instance's own name."""
        return self.rsplit("/", 1)[-1]

    @property
    def parent(self) -> Address:
        """The cluster of a node, the account of an instance; anything else is its own parent."""
        parts = self.split("/")
        return Address("/".join(parts[:2])) if len(parts) == 4 else self

    def covers(self, other: Address) -> bool:
        """Whether ``other`` is this address or lies under it; the workspace covers everything."""
        return self == other or self == "workspace" or other.startswith(self + "/")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.to_string_ser_schema()
        )


WORKSPACE = Address("workspace")
