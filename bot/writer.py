"""Writes a reply: step 6 of a message's path. Holds back what people must not see."""

from contextlib import aclosing
from dataclasses import dataclass

from bot.cut import shown
from bot.judge import Considered
from bot.messages import Author, OutboxItem
from bot.ports import Model, Platform
from bot.prompt import bursts, speaker_names
from bot.signs import Signs
from inference.wire.chat_form import ChatForm
from inference.wire.turns import Burst, reply_turns


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
        entries = [*considered.history, *considered.heard]
        assistant = card.form.assistant_name
        speakers = speaker_names(entries, me=self.me, assistant_name=assistant).values()
        turns = reply_turns(
            card.form,
            _prompt(considered, card.form, self.me),
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


def _prompt(considered: Considered, form: ChatForm, me: Author) -> list[Burst]:
    """Give the bursts the reply is written from: those that were decided on.

    A prompted model replies from a prompt of its own, and gets the messages that asked as a last
    burst of theirs: a small one answers whatever stands beside them instead.
    """
    assistant = form.assistant_name
    if form.reply_prompt is None or not considered.is_addressed:
        entries = [*considered.history, *considered.heard]
        return bursts(entries, me=me, assistant_name=assistant)
    beside = [entry for entry in considered.heard if not entry.addressed]
    before = bursts([*considered.history, *beside], me=me, assistant_name=assistant)
    return [*before, *bursts(considered.asked, me=me, assistant_name=assistant)]
