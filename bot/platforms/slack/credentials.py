"""Which of Slack's credentials are set, and whether they go together; asks nobody."""

from dataclasses import dataclass

from pydantic import SecretStr

from bot.config import Settings, variable
from bot.errors import ConfigError
from bot.platforms.slack.encrypting import Encryption

APPS = "https://api.slack.com/apps"
BOT_TOKEN_PLACE = f"{APPS}, your app, OAuth & Permissions, Bot User OAuth Token (xoxb-...)"
APP_TOKEN_PLACE = (
    f"{APPS}, your app, Basic Information, App-Level Tokens, Generate Token and Scopes, with the "
    "scope connections:write (xapp-...)"
)
SECRET_PLACE = f"{APPS}, your app, Basic Information, App Credentials"


@dataclass(frozen=True, slots=True)
class Provider:
    """An app that many workspaces can install."""

    client_id: str
    client_secret: str
    encryption: Encryption


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an app needs: a bot token or a provider, an app-level token or a signing secret."""

    bot_token: str | None
    provider: Provider | None
    app_token: str | None
    signing_secret: str | None

    @property
    def needs_server(self) -> bool:
        """Tell whether Slack or browsers have to reach this process over HTTP."""
        return self.app_token is None or self.provider is not None


def credentials(settings: Settings) -> Credentials:
    """Read the credentials. Raises ConfigError that says what is missing, and where it is found."""
    bot_token = _secret(settings.slack_bot_token)
    app_token = _secret(settings.slack_app_token)
    provider = None if settings.slack_client_id is None else _provider(settings)
    if provider is None and bot_token is None:
        raise ConfigError(
            f"{variable('slack_bot_token')} is not set: {BOT_TOKEN_PLACE}. docs/slack.md tells how "
            "to make the app."
        )
    if provider is not None and bot_token is not None:
        raise ConfigError(
            f"{variable('slack_bot_token')} is for one workspace, {variable('slack_client_id')} for "
            "many: unset one of them."
        )
    _check_kind(bot_token, field="slack_bot_token", begins="xoxb-", place=BOT_TOKEN_PLACE)
    _check_kind(app_token, field="slack_app_token", begins="xapp-", place=APP_TOKEN_PLACE)
    signing_secret = _secret(settings.slack_signing_secret)
    if app_token is None and signing_secret is None:
        raise ConfigError(
            f"Neither {variable('slack_app_token')} nor {variable('slack_signing_secret')} is set. "
            f"For Socket Mode, set the first: {APP_TOKEN_PLACE}. For HTTP, set the second: "
            f"{SECRET_PLACE}, Signing Secret."
        )
    return Credentials(bot_token, provider, app_token, signing_secret)


def _provider(settings: Settings) -> Provider:
    client_secret = _secret(settings.slack_client_secret)
    if client_secret is None:
        raise ConfigError(
            f"{variable('slack_client_secret')} is not set: {SECRET_PLACE}, Client Secret."
        )
    keys = _secret(settings.slack_encryption_key)
    if keys is None:
        raise ConfigError(
            f"{variable('slack_encryption_key')} is not set: the tokens of workspaces are stored "
            "encrypted. `earshot slack key` makes a key; keep it as you keep a password."
        )
    return Provider(settings.slack_client_id or "", client_secret, Encryption(keys))


def _check_kind(token: str | None, *, field: str, begins: str, place: str) -> None:
    """Raise ConfigError for a token of another kind, or one that no header could carry."""
    if token is None:
        return
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigError(f"{variable(field)} holds what is no token: {place}.")
    if token.startswith(f"xoxe.{begins}"):
        raise ConfigError(
            f"{variable(field)} holds a token that expires within hours, and nothing renews it "
            f"there: switch token rotation off ({APPS}, your app, OAuth & Permissions), or serve "
            "the app as one of many workspaces (docs/slack.md)."
        )
    if not token.startswith(begins):
        raise ConfigError(f"{variable(field)} must begin with {begins}: {place}.")


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value().strip() or None if value is not None else None
