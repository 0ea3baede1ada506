"""What people do with channels, workspaces and the app itself."""

from tests.slack_server.site import Site, Where, Who
from tests.slack_server.world import Channel, Team, User


class Moving(Site):
    """People join and leave, change channels, and put the app out."""

    async def joins(self, who: Who, where: Where, *, inviter: Who | None = None) -> None:
        by = self.user(inviter) if inviter is not None else None
        self.acts.join(self.channel(where), self.user(who), inviter=by)

    async def leaves(self, who: Who, where: Where) -> None:
        self.acts.leave(self.channel(where), self.user(who))

    async def invites_bot(self, who: Who, where: Where) -> Channel:
        """Invite the bot of one's workspace into a channel."""
        user, channel = self.user(who), self.channel(where)
        self.acts.join(channel, self.world.teams[user.team_id].bot, inviter=user)
        return channel

    async def removes_bot(self, who: Who, where: Where) -> None:
        user = self.user(who)
        self.acts.leave(self.channel(where), self.world.teams[user.team_id].bot, by=user)

    async def renames(self, who: Who, where: Where, name: str) -> None:
        self.acts.rename(self.channel(where), name, self.user(who))

    async def sets_topic(self, who: Who, where: Where, topic: str) -> None:
        self.acts.set_topic(self.channel(where), topic, self.user(who))

    async def archives(self, who: Who, where: Where) -> None:
        self.acts.archive(self.channel(where), self.user(who), archived=True)

    async def unarchives(self, who: Who, where: Where) -> None:
        self.acts.archive(self.channel(where), self.user(who), archived=False)

    async def deletes_channel(self, who: Who, where: Where) -> None:
        self.acts.delete_channel(self.channel(where), self.user(who))

    async def is_renamed(self, who: Who, real_name: str, *, display_name: str = "") -> User:
        """Give somebody another name."""
        user = self.user(who)
        user.real_name, user.display_name = real_name, display_name
        self.acts.change_user(user)
        return user

    async def is_deactivated(self, who: Who) -> None:
        user = self.user(who)
        user.deleted = True
        self.acts.change_user(user)

    async def uninstalls(self, team: Team | None = None) -> None:
        """Take the app out of a workspace; `tokens_revoked` comes, then `app_uninstalled`."""
        self.put_out(team or self.team)

    def put_out(self, team: Team) -> None:
        """Take the app out of a workspace, whoever does it."""
        self.revoke(team)
        team.installed = False
        for token in self.tokens.of(team):
            token.inactive = True
        for channel in self.world.channels.values():
            if team.bot.id in channel.members:
                channel.members.remove(team.bot.id)
        self.events.send(team, {"type": "app_uninstalled"})
        self.changed()

    async def revokes_tokens(self, team: Team | None = None) -> None:
        """Revoke the tokens of the bot in a workspace."""
        self.revoke(team or self.team)

    def revoke(self, team: Team) -> None:
        for token in self.tokens.of(team):
            token.revoked = True
        revoked = {"oauth": [], "bot": [team.bot.id]}
        self.events.send(team, {"type": "tokens_revoked", "tokens": revoked})
        self.changed()
