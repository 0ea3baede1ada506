"""The commands about the assistant itself: how it is set up, forgetting a conversation, help."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from bot.commands.answer import Call, CommandAnswer, counted
from bot.commands.definition import COMMANDS, PREFIX, Command, Who
from bot.commands.parse import usage_line
from bot.commands.privacy import how_long
from bot.commands.tuning import MODE_MEANS, eagerness_in_words, quiet_in_words
from bot.messages import Action
from bot.ports import ModelCard

STATUS_HOURS = 24


async def status(call: Call) -> CommandAnswer:
    """Say how the assistant is set up here, and what it did in the last day."""
    where = call.caller.where
    settings = await call.store.channels.settings(where)
    card = await call.card()
    since = call.caller.now - timedelta(hours=STATUS_HOURS)
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
        (
            "History",
            f"{counted(await call.store.messages.count(where), 'message')}. {how_long(settings)}",
        ),
    )
    return call.answer("\n".join(f"{name}: {value}" for name, value in rows))


async def clear(call: Call) -> CommandAnswer:
    """Forget the conversation, once it is confirmed."""
    if not call.text("confirm"):
        num_messages = await call.store.messages.count(call.caller.where)
        return call.answer(
            f"This would delete what I remember here: {counted(num_messages, 'message')} and every "
            f"decision on them, for good. To do it, type {PREFIX} clear confirm."
        )
    await call.store.messages.clear(call.caller.where)
    return call.answer(
        "I forgot this conversation: the messages, and every decision on them. My settings stay."
    )


async def help_(call: Call) -> CommandAnswer:
    """List the commands, or explain one."""
    name = call.text("command")
    command = next((command for command in COMMANDS if command.name == name), None)
    text = overview() if command is None else explanation(command)
    return call.answer(text, fixed_width=True)


def overview() -> str:
    """List all commands in two columns."""
    rows = [(" ".join(path), leaf.summary) for path, leaf in _leaves(COMMANDS)]
    width = max(len(name) for name, _ in rows)
    listed = [f"  {name:<{width}}  {summary}" for name, summary in rows]
    return "\n".join(
        [
            f"Type {PREFIX} and one of these:",
            *listed,
            f"{PREFIX} help and a command's name tells more about it.",
        ]
    )


def explanation(command: Command) -> str:
    """Say what a command does, what it takes, who may use it, with examples."""
    lines = [command.summary]
    for path, leaf in _leaves((command,)):
        lines.append(f"  {usage_line(path, leaf)}")
        if command.subcommands:
            lines.append(f"      {leaf.summary}")
        lines += [f"      {argument.name}: {argument.summary}" for argument in leaf.arguments]
        if leaf.who is Who.MANAGERS:
            seen = " Everyone may look." if leaf.bare_shows else ""
            lines.append(f"      Only {leaf.who}.{seen}")
    examples = [example for _, leaf in _leaves((command,)) for example in leaf.examples]
    if examples:
        lines.append("For example:")
        lines += [f"  {PREFIX} {example}" for example in examples]
    return "\n".join(lines)


def _leaves(
    commands: Sequence[Command], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Walk the commands that can be called, each with the words that name it."""
    for command in commands:
        path = (*above, command.name)
        if command.subcommands:
            yield from _leaves(command.subcommands, path)
        else:
            yield path, command


def _model_in_words(card: ModelCard | None) -> str:
    if card is None:
        return "can't be reached right now."
    return f"{card.id}, {f'adapter {card.adapter}' if card.adapter else 'no adapter'}."


def _done_in_words(done: Mapping[Action, int]) -> str:
    spoke, silent, failed = (
        done.get(action, 0) for action in (Action.SPEAK, Action.SILENT, Action.FAILED)
    )
    return f"spoke {spoke}, stayed silent {silent}, failed {failed} times."
