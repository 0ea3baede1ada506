"""A terminal chat over a real history, with typed lines that come from a list."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from rich.console import Console

from bot.commands import Commands
from bot.messages import Author
from bot.pipeline import Pipeline
from bot.platforms.console import Chat, ConsolePlatform
from bot.platforms.screen import Screen
from bot.settle import Settling
from bot.store import Store
from tests.fakes import FakeModel

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
AT_ONCE = Settling(quiet_s=0.0, max_s=0.0)
ME = Author("earshot", "Earshot", is_bot=True)


@dataclass
class Typist:
    """Types the given lines; waits before each until all before it is decided, as a person would."""

    lines: list[str]
    sitting: "Sitting | None" = None
    prompts: list[str] = field(default_factory=list)

    async def read(self, prompt: str) -> str | None:
        self.prompts.append(prompt)
        if self.sitting:
            await self.sitting.pipeline.conversations.drain()
        return self.lines.pop(0) if self.lines else None


class Sitting:
    """One sitting at a terminal, or in a pipe, that ends with its lines."""

    def __init__(
        self,
        store: Store,
        model: FakeModel,
        *,
        is_terminal: bool,
        settling: Settling = AT_ONCE,
    ) -> None:
        self.output = io.StringIO()
        console = Console(
            file=self.output,
            force_terminal=is_terminal,
            color_system="standard" if is_terminal else None,
            width=100,
        )
        self.screen = Screen(console)
        self.platform = ConsolePlatform(self.screen, me=ME.name)
        self.pipeline = Pipeline(
            store=store,
            model=model,
            platform=self.platform,
            me=ME,
            clock=lambda: NOW,
            settling=settling,
        )
        self.commands = Commands(store=store, model=model, me=ME)
        self.prompts: list[str] = []

    async def types(self, *lines: str, patiently: bool = True) -> str:
        typist = Typist(list(lines), self if patiently else None)
        async with self.pipeline.conversations:
            await Chat(self.pipeline, self.commands, self.screen).run(typist)
        self.prompts = typist.prompts
        return self.output.getvalue()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def pipe(store: Store, model: FakeModel) -> Sitting:
    return Sitting(store, model, is_terminal=False)


@pytest.fixture
def terminal(store: Store, model: FakeModel) -> Sitting:
    return Sitting(store, model, is_terminal=True)
