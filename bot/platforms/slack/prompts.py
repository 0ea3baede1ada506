"""The greeting of a direct chat, and what Slack offers there to ask."""

import logging
from functools import partial

from bot.errors import PlatformError
from bot.messages import ConversationKey
from bot.platforms.slack.shared_channels import shared_channels
from bot.platforms.slack.teams import Team
from bot.platforms.slack.views import shown
from bot.ports import Platform

logger = logging.getLogger(__name__)

MISSED = "What did I miss?"
PROMPTS_TITLE = "You could ask:"
# No more than four: https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts.
ABOUT_THE_CHANNEL = {"title": "What did I miss in this channel?", "message": MISSED}
ALWAYS = (
    {"title": "Help me word something", "message": "Help me write a short message to my team."},
    {"title": "What do you store about me?", "message": "!privacy show"},
    {"title": "What can you do?", "message": "!help"},
)


def greeting(name: str) -> str:
    """Say who it is, what it stores of what is written there, and how to have it otherwise."""
    return (
        f"Hello, I'm {name}. To take part, I store what you write to me here, with your name, and "
        "what I answer. Nobody's words train a model. `!privacy show` tells what is kept, "
        "`!privacy optout` ends it, `!help` tells the rest."
    )


async def offer(
    where: ConversationKey,
    in_view: str,
    user_id: str,
    team: Team,
    *,
    refusing: set[str] | None = None,
) -> None:
    """Offer things to ask, about the channel in view if both are in it.

    In an agent's chat `where` names no thread: with one, Slack says yes and shows nothing. A
    workspace where Slack refuses is added to `refusing`.
    """
    offered = [*ALWAYS]
    if await is_shared(team, in_view, user_id):
        offered.insert(0, ABOUT_THE_CHANNEL)
    setting = partial(
        team.client.assistant_threads_setSuggestedPrompts,
        channel_id=where.channel,
        thread_ts=where.thread,
        title=PROMPTS_TITLE,
        prompts=offered,
    )
    await shown(setting, team, "offer things to ask", refusing=refusing)


async def is_shared(team: Team, channel_id: str, user_id: str) -> bool | None:
    """Tell whether a person and the assistant are both in a channel; None where Slack does not."""
    if not channel_id:
        return False
    both = await shared_channels(team, user_id)
    return None if both is None else channel_id in both


async def tell(platform: Platform, where: ConversationKey, text: str) -> bool:
    """Say something in a direct chat that answers no message; False and a line in the log if not."""
    try:
        await platform.notice(where, text, reply_to=None)
    except PlatformError as error:
        logger.warning("Slack: nothing was said in a direct chat: %s", error)
        return False
    return True
