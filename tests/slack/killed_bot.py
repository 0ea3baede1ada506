"""A bot on Slack that can be killed: the real one, with a scripted model.

    python -m tests.slack.killed_bot SETTINGS REPLY

SETTINGS are those of the bot, as JSON. Its model writes what stands in REPLY before a "|", and then
nothing more. It prints where it takes Slack's requests.
"""

import asyncio
import json
import sys
from functools import partial

from bot.config import Settings
from bot.platforms.slack.keys import is_direct_chat
from bot.platforms.slack.run import SlackBot
from bot.runtime import ServedModel
from bot.store import Store
from tests.fakes import PausingModel


async def main(given, reply):
    settings = Settings(_env_file=None, burst_quiet_s=0.0, burst_max_s=0.0, **json.loads(given))
    store = await Store.open(
        settings.database_url,
        platform_modes={"slack": settings.new_channel_mode},
        is_direct=is_direct_chat,
    )
    model = PausingModel(reply_text=reply)
    if "|" not in reply:
        model.may_go_on.set()
    say = partial(print, flush=True)
    await SlackBot(settings, store, ServedModel(model, None, patience_s=5.0), say).serve()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
