"""Where Discord is: its own servers, or a compatible one.

discord.py keeps both addresses in class attributes, so they hold for the whole process and must be
set before a client is made.
"""

import discord.gateway
import discord.http
from yarl import URL

from bot.config import Settings

API_BASE = discord.http.Route.BASE
GATEWAY = discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY


def use_addresses(settings: Settings) -> None:
    """Point discord.py at the servers of the settings, or back at Discord's own."""
    gateway = settings.discord_gateway
    discord.http.Route.BASE = settings.discord_api_base or API_BASE
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway) if gateway else GATEWAY
