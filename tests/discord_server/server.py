"""The server as a whole: what tests build on it, wait for and ask of it."""

import asyncio
import base64
import mimetypes
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from tests.clock import Clock
from tests.discord_server.acts import Acts
from tests.discord_server.calls import Call
from tests.discord_server.errors import Refused
from tests.discord_server.faults import Faults
from tests.discord_server.gateway import Gateway
from tests.discord_server.intents import Intent
from tests.discord_server.interactions import MAX_FILE_BYTES, Interaction
from tests.discord_server.limits import Limits
from tests.discord_server.message_views import message_json
from tests.discord_server.people import Person
from tests.discord_server.permissions import BOT, MEMBERS, NOTHING, Permission, in_channel
from tests.discord_server.rest import BASE, application
from tests.discord_server.snowflakes import Snowflakes
from tests.discord_server.threads import forum_post, thread_by_itself, thread_from
from tests.discord_server.views import whole_member_json
from tests.discord_server.world import (
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Json,
    Member,
    Message,
    Overwrite,
    Role,
    User,
    World,
)
from tests.waiting import WITHIN_S, Happenings


class DiscordServer:
    """A Discord of one bot, with the guild `guild`, its channel `general` and its founder.

    It listens between `start` and `stop`. `requests` are all HTTP requests, `refusals` all answers
    that were errors of the bot, `unknown_routes` those that this server does not know.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.ids = Snowflakes(self.clock)
        self.bot = User(self.ids.next(), "earshot", "Earshot", bot=True)
        self.application_id = self.bot.id
        self.token = f"{base64.b64encode(self.bot.id.encode()).decode()}.loop.back"
        self.world = World(self.bot)
        self.gateway = Gateway(self)
        self.faults = Faults()
        self.limits = Limits()
        self.acts = Acts(self)
        self.requests: list[Call] = []
        self.refusals: list[Refused] = []
        self.unknown_routes: list[str] = []
        self.crashes: list[Exception] = []
        self.files: dict[str, Attachment] = {}
        self.commands: dict[str, list[Json]] = {}  # by guild id, "" for those of all guilds
        self.interactions: dict[str, Interaction] = {}  # by token
        self.nonces: dict[str, tuple[float, Message]] = {}
        self.deletions_logged: list[tuple[datetime, Json, Json]] = []
        self.closed_dms: set[str] = set()  # ids of those who take no DMs from the bot
        self.max_file_bytes = MAX_FILE_BYTES
        self.num_shards = 1
        self.session_starts_left = 999
        self.named_gateway: str | None = None  # what the API says instead of where it is
        self.bot_public = True
        self.interactions_endpoint_url: str | None = None
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._happenings = Happenings()
        self.owner = self._user("Olga")
        self.guild = self.add_guild("Harbor")
        self.general = self.add_channel("general")

    # Where it is.

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._runner = web.AppRunner(application(self), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Break all connections and stop listening."""
        self.faults.clear()
        self.gateway.drop_connections()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        return self.url + BASE

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/"

    # What there is.

    def add_guild(
        self, name: str, *, shard: tuple[int, int] = (0, 1), bot_present: bool = True
    ) -> Guild:
        """Found a guild that falls on this shard, by default with the bot as a member."""
        guild_id = self.ids.on_shard(*shard)
        everyone = Role(guild_id, "@everyone", MEMBERS)
        own = Role(self.ids.next(), self.bot.name, BOT, managed=True)
        guild = Guild(guild_id, name, self.owner.id, everyone, [everyone, own])
        guild.bot_present = bot_present
        self.world.guilds[guild.id] = guild
        self._join(self.owner, guild)
        self._join(self.bot, guild).roles.append(own)
        if bot_present:
            self.acts.join_guild(guild)
        return guild

    def member(
        self, name: str, *, nick: str | None = None, guild: Guild | None = None, bot: bool = False
    ) -> Person:
        """Let somebody join, or give them if they are there; the same name is the same person."""
        guild = guild or self.guild
        known = (one for one in self.world.users.values() if one.global_name == name)
        user = next(known, None) or self._user(name, bot=bot)
        if user.id not in guild.members:
            member = self._join(user, guild)
            shown = {**whole_member_json(member), "guild_id": guild.id}
            self.gateway.emit("GUILD_MEMBER_ADD", shown, guild=guild)
        if nick is not None:
            guild.members[user.id].nick = nick
        return Person(self, user, guild)

    @property
    def founder(self) -> Person:
        """The one who may do everything in the guild."""
        return Person(self, self.owner, self.guild)

    def speaking(self, person: Person, locale: str) -> Person:
        """Give the same person at a client of another language."""
        return replace(person, locale=locale)

    def _user(self, name: str, *, bot: bool = False) -> User:
        user = User(self.ids.next(), name.lower().replace(" ", "_"), name, bot)
        self.world.users[user.id] = user
        return user

    def _join(self, user: User, guild: Guild) -> Member:
        guild.members[user.id] = Member(user, self.clock.now())
        return guild.members[user.id]

    def add_role(
        self, name: str, permissions: Permission = NOTHING, *, to: Person | None = None
    ) -> Role:
        """Make a role in the guild and give it to somebody."""
        role = Role(self.ids.next(), name, permissions)
        guild = to.guild if to else self.guild
        guild.roles.append(role)
        if to is not None:
            guild.members[to.id].roles.append(role)
        self.acts.update_role(guild, role, "GUILD_ROLE_CREATE")
        return role

    def add_channel(
        self,
        name: str,
        kind: ChannelType = ChannelType.TEXT,
        *,
        guild: Guild | None = None,
        topic: str | None = None,
    ) -> Channel:
        """Make a channel: text, announcements, a forum, or a voice channel with its chat."""
        place = Channel(self.ids.next(), kind, name, self.clock.now(), guild or self.guild)
        place.topic = topic
        return self.acts.add_channel(place)

    def add_thread(
        self, parent: Channel, name: str, *, by: Person, starter: Message | None = None
    ) -> Channel:
        """Open a thread, by itself or from a message; then it has the id of the message."""
        if starter is not None:
            return thread_from(self, starter, name, by.user)
        return thread_by_itself(self, parent, name, by.user)

    async def add_post(self, forum: Channel, title: str, text: str, *, by: Person) -> Channel:
        """Write a post in a forum: a thread whose first message has the id of the thread."""
        return forum_post(self, forum, title, text, by.user)

    def dm_with(self, user: User) -> Channel:
        """Give the channel of a user and the bot; it is made if it is not there."""
        for channel in self.world.dms.values():
            if channel.recipient is user:
                return channel
        dm = Channel(self.ids.next(), ChannelType.DM, "", self.clock.now(), recipient=user)
        self.world.dms[dm.id] = dm
        return dm

    # Who may do what.

    def change_permissions(
        self,
        channel: Channel,
        who: User | Role | None = None,
        *,
        allow: Permission = NOTHING,
        deny: Permission = NOTHING,
    ) -> None:
        """Let a channel allow or deny something to the bot, another user or a role."""
        target = who or self.bot
        change = Overwrite(target.id, isinstance(target, User), allow, deny)
        channel.overwrites[target.id] = change
        self.acts.update_channel(channel)

    def bot_may(self, permission: Permission, channel: Channel) -> bool:
        """Say whether the bot may do this in a channel."""
        if channel.guild is None:
            return True
        member = channel.guild.members[self.bot.id]
        present = channel.guild.bot_present
        return present and permission in in_channel(member, channel.guild, channel)

    def guilds_of_bot(self) -> list[Guild]:
        return [one for one in self.world.guilds.values() if one.bot_present]

    # What tests ask.

    def posts(self, channel: Channel) -> list[Message]:
        """Give what the bot posted and everybody sees, the oldest first."""
        newest_first = channel.newest_first
        own = [one for one in newest_first if one.author is self.bot and not one.loading]
        return own[::-1]

    def asked(self, method: str, path_part: str) -> list[Call]:
        """Give the requests of this method whose path contains this."""
        return [one for one in self.requests if one.method == method and path_part in one.path]

    async def until(self, true: Callable[[], object], *, within_s: float = WITHIN_S) -> None:
        """Wait until something is true; it is asked after everything that happens here.

        Raises AssertionError with the last requests if it stays false.
        """
        if not await self._happenings.until(true, within_s=within_s):
            last = [f"{one.method} {one.path} -> {one.status}" for one in self.requests[-5:]]
            raise AssertionError(f"not true within {within_s} s; last: {last}")

    def changed(self) -> None:
        """Wake those who wait: something happened."""
        self._happenings.changed()

    # What the parts of the server share.

    def shown(self, message: Message) -> Json:
        """Give a message as REST shows it to the bot."""
        has_content = Intent.MESSAGE_CONTENT in self.gateway.granted
        return message_json(message, reader=self.bot, has_content=has_content)

    def keep_file(self, name: str, content: bytes) -> Attachment:
        """Keep a file under an address from where it can be fetched."""
        file_id = self.ids.next()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        url = f"{self.url}/attachments/{file_id}/{name}"
        self.files[file_id] = Attachment(file_id, name, kind, content, url)
        return self.files[file_id]

    def loop_time(self) -> float:
        return asyncio.get_running_loop().time()
