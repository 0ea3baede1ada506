"""Puts the parts together for a run: the store, the model with its worker, one platform.

The only place that knows all of them. What stops in here, stops in order: first the platform, then
the conversations, then the worker, last the store.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from bot.config import Settings
from bot.errors import ConfigError, EarshotError
from bot.messages import Author, ConversationKey
from bot.model_client import OpenAIModel
from bot.pipeline import Pipeline, everything
from bot.platforms.slack.keys import is_direct_chat
from bot.ports import Platform
from bot.settle import Settling
from bot.store import Store
from bot.supervisor import WorkerProcess, WorkerStatus
from inference.wire.chat_form import ChatForm

if TYPE_CHECKING:
    from bot.platforms.screen import Screen

logger = logging.getLogger(__name__)

PURGE_EVERY_S = 3600.0
SERVED_BY_OTHERS = ("discord", "slack")  # where people did not come for the bot alone
LOAD_TIMEOUT_S = 600.0  # a 7B model from a slow disk; the default model takes seconds
REMOTE = WorkerStatus("ready", "")
OnStatus = Callable[[WorkerStatus], None]


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model and whoever serves it: the own worker, or a server elsewhere that is just used.

    A message waits `patience_s` for a worker that is not ready; then it counts as failed.
    """

    model: OpenAIModel
    worker: WorkerProcess | None
    patience_s: float

    def status(self) -> WorkerStatus:
        """Say how the worker is doing; a server elsewhere is taken to be ready."""
        return self.worker.status() if self.worker else REMOTE

    async def wait_ready(self) -> None:
        """Wait until the own worker has loaded. Raises ConfigError or ModelUnavailable if it cannot."""
        if self.worker:
            await self.worker.wait_ready(timeout_s=LOAD_TIMEOUT_S)

    async def wait_loaded(self) -> None:
        """Wait, but not for ever: what is said while the model loads is decided on after it."""
        if self.worker:
            with suppress(EarshotError):
                await self.worker.wait_ready(timeout_s=self.patience_s)


def assistant(settings: Settings) -> Author:
    """Give the assistant as an author; the id is the same on every platform of our own."""
    return Author("earshot", settings.name, is_bot=True)


def utc_now() -> datetime:
    """Give the time that decisions and messages are stamped with."""
    return datetime.now(UTC)


