"""Where the reply to a command goes: into the place where Discord shows that we are thinking."""

from typing import Protocol


class Responder(Protocol):
    """Writes the reply to one interaction. Its words raise what discord.py raises."""

    def expired(self) -> bool:
        """Tell whether Discord takes no more words here: then the reply is an ordinary message."""
        ...

    async def is_open(self) -> bool:
        """Wait until words can be written here; False if Discord takes none, now or later."""
        ...

    async def edit_first(self, text: str) -> str:
        """Show a text instead of "thinking", or of an earlier text; gives the message's id."""
        ...

    async def send_more(self, text: str) -> str:
        """Add a message below; gives its id."""
        ...


class Responders:
    """The interactions that wait for a reply, by the id of the message the pipeline heard."""

    def __init__(self) -> None:
        self._waiting: dict[str, Responder] = {}

    def register(self, message_id: str, responder: Responder) -> bool:
        """Let the reply to a message go to a responder; those that expired are forgotten.

        False: another one has that already, since Discord told of the interaction twice.
        """
        self._waiting = {
            known: other for known, other in self._waiting.items() if not other.expired()
        }
        return self._waiting.setdefault(message_id, responder) is responder

    async def of(self, message_id: str | None) -> Responder | None:
        """Find who answers a message, None for an ordinary message or an expired interaction.

        Waits where Discord does not know yet that an answer comes.
        """
        responder = self._waiting.get(message_id) if message_id is not None else None
        if responder is None or responder.expired() or not await responder.is_open():
            return None
        return responder

    def forget(self, message_id: str | None) -> None:
        """Drop the responder of a message that has its reply."""
        if message_id is not None:
            self._waiting.pop(message_id, None)
