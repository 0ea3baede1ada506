"""What `earshot doctor` finds at Slack, where a token is set; else Slack is not asked.

Where Slack sends requests, it looks at the port on which they are taken as well. slack_bolt is an
extra: without it, the finding says how to install it.
"""

import asyncio
import http.client

from bot.cli.database_file import sqlite_file
from bot.cli.findings import Finding
from bot.cli.on_platform import is_installed
from bot.config import Settings, variable
from bot.errors import ConfigError, StoreError
from bot.listening import check_port
from bot.platforms.checking import Check
from bot.platforms.together import platforms_with_tokens
from inference.wire.extras import install

TIMEOUT_S = 2.0  # of a process on this machine


def check_slack(settings: Settings) -> list[Finding]:
    """Ask Slack about the app, and give a finding each."""
    if "slack" not in platforms_with_tokens(settings):
        return []
    if not is_installed("slack"):
        remedy = f"{install('slack')}, or unset {variable('slack_bot_token')}."
        return [Finding("slack", ok=False, detail="slack_bolt is not installed", remedy=remedy)]
    return [
        Finding("slack", ok=check.ok, detail=check.detail, remedy=check.remedy)
        for check in (*asyncio.run(_examined(settings)), *_port_checks(settings))
    ]


async def _examined(settings: Settings) -> list[Check]:
    """Look at the app, and at the workspaces that installed it, which the history knows."""
    from bot.platforms.slack.checks import examine
    from bot.store import Store

    file = sqlite_file(settings.database_url)
    if settings.slack_client_id is None or (file is not None and not file.exists()):
        return await examine(settings)
    try:
        store = await Store.open(settings.database_url)
    except StoreError:  # the finding about the database says so
        return await examine(settings)
    try:
        return await examine(settings, store=store)
    finally:
        await store.close()


def _port_checks(settings: Settings) -> list[Check]:
    """Look whether Slack's requests can be taken, if any are to come; port 0 takes any free one."""
    from bot.platforms.slack.credentials import credentials

    host, port = settings.slack_host, settings.slack_port
    try:
        needs_port = credentials(settings).needs_server and port != 0
    except ConfigError:  # another check says so
        return []
    if not needs_port:
        return []
    try:
        check_port(host, port)
    except ConfigError as error:
        if _is_earshot(host, port):
            return [Check(f"its requests are taken on {host}:{port}, by an Earshot that runs")]
        fields = f"{variable('slack_host')} and {variable('slack_port')}"
        remedy = f"{error.__cause__ or error}. Set {fields} to an address that is free."
        return [Check(f"its requests cannot be taken on {host}:{port}", ok=False, remedy=remedy)]
    return [Check(f"{host}:{port} is free to take its requests")]


def _is_earshot(host: str, port: int) -> bool:
    """Tell whether what listens there answers as Earshot does."""
    from bot.platforms.slack.paths import HEALTH_PATH

    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", HEALTH_PATH)
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and answer.read(16) == b"ok"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
