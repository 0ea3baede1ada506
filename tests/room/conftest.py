"""A room that really runs: Chromium, HTTP, SQLite and the pipeline; only the model is scripted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from bot.commands import Commands
from bot.listening import listen
from bot.messages import Author
from bot.pipeline import Pipeline
from bot.platforms.room import Room, RoomPlatform, room_app
from bot.platforms.room.serve import RoomServer
from bot.settle import Settling
from bot.store import Store
from tests.fakes import FakeModel
from tests.room.browsing import ARGS, CHROMIUM

ME = Author("earshot", "Earshot", is_bot=True)


@asynccontextmanager
async def closing(store: Store) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await store.close()


@dataclass
class RunningRoom:
    """A room that is served at `url`. `status` is what the worker is said to do."""

    room: Room
    url: str
    status: SimpleNamespace

    @property
    def store(self) -> Store:
        return self.room.store

    async def settled(self, *, room: str = "Lobby") -> dict[str, Any]:
        """Wait until everything said was decided on, and show the room."""
        await self.room.pipeline.conversations.drain()
        async with httpx.AsyncClient(base_url=self.url) as client:
            shown: dict[str, Any] = (await client.get(f"/api/rooms/{room}")).json()
            return shown


@dataclass
class House:
    """Opens a room on one database and one port, again and again."""

    database_url: str
    model: FakeModel = field(default_factory=FakeModel)
    quiet_s: float = 0.02
    port: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[RunningRoom]:
        store = await Store.open(self.database_url)
        platform = RoomPlatform()
        pipeline = Pipeline(
            store=store,
            model=self.model,
            platform=platform,
            me=ME,
            clock=lambda: datetime.now(UTC),
            settling=Settling(self.quiet_s, 6.0),
        )
        status = SimpleNamespace(state="ready", detail="", progress=None)
        async with closing(store), pipeline.conversations:
            await pipeline.resume()
            commands = Commands(store=store, model=self.model, me=ME)
            room = Room(store, pipeline, commands, platform, self.model, ME, lambda: status)
            async with self._served(room) as url:
                yield RunningRoom(room, url, status)

    @asynccontextmanager
    async def _served(self, room: Room) -> AsyncIterator[str]:
        started = asyncio.Event()
        server = RoomServer(room_app(room), on_start=started.set)
        with listen("127.0.0.1", self.port) as listening:
            self.port = listening.getsockname()[1]
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            await started.wait()
            try:
                yield f"http://127.0.0.1:{self.port}"
            finally:
                server.should_exit = True
                await serving


@pytest.fixture
def house(database_url: str) -> House:
    return House(database_url)


@pytest.fixture
async def running(house: House) -> AsyncIterator[RunningRoom]:
    async with house.open() as running:
        yield running


@pytest.fixture
async def client(running: RunningRoom) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.url) as client:
        yield client


@pytest.fixture
def say(client: httpx.AsyncClient) -> Callable[..., object]:
    """Say something in the lobby: `await say("m1", "hello")`."""

    async def say(
        message_id: str, text: str, *, name: str = "Ana", **more: object
    ) -> httpx.Response:
        body = {"id": message_id, "name": name, "text": text, **more}
        return await client.post("/api/rooms/Lobby/messages", json=body)

    return say


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def open_room(house):
    async with house.open() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, open_room):
    """The open page; whatever goes wrong in its scripts fails the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    page = await context.new_page()
    broken = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    await page.goto(open_room.url)
    await expect(page.locator("#room-title")).to_have_text("Lobby")
    yield page
    await context.close()
    assert broken == []
