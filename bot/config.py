"""Earshot's settings: their names, ranges and defaults, checked once, then passed down.

Knows nothing of what they are used for; `bot.environment` reads them. An error says what is wrong with
a value, never the value: it may be a secret.
"""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.messages import Mode
from inference.wire.trim import MAX_PROMPT_TOKENS

PREFIX = "EARSHOT_"

DATABASES = ("sqlite", "postgres", "postgresql")


def default_database_url() -> str:
    """Name the SQLite file in the user's data folder; does not create it."""
    return f"sqlite:///{user_data_path('earshot', appauthor=False) / 'earshot.db'}"


class Settings(BaseSettings):
    """All settings. None means: not set. Seconds where a name ends in `_s`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: str = Field(
        default_factory=default_database_url,
        repr=False,
        description="The history: `sqlite:////path/to/file.db` or `postgresql://user:password@host/name`.",
        json_schema_extra={"shown_default": "`earshot.db` in the user's data folder"},
    )
    model_url: str | None = Field(
        None,
        repr=False,
        description="An OpenAI-compatible server, such as `http://127.0.0.1:8000/v1`. "
        "Unset: Earshot starts its own worker.",
    )
    model: str = Field(
        "",
        description="The model: a folder, a GGUF file or a hub id for the own worker, or the model's name "
        "on the server. Unset: the embedded default model, or the server's first.",
    )
    adapter: str | None = Field(
        None,
        description="The folder of a LoRA adapter for the model. Unset: the embedded model's own; "
        "`none`: no adapter.",
    )
    model_api_key: SecretStr | None = Field(None, description="The key for the model server.")
    chat_form: Path | None = Field(
        None, description="The chat form file for a server that does not give one itself."
    )
    model_timeout_s: float = Field(
        60.0, gt=0, description="How long to wait for the model before giving up."
    )
    max_prompt_tokens: int = Field(
        MAX_PROMPT_TOKENS,
        ge=256,
        description="How much of a conversation the model sees, in tokens.",
    )
    worker_threads: int | None = Field(
        None, ge=1, description="CPU threads of the own worker. Unset: all cores."
    )
    precision: Literal["fp32", "bf16", "fp16", "int8", "nf4"] | None = Field(
        None,
        description="What the own worker loads the model in: `fp32`, `bf16`, `fp16`, `int8` or `nf4`. "
        "Unset: what fits the memory; `earshot doctor --model ID` shows it.",
    )
    conversations: int = Field(
        8,
        ge=1,
        description="How many conversations the own worker keeps at hand beside the model, at least.",
    )
    name: str = Field("Earshot", description="What the assistant is called in the chat.")
    default_mode: Mode = Field(
        Mode.ACTIVE,
        description="The mode of a conversation nobody has set: `active`, `mention`, `listen` or `off`.",
    )
    new_channel_mode: Mode = Field(
        Mode.MENTION,
        description="The mode in which a channel on Discord or Slack starts: `mention`, `listen`, `active` "
        "or `off`. Its managers can change it there.",
    )
    previews: bool = Field(
        True,
        description="Score messages also where the mode keeps it silent, so that `/assistant preview` can "
        "tell what it would have said. `false` saves these requests to the model.",
    )
    left_after_days: float = Field(
        7.0,
        ge=0,
        le=3650,
        allow_inf_nan=False,
        description="The data of a server or workspace that removed the bot is deleted after so many days.",
    )
    burst_quiet_s: float = Field(
        1.5, ge=0, description="A burst of messages is over after this long without another."
    )
    burst_max_s: float = Field(6.0, ge=0, description="A burst is decided after this long at most.")
    max_age_s: float = Field(
        300.0, gt=0, description="After a downtime, nothing older than this is answered."
    )
    room_host: str = Field("127.0.0.1", description="The address the room is served on.")
    room_port: int = Field(
        8765, ge=0, le=65535, description="The port of the room; 0 takes any free one."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged: `debug`, `info`, `warning` or `error`."
    )
    health_file: Path | None = Field(
        None,
        description="A file in which a bot on Discord or Slack writes whether it hears, for `earshot health`.",
    )
    discord_token: SecretStr | None = Field(None, description="The token of the Discord bot.")
    discord_api_base: str | None = Field(
        None,
        description="The API of a server that is compatible with Discord, with its version, such as "
        "`http://127.0.0.1:3910/api/v10`. Unset: Discord's own.",
    )
    discord_gateway: str | None = Field(
        None,
        description="The gateway of that server, such as `ws://127.0.0.1:3910/`, if it is not the one that its API names.",
    )
    discord_shards: str | None = Field(
        None,
        pattern=r"^\d+(,\d+)*/\d+$",
        description="Which shards this process runs, such as `0,1/4`. Unset: all, as many as Discord asks for.",
    )
    discord_command_guild: str | None = Field(
        None,
        pattern=r"^\d+$",
        description="The id of the only server that gets the commands, at once, to try them. Unset: all servers.",
    )
    slack_bot_token: SecretStr | None = Field(
        None, description="The bot token of the Slack app (`xoxb-...`), for one workspace."
    )
    slack_app_token: SecretStr | None = Field(
        None,
        description="The app-level token of the Slack app (`xapp-...`): events come over Socket Mode.",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        description="The signing secret of the Slack app: without an app-level token, events come over HTTP.",
    )
    slack_client_id: str | None = Field(
        None, description="The client id of the Slack app, for an app of many workspaces."
    )
    slack_client_secret: SecretStr | None = Field(
        None, description="The client secret of the Slack app, for an app of many workspaces."
    )
    slack_encryption_key: SecretStr | None = Field(
        None,
        description="What the tokens of many workspaces are encrypted with; "
        "`earshot slack key` makes one. Several, comma-separated: the first encrypts, all decrypt.",
    )
    slack_public_url: str | None = Field(
        None,
        description="Where Slack and browsers reach this process over HTTP, such as `https://bot.example.com`.",
    )
    slack_host: str = Field(
        "127.0.0.1", description="The address on which Slack's requests over HTTP are taken."
    )
    slack_port: int = Field(
        3000, ge=0, le=65535, description="The port for Slack's requests; 0 takes any free one."
    )
    slack_api_base: str | None = Field(
        None,
        description="Another address of Slack's API, such as `http://127.0.0.1:3960/api`. Unset: Slack's own.",
    )

    @field_validator("default_mode", "new_channel_mode", "log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _is_a_known_database(cls, value: str) -> str:
        if _split(value).scheme.partition("+")[0] not in DATABASES or "://" not in value:
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("model_url", "discord_api_base", "slack_api_base", "slack_public_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        return value if value is None else _checked_url(value, schemes=("http", "https"))

    @field_validator("discord_gateway")
    @classmethod
    def _is_websocket(cls, value: str | None) -> str | None:
        return value if value is None else _checked_url(value, schemes=("ws", "wss"))

    @field_validator("discord_shards")
    @classmethod
    def _are_shards(cls, value: str | None) -> str | None:
        ids, _, count = (value or "0/1").partition("/")
        if max(map(int, ids.split(","))) >= int(count):
            raise ValueError(
                "the ids count from 0 and are smaller than their number: such as 0,1/2"
            )
        return value

    @field_validator("name")
    @classmethod
    def _is_one_line_without_colon(cls, value: str) -> str:
        name = value.strip()
        # A name with a colon or a line break could pass for another speaker's line in the prompt.
        if not name or len(name) > 32 or ":" in name or not name.isprintable():
            raise ValueError("must be 1 to 32 printable characters without a colon")
        return name

    @model_validator(mode="after")
    def _burst_fits(self) -> Self:
        if self.burst_max_s < self.burst_quiet_s:
            raise ValueError("EARSHOT_BURST_MAX_S must not be less than EARSHOT_BURST_QUIET_S")
        return self


def variable(field: str) -> str:
    """Give the environment variable of a field of Settings."""
    return PREFIX + field.upper()


def _checked_url(value: str, *, schemes: tuple[str, str]) -> str:
    url = _split(value)
    if url.scheme not in schemes or not url.hostname:
        raise ValueError(f"must be a URL that begins with {schemes[0]}:// or {schemes[1]}://")
    return value.rstrip("/")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        # Python's text shows the address, and with it the password.
        raise ValueError("is no valid URL") from None
