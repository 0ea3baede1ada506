"""Runs `earshot replay`: prints who said what, P(speak), the decision and the reply."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.config import Settings
from bot.errors import ConfigError, ModelUnavailable
from bot.messages import Action, Mode
from bot.platforms.replay import Replay, Replayed
from bot.runtime import assistant, opened_model, opened_store
from bot.supervisor import WorkerStatus
from inference.wire.conversation_file import FileConversation, parse_conversations

_STYLE = {Action.SPEAK: "green", Action.SILENT: "dim", Action.FAILED: "red"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    own_history: bool
    as_json: bool
    with_replies: bool


def read_conversations(file: Path, *, limit: int | None) -> list[FileConversation]:
    """Read a conversation file. Raises ConfigError that names the file, the line and the fault."""
    try:
        with file.open(encoding="utf-8") as lines:
            conversations = list(islice(parse_conversations(lines), limit))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    if not conversations:
        raise ConfigError(f"{file} holds no conversation.")
    return conversations


def replay(settings: Settings, file: Path, *, limit: int | None, options: Options) -> None:
    """Replay a file's first `limit` conversations (None: all).

    Raises ConfigError, StoreError, and ModelError if the model answers nothing at all.
    """
    if options.own_history and not options.with_replies:
        raise ConfigError("--own-history needs the replies: leave --no-replies out.")
    conversations = read_conversations(file, limit=limit)
    asyncio.run(_replay(conversations, settings, options))


async def _replay(
    conversations: Sequence[FileConversation], settings: Settings, options: Options
) -> None:
    total = sum(not m.from_assistant for c in conversations for m in c.messages)
    out = Console(highlight=False, soft_wrap=True)
    with TemporaryDirectory(prefix="earshot-replay-") as folder, _bar() as bar:
        task = bar.add_task("loading the model", total=total)
        of_replay = settings.model_copy(
            update={
                "database_url": f"sqlite+aiosqlite:///{folder}/replay.db",
                "default_mode": Mode.ACTIVE,
            }
        )

        def tell(status: WorkerStatus) -> None:
            bar.update(task, description=status.detail or "replaying")

        async with (
            opened_store(of_replay) as store,
            opened_model(settings, on_status=tell) as served,
        ):
            await served.wait_ready()
            await served.model.card()
            bar.update(task, description="replaying")
            runner = Replay(
                store=store,
                model=served.model,
                me=assistant(settings),
                own_history=options.own_history,
                with_replies=options.with_replies,
            )
            num_decided = 0
            for conversation in conversations:
                if not options.as_json:
                    out.rule(escape(conversation.id))
                async with aclosing(runner.conversation(conversation)) as messages:
                    async for replayed in messages:
                        _show(out, replayed, name=settings.name, as_json=options.as_json)
                        num_decided += replayed.decision.action is not Action.FAILED
                        bar.advance(task)
                        await served.wait_loaded()
    if total and not num_decided:
        raise ModelUnavailable("The model gave no answer to any message: see the log lines above.")


def _bar() -> Progress:
    """Make the progress bar: on a terminal alone, and never in what goes into a pipe or a file."""
    errors = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
        redirect_stdout=sys.stdout.isatty(),
    )


def _show(out: Console, replayed: Replayed, *, name: str, as_json: bool) -> None:
    decision = replayed.decision
    if as_json:
        print(json.dumps(_as_json(replayed), ensure_ascii=False), flush=True)  # noqa: T201
        return
    out.print(f"[bold]{escape(replayed.name)}[/]: {escape(replayed.text)}")
    score = "" if decision.p_speak is None else f"{decision.p_speak:.3f} "
    style = _STYLE[decision.action]
    out.print(f"    [{style}]{score}{decision.action}: {escape(decision.reason)}[/]")
    if replayed.reply:
        out.print(f"    [green bold]{escape(name)}[/]: {escape(replayed.reply)}")


def _as_json(replayed: Replayed) -> dict[str, object]:
    decision = replayed.decision
    return {
        "conversation": replayed.conversation,
        "index": replayed.index,
        "name": replayed.name,
        "p_speak": decision.p_speak,
        "threshold": decision.threshold,
        "action": decision.action.value,
        "reason": decision.reason,
        "reply": replayed.reply,
    }
