"""Answers for one person on Slack: by the interaction's own address, else as a message.

That address takes five posts within thirty minutes, also where the bot is no member, but knows no
threads. What is for all is a message with a mark, which is looked for before a second try. What only
one person sees nobody can look for: in doubt it is said again. What Slack refuses is one line in the
log and never raised: whoever asked sees Slack's sign.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.commands import CommandAnswer
from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.platforms.answers import shown_parts
from bot.platforms.asking import TOO_LATE
from bot.platforms.slack.buttons import Block, fits, with_button
from bot.platforms.slack.clients import SDK_LOGGER
from bot.platforms.slack.dialect import mrkdwn
from bot.platforms.slack.inline import escaped
from bot.platforms.slack.keys import is_direct
from bot.platforms.slack.own_messages import NOTICE
from bot.platforms.slack.posting import Mark, Poster, once
from bot.platforms.slack.refusals import SlackTrying, surely_not_done
from bot.platforms.slack.showing import CLOCK_MARGIN
from bot.platforms.slack.teams import Team
from bot.platforms.trying import always

logger = logging.getLogger(__name__)

MAX_CHARS = 3000  # of a section, https://docs.slack.dev/reference/block-kit/blocks/section-block
# From https://docs.slack.dev/interactivity/handling-user-interaction#message_responses.
MAX_BY_URL = 5
EXCUSE_S = 3.0
DOING = "answer a command"
SLACK_HOSTS = ("slack.com", "slack-gov.com")


@dataclass(slots=True)
class Listener:
    """Whom an answer is for, and where they gave a command.

    `response_url` is an interaction's own address. `sees` is where they see an answer, if that is
    another place: Slack shows nothing in a thread in which nobody wrote yet. `by_mention`: they
    gave it in a message.
    """

    team: Team
    where: ConversationKey
    user_id: str
    response_url: str = ""
    sees: ConversationKey | None = None
    by_mention: bool = False
    is_answered: bool = field(init=False, default=False)
    num_left: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Count what may still be said by the address; none where it is not Slack's."""
        if self.where.thread is None and is_slacks(self.response_url, self.team.client.base_url):
            self.num_left = MAX_BY_URL


@dataclass(frozen=True, slots=True)
class Post:
    """One post of an answer. `is_public`: for everybody there."""

    text: str
    blocks: list[Block] | None
    is_public: bool


@dataclass(frozen=True, slots=True)
class Answering:
    """Says answers with patience, by whichever way Slack takes them. `clock` gives aware UTC times."""

    trying: SlackTrying
    clock: Callable[[], datetime]

    async def say(self, listener: Listener, answer: CommandAnswer) -> bool:
        """Answer; False, and a line in the log, where Slack does not take all of it."""
        for post in posts(answer):
            try:
                await self._said(listener, post)
            except PlatformError as error:
                logger.warning("%s was not answered: %s", listener.user_id, error)
                return False
            listener.is_answered = True
        return True

    async def tell(self, listener: Listener, text: str) -> bool:
        """Say a sentence that only the listener sees."""
        return await self.say(listener, CommandAnswer(text, ephemeral=True))

    @asynccontextmanager
    async def excusing(
        self,
        listener: Listener,
        told: str = TOO_LATE,
        *,
        is_owed: Callable[[], bool] = lambda: True,
    ) -> AsyncIterator[None]:
        """Ask somebody to do it again, in the moment that a stop leaves, if nothing was said yet."""
        try:
            yield
        except asyncio.CancelledError:
            if is_owed() and not listener.is_answered:
                with suppress(TimeoutError):
                    async with asyncio.timeout(EXCUSE_S):
                        await self.tell(listener, told)
            raise

    async def _said(self, listener: Listener, post: Post) -> None:
        """Say one post, what is for all as a message if Slack takes that. Raises PlatformError.

        What may stand there for all already is not said another way.
        """
        ways = [self._as_message]
        if listener.num_left:
            ways.insert(int(post.is_public), self._by_url)
        for way in ways[:-1]:
            try:
                await way(listener, post)
            except PlatformError as error:
                in_doubt = error.__cause__ is None or not surely_not_done(error.__cause__)
                if in_doubt and post.is_public:
                    raise
                logger.info("%s; said another way instead", error)
            else:
                return
        await ways[-1](listener, post)

    async def _by_url(self, listener: Listener, post: Post) -> None:
        listener.num_left -= 1
        say = partial(_sent_by_url, listener, post)
        # One person rather sees it twice than not at all; what all see is not doubled.
        again = surely_not_done if post.is_public else always
        try:
            await self.trying.tried(say, listener.where, DOING, again=again)
        except PlatformError:
            listener.num_left = 0
            raise

    async def _as_message(self, listener: Listener, post: Post) -> None:
        """Say it to one person alone, or to all. In a direct chat it is meant to stay."""
        where = listener.sees or listener.where
        if not (post.is_public or is_direct(where.channel)):
            say = partial(_whispered, listener, post)
            await self.trying.tried(say, listener.where, DOING)
            return
        mark = Mark(self.clock() - CLOCK_MARGIN, kind=NOTICE)
        try:
            await Poster(self.trying).send(where, post.text, mark, blocks=post.blocks)
        except PlatformError as error:
            if mark.is_unsure:
                raise PlatformUnavailable(f"{error}; it may stand there") from None
            raise


def posts(answer: CommandAnswer) -> Iterator[Post]:
    """Give an answer as Slack takes it, in posts that are short enough."""
    offer = answer.offer if fits(answer.offer) else None
    *texts, last = shown_parts(
        answer,
        has_button=offer is not None,
        max_chars=MAX_CHARS,
        escaped=mrkdwn if answer.is_markdown else escaped,
        escaped_code=escaped,
    )
    for text in texts:
        yield Post(text, None, not answer.ephemeral)
    blocks = None if offer is None else with_button(last, offer)
    yield Post(last, blocks, not answer.ephemeral)


def is_slacks(url: str, api_base: str) -> bool:
    """Tell whether an address is Slack's own, or on the host that stands in for Slack's API."""
    given, api = urlsplit(url), urlsplit(api_base)
    if given.hostname == api.hostname:
        return (given.scheme, given.port) == (api.scheme, api.port)
    host = given.hostname or ""
    is_known = any(host == known or host.endswith(f".{known}") for known in SLACK_HOSTS)
    return is_known and given.scheme == "https"


async def _sent_by_url(listener: Listener, post: Post, team: Team) -> None:
    """Say it by the interaction's address. Raises as a call of Slack's API does."""
    body = {
        "text": post.text,
        "blocks": post.blocks,
        "response_type": "in_channel" if post.is_public else "ephemeral",
        "replace_original": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    client = AsyncWebhookClient(
        listener.response_url,
        timeout=team.client.timeout,
        ssl=team.client.ssl,
        proxy=team.client.proxy,
        session=team.client.session,
        logger=SDK_LOGGER,
        retry_handlers=[],
    )
    told = await client.send_dict(body)
    if told.status_code != 200:
        response = AsyncSlackResponse(
            client=team.client,
            http_verb="POST",
            api_url="response_url",
            req_args={},
            data={"ok": False, "error": " ".join(told.body.split())[:200] or "no_words"},
            headers=told.headers,
            status_code=told.status_code,
        )
        raise SlackApiError("refused", response)  # type: ignore[no-untyped-call]


async def _whispered(listener: Listener, post: Post, team: Team) -> None:
    where = listener.sees or listener.where
    await once(team).chat_postEphemeral(
        channel=where.channel,
        user=listener.user_id,
        thread_ts=where.thread,
        text=post.text,
        blocks=post.blocks,
    )
