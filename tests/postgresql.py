"""A real PostgreSQL for the tests, run from an installed binary; it listens on a socket of its own."""

import grp
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def running_server() -> Iterator[str]:
    """Give the folder of the server's socket; skip the test where no server is installed."""
    programs = _programs()
    if programs is None or importlib.util.find_spec("asyncpg") is None:
        pytest.skip("no PostgreSQL server (initdb, pg_ctl) or no asyncpg is installed")
    folder = tempfile.mkdtemp(prefix="pg")
    owner = _owner()
    if owner:
        shutil.chown(folder, owner["user"], owner["group"])
    run = {"check": True, "capture_output": True, "cwd": folder, **owner}
    cluster = f"{folder}/data"
    subprocess.run(
        [programs / "initdb", "-D", cluster, "-U", "earshot", "-A", "trust", "-N"], **run
    )
    options = (
        f"-k {folder} -c listen_addresses='' -c autovacuum=off"
        " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    )
    log = f"{folder}/log"
    subprocess.run([programs / "pg_ctl", "-D", cluster, "-l", log, "-o", options, "start"], **run)
    try:
        yield folder
    finally:
        subprocess.run([programs / "pg_ctl", "-D", cluster, "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder)


def server_url(server: str, name: str) -> str:
    return f"postgresql://earshot@/{name}?host={server}"


async def run_sql(server: str, statement: str, *, database: str = "postgres") -> None:
    """Run a statement in a connection of its own."""
    import asyncpg

    connection = await asyncpg.connect(host=server, user="earshot", database=database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _programs() -> Path | None:
    asked = shutil.which("pg_config")
    folders = [
        *([subprocess.check_output([asked, "--bindir"], text=True).strip()] if asked else []),
        *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
        *([str(Path(found).parent)] if (found := shutil.which("initdb")) else []),
    ]
    for folder in map(Path, folders):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


def _owner() -> dict[str, object]:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        group = grp.getgrgid(user.pw_gid).gr_name
        return {"user": name, "group": group, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no other user to run it as")
