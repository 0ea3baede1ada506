"""Where people meet the app itself: its home, its chat and pane, the page of consent."""

from tests.slack_server.consent import consented
from tests.slack_server.desk import Pane
from tests.slack_server.manifests import set_up
from tests.slack_server.modals import View
from tests.slack_server.site import Site, Where, Who
from tests.slack_server.world import Json, Message, Team


class Visiting(Site):
    """People open the home and the pane of the app, and let it in."""

    async def opens_home(self, who: Who, *, tab: str = "home", beside: Where | None = None) -> None:
        """Open the App Home, or the chat with the app (`messages`), beside a channel."""
        user = self.user(who)
        self.desk.in_view[user.id] = None if beside is None else self.channel(beside)
        team = self.world.teams[user.team_id]
        home = self.desk.homes.get(user.id)
        event = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": self.dm(user).id,
            "tab": tab,
            "event_ts": self.stamps.ts(),
            **({"view": home.json()} if home is not None and tab == "home" else {}),
            **({"context": self.desk.context(user)} if self.tells_context else {}),
        }
        self.events.send(team, event)

    async def looks_at(self, who: Who, where: Where | None) -> None:
        """Go to another channel with the chat open; an agent hears of it."""
        user = self.user(who)
        self.desk.in_view[user.id] = None if where is None else self.channel(where)
        if self.is_agent:
            event = {"type": "app_context_changed", "context": self.desk.context(user)}
            self.events.send(self.world.teams[user.team_id], event, user=user)

    def chat(self, who: Who, thread_ts: str = "") -> Pane:
        """Give a thread of somebody's chat with an agent; without one, what is above its field."""
        return self.desk.pane(self.dm(self.user(who)), thread_ts)

    def home(self, who: Who) -> View | None:
        return self.desk.homes.get(self.user(who).id)

    async def opens_pane(self, who: Who, *, beside: Where | None = None) -> Pane:
        """Open the assistant pane, beside a channel that is on the screen; a thread begins."""
        assert self.has_pane, "the app has no assistant view"
        user = self.user(who)
        channel, team = self.dm(user), self.world.teams[user.team_id]
        root = Message(self.stamps.ts(), channel, team.bot, "New Assistant Thread", bot=team.bot)
        root.subtype = "assistant_app_thread"
        channel.messages[root.ts] = root
        pane = Pane(user, channel, root.ts)
        self.desk.panes[channel.id, root.ts] = pane
        self._tell_pane("assistant_thread_started", pane, team, beside)
        return pane

    async def changes_context(self, pane: Pane, beside: Where) -> None:
        """Go to another channel with the pane open."""
        team = self.world.teams[pane.user.team_id]
        self._tell_pane("assistant_thread_context_changed", pane, team, beside)

    def _tell_pane(self, kind: str, pane: Pane, team: Team, beside: Where | None) -> None:
        context = {}
        if beside is not None:
            channel = self.channel(beside)
            context = {"channel_id": channel.id, "team_id": team.id, "enterprise_id": None}
        thread = {
            "user_id": pane.user.id,
            "context": context,
            "channel_id": pane.channel.id,
            "thread_ts": pane.thread_ts,
        }
        event = {"type": kind, "assistant_thread": thread, "event_ts": self.stamps.ts()}
        self.events.send(team, event)
        self.changed()

    def set_up(self, manifest: Json) -> None:
        """Make the app what its manifest says, as one does on its page; see `manifests.py`."""
        set_up(self, manifest)

    def authorizes(
        self, who: Who, url: str, *, team: Team | None = None, denied: bool = False
    ) -> str:
        """Agree on the page to which the app's install link leads; give where the browser goes."""
        return consented(self, url, self.user(who), team or self.team, denied=denied)
