"""Commands by mention, since Slack refuses `/assistant` in threads: `@Earshot !why`.

They are commands and no chat: nothing of them is recorded. A question asked so is chat, though: it
is a mention like any other, and answered like one.
"""

import re
from dataclasses import dataclass
from functools import partial

from bot.commands import COMMANDS, CommandAnswer, UsageError, parse
from bot.judge import Place
from bot.messages import ConversationKey
from bot.platforms.slack.answering import Answering, Listener
from bot.platforms.slack.buttons import OPEN_SETTINGS, SETTINGS
from bot.platforms.slack.claims import Claims
from bot.platforms.slack.commanding import Commanding
from bot.platforms.slack.keys import is_direct
from bot.platforms.slack.lenient import Payload, text_in
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team

ASK = "ask"
SUBTYPES = ("", "file_share", "thread_broadcast")  # of what people write themselves
SETTINGS_BY_BUTTON = "This button opens the settings of this channel. {help} lists my commands."

_COMMAND = re.compile(r"(?P<sign>/assistant(?!\w)|!(?=\w))\s*(?P<rest>.*)", re.DOTALL)
_NAMES = frozenset((*(command.name for command in COMMANDS), SETTINGS))


def command_in(event: Payload, team: Team) -> str | None:
    """Give the words after `/assistant` that a message means, with Slack's marks; None for chat.

    In a direct chat the mention may be left out. An exclamation mark begins a command where a
    command's name follows it, or a single word, which may be a slip of the keys.
    """
    if text_in(event, "subtype") not in SUBTYPES or text_in(event, "bot_id"):
        return None
    text, is_mention = _unaddressed(text_in(event, "text"), team.user_id)
    if not is_mention and not is_direct(text_in(event, "channel")):
        return None
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    typed = found["rest"].strip()
    word, *rest = typed.casefold().split(maxsplit=1) or [""]
    if word == ASK or (found["sign"] == "!" and word not in _NAMES and rest):
        return None
    return typed


@dataclass(frozen=True, slots=True)
class Spoken:
    """Carries out commands by mention, each once however often it is delivered, and to whom.

    `place` tells where an answer to a message stands.
    """

    commanding: Commanding
    answering: Answering
    tasks: Tasks
    once: Once
    claims: Claims
    place: Place

    async def spoken(self, event: Payload, where: ConversationKey, team: Team) -> bool:
        """Tell whether a message is a command; its answer comes in a moment, in its thread.

        What becomes a command by an edit is not carried out: it was said before, and answered.
        Raises PlatformUnavailable for a command while it stops.
        """
        typed = command_in(event, team)
        user_id, ts = text_in(event, "user"), text_in(event, "ts")
        if typed is None or not user_id:
            return False
        if "edited" in event:
            return True
        self.tasks.check_open()
        if self.once.is_new(team.id, where.channel, ts):
            listener = Listener(team, where, user_id, by_mention=True)
            self.tasks.start(
                partial(self._answered, listener, typed, ts), name=f"a command in {where}"
            )
        return True

    async def _answered(self, listener: Listener, typed: str, ts: str) -> None:
        async with self.answering.excusing(listener):
            if await self.claims.is_ours(listener.where, ts):
                await self._carried_out(listener, typed, ts)

    async def _carried_out(self, listener: Listener, typed: str, ts: str) -> None:
        if is_direct(listener.where.channel):
            listener.sees = await self.place(listener.where, ts)
        managing = self.commanding.managing
        typed = await managing.read(typed, listener.team)
        prefix = managing.prefix(listener.where, by_mention=True)
        if typed.casefold() in ("", SETTINGS):
            told = SETTINGS_BY_BUTTON.format(help=f"{prefix}help")
            offer = CommandAnswer(told, ephemeral=True, offer=OPEN_SETTINGS)
            await self.answering.say(listener, offer)
            return
        try:
            called = parse(typed, prefix=prefix)
        except UsageError as error:
            await self.answering.tell(listener, str(error))
        else:
            await self.commanding.run(listener, called, name=f"{listener.where.channel}-{ts}")


def _unaddressed(text: str, user_id: str) -> tuple[str, bool]:
    """Give a text without the mention of the assistant it begins with, and whether it had one."""
    bare, num_marks = re.subn(rf"\A\s*<@{re.escape(user_id)}(?:\|[^<>]*)?>[\s,:]*", "", text)
    return bare.strip(), bool(num_marks)
