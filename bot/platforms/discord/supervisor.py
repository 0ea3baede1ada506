"""Keeps a client connected to Discord, whatever ends it.

1. What only a person can mend ends the run with a ConfigError that says what to do.
2. Everything else ends one client; a new one is made after a wait that grows. discord.py itself
   resumes dropped connections, and asks a gateway that it cannot reach again every 5 s, for a minute
   or more, until `sharded` ends that. What its client does not survive: a login that fails, a close
   with a code of the gateway
   (https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/shard.py#L529), and an event that its
   parser cannot digest.
3. Each client that comes to the gateway begins a session, of which Discord allows 1,000 a day. So the
   waits grow longer where clients come so far and then fail, and a start beyond the limit waits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import aiohttp
import discord

from bot.errors import ConfigError
from bot.platforms.discord import shard_log
from bot.platforms.discord.refusals import cause
from bot.platforms.discord.starts import until_allowed

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
MAX_WAIT_S = 60.0
MAX_WAIT_AFTER_SESSION_S = 900.0  # about 100 sessions a day
STEADY_S = 300.0  # a client that ran so long was no failed start: the waits begin anew

LOGIN_REFUSED = (
    "Discord refused the token. Make a new one on https://discord.com/developers/applications, "
    "your application, Bot, Reset Token, and set EARSHOT_DISCORD_TOKEN to it."
)
INTENT_MISSING = (
    "Discord does not let this bot read messages. On https://discord.com/developers/applications, "
    "your application, Bot, turn on the switch Message Content Intent, and start again."
)
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
FATAL_CODES = {
    4004: LOGIN_REFUSED,
    4010: "Discord refused the shards of EARSHOT_DISCORD_SHARDS: ids count from 0, such as 0,1/2.",
    4011: "This bot is in too many servers for so few shards: raise the number in EARSHOT_DISCORD_SHARDS.",
    4012: "Discord no longer speaks this version of its gateway: pip install -U discord.py",
    4013: "Discord refused the intents: pip install -U discord.py",
    4014: INTENT_MISSING,
}

MakeClient = Callable[[], discord.AutoShardedClient]


async def keep_connected(
    make_client: MakeClient,
    token: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run one client after the other, until cancelled. Raises ConfigError for what needs a person."""
    logging.getLogger(shard_log.NAME).addFilter(shard_log.IN_ONE_LINE)
    loop = asyncio.get_running_loop()
    wait_s = FIRST_WAIT_S
    while True:
        client, began = make_client(), loop.time()
        await _run_one(client, token, sleep=sleep)
        if loop.time() - began > STEADY_S:
            wait_s = FIRST_WAIT_S
        wait_s = min(wait_s, MAX_WAIT_AFTER_SESSION_S if client.shards else MAX_WAIT_S)
        logger.warning("Discord: connecting anew in %.0f s", wait_s)
        await sleep(wait_s)
        wait_s *= 2


async def _run_one(
    client: discord.AutoShardedClient, token: str, *, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Run a client to its end; whatever ended it is logged, unless a person has to mend it."""
    try:
        async with client:
            await client.login(token)
            await until_allowed(client, sleep=sleep)
            await client.connect()
    except discord.LoginFailure as error:
        raise ConfigError(LOGIN_REFUSED) from error
    except discord.PrivilegedIntentsRequired as error:
        raise ConfigError(INTENT_MISSING) from error
    except discord.ConnectionClosed as error:
        if error.code in FATAL_CODES:
            raise ConfigError(FATAL_CODES[error.code]) from error
        logger.warning("Discord closed the connection with code %s", error.code)
    except (OSError, aiohttp.ClientError, discord.DiscordException) as error:
        logger.warning("Discord cannot be reached: %s", cause(error))
    except Exception:  # a defect of the client must not end the bot
        logger.exception("Discord's client failed")
    else:
        logger.warning("Discord's client stopped")
