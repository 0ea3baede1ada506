"""Where Discord's API is: at Discord, or at a server that is compatible with it.

discord.py keeps the address in a class attribute, so it holds for the whole process and must be set
before a client is made. The gateway's is the client's own business, see `sharded`.
"""

import discord.http

from bot.config import Settings

API_BASE = discord.http.Route.BASE


def use_addresses(settings: Settings) -> None:
    """Point discord.py at the API of the settings, or back at Discord's own."""
    discord.http.Route.BASE = settings.discord_api_base or API_BASE
