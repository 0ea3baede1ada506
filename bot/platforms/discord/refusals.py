"""What Discord refuses, in words for whoever runs the bot: what went wrong, where, and what to do."""

import aiohttp
import discord

from bot.messages import ConversationKey
from bot.platforms.discord.keys import place_id

# From https://discord.com/developers/docs/topics/opcodes-and-status-codes#json.
UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
MISSING_ACCESS = 50001
TAKES_NO_DIRECT_MESSAGES = 50007
MISSING_PERMISSIONS = 50013
ARCHIVED_THREAD = 50083
ALREADY_ACKNOWLEDGED = 40060
NO_HISTORY_TO_REPLY = 160002
NUM_TOO_MANY = 429
SERVER_ERROR = 500  # and above

FAILURES = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)


def may_pass(error: BaseException) -> bool:
    """Tell whether the same may succeed later: Discord in trouble, its limits, the connection."""
    if isinstance(error, discord.HTTPException):
        return error.status >= SERVER_ERROR or error.status == NUM_TOO_MANY
    return True


def may_have_arrived(error: BaseException) -> bool:
    """Tell whether Discord may have done what was asked, and only its answer is lost."""
    if isinstance(error, discord.HTTPException):
        return error.status >= SERVER_ERROR
    return not isinstance(error, discord.RateLimited)


def retry_after_s(error: BaseException) -> float | None:
    """Give how long Discord wants us to wait, None where it does not say."""
    if isinstance(error, discord.RateLimited):
        return error.retry_after
    if isinstance(error, discord.HTTPException) and error.status == NUM_TOO_MANY:
        said = error.response.headers.get("Retry-After", "")
        return float(said) if said.replace(".", "", 1).isdecimal() else None
    return None


def cause(error: BaseException) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, discord.HTTPException):
        code = f"(code {error.code})" if error.code else ""
        words = f"{error.status} {error.response.reason or ''} {error.text[:200]} {code}"
        return " ".join(words.split())
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()) or type(error).__name__


def refusal(
    error: discord.HTTPException, client: discord.Client, where: ConversationKey, doing: str
) -> str:
    """Say why Discord refused, and what to do about it."""
    place = place_name(client, where)
    if error.code in (MISSING_PERMISSIONS, MISSING_ACCESS):
        speak = "Send Messages in Threads" if where.thread else "Send Messages"
        return (
            f"Earshot may not {doing} in {place}: give it the permissions View Channel, {speak}, "
            "Read Message History and Attach Files there"
        )
    if error.code == UNKNOWN_CHANNEL:
        return f"Earshot cannot {doing} in {place}: it is gone"
    if error.code == UNKNOWN_MESSAGE:
        return f"Earshot cannot {doing} in {place}: the message is gone"
    if error.code == ARCHIVED_THREAD:
        return f"Earshot cannot {doing} in {place}: the thread is archived, and it may not open it"
    if error.code == TAKES_NO_DIRECT_MESSAGES:
        return f"Earshot cannot {doing} in {place}: this person takes no direct messages from it"
    return f"Discord does not let Earshot {doing} in {place}: {cause(error)}"


def place_name(client: discord.Client, where: ConversationKey) -> str:
    """Name a conversation as people see it, by its id where the client does not know it."""
    channel = client.get_channel(place_id(where))
    if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return f"#{channel.name} of {channel.guild.name}"
    return f"the conversation {where}"
