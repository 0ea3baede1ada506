"""The bot for minutes in a busy workspace, with something going wrong every few seconds.

    python -m tests.slack.soak --minutes 10 --json figures.json [--transport http] [--processes 2]

The bot is a process of its own, `earshot slack`, on the loopback Slack of this one; several of them
share a PostgreSQL. In the end everything calms down, and what people said and see is compared with
the history. A fault of the bot makes the exit code 1.
"""

import asyncio
import random
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.slack.soak_check import compared
from tests.slack.soak_faults import SlackWeather
from tests.slack.soak_people import People
from tests.slack_server import Kind, SlackServer, slack_server
from tests.soaking.bot_process import BotProcess
from tests.soaking.databases import new_database
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

SOCKET, HTTP = "socket", "http"
LONG_WORDS = 700  # more than Slack takes in one message
PINGING = ("So", "it", "is,", "<!channel>", "@here", "and", "<!here>.")
ANSWER_WITHIN_S = 3.0  # as for real
RETRY_AFTER_S = (0.0, 3.0, 15.0)  # for real: at once, a minute, five minutes
CALM_S = 150.0


async def soak(plan: Plan, folder: Path) -> Soaked:
    """Run as planned; the history and the bot's log are left in `folder`."""
    model = new_model(num_long_words=LONG_WORDS, words=PINGING)
    async with (
        slack_server() as slack,
        serving(model) as model_url,
        new_database(folder, is_shared=plan.num_processes > 1) as url,
    ):
        slack.http.answer_within_s = slack.sockets.ack_within_s = ANSWER_WITHIN_S
        rng = random.Random(plan.seed)
        people = People(slack, random.Random(rng.random()))
        await people.settle_in()
        bots = _bots(plan, slack, folder, {**_settings(slack, url), "EARSHOT_MODEL_URL": model_url})
        weather_rng = random.Random(rng.random())
        weather = SlackWeather(slack, weather_rng, is_on_sockets=plan.transport != HTTP)
        ends_until_s = time.monotonic() + plan.seconds / 2
        troubles = Troubles(weather, bots, url, weather_rng, ends_until_s)

        async def look() -> Findings:
            killed_at = [at for bot in bots for at in bot.killed_at]
            return compared(slack, people, await Rows.read(url), killed_at)

        async with _running(bots):
            await _until_there(slack, people, plan)
            await all_together(plan, people, troubles)
            troubles.clear()
            found, calm_s = await calmed(look, calm_s=CALM_S)
            codes = await asyncio.gather(*(bot.end() for bot in bots))
        if any(codes):
            found.fault("stop", f"the bot ended with {codes}")
    figures = {
        "seconds": plan.seconds,
        "seed": plan.seed,
        "transport": plan.transport or SOCKET,
        "processes": plan.num_processes,
        "channels": len(people.places),
        **people.counts,
        "deliveries": len(slack.deliveries.all),
        "delivered more than once": sum(len(one.tries) > 1 for one in slack.deliveries.all),
        "given up by Slack": sum(one.lost for one in slack.deliveries.all),
        **troubled(troubles, bots),
        **outcomes(found, (*COUNTED, "half a stream", "pinged")),
        "streams": sum(call.status == 200 for call in slack.asked("chat.startStream")),
        "settled after, s": round(calm_s, 1),
        **memory(bots),
    }
    return Soaked(plan, figures, found.faults)


def _bots(
    plan: Plan, slack: SlackServer, folder: Path, settings: dict[str, str]
) -> list[BotProcess]:
    made, urls = [], []
    for number in range(plan.num_processes):
        if plan.transport == HTTP:
            port = _free_port()
            given = {"SLACK_SIGNING_SECRET": slack.signing_secret, "SLACK_PORT": str(port)}
            urls.append(f"http://127.0.0.1:{port}/slack/events")
        else:
            given = {"SLACK_APP_TOKEN": slack.app_token}
        own = {f"EARSHOT_{name}": value for name, value in given.items()}
        made.append(BotProcess("slack", {**settings, **own}, folder, number))
    if urls:
        slack.http.use(*urls)
        slack.http.retry_after_s = RETRY_AFTER_S
    return made


def _settings(slack: SlackServer, database_url: str) -> dict[str, str]:
    return {
        "EARSHOT_DATABASE_URL": database_url,
        "EARSHOT_SLACK_BOT_TOKEN": slack.token,
        "EARSHOT_SLACK_API_BASE": slack.api_url,
        "EARSHOT_NEW_CHANNEL_MODE": "active",
        "EARSHOT_BURST_QUIET_S": "0.3",
        "EARSHOT_BURST_MAX_S": "1",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@asynccontextmanager
async def _running(bots: Sequence[BotProcess]) -> AsyncIterator[None]:
    """Run the bots; whatever happens, none of them outlives this."""
    for bot in bots:
        await bot.start()
    watching = [asyncio.create_task(bot.watch()) for bot in bots]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*(bot.end() for bot in bots))


async def _until_there(slack: SlackServer, people: People, plan: Plan) -> None:
    """Wait until every process takes events, and the channels are greeted."""
    if plan.transport != HTTP:
        await slack.until_connected(plan.num_processes, within_s=FIRST_S)
    greeted = [one for one in people.places if one.kind is not Kind.IM]
    await slack.until(lambda: all(map(slack.posts, greeted)), within_s=FIRST_S)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--transport", choices=(SOCKET, HTTP), default=SOCKET)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    plan = Plan(
        asked.minutes * 60,
        seed=asked.seed,
        fault_every_s=asked.every,
        transport=asked.transport,
        num_processes=asked.processes,
    )
    return run(soak, plan, asked)


if __name__ == "__main__":
    sys.exit(main())
