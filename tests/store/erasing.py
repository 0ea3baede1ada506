"""Workspaces that were left are erased, as their platforms do it who know that nobody came back."""

from datetime import datetime, timedelta

from bot.store import Store

PLATFORMS = ("discord", "room", "slack")


async def erased(store: Store, now: datetime, *, grace: timedelta) -> list[tuple[str, str]]:
    """Erase what was left longer than `grace` ago; gives it as (platform, workspace)."""
    before = now - grace
    return [
        (platform, workspace)
        for platform in PLATFORMS
        for workspace in await store.workspaces.left_before(platform, before)
        if await store.workspaces.erase(platform, workspace, left_before=before)
    ]
