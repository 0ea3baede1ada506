"""A bot on Discord that can be killed: the real one, with a scripted model.

    python -m tests.discord.killed_bot DATABASE_URL API_URL GATEWAY_URL TOKEN REPLY

Its model writes what stands in REPLY before a "|", and then nothing more.
"""

import asyncio
import sys

from bot.config import Settings
from bot.messages import Mode
from bot.platforms.discord.address import use_addresses
from bot.platforms.discord.run import DiscordBot
from bot.runtime import ServedModel
from bot.store import Store
from tests.discord.living import in_haste
from tests.fakes import PausingModel


async def main(database_url, api_url, gateway_url, token, reply):
    settings = Settings(
        _env_file=None,
        database_url=database_url,
        discord_api_base=api_url,
        discord_gateway=gateway_url,
        new_channel_mode=Mode.ACTIVE,
        burst_quiet_s=0.0,
        burst_max_s=0.0,
    )
    use_addresses(settings)
    store = await Store.open(settings.database_url, platform_modes={"discord": Mode.ACTIVE})
    model = PausingModel(reply_text=reply)
    if "|" not in reply:
        model.may_go_on.set()
    with in_haste():
        bot = DiscordBot(settings, store, ServedModel(model, None, patience_s=5.0), print)
        await bot.serve(token)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
