"""The commands that talk: ask a question, say why it spoke or stayed silent, sum up what was missed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.commands.answer import Call, CommandAnswer, counted
from bot.commands.grammar import TYPED
from bot.commands.parse import clipped
from bot.commands.times import say_span
from bot.cut import shown
from bot.messages import Action, Entry, KeptDecision, Mode
from bot.notices import OPTED_OUT
from bot.ports import ModelCard
from bot.prompt import with_attachments
from inference.wire.text import speaker_name, speaker_text
from inference.wire.turns import Turn

DEFAULT_WHY = 5
MAX_CATCHUP_MESSAGES = 300
CATCHUP_TIMEOUT_S = 120.0  # a small model on a slow CPU reads 2,000 tokens in about a minute
CHARS_PER_TOKEN = 2  # careful: English has about 4, Japanese about 1; too long a prompt is refused
MIN_CATCHUP_CHARS = 400
MAX_QUOTE_CHARS = 60

CATCHUP_PROMPT = (
    "Sum up this group chat for {name}, who was away. Write at most five short sentences: what was "
    "talked about, what was decided, and what {name} was asked. Add nothing that is not in it.\n\n"
)

_DID = {Action.SPEAK: "spoke", Action.SILENT: "silent", Action.FAILED: "failed"}


async def ask(call: Call) -> CommandAnswer:
    """Send the question on as an addressed message, unless nobody would answer it."""
    where, author = call.caller.where, call.caller.author
    settings = await call.store.channels.settings(where)
    if settings.mode in (Mode.LISTEN, Mode.OFF):
        return CommandAnswer(
            f"My mode here is {settings.mode}, so I don't answer. "
            f"{call.caller.typed('mode mention')} or active changes that.",
            ephemeral=True,
        )
    if await call.store.speakers.is_opted_out(where.platform, where.workspace, author.id):
        return CommandAnswer(OPTED_OUT.replace(TYPED, call.caller.prefix), ephemeral=True)
    return CommandAnswer("", ephemeral=False, ask=call.text("question"))


async def why(call: Call) -> CommandAnswer:
    """Show the last decisions, the newest first, each with the message it falls on."""
    wanted = call.number("n") or DEFAULT_WHY
    decisions = await call.store.decisions.last(call.caller.where, wanted)
    if not decisions:
        return call.answer("I haven't decided on anything here yet.")
    about = {
        kept.message_id: await call.store.messages.find(call.caller.where, kept.message_id)
        for kept in decisions
    }
    newest_first = f"{len(decisions)} decisions here, newest first"
    head = f"My last {newest_first if len(decisions) > 1 else 'decision here'}:"
    rows = [_WHY_ROW.format("AGE", "I WAS", "P(SPEAK)", "NEEDED", "RULE AND REASON")]
    rows += [_why_rows(kept, about, now=call.caller.now) for kept in decisions]
    return call.answer("\n".join([head, *rows]), fixed_width=True)


async def catchup(call: Call) -> CommandAnswer:
    """Let the model sum up what was said since the caller last wrote."""
    where, author = call.caller.where, call.caller.author
    entries = await call.store.messages.since_author(where, author.id, limit=MAX_CATCHUP_MESSAGES)
    said = [entry for entry in entries if entry.text or entry.attachments]
    if not said:
        return call.answer("Nothing was said here since you last wrote.")
    async with asyncio.timeout(CATCHUP_TIMEOUT_S):
        card = await call.model.card()
        lines = _newest_that_fit(_lines(said, card), max_chars=_max_chars(card))
        turns = catchup_turns(lines, name=speaker_name(author.name, reserved=frozenset()))
        pieces = [piece async for piece in call.model.reply(turns, session=f"{where}/catchup")]
    name = card.form.assistant_name
    summary = shown("".join(pieces), speakers=(), assistant=name).text
    if not summary:
        return call.answer("I have no summary for you; the messages above say it best.")
    read = counted(len(lines), "message")
    span = f"Of the last {read}" if len(lines) < len(said) else f"Since you last wrote, {read}"
    return replace(call.answer(f"{span}:\n{summary}"), is_markdown=True)


def catchup_turns(lines: Sequence[str], *, name: str) -> list[Turn]:
    """Give the plain prompt for a summary: one user turn, which every chat template takes."""
    asked = CATCHUP_PROMPT.replace("{name}", name)
    return [{"role": "user", "content": asked + "\n".join(lines)}]


_WHY_ROW = "{:<9} {:<7} {:<9} {:<7} {}"


def _why_rows(kept: KeptDecision, about: Mapping[str, Entry | None], *, now: datetime) -> str:
    decision = kept.decision
    row = _WHY_ROW.format(
        say_span(now - kept.decided_at),
        _DID[decision.action],
        _figure(decision.p_speak),
        _figure(decision.threshold),
        f"{decision.rule}: {decision.reason}",
    )
    return f"{row}\n    {_quoted(about.get(kept.message_id))}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _quoted(entry: Entry | None) -> str:
    if entry is None or entry.deleted:
        return "(deleted message)"
    if entry.hidden:
        return "(somebody who opted out)"
    words = clipped(entry.text or " ".join(entry.attachments), MAX_QUOTE_CHARS)
    return f"{clipped(entry.author.name)}: {words}"


def _lines(entries: Sequence[Entry], card: ModelCard) -> list[str]:
    reserved = frozenset({card.form.assistant_name.casefold()})
    lines = []
    for entry in entries:
        name = (
            card.form.assistant_name
            if entry.from_assistant
            else speaker_name(entry.author.name, reserved=reserved)
        )
        text = with_attachments(entry.text, entry.attachments).strip()
        lines.append(f"{name}: {speaker_text(text)}")
    return lines


def _max_chars(card: ModelCard) -> int:
    return max(MIN_CATCHUP_CHARS, card.max_prompt_tokens * CHARS_PER_TOKEN - len(CATCHUP_PROMPT))


def _newest_that_fit(lines: Sequence[str], *, max_chars: int) -> list[str]:
    """Give the newest lines that fit, oldest first; of a newest one that is too long, its start."""
    kept: list[str] = []
    left = max_chars
    for line in reversed(lines):
        if len(line) > left:
            break
        kept.append(line)
        left -= len(line) + 1
    return kept[::-1] or [lines[-1][:max_chars]]
