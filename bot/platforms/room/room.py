"""What the room's routes work with, and the rules of its names.

Names of rooms and speakers come from the visitor; a bad one raises ValueError with a sentence that
the page shows as it is.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from bot.commands import Commands
from bot.eagerness import describe, threshold_for
from bot.messages import Author, ConversationKey
from bot.model_cards import card_within
from bot.pipeline import Pipeline
from bot.platforms.local import WORKSPACE, is_blank, is_same_name, person
from bot.platforms.room.platform import PLATFORM, RoomPlatform
from bot.platforms.room.views import Json, settings_view
from bot.ports import Model, ModelCard
from bot.store import Store
from bot.supervisor import WorkerStatus
from inference.wire.text import MAX_NAME_CHARS

FIRST_ROOM = "Lobby"
MAX_ROOM_CHARS = 60
MAX_TEXT_CHARS = 200_000  # far above what people paste; the model sees a short part of it
CARD_TIMEOUT_S = 3.0
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Room:
    """Everything the page needs. `me` is the assistant, `status` is called about once a second."""

    store: Store
    pipeline: Pipeline
    commands: Commands
    platform: RoomPlatform
    model: Model
    me: Author
    status: Callable[[], WorkerStatus]

    async def settings(self, room: str) -> Json:
        """Show the settings of a room with the meaning of its eagerness."""
        settings = await self.store.channels.settings(room_key(room))
        meaning, threshold = await self.meaning(settings.eagerness)
        return settings_view(settings, meaning=meaning, threshold=threshold)

    async def meaning(self, eagerness: int) -> tuple[str, float | None]:
        """Say an eagerness in words and as a threshold, None while no model answers."""
        card = await self.card()
        if card is None:
            text = "What this means for the model is known once it is loaded."
            return (describe(0, None) if eagerness == 0 else text), None
        calibration = card.form.calibration
        text = describe(eagerness, calibration, num_levels=card.num_levels)
        return text, threshold_for(eagerness, calibration)

    async def card(self) -> ModelCard | None:
        """Describe the model, or give None while it cannot be asked."""
        if self.status().state != "ready":
            return None
        return await card_within(self.model, timeout_s=CARD_TIMEOUT_S)

    def speaker(self, name: str) -> Author:
        """Give the person of that name. Raises ValueError for a name nobody can have."""
        shown = one_line(name)
        if not shown:
            raise ValueError("A speaker needs a name.")
        if len(shown) > MAX_NAME_CHARS:
            raise ValueError(f"A name can have {MAX_NAME_CHARS} characters at most.")
        if is_same_name(shown, self.me.name):
            raise ValueError(f"{self.me.name} is the assistant. Please choose another name.")
        return person(shown)


def room_key(room: str) -> ConversationKey:
    """Name a room's conversation."""
    return ConversationKey(PLATFORM, WORKSPACE, room)


def room_name(name: str) -> str:
    """Give the name of a room as it is kept. Raises ValueError for one that cannot be used."""
    shown = one_line(name)
    if not shown:
        raise ValueError("A room needs a name.")
    if len(shown) > MAX_ROOM_CHARS:
        raise ValueError(f"A room's name can have {MAX_ROOM_CHARS} characters at most.")
    if "/" in shown or "\\" in shown or not shown.strip("."):
        raise ValueError("A room's name cannot contain slashes or be made of dots.")
    return shown


def one_line(name: str) -> str:
    """Give a name without line breaks, invisible characters and repeated spaces."""
    shown = " ".join(_UNSEEN.sub(" ", unicodedata.normalize("NFC", name)).split())
    return "" if is_blank(shown) else shown
