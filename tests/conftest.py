"""What every test shares: nobody's own settings or history, a database of its own, no model hub.

Torch is imported only by those that ask for a model.
"""

import asyncio
import gc
import os
import resource
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

# The tests share the machine; see inference/__main__.py. Must be set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # noqa: TID251
os.environ["HF_HUB_OFFLINE"] = "1"  # noqa: TID251 - no test asks a model hub

import pytest
from hypothesis import HealthCheck, settings

from bot.store import Store, engines
from bot.store.tables import metadata
from tests.postgresql import run_sql, running_server, server_url

# The same examples each time; how long they take is the machine's affair.
settings.register_profile(
    "earshot", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("earshot")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave what is imported out of every search for garbage: they took a fifth of the tests' time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_power_cuts() -> Iterator[None]:
    """Leave it to the operating system when a database gets to the disk: only a power cut can tell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "PRAGMAS", (*engines.PRAGMAS, "synchronous=OFF"))
        yield


@pytest.fixture(autouse=True)
def _nobody_s_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the settings and the history of whoever runs the tests."""
    for name in list(os.environ):  # noqa: TID251 - what is not read cannot be hidden
        if name.upper().startswith("EARSHOT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file that the migrations make."""
    file = tmp_path_factory.mktemp("migrated") / "earshot.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture
def database_url(migrated_file: Path, tmp_path: Path) -> str:
    """Name a database that the migrations made and that holds nothing."""
    shutil.copy(migrated_file, tmp_path / "earshot.db")
    return f"sqlite:///{tmp_path / 'earshot.db'}"


@pytest.fixture
def absent_database_url(tmp_path: Path) -> str:
    """Name a database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'absent.db'}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Give the folder of a PostgreSQL's socket; it listens nowhere else."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_history(postgresql_server: str) -> str:
    """Give the name of a database that the migrations made; the tests empty it one after another."""
    asyncio.run(run_sql(postgresql_server, "CREATE DATABASE history"))
    asyncio.run(_migrate(server_url(postgresql_server, "history")))
    return "history"


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_history: str) -> str:
    """Name a PostgreSQL database that the migrations made and that holds nothing."""
    statement = f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"
    asyncio.run(run_sql(postgresql_server, statement, database=postgresql_history))
    return server_url(postgresql_server, postgresql_history)


async def _migrate(url: str) -> None:
    await (await Store.open(url)).close()


@pytest.fixture
def file_size_limit() -> Callable[[int], AbstractContextManager[None]]:
    """A limit on the size of files, for a disk that takes no more; bytes."""

    @contextmanager
    def limited(num_bytes: int) -> Iterator[None]:
        before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
            signal.signal(signal.SIGXFSZ, handler)

    return limited


@pytest.fixture(scope="session")
def default_folder() -> Path:
    """The converted default model, in the user's own cache as in real life."""
    from inference.convert import default_model_folder, find_gguf
    from inference.errors import ModelMissing

    try:
        find_gguf()
    except ModelMissing as missing:
        pytest.skip(str(missing))
    return default_model_folder(lambda _: None)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny ChatML model."""
    from tests.inference.tiny import save_tiny_model

    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
