"""Who is who on Slack, and what its channels and user groups are called.

Slack's messages bring ids alone. What they stand for is asked of Slack once and remembered for a
while; where Slack does not tell, the history's last name serves, and else the id. Nothing here
raises for Slack's sake.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.errors import StoreError
from bot.messages import Author, ConversationKey, workspace_key
from bot.platforms.slack.keys import PLATFORM
from bot.platforms.slack.lenient import Payload, as_payload, is_set, part_of, parts_of, text_in
from bot.platforms.slack.looking_up import LIFETIME_S, LookedUp, system_clock
from bot.platforms.slack.reading import Forwarded, Mentioned, Names, plain
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

SLACKBOT = "USLACKBOT"
MAX_LOOKED_UP = 20  # of the people whom one message mentions; more than that is a roll call
MAX_USERNAME_CHARS = 80


class Kept(Protocol):
    """What was heard before."""

    async def name_of(self, where: ConversationKey, author_id: str) -> str | None:
        """Give the last name seen of a person in a workspace, None if never seen there."""
        ...

    async def keeps(
        self, where: ConversationKey, author_id: str, *, said_at: datetime | None
    ) -> bool:
        """Tell whether a person of a workspace wants kept what they said at a time, if known."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as Slack knows them. Guests and strangers never manage anything.

    `is_stranger` is somebody of another workspace, `home`, met in a shared channel. `is_known` is false
    where Slack did not tell: then the flags say nothing.
    """

    id: str
    name: str
    is_bot: bool = False
    is_manager: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    is_known: bool = True
    home: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, as Slack knows it; a direct chat has no name."""

    id: str
    name: str
    creator: str = ""
    is_member: bool = False
    is_private: bool = False


class People:
    """Knows the names in every workspace. `name` is what the assistant goes by in all of them."""

    def __init__(self, *, name: str, kept: Kept, clock: Callable[[], float] = system_clock) -> None:
        self.assistant_name = name
        self._kept = kept
        self._users: LookedUp[Person] = LookedUp("users.info", clock)
        self._bots: LookedUp[str] = LookedUp("bots.info", clock)
        self._channels: LookedUp[Channel] = LookedUp("conversations.info", clock)
        self._groups: LookedUp[dict[str, str]] = LookedUp("usergroups.list", clock)

    async def name(
        self,
        team: Team,
        user_id: str,
        *,
        called: str = "",
        is_bot: bool = False,
        max_age_s: float = LIFETIME_S,
    ) -> Person:
        """Give a person by their id. `called` and `is_bot` serve where Slack does not tell."""
        if user_id == team.user_id:
            return Person(user_id, self.assistant_name, is_bot=True)
        if user_id == SLACKBOT:
            return Person(user_id, "Slackbot", is_bot=True)
        found = await self._users.get(
            team, user_id, lambda: _person(team, user_id), max_age_s=max_age_s
        )
        if found is not None and found.name:
            return found
        name = await self._remembered(team, user_id) or called or user_id
        return Person(user_id, name, is_bot=is_bot, is_known=False)

    async def home(self, team: Team, user_id: str) -> str:
        """Give the id of the workspace that somebody is of; this one where Slack does not tell."""
        return (await self.name(team, user_id)).home or team.id

    async def bot_name(self, team: Team, bot_id: str) -> str:
        """Give the name of an app that speaks without being a user; its id where nobody knows."""
        found = await self._bots.get(team, bot_id, lambda: _bot(team, bot_id))
        return found or await self._remembered(team, bot_id) or bot_id

    async def channel(self, team: Team, channel_id: str) -> Channel | None:
        """Give a channel by its id; None where Slack does not tell, such as for a private one."""
        return await self._channels.get(team, channel_id, lambda: _channel(team, channel_id))

    def forget(self, team_id: str, what_id: str) -> None:
        """Ask Slack anew for what has changed there: a person, an app, a channel."""
        for known in (self._users, self._bots, self._channels):
            known.forget(team_id, what_id)

    def forget_team(self, team_id: str) -> None:
        """Forget all of a workspace."""
        for known in (self._users, self._bots, self._channels, self._groups):
            known.forget_team(team_id)

    async def names(self, team: Team, mentioned: Mentioned) -> Names:
        """Find the names of all that a message mentions, as far as anybody knows them.

        All that is to be asked of Slack is asked at once: a message waits for it.
        """
        people = sorted(mentioned.people - {team.user_id})[:MAX_LOOKED_UP]
        channels = sorted(mentioned.channels)[:MAX_LOOKED_UP]
        found, places, groups = await asyncio.gather(
            asyncio.gather(*(self.name(team, each) for each in people)),
            asyncio.gather(*(self.channel(team, each) for each in channels)),
            self._handles(team, is_needed=bool(mentioned.groups)),
        )
        return Names(
            people={each.id: each.name for each in found if each.name != each.id}
            | {team.user_id: self.assistant_name},
            groups=groups,
            channels={each.id: each.name for each in places if each and each.name},
        )

    async def withheld(
        self, team: Team, said: Mapping[Forwarded, datetime | None]
    ) -> frozenset[Forwarded]:
        """Find what of it its author wants nothing kept of; given is when it was said, if known.

        Raises StoreError.
        """
        here, keeps = workspace_key(PLATFORM, team.id), self._kept.keeps
        return frozenset(
            [
                words
                for words, said_at in said.items()
                if not await keeps(here, words[0], said_at=said_at)
            ]
        )

    async def _handles(self, team: Team, *, is_needed: bool = True) -> dict[str, str]:
        if not is_needed:
            return {}
        return await self._groups.get(team, team.id, lambda: _groups(team)) or {}

    async def _remembered(self, team: Team, author_id: str) -> str:
        try:
            return await self._kept.name_of(workspace_key(PLATFORM, team.id), author_id) or ""
        except StoreError as error:
            logger.warning("the history does not tell the name of %s: %s", author_id, error)
            return ""


