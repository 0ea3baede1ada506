"""The scenery: the workspaces, people and channels that a test begins with, and how it names them."""

from collections.abc import Iterable

from tests.clock import Clock
from tests.slack_server.stamps import Stamps
from tests.slack_server.tokens import APP_ID, SCOPES, Token, Tokens
from tests.slack_server.world import Channel, Group, Kind, Team, User, World

Who = str | User
Where = str | Channel


class Scenery:
    """One app, installed in the workspace `team` with its channel `general`; nobody is told."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stamps = Stamps(self.clock)
        self.world = World()
        self.tokens = Tokens(self.clock)
        self.app_id, self.app_name = APP_ID, "Earshot"
        self.client_id, self.client_secret = "1000.2000", "client-secret"
        self.signing_secret = "signing-secret"
        self.app_token = self.tokens.app().value
        self.team = self.add_team("Harbor")
        self.general = self.add_channel("general")

    def add_team(self, name: str, *, installed: bool = True, domain: str | None = None) -> Team:
        """Found a workspace, by default with the app in it."""
        team_id, bot_id = self.stamps.id("T"), self.stamps.id("B")
        bot = User(self.stamps.id("U"), "earshot", team_id, "Earshot", is_bot=True, bot_id=bot_id)
        bot.app_id = self.app_id
        team = Team(team_id, name, domain or name.lower(), bot)
        self.world.teams[team.id] = team
        if installed:
            self.install(team)
        return team

    def install(
        self, team: Team, scopes: Iterable[str] = SCOPES, *, rotates: bool = False
    ) -> Token:
        """Install the app in a workspace, or once more; give the token of its bot."""
        team.installed = True
        team.bot.deleted = False
        team.users[team.bot.id] = self.world.users[team.bot.id] = team.bot
        return self.tokens.bot(team, scopes, rotates=rotates)

    @property
    def token(self) -> str:
        """The newest token of the bot in `team`."""
        return self.token_of(self.team)

    def token_of(self, team: Team) -> str:
        return self.tokens.of(team)[-1].value

    @property
    def bot(self) -> User:
        """The bot as a member of `team`."""
        return self.team.bot

    def member(
        self,
        name: str,
        *,
        team: Team | None = None,
        is_bot: bool = False,
        display_name: str = "",
        **facts: bool,
    ) -> User:
        """Let somebody be in a workspace, or give them if they are; `facts` such as is_admin."""
        team = team or self.team
        user = next((one for one in team.users.values() if one.real_name == name), None)
        if user is None:
            handle = name.lower().replace(" ", ".")
            user = User(self.stamps.id("U"), handle, team.id, name, display_name, is_bot)
            user.bot_id = self.stamps.id("B") if is_bot else None
            team.users[user.id] = self.world.users[user.id] = user
        for fact, value in facts.items():
            assert hasattr(user, fact), fact
            setattr(user, fact, value)
        return user

    def add_group(self, handle: str, *members: Who, team: Team | None = None) -> Group:
        """Make a user group."""
        team = team or self.team
        users = [self.user(one) for one in members]
        group = Group(self.stamps.id("S"), handle, handle.title(), team.id, users)
        team.groups[group.id] = group
        return group

    def add_channel(  # noqa: PLR0913 - each is named in the call
        self,
        name: str,
        kind: Kind = Kind.PUBLIC,
        *,
        team: Team | None = None,
        members: Iterable[Who] = (),
        bot_present: bool = True,
        shared_with: Iterable[Team] = (),
    ) -> Channel:
        """Make a channel, by default with the bot in it; nobody is told."""
        team = team or self.team
        users = [self.user(one) for one in members]
        creator = users[0] if users else self.member("Olga", team=team, is_primary_owner=True)
        channel_id = self.stamps.id("D" if kind is Kind.IM else "C")
        channel = Channel(channel_id, name, kind, team.id, creator, self.stamps.seconds())
        channel.members = [one.id for one in dict.fromkeys([creator, *users])]
        if bot_present:
            channel.members.append(team.bot.id)
        channel.shared_with = [one.id for one in shared_with]
        self.world.channels[channel.id] = channel
        return channel

    def dm(self, who: Who, *, team: Team | None = None) -> Channel:
        """Give the direct chat of somebody with the bot; it is made if it is not there."""
        user = self.user(who)
        team = team or self.world.teams[user.team_id]
        for channel in self.world.channels.values():
            if channel.kind is Kind.IM and channel.members == [user.id, team.bot.id]:
                return channel
        return self.add_channel("", Kind.IM, team=team, members=[user])

    def user(self, who: Who) -> User:
        """Find somebody by the name or the id; a name that is new joins `team`."""
        if isinstance(who, User):
            return who
        known = self.world.users.values()
        named = (one for one in known if who in (one.id, one.name, one.real_name))
        return next(named, None) or self.member(who)

    def channel(self, where: Where) -> Channel:
        """Find a channel by its id or its name, a direct chat as @name."""
        if isinstance(where, Channel):
            return where
        if where.startswith("@"):
            return self.dm(where.removeprefix("@"))
        known = self.world.channels.values()
        return next(one for one in known if where.removeprefix("#") in (one.id, one.name))
