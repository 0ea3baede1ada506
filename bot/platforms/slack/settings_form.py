"""The form with all settings of a channel, or of a workspace for its channels, in each of its states.

Pure: what holds is given, what was changed is told. A form carries no rights, and of each value
only a mark by which it knows later whether somebody changed it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.commands import Who
from bot.messages import ChannelSettings, ConversationKey, workspace_key
from bot.platforms.slack.form_fields import VALUE, Field, block, fields, mark, origin_of
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct
from bot.platforms.slack.views import (
    Json,
    given,
    kept_in,
    marked,
    modal,
    note,
    plain,
    section,
)

SETTINGS = "earshot-settings"
FOLLOW = "defaults/follow"
FOLLOWS = "defaults follow"  # the command of that box

WAIT = "One moment…"
SAVING = "I'm still at it. You can close this; it is done all the same."
OUT_OF_DATE = "This form is out of date. Please open it again."
CHANNEL_MANAGERS = "Workspace admins and owners can change this, and whoever created the channel."
WORKSPACE_MANAGERS = "Workspace admins and owners can change this."


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """The form of a channel, or with the key of a workspace that of its defaults.

    `from_home`: it was opened on the Home tab.
    """

    where: ConversationKey
    from_home: bool = False

    @property
    def for_all(self) -> bool:
        """Whether it is about the defaults of the workspace."""
        return not self.where.channel

    @property
    def needs(self) -> Who:
        """Who may change what stands in it."""
        return Who.WORKSPACE_MANAGERS if self.for_all else Who.MANAGERS

    @property
    def fields(self) -> Sequence[Field]:
        """The settings in it."""
        return fields(for_all=self.for_all)

    def to_be_changed(
        self, settings: ChannelSettings, chosen: Collection[str], now: datetime
    ) -> Json:
        """Give the form with what holds `now`; `chosen` names what was chosen at its level."""
        typed = {field: field.now(settings, now) for field in self.fields}
        blocks = [self._place]
        blocks += [block(each, text, origin_of(each, chosen, text)) for each, text in typed.items()]
        if chosen and not self.for_all:
            blocks.append(_FOLLOW_BLOCK)
        kept = {
            "channel": self.where.channel,
            "home": self.from_home,
            "was": {each.id: mark(text) for each, text in typed.items()},
        }
        return self._modal(blocks, submit="Save", metadata=json.dumps(kept))

    def to_be_read(self, texts: Sequence[str]) -> Json:
        """Give what each setting's command says, with who may change it."""
        who = WORKSPACE_MANAGERS if self.for_all else CHANNEL_MANAGERS
        return self._modal([self._place, *(section(plain(text)) for text in texts), note(who)])

    def told(self, texts: Sequence[str]) -> Json:
        """Give what stands in the form's place afterwards."""
        return self._modal([section(plain(text)) for text in texts])

    def _modal(
        self, blocks: Sequence[Json], *, submit: str | None = None, metadata: str = ""
    ) -> Json:
        title = "Workspace settings" if self.for_all else "Channel settings"
        return modal(title, blocks, callback_id=SETTINGS, submit=submit, metadata=metadata)

    @property
    def _place(self) -> Json:
        if self.for_all:
            return section(plain("For every channel that chose nothing itself."))
        if is_direct(self.where.channel):
            return section(plain("For what you and I write to each other."))
        return section(marked(f"For <#{self.where.channel}> and its threads."))


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form that came back: what was typed into which field, where it was changed."""

    form: SettingsForm
    changed: Mapping[Field, str]
    follows: bool


def submitted(view: Mapping[str, Any], team_id: str) -> Submitted | None:
    """Read a form that came back in a workspace; None if it is none that can be filled in."""
    kept = kept_in(view)
    if "was" not in kept:
        return None
    channel = kept["channel"]
    where = channel_key(team_id, channel) if channel else workspace_key(PLATFORM, team_id)
    form = SettingsForm(where, from_home=kept["home"])
    typed = {block_id: value or "" for block_id, value in given(view).items()}
    changed = {
        field: typed[field.id].strip()
        for field in form.fields
        if field.id in typed and mark(typed[field.id]) != kept["was"].get(field.id)
    }
    return Submitted(form, changed, follows=bool(typed.get(FOLLOW)))


_FOLLOW_OPTION: Json = {
    "text": plain("Forget this channel's own choices"),
    "description": plain("It follows the workspace's defaults then."),
    "value": FOLLOW,
}
_FOLLOW_BLOCK: Json = {
    "type": "input",
    "block_id": FOLLOW,
    "label": plain("Defaults"),
    "optional": True,
    "element": {"type": "checkboxes", "action_id": VALUE, "options": [_FOLLOW_OPTION]},
}
