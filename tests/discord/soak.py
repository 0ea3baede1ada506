"""The bot for minutes in busy servers, with something going wrong every few seconds.

    python -m tests.discord.soak --minutes 10 --json figures.json

The bot is a process of its own, `earshot discord`, on the loopback Discord of this one. In the end
everything calms down, and what people said and see is compared with the history. A fault of the
bot makes the exit code 1.
"""

import asyncio
import random
import sys
import time
from pathlib import Path

from tests.discord.soak_check import compared
from tests.discord.soak_faults import DiscordWeather
from tests.discord.soak_people import People
from tests.discord_server import DiscordServer, discord_server
from tests.soaking.bot_process import BotProcess
from tests.soaking.findings import Findings
from tests.soaking.history import Rows
from tests.soaking.model import new_model, serving
from tests.soaking.plan import (
    COUNTED,
    FIRST_S,
    Plan,
    Soaked,
    all_together,
    arguments,
    calmed,
    memory,
    outcomes,
    run,
    troubled,
)
from tests.soaking.troubles import Troubles


async def soak(plan: Plan, folder: Path) -> Soaked:
    """Run as planned; the history and the bot's log are left in `folder`."""
    url = f"sqlite:///{folder / 'history.db'}"
    async with discord_server() as server, serving(new_model()) as model_url:
        bot = BotProcess("discord", _settings(server, model_url, url), folder)
        rng = random.Random(plan.seed)
        people = People(server, random.Random(rng.random()))
        await people.settle_in()
        weather_rng = random.Random(rng.random())
        troubles = Troubles(
            DiscordWeather(server, weather_rng),
            [bot],
            url,
            weather_rng,
            time.monotonic() + plan.seconds / 2,
        )

        async def look() -> Findings:
            return compared(server, people, await Rows.read(url))

        await bot.start()
        watching = asyncio.create_task(bot.watch())
        try:
            await server.until(lambda: server.commands, within_s=FIRST_S)
            await people.write_first()
            await all_together(plan, people, troubles)
            troubles.clear()
            found, calm_s = await calmed(look)
        finally:
            watching.cancel()
            code = await bot.end()
        if code != 0:
            found.fault("stop", f"the bot ended with {code}")
    figures = {
        "seconds": plan.seconds,
        "seed": plan.seed,
        "places": len(people.places),
        **people.counts,
        **troubled(troubles, [bot]),
        **outcomes(found, (*COUNTED, "thinking for ever")),
        "settled after, s": round(calm_s, 1),
        **memory([bot]),
    }
    return Soaked(plan, figures, found.faults)


def _settings(server: DiscordServer, model_url: str, database_url: str) -> dict[str, str]:
    return {
        "EARSHOT_DATABASE_URL": database_url,
        "EARSHOT_MODEL_URL": model_url,
        "EARSHOT_DISCORD_TOKEN": server.token,
        "EARSHOT_DISCORD_API_BASE": server.api_url,
        "EARSHOT_DISCORD_GATEWAY": server.gateway_url,
        "EARSHOT_NEW_CHANNEL_MODE": "active",
        "EARSHOT_BURST_QUIET_S": "0.3",
        "EARSHOT_BURST_MAX_S": "1",
    }


def main() -> int:
    asked = arguments(__doc__).parse_args()
    plan = Plan(asked.minutes * 60, seed=asked.seed, fault_every_s=asked.every)
    return run(soak, plan, asked)


if __name__ == "__main__":
    sys.exit(main())
