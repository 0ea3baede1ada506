"""The database of a soak: a file, or a PostgreSQL that several processes share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.postgresql import running_server, server_url


@asynccontextmanager
async def new_database(folder: Path, *, is_shared: bool) -> AsyncIterator[str]:
    """Give the URL of an empty database; a file stays behind in the folder."""
    if not is_shared:
        yield f"sqlite:///{folder / 'history.db'}"
        return
    with running_server() as server:
        yield server_url(server, "postgres")
