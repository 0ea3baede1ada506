"""What stands on the Home tab. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.commands.definition import PREFIX
from bot.commands.housekeeping import overview
from bot.messages import ChannelSettings
from bot.platforms.slack.inline import escaped
from bot.platforms.slack.views import (
    MAX_TEXT_CHARS,
    Json,
    button,
    confirmation,
    header,
    home_tab,
    marked,
    modal,
    note,
    plain,
    section,
)

MAX_CHANNELS = 20

SETTINGS = "home-settings"
DEFAULTS = "home-defaults"
HELP = "home-help"
OPT_OUT = "home-optout"
OPT_IN = "home-optin"
FORGET_ME = "home-forget-me"
PRIVACY: Mapping[str, str] = {
    OPT_OUT: "privacy optout",
    OPT_IN: "privacy optin",
    FORGET_ME: "privacy forget-me",
}
"""The command behind each button about one's own data."""

DIVIDER: Json = {"type": "divider"}
UNKNOWN = "I can't tell right now. Please open this tab again in a minute."
NO_CHANNELS = "None yet. To have me in a channel, type /invite and my name there."


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, with its settings if it is to be shown."""

    id: str
    settings: ChannelSettings | None


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is stored about a person, in words, and whether they opted out."""

    stored: str
    opted_out: bool


def tab(
    name: str,
    channels: Sequence[Channel] | None,
    privacy: Privacy | None,
    *,
    told: str = "",
) -> Json:
    """Make the tab; None where something is not known now. `told` is the answer to a button."""
    blocks: list[Json] = [
        section(
            plain(
                f"I'm {name}. In channels that I was invited to I read along and store what is "
                "written, with names, so that I can take part. Nobody's words train a model."
            )
        ),
        *([section(plain(told)), DIVIDER] if told else []),
        header("Channels that you and I are in"),
        *_channels(channels),
        header("Your privacy"),
        *_privacy(privacy),
        header("Help"),
        section(
            plain(
                f"{PREFIX} help lists what I can do. In threads Slack takes no such commands: "
                f"mention me there, as in @{name} !why."
            ),
            button=button("All commands", HELP),
        ),
    ]
    return home_tab(blocks)


def help_view() -> Json:
    """Make a view with all commands, in columns."""
    parts, text = [], ""
    for line in overview().splitlines():
        if len(text) + len(line) > MAX_TEXT_CHARS // 2:  # escaped it may be longer
            parts.append(text)
            text = ""
        text += f"{line}\n"
    sections = [section(marked(f"```{escaped(part)}```")) for part in (*parts, text)]
    return modal("Commands", sections, callback_id=HELP)


def _channels(channels: Sequence[Channel] | None) -> Iterator[Json]:
    if channels is None:
        yield section(plain(UNKNOWN))
        return
    for channel in channels:
        if channel.settings is not None:
            words = f"mode {channel.settings.mode}, eagerness {channel.settings.eagerness}"
            yield section(
                marked(f"<#{channel.id}>: {words}"),
                button=button("Settings", SETTINGS, value=channel.id),
            )
    num_more = sum(channel.settings is None for channel in channels)
    if num_more:
        yield note(f"And {num_more} more. There, {PREFIX} settings opens the same form.")
    if not channels:
        yield section(plain(NO_CHANNELS))
    yield section(
        plain("What holds in channels that chose nothing themselves:"),
        button=button("Defaults", DEFAULTS),
    )


def _privacy(privacy: Privacy | None) -> Iterator[Json]:
    if privacy is None:
        yield section(plain(UNKNOWN))
        return
    yield section(plain(privacy.stored))
    wish = button("Opt in", OPT_IN)
    if not privacy.opted_out:
        text = (
            "I delete the text of your messages in this workspace and store none from now on. "
            "I can't answer you then."
        )
        wish = button("Opt out", OPT_OUT, confirm=confirmation("Opt out?", text, yes="Opt out"))
    forget = confirmation(
        "Forget you?",
        "I delete the text of your messages in this workspace, your name, and your opinions on my "
        "replies. This cannot be undone.",
        yes="Forget me",
    )
    yield {"type": "actions", "elements": [wish, button("Forget me", FORGET_ME, confirm=forget)]}
