"""How an account logs in: its references, resolved as late as possible."""

from __future__ import annotations

from reconciler.model import AccountDesired, Credentials
from reconciler.ports import SecretSource

from .exchange import ClientSecrets, Login
from .profiles import Surface


def login_of(
    account: AccountDesired, surface: Surface, credentials: Credentials, secrets: SecretSource
) -> Login:
    """Nothing is resolved before the first token is needed; ``secrets`` may raise SecretError then."""

    def resolve() -> ClientSecrets:
        refs = (credentials.username, credentials.password)
        username, password = ("" if ref is None else secrets.resolve(ref) for ref in refs)
        return ClientSecrets(
            secrets.resolve(credentials.client_id),
            secrets.resolve(credentials.client_secret),
            username,
            password,
        )

    return Login(surface.token_url, surface.profile.login_body, account.manager.grant, resolve)