@asynccontextmanager
async def opened_model(
    settings: Settings, *, on_status: OnStatus | None = None
) -> AsyncIterator[ServedModel]:
    """Use the server at `model_url`, or start our own worker and stop it in the end.

    Does not wait for the model; `on_status` hears how our own worker comes up. Raises ConfigError
    for a chat form that cannot be read.
    """
    form = _chat_form(settings)
    async with AsyncExitStack() as stack:
        worker = None
        if settings.model_url is None:
            worker = await stack.enter_async_context(
                WorkerProcess(
                    model=settings.model or None,
                    adapter=settings.adapter,
                    threads=settings.worker_threads,
                    precision=settings.precision,
                    conversations=settings.conversations,
                    on_status=on_status,
                )
            )
        key = settings.model_api_key
        model = OpenAIModel(
            settings.model_url or (worker.url if worker else ""),
            model=(settings.model or None) if worker is None else None,
            api_key=key.get_secret_value() if key else None,
            form=form,
            max_prompt_tokens=settings.max_prompt_tokens,
            timeout_s=settings.model_timeout_s,
        )
        stack.push_async_callback(model.close)
        # Half of what makes a message too old: whoever addressed the assistant gets a notice in time.
        yield ServedModel(model, worker, patience_s=settings.max_age_s / 2)


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the history, and delete what is past its retention: at once, and as long as it is open.

    Raises StoreError.
    """
    store = await Store.open(
        settings.database_url,
        default_mode=settings.default_mode,
        platform_modes=dict.fromkeys(SERVED_BY_OTHERS, settings.new_channel_mode),
        is_direct=is_direct_chat,
    )
    try:
        await _purge(store, utc_now())  # also in a run that a refused token ends at once
        purging = asyncio.create_task(_purge_for_ever(store, utc_now), name="purge")
        try:
            yield store
        finally:
            purging.cancel()
            await asyncio.gather(purging, return_exceptions=True)
    finally:
        await store.close()


def new_pipeline(  # noqa: PLR0913 - the parts that a run has, and its clock
    settings: Settings,
    platform: Platform,
    *,
    store: Store,
    served: ServedModel,
    clock: Callable[[], datetime] = utc_now,
    owns: Callable[[ConversationKey], bool] = everything,
) -> Pipeline:
    """Make a pipeline of a platform and a model.

    `clock` gives aware UTC times, `owns` tells which conversations are this process's own.
    """
    return Pipeline(
        store=store,
        model=served.model,
        platform=platform,
        me=assistant(settings),
        clock=clock,
        settling=Settling(settings.burst_quiet_s, settings.burst_max_s),
        max_age_s=settings.max_age_s,
        ready=served.wait_loaded,
        owns=owns,
        previews=settings.previews,
    )


@asynccontextmanager
async def running_pipeline(
    settings: Settings, platform: Platform, *, store: Store, served: ServedModel
) -> AsyncIterator[Pipeline]:
    """Run a pipeline; what a stop left behind is taken up first. Raises StoreError if it cannot be."""
    pipeline = new_pipeline(settings, platform, store=store, served=served)
    async with pipeline.conversations:
        await pipeline.resume()
        yield pipeline


async def run_room(
    settings: Settings,
    *,
    host: str,
    port: int,
    on_open: Callable[[str], None],
    on_status: OnStatus | None = None,
) -> None:
    """Serve the room until the process is told to stop; `on_open` is told its address.

    `on_status` hears how our own worker is doing. Raises StoreError or ConfigError.
    """
    from bot.commands import Commands
    from bot.platforms.room.app import room_app
    from bot.platforms.room.platform import RoomPlatform
    from bot.platforms.room.room import Room
    from bot.platforms.room.serve import serve

    platform = RoomPlatform()
    async with (
        opened_store(settings) as store,
        opened_model(settings, on_status=on_status) as served,
        running_pipeline(settings, platform, store=store, served=served) as pipeline,
    ):
        room = Room(
            store=store,
            pipeline=pipeline,
            commands=Commands(store=store, model=served.model, me=pipeline.me),
            platform=platform,
            model=served.model,
            me=pipeline.me,
            status=served.status,
        )
        app = room_app(room, hosts=[host])
        await serve(app, host=host, port=port, on_open=on_open)


async def run_chat(settings: Settings) -> None:
    """Chat in the terminal until the person leaves. Raises StoreError or ConfigError."""
    from rich.console import Console

    from bot.commands import Commands
    from bot.platforms.console import Chat, ConsolePlatform
    from bot.platforms.screen import Screen, half_typed, opened_lines

    screen = Screen(Console(), typed=half_typed)
    platform = ConsolePlatform(screen, me=settings.name)
    async with (
        opened_store(settings) as store,
        opened_model(settings, on_status=partial(_show_loading, screen)) as served,
        running_pipeline(settings, platform, store=store, served=served) as pipeline,
    ):
        commands = Commands(store=store, model=served.model, me=pipeline.me)
        with opened_lines(screen) as lines:
            await Chat(pipeline, commands, screen).run(lines)


def _show_loading(screen: "Screen", status: WorkerStatus) -> None:
    """Say beside the prompt how far the model is: a bar would be in the way of what is typed."""
    screen.status(status.detail if status.state == "loading" else "")


async def _purge_for_ever(store: Store, clock: Callable[[], datetime]) -> None:
    while True:
        await asyncio.sleep(PURGE_EVERY_S)
        await _purge(store, clock())


async def _purge(store: Store, now: datetime) -> None:
    """Delete what is past its channel's retention.

    What was left of a workspace is its platform's to delete: only that knows who is back.
    """
    try:
        if count := await store.messages.purge(now):
            logger.info("retention: %d old messages deleted", count)
    except Exception:  # the next hour may go better
        logger.exception("retention: old messages could not be deleted")


def _chat_form(settings: Settings) -> ChatForm | None:
    if settings.chat_form is None:
        return None
    try:
        return ChatForm.from_json(settings.chat_form.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"EARSHOT_CHAT_FORM: {settings.chat_form} cannot be read: {error.strerror}"
        ) from error
    except ValueError as error:
        raise ConfigError(f"EARSHOT_CHAT_FORM: {settings.chat_form}: {error}") from error
