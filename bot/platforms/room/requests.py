"""What the page may send, checked before any route sees it.

Every refusal is a sentence that the page shows as it is.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.messages import MAX_PERSONA_CHARS, Mode
from bot.platforms.local import REPLY_PREFIX, is_blank
from bot.platforms.room.room import MAX_TEXT_CHARS, room_name
from bot.store.setting_values import MAX_COOLDOWN_S

_ID = re.compile(rf"(?!{REPLY_PREFIX})[A-Za-z0-9-]{{1,64}}")


def _checked_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("This is not a message id.")
    return value


def _checked_text(text: str) -> str:
    if is_blank(text):
        raise ValueError("There is nothing to send yet: write something first.")
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError(f"A message can have {MAX_TEXT_CHARS:,} characters at most.")
    return text.encode("utf-8", "replace").decode()  # a lone surrogate fits in no database


MessageId = Annotated[str, AfterValidator(_checked_id)]
Text = Annotated[str, AfterValidator(_checked_text)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRoom(_Request):
    """A room to create."""

    name: Annotated[str, AfterValidator(room_name)]


class NewMessage(_Request):
    """A message said by the speaker `name`; the page makes the id, so that a retry is harmless."""

    id: MessageId
    name: str
    text: Text
    reply_to: str | None = None


class EditedMessage(_Request):
    """The new text of a message."""

    text: Text


class ChangedSettings(_Request):
    """The settings to change; what is left out stays as it is, and so does what is None.

    Only `max_share_of_voice` can be set to None: no limit.
    """

    mode: Mode | None = None
    eagerness: int | None = Field(default=None, ge=0, le=100)
    persona: str | None = Field(default=None, max_length=MAX_PERSONA_CHARS)
    max_share_of_voice: float | None = Field(default=None, ge=0, le=1)
    cooldown_s: float | None = Field(default=None, ge=0, le=MAX_COOLDOWN_S)

    def changes(self) -> dict[str, object]:
        """Give the new values by the names of their settings."""
        sent = self.model_dump(exclude_unset=True)
        return {
            name: value
            for name, value in sent.items()
            if value is not None or name == "max_share_of_voice"
        }


class CommandLine(_Request):
    """What stands after `/assistant`, typed by `name`. `id` becomes the message of an `ask`."""

    id: MessageId
    name: str
    text: str = Field(max_length=MAX_TEXT_CHARS)
