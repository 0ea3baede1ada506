"""The commands about the assistant itself: how it is set up, forgetting a conversation, help."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.commands.answer import Call, Caller, CommandAnswer, Offer, counted
from bot.commands.definition import COMMANDS, Command, Who
from bot.commands.grammar import TYPED, leaves
from bot.commands.parse import usage_line
from bot.commands.privacy import how_long
from bot.commands.tuning import MODE_MEANS, eagerness_in_words, quiet_in_words
from bot.feedback import Suggestion, suggest
from bot.messages import Action, ChannelSettings, Feedback, FeedbackKind, Mode
from bot.ports import ModelCard

STATUS_HOURS = 24
FEEDBACK_DAYS = 14


async def status(call: Call) -> CommandAnswer:
    """Say how the assistant is set up here, what it did in the last day, and how people took it.

    Whoever may change the eagerness is offered what the feedback suggests.
    """
    where = call.caller.where
    settings = await call.store.channels.settings(where)
    card = await call.card()
    since = call.caller.now - timedelta(hours=STATUS_HOURS)
    feedback = await call.store.feedback.received(
        where, since=call.caller.now - timedelta(days=FEEDBACK_DAYS)
    )
    rows = (
        ("Mode", f"{settings.mode}. {MODE_MEANS[settings.mode]}"),
        (
            "Eagerness",
            f"{settings.eagerness} of 100. {eagerness_in_words(settings.eagerness, card)}",
        ),
        ("Quiet", quiet_in_words(settings, call)),
        ("Persona", settings.persona or "none"),
        ("Model", _model_in_words(card)),
        (
            f"Last {STATUS_HOURS} h",
            _done_in_words(await call.store.decisions.counts(where, since=since)),
        ),
        (f"Last {FEEDBACK_DAYS} days", _feedback_in_words(feedback)),
        (
            "History",
            f"{counted(await call.store.messages.count(where), 'message')}. {how_long(settings)}",
        ),
    )
    lines = [f"{name}: {value}" for name, value in rows]
    suggestion = await _suggestion(call, feedback, settings, card)
    if suggestion is None:
        return call.answer("\n".join(lines))
    told = f"I suggest an eagerness of {suggestion.eagerness}. {suggestion.reason}"
    offer = Offer(
        f"Set eagerness to {suggestion.eagerness}",
        f"eagerness {suggestion.eagerness}",
        call.caller.prefix,
    )
    return call.answer("\n".join([*lines, f"Suggestion: {told}"]), offer=offer)


async def clear(call: Call) -> CommandAnswer:
    """Forget the conversation, once it is confirmed: a thread alone, a channel with its threads."""
    where, is_thread = call.caller.where, call.caller.where.thread is not None
    if not call.text("confirm"):
        what = "of this thread alone" if is_thread else "here, in the threads too"
        return call.answer(
            f"This would delete what I remember {what}, for good: every message, and every decision "
            f"on them. To do it, type {call.caller.typed('clear confirm')}."
        )
    # First, so that a stop between the two lets no catch-up fetch it all again.
    await call.store.marks.hear_from(where, call.caller.now)
    messages = call.store.messages
    cleared = await (messages.clear(where) if is_thread else messages.clear_channel(where))
    forgotten = f"{counted(cleared, 'message')}, and every decision on them"
    if is_thread:
        return call.answer(
            f"I forgot this thread: {forgotten}. The channel and its other threads stay, and so do "
            "my settings."
        )
    return call.answer(
        f"I forgot this conversation and its threads: {forgotten}. My settings stay."
    )


async def help_(call: Call) -> CommandAnswer:
    """List the commands, or explain one."""
    name = call.text("command")
    command = next((command for command in COMMANDS if command.name == name), None)
    text = overview(call.caller.prefix) if command is None else explanation(command, call.caller)
    return call.answer(text, fixed_width=True)


def overview(prefix: str = TYPED) -> str:
    """List all commands in two columns; `prefix` is what people type before one."""
    rows = [(" ".join(path), leaf.summary) for path, leaf in leaves(COMMANDS)]
    width = max(len(name) for name, _ in rows)
    listed = [f"  {name:<{width}}  {summary}" for name, summary in rows]
    return "\n".join(
        [
            f"Each is typed like this: {prefix}why",
            *listed,
            f"{prefix}help why tells more about one of them.",
        ]
    )


def explanation(command: Command, caller: Caller) -> str:
    """Say what a command does, what it takes, who may use it, with examples, as they are typed."""
    lines = [command.summary]
    for path, leaf in leaves((command,)):
        lines.append(f"  {usage_line(path, leaf, prefix=caller.prefix)}")
        if command.subcommands:
            lines.append(f"      {leaf.summary}")
        lines += [f"      {argument.name}: {argument.summary}" for argument in leaf.arguments]
        if leaf.who is not Who.EVERYONE:
            seen = " Everyone may look." if leaf.bare_shows else ""
            lines.append(f"      Only {leaf.who.called(caller.workspace_called)}.{seen}")
    examples = [example for _, leaf in leaves((command,)) for example in leaf.examples]
    if examples:
        lines.append("For example:")
        lines += [f"  {caller.typed(example)}" for example in examples]
    return "\n".join(lines)


def _model_in_words(card: ModelCard | None) -> str:
    if card is None:
        return "can't be reached right now."
    return f"{card.id}, {f'adapter {card.adapter}' if card.adapter else 'no adapter'}."


async def _suggestion(
    call: Call, feedback: Sequence[Feedback], settings: ChannelSettings, card: ModelCard | None
) -> Suggestion | None:
    """Suggest managers another eagerness where the dial is in use and its steps are known."""
    if card is None or settings.mode is not Mode.ACTIVE or not call.caller.may(Who.MANAGERS):
        return None
    return suggest(
        feedback,
        eagerness=settings.eagerness,
        calibration=card.form.calibration,
        model=card.id,
        adapter=card.adapter,
        since=await call.store.channels.eagerness_since(call.caller.where),
    )


def _feedback_in_words(feedback: Sequence[Feedback]) -> str:
    if not feedback:
        return "no feedback on my replies."
    counts = Counter(each.kind for each in feedback)
    told = ", ".join(f"{kind} {counts[kind]}" for kind in FeedbackKind)
    return f"people's feedback on my replies: {told}."


def _done_in_words(done: Mapping[Action, int]) -> str:
    spoke, silent, failed = (
        done.get(action, 0) for action in (Action.SPEAK, Action.SILENT, Action.FAILED)
    )
    return f"spoke {spoke}, stayed silent {silent}, failed {failed} times."
