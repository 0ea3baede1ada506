"""What `earshot doctor` finds at Discord, where a token is set; else Discord is not asked.

discord.py is an extra: without it, the finding says how to install it.
"""

import asyncio

from bot.cli.findings import Finding
from bot.cli.on_platform import is_installed
from bot.config import Settings, variable
from inference.wire.extras import install


def check_discord(settings: Settings) -> list[Finding]:
    """Ask Discord about the bot, and give a finding each."""
    if settings.discord_token is None:
        return []
    if not is_installed("discord"):
        remedy = f"{install('discord')}, or unset {variable('discord_token')}."
        return [Finding("discord", ok=False, detail="discord.py is not installed", remedy=remedy)]
    from bot.platforms.discord.checks import examine

    return [
        Finding("discord", ok=check.ok, detail=check.detail, remedy=check.remedy)
        for check in asyncio.run(examine(settings))
    ]
