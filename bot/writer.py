"""Writes a reply: step 6 of a message's path. Holds back what people must not see."""

from contextlib import aclosing
from dataclasses import dataclass

from bot.cut import shown
from bot.judge import Considered
from bot.messages import Author, OutboxItem
from bot.ports import Model, Platform
from bot.prompt import bursts, speaker_names
from bot.signs import Signs
from inference.wire.turns import reply_turns


@dataclass(frozen=True, slots=True)
class Writer:
    """Streams replies from the model, as drafts where the assistant was addressed."""

    model: Model
    platform: Platform
    me: Author

    async def write(self, considered: Considered, draft: OutboxItem) -> str:
        """Write the reply to a decision to speak; "" if the model has none. Raises ModelError.

        Drafts are shown only to an addressed burst: an ambient reply may yet be withdrawn.
        """
        card = considered.card or await self.model.card()
        entries = [*considered.history, *considered.burst]
        assistant = card.form.assistant_name
        speakers = speaker_names(entries, me=self.me, assistant_name=assistant).values()
        turns = reply_turns(
            card.form,
            bursts(entries, me=self.me, assistant_name=assistant),
            persona=considered.rules.settings.persona,
        )
        signs, output, seen = Signs(self.platform), "", ""
        async with aclosing(self.model.reply(turns, session=str(considered.where))) as pieces:
            async for piece in pieces:
                output += piece
                part = shown(output, speakers=speakers, assistant=assistant, whole=False)
                if considered.is_addressed and part.text != seen:
                    seen = part.text
                    await signs.draft(draft, seen)
                if part.ended:
                    return part.text
        return shown(output, speakers=speakers, assistant=assistant, whole=True).text
