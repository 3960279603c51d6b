"""How a user refers to a secret, and what all classes of user files have in common.

Belongs here: the base class, and references to secrets. Does not belong here: reading a secret (references).
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from reconciler.config.scalars import (
    KeyringEntry,
    Path,
    Text,
    VariableName,
    VaultEntry,
    WithMinItems,
    refuse,
)
from reconciler.model import SecretRef

T = TypeVar("T")

LITERAL_SECRET = "literal_secret"
ONE_REFERENCE = "one_reference"


class Document(BaseModel):
    """The base of all: frozen, no unknown keys, and no input in the text of an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _not_empty(value: tuple[T, ...]) -> tuple[T, ...]:
    return value or refuse("a list of at least one")


NotEmpty = Annotated[tuple[T, ...], AfterValidator(_not_empty), WithMinItems()]


class SecretDoc(Document):
    """Where a secret is: exactly one of env, file, keyring, command and vault. Never the secret itself."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    env: VariableName | None = Field(None, description="The environment variable that holds the secret.")
    file: Path | None = Field(
        None,
        description="The file that holds it, readable by its owner only; relative to the workspace folder.",
    )
    keyring: KeyringEntry | None = Field(
        None, description="service/user in the system keyring (needs the extra `keyring`)."
    )
    command: NotEmpty[Text] | None = Field(
        None, description="A program and its arguments; what it prints is the secret. No shell."
    )
    vault: VaultEntry | None = Field(
        None, description="path#key in HashiCorp Vault at VAULT_ADDR (needs the extra `vault`)."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretDoc:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError(ONE_REFERENCE, "exactly one")
        return self

    def ref(self) -> SecretRef:
        """The reference as the model knows it."""
        kind = next(iter(self.model_fields_set))
        return SecretRef(kind, getattr(self, kind))  # type: ignore[arg-type] # the field names are the kinds


def _no_literal(value: Any) -> Any:
    if isinstance(value, str):
        raise PydanticCustomError(LITERAL_SECRET, "a secret in clear")
    return value


Secret = Annotated[SecretDoc, BeforeValidator(_no_literal)]