async def author_of(message: Payload, team: Team, people: People) -> Author | None:
    """Name who speaks; None where nobody does.

    What an app says in a name of its own choice is said by somebody of that name: relays stay
    apart.
    """
    user_id, bot_id = text_in(message, "user"), text_in(message, "bot_id")
    if user_id:
        called = _name_in(part_of(message, "user_profile"))
        person = await people.name(team, user_id, called=called, is_bot=bool(bot_id))
        return Author(person.id, person.name, is_bot=person.is_bot)
    username = plain(text_in(message, "username"))[:MAX_USERNAME_CHARS]
    if username:
        return Author(f"{bot_id or 'bot'}:{username}", username, is_bot=True)
    if not bot_id:
        return None
    name = plain(text_in(part_of(message, "bot_profile"), "name"))
    return Author(bot_id, name or await people.bot_name(team, bot_id), is_bot=True)


async def _person(team: Team, user_id: str) -> Person | None:
    user = part_of(as_payload((await team.client.users_info(user=user_id)).data), "user")
    name = _name_in(part_of(user, "profile")) or plain(text_in(user, "real_name", "name"))
    is_guest = is_set(user, "is_restricted", "is_ultra_restricted")
    is_stranger = is_set(user, "is_stranger") or not _is_of(user, team)
    is_manager = is_set(user, "is_admin", "is_owner", "is_primary_owner")
    return Person(
        user_id,
        name,
        is_bot=is_set(user, "is_bot", "is_workflow_bot"),
        is_manager=is_manager and not (is_guest or is_stranger),
        is_guest=is_guest,
        is_stranger=is_stranger,
        home=team.id if _is_of(user, team) else text_in(user, "team_id"),
    )


def _name_in(profile: Payload) -> str:
    return plain(text_in(profile, "display_name", "real_name", "name"))


def _is_of(user: Payload, team: Team) -> bool:
    """Tell whether somebody is of a workspace; within an organization people are of several."""
    home = text_in(user, "team_id")
    wider = (user, part_of(user, "enterprise_user"))
    others = [teams for each in wider if isinstance(teams := each.get("teams"), list)]
    return not home or home == team.id or any(team.id in teams for teams in others)


async def _bot(team: Team, bot_id: str) -> str | None:
    bot = part_of(as_payload((await team.client.bots_info(bot=bot_id)).data), "bot")
    return plain(text_in(bot, "name")) or None


async def _channel(team: Team, channel_id: str) -> Channel | None:
    channel = part_of(
        as_payload((await team.client.conversations_info(channel=channel_id)).data), "channel"
    )
    return Channel(
        channel_id,
        plain(text_in(channel, "name", "name_normalized")),
        creator=text_in(channel, "creator"),
        is_member=is_set(channel, "is_member", "is_im"),
        is_private=is_set(channel, "is_private", "is_mpim", "is_im", "is_group"),
    )


async def _groups(team: Team) -> dict[str, str]:
    told = as_payload((await team.client.usergroups_list(include_disabled=True)).data)
    groups = parts_of(told, "usergroups")
    return {text_in(each, "id"): plain(text_in(each, "handle", "name")) for each in groups}
