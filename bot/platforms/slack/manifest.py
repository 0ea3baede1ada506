"""The app as Slack is told of it: a manifest to paste where a new app is made. Pure.

https://docs.slack.dev/reference/app-manifest
"""

import json
import re
from collections.abc import Iterator

from bot.errors import ConfigError
from bot.platforms.slack.paths import EVENTS_PATH, REDIRECT_PATH
from bot.platforms.slack.scopes import BOT_SCOPES, bot_events

COMMAND = "/assistant"
SHORTCUT = "ask_about"
DESCRIPTION = (
    "Takes part in your channels: speaks when it helps, and stays silent when it does not."
)
LONG_DESCRIPTION = (
    "It reads along in the channels that it was invited to, and decides after each message whether "
    "to speak. Mention it, and it answers in the thread. How talkative it is, and whether it is on "
    f"at all, is set in each channel with {COMMAND}; what it keeps of you, and how to have it "
    "forgotten, with its subcommand privacy."
)
MAX_SHORTCUT_CHARS = 24
# How long a name is, the settings check: 32, and Slack allows 35. Of its characters Slack documents no
# capitals and no spaces, and has both in its own examples.
NAME_CHARS = re.compile(r"[A-Za-z0-9._ -]+")

Json = dict[str, object]


def manifest(
    name: str, *, http: str | None = None, rotates_tokens: bool = False, has_pane: bool = False
) -> Json:
    """Describe the app; `http` is where Slack reaches it, None for Socket Mode.

    Tokens that are rotated are for an app that many workspaces install. The pane for assistants is
    for an app that has it already: to a new one Slack gives it no more. Raises ConfigError where
    Slack takes no app of that name.
    """
    _check(name)
    url = f"{http.rstrip('/')}{EVENTS_PATH}" if http else None
    oauth: Json = {"scopes": {"bot": list(BOT_SCOPES)}}
    if http:
        oauth = {"redirect_urls": [f"{http.rstrip('/')}{REDIRECT_PATH}"], **oauth}
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": name,
            "description": DESCRIPTION,
            "long_description": LONG_DESCRIPTION,
        },
        "features": _features(name, url, has_pane=has_pane),
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": {
                **_at(url, "request_url"),
                "bot_events": bot_events(has_pane=has_pane),
            },
            "interactivity": {"is_enabled": True, **_at(url, "request_url")},
            "org_deploy_enabled": False,
            "socket_mode_enabled": http is None,
            "token_rotation_enabled": rotates_tokens,
        },
    }


def as_json(given: Json) -> str:
    """Write a manifest as JSON."""
    return json.dumps(given, indent=2, ensure_ascii=False)


def as_yaml(given: Json) -> str:
    """Write a manifest as YAML; texts are quoted as in JSON, which YAML reads too."""
    return "\n".join(_lines(given, indent=""))


def _check(name: str) -> None:
    if not NAME_CHARS.fullmatch(name):
        raise ConfigError(
            f"EARSHOT_NAME={name}: Slack takes names of bots with the letters a to z, digits, spaces "
            "and - _ . only: choose another one."
        )


def _features(name: str, url: str | None, *, has_pane: bool) -> Json:
    shortcut = f"Ask {name} about this"
    agent = {"agent_view": {"agent_description": DESCRIPTION}}
    pane = {"assistant_view": {"assistant_description": DESCRIPTION}}
    return {
        **(pane if has_pane else agent),
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": name, "always_online": True},
        "shortcuts": [
            {
                "name": shortcut if len(shortcut) <= MAX_SHORTCUT_CHARS else "Ask about this",
                "type": "message",
                "callback_id": SHORTCUT,
                "description": "Ask a question about this message",
            }
        ],
        "slash_commands": [
            {
                "command": COMMAND,
                **_at(url, "url"),
                "description": f"What {name} may do here, why it spoke, and what it keeps",
                "usage_hint": "help",
                "should_escape": False,
            }
        ],
    }


def _at(url: str | None, key: str) -> Json:
    return {key: url} if url else {}


def _lines(value: Json, *, indent: str) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield f"{indent}{key}:"
            yield from _lines(inner, indent=f"{indent}  ")
        elif isinstance(inner, list):
            yield f"{indent}{key}:"
            for item in inner:
                yield from _item(item, indent=f"{indent}  ")
        else:
            yield f"{indent}{key}: {_scalar(inner)}"


def _item(item: object, *, indent: str) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"{indent}- {_scalar(item)}"
        return
    first, *rest = _lines(item, indent=f"{indent}  ")
    yield f"{indent}- {first.strip()}"
    yield from rest


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
