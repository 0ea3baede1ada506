"""What `earshot doctor` asks Discord: the token, the intent, how the bot is added, the clock.

Asks over HTTP only, changes nothing, and says of each fault which switch mends it. No answer holds
the token. What the bot may do in each server is in `server_checks`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import discord
from discord.http import Route

from bot.config import Settings, variable
from bot.platforms.checking import Check, clock_checks
from bot.platforms.discord.address import use_addresses
from bot.platforms.discord.invite import invite_url
from bot.platforms.discord.server_checks import server_checks
from bot.secrets_shown import without_password

PORTAL = "https://discord.com/developers/applications"
STATUS_PAGE = "https://discordstatus.com"
TIMEOUT_S = 10.0  # for one question; a server is three
MAX_SERVERS = 20  # looked at in detail: each costs three requests, and Discord limits them
MIN_RATE_LIMIT_S = 30.0  # discord.py refuses less
# What discord.py raises of an answer that is not of Discord's form, such as a web page.
NO_DISCORD = (AttributeError, LookupError, TypeError, ValueError)


async def examine(
    settings: Settings, *, now: Callable[[], datetime] = discord.utils.utcnow
) -> list[Check]:
    """Ask Discord about the bot of the settings; nothing, if they have no token.

    Whatever the network or the other side does becomes a check that says so.
    """
    if settings.discord_token is None:
        return []
    token = settings.discord_token.get_secret_value().strip()
    if not (token.isascii() and token.isprintable()):
        return [_refused()]  # no header could carry it
    use_addresses(settings)
    found: list[Check] = []
    ahead: list[timedelta] = []
    try:
        async with _client(ahead, now) as client:
            async for check in _questions(client, token):
                found.append(check)
    except discord.LoginFailure:
        found.append(_refused())
    except (discord.DiscordException, aiohttp.ClientError, OSError, *NO_DISCORD) as error:
        found.append(Check(_in_words(error), ok=False, remedy=_remedy(settings)))
    return [*found, *clock_checks(ahead, "Discord")]


def _client(ahead: list[timedelta], now: Callable[[], datetime]) -> discord.Client:
    """Make a client that only asks; a rate limit of more than 30 s is an error to it."""
    return discord.Client(
        intents=discord.Intents(guilds=True),  # unused, and without it discord.py warns
        http_trace=_dated(ahead, now),
        max_ratelimit_timeout=MIN_RATE_LIMIT_S,
    )


async def _questions(client: discord.Client, token: str) -> AsyncGenerator[Check]:
    async with asyncio.timeout(TIMEOUT_S):
        await client.login(token)
        app = await client.application_info()
        servers = [guild async for guild in client.fetch_guilds(limit=MAX_SERVERS)]
    yield Check(f"the token is valid: it is {client.user}, of the application {app.name}")
    yield _intent_check(app)
    yield _installing_check(app)
    if not servers:
        remedy = f"Open {invite_url(app.id)} and choose a server that you manage."
        yield Check("it is in no server", ok=False, remedy=remedy)
    for server in servers:
        async with asyncio.timeout(TIMEOUT_S):
            checks = await server_checks(client, server.id, invite=invite_url(app.id))
        for check in checks:
            yield check
    more = app.approximate_guild_count - len(servers)
    if more > 0 and len(servers) == MAX_SERVERS:
        yield Check(f"about {more} more servers were not looked at")


def _intent_check(app: discord.AppInfo) -> Check:
    if app.flags.gateway_message_content or app.flags.gateway_message_content_limited:
        return Check("the message-content intent is on")
    remedy = (
        f"Open {PORTAL}/{app.id}/bot, scroll to Privileged Gateway Intents, switch on Message "
        "Content Intent, and save."
    )
    return Check(
        "the message-content intent is off: Earshot could not read", ok=False, remedy=remedy
    )


def _installing_check(app: discord.AppInfo) -> Check:
    """Find what keeps people from adding the bot, or their commands from reaching it."""
    if app.interactions_endpoint_url:
        return Check(
            "commands are sent to a web address, so /assistant would never answer",
            ok=False,
            remedy=f"Open {PORTAL}/{app.id}/information and empty Interactions Endpoint URL.",
        )
    if app.bot_require_code_grant:
        return Check(
            "the invite link does not work",
            ok=False,
            remedy=f"Open {PORTAL}/{app.id}/bot and switch off Requires OAuth2 Code Grant.",
        )
    if app.user_integration_config and not app.guild_integration_config:
        return Check(
            "it cannot be added to servers",
            ok=False,
            remedy=f"Open {PORTAL}/{app.id}/installation and tick Guild Install.",
        )
    if not app.bot_public:
        return Check("only you can add it to servers, as Public Bot is off")
    policy = "" if app.privacy_policy_url else "; it has no Privacy Policy URL (docs/privacy.md)"
    return Check(f"everyone who has the link can add it to their server{policy}")


def _dated(ahead: list[timedelta], now: Callable[[], datetime]) -> aiohttp.TraceConfig:
    """Note with each answer how far this machine's clock is ahead of the other side's."""

    async def note(
        _session: aiohttp.ClientSession, _context: object, answered: aiohttp.TraceRequestEndParams
    ) -> None:
        try:
            ahead.append(now() - parsedate_to_datetime(answered.response.headers["Date"]))
        except (KeyError, TypeError, ValueError):
            return  # no date, or none that can be read

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(note)
    return trace


def _refused() -> Check:
    remedy = (
        f"Open {PORTAL}, your application, Bot, press Reset Token, and put the new one into "
        f"{variable('discord_token')}: the token alone, without the word Bot."
    )
    return Check("Discord refuses the token", ok=False, remedy=remedy)


def _in_words(error: Exception) -> str:
    """Say what happened between here and there; the error's own text may show too much."""
    address = without_password(Route.BASE)
    if isinstance(error, discord.HTTPException):
        return f"{address} answers with HTTP {error.status}"
    if isinstance(error, discord.RateLimited):
        return f"{address} asks us to wait for {error.retry_after:.0f} s"
    if isinstance(error, TimeoutError):
        return f"{address} did not answer within {TIMEOUT_S:.0f} s"
    if isinstance(error, aiohttp.ClientError | OSError):
        return f"{address} could not be reached"
    return f"{address} answers, but not as Discord does"


def _remedy(settings: Settings) -> str:
    if settings.discord_api_base:
        return f"Start that server, or correct {variable('discord_api_base')}."
    return f"Check this machine's network, and {STATUS_PAGE} for trouble at Discord; try again."
