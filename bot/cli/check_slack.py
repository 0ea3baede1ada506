"""What `earshot doctor` finds at Slack, where a token is set; else Slack is not asked.

slack_bolt is an extra: without it, the finding says how to install it.
"""

import asyncio

from bot.cli.database_file import sqlite_file
from bot.cli.findings import Finding
from bot.cli.on_platform import is_installed
from bot.config import Settings, variable
from bot.errors import StoreError
from bot.platforms.checking import Check
from bot.platforms.together import platforms_with_tokens
from inference.wire.extras import install


def check_slack(settings: Settings) -> list[Finding]:
    """Ask Slack about the app, and give a finding each."""
    if "slack" not in platforms_with_tokens(settings):
        return []
    if not is_installed("slack"):
        remedy = f"{install('slack')}, or unset {variable('slack_bot_token')}."
        return [Finding("slack", ok=False, detail="slack_bolt is not installed", remedy=remedy)]
    return [
        Finding("slack", ok=check.ok, detail=check.detail, remedy=check.remedy)
        for check in asyncio.run(_examined(settings))
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
