"""A model that answers at once, so that what remains is the bot's own time."""

from collections.abc import AsyncGenerator, Sequence

from bot.ports import ModelCard, Score
from inference.wire.chat_form import ChatForm
from inference.wire.turns import Turn


class InstantModel:
    """Stays silent at P(speak) 0.1, and says "Yes." if it is asked to reply all the same."""

    async def card(self) -> ModelCard:
        """Describe itself: 2,048 tokens of prompt, the default chat form."""
        return ModelCard("instant", None, ChatForm(), 2048)

    async def score(self, turns: Sequence[Turn], *, session: str) -> Score:
        """Give 0.1, and a token for every four characters of the prompt."""
        return Score(0.1, sum(len(turn["content"]) for turn in turns) // 4)

    async def reply(self, turns: Sequence[Turn], *, session: str) -> AsyncGenerator[str]:
        """Stream one word."""
        yield "Yes."
