"""What people's clients hold for a moment: triggers, response URLs, open views, assistant panes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.slack_server.deliveries import Delivery
from tests.slack_server.modals import View, named
from tests.slack_server.refusals import Refused
from tests.slack_server.world import Channel, Json, Kind, Message, Team, User

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

TRIGGER_LIVES_S = 3.0
MAX_VIEWS = 3  # of one stack
MAX_USES, URL_LIVES_S = 5, 1800.0


@dataclass(eq=False)
class Interaction:
    """What somebody did with a command, a button or a form.

    `shown` is what the app let them or the channel see in answer: with its acknowledgement or by
    the response URL. `view` is the view it was about, `errors` what it said of the fields.
    """

    user: User
    team: Team
    channel: Channel | None = None
    source: Message | None = None
    view: View | None = None
    trigger_id: str = ""
    response_url: str = ""
    delivery: Delivery | None = None
    shown: list[Message] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    issued_at: float = 0.0
    trigger_used: bool = False
    url_uses: int = 0

    @property
    def acknowledged(self) -> bool:
        return self.delivery is not None and self.delivery.acknowledged

    @property
    def failed(self) -> bool:
        """Whether the person saw that the app did not answer."""
        return self.delivery is not None and self.delivery.lost

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.shown]


@dataclass(eq=False)
class Pane:
    """A thread of the assistant view; `statuses` are all it had, "" when it had none again."""

    user: User
    channel: Channel
    thread_ts: str
    statuses: list[str] = field(default_factory=list)
    prompts: list[Json] = field(default_factory=list)
    prompts_title: str = ""
    title: str = ""

    @property
    def status(self) -> str:
        return self.statuses[-1] if self.statuses else ""


class Desk:
    """`modals` are the open views of each person, the topmost last; `homes` their App Home."""

    def __init__(self, server: "SlackServer") -> None:
        self._server = server
        self.interactions: list[Interaction] = []
        self.modals: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.panes: dict[tuple[str, str], Pane] = {}
        self.in_view: dict[str, Channel | None] = {}  # by person, with the app's chat open

    def begin(self, interaction: Interaction) -> Interaction:
        """Give an interaction its trigger and its response URL."""
        interaction.issued_at = self._server.clock.elapsed_s
        interaction.trigger_id = f"{len(self.interactions) + 1}.{interaction.team.id}.abcdef"
        if interaction.channel is not None:
            number = len(self.interactions)
            interaction.response_url = f"{self._server.url}/response/{interaction.team.id}/{number}"
        self.interactions.append(interaction)
        return interaction

    # Views.

    def take_trigger(self, trigger_id: str) -> Interaction:
        """Use up a trigger; raise `Refused` if it is too old or was used before."""
        found = (one for one in self.interactions if one.trigger_id == trigger_id)
        interaction = next(found, None)
        if interaction is None:
            raise Refused("invalid_trigger_id")
        if interaction.trigger_used:
            raise Refused("exchanged_trigger_id")
        if self._server.clock.elapsed_s - interaction.issued_at >= TRIGGER_LIVES_S:
            raise Refused("expired_trigger_id")
        interaction.trigger_used = True
        return interaction

    def open(self, user: User, team: Team, shown: Json, *, push: bool = False) -> View:
        """Put a view on the stack of somebody; unless it is pushed, a new stack begins."""
        stack = self.modals.get(user.id, []) if push else []
        if len(stack) >= MAX_VIEWS:
            raise Refused("push_limit_reached")
        view = self._made(user, team, shown)
        if stack:
            view.previous_id, view.root_id = stack[-1].id, stack[0].id
        self.modals[user.id] = [*stack, view]
        self._server.changed()
        return view

    def publish(self, user: User, team: Team, shown: Json) -> View:
        """Show somebody another App Home."""
        view = self.homes.get(user.id) or self._made(user, team, shown)
        self.homes[user.id] = view
        self.change(view, shown)
        return view

    def change(self, view: View, shown: Json) -> View:
        """Give a view other contents; what was filled in under the same ids stays."""
        blocks = named(shown["blocks"], self._server.stamps.id)
        view.shown = {**shown, "blocks": blocks}
        view.hash = self._server.stamps.ts()
        view.errors = {}
        self._server.changed()
        return view

    def view(self, view_id: str | None, external_id: str | None) -> View:
        """Find a view that is open; raise `Refused` if none is."""
        every = [*(one for stack in self.modals.values() for one in stack), *self.homes.values()]
        for view in every:
            if view.id == view_id or (external_id and view.shown.get("external_id") == external_id):
                return view
        raise Refused("not_found")

    def _made(self, user: User, team: Team, shown: Json) -> View:
        view_id = self._server.stamps.id("V")
        blocks = named(shown["blocks"], self._server.stamps.id)
        made = {**shown, "blocks": blocks}
        return View(view_id, user, team, made, self._server.stamps.ts(), view_id)

    def answer_view(self, interaction: Interaction, answer: Any) -> None:
        """Do with a view that was sent what the app's acknowledgement says."""
        view = interaction.view
        assert view is not None
        stack = self.modals.get(view.user.id, [])
        match (answer or {}).get("response_action"):
            case None:
                self.modals[view.user.id] = stack[:-1]
            case "errors":
                interaction.errors = view.errors = answer["errors"]
            case "update":
                self.change(view, answer["view"])
            case "push":
                self.open(view.user, view.team, answer["view"], push=True)
            case "clear":
                self.modals[view.user.id] = []

    # Response URLs.

    def by_url(self, path: str) -> Interaction:
        """Give the interaction of a response URL; raise `Refused` if it is used up."""
        found = (one for one in self.interactions if one.response_url.endswith(path))
        interaction = next(found, None)
        if interaction is None:
            raise Refused("invalid_url", status=404)
        if self._server.clock.elapsed_s - interaction.issued_at >= URL_LIVES_S:
            raise Refused("expired_url", status=404)
        if interaction.url_uses >= MAX_USES:
            raise Refused("used_url", status=404)
        interaction.url_uses += 1
        return interaction

    def posted(self, message: Message) -> None:
        """End the status of a thread in which the bot now said something."""
        pane = self.panes.get((message.channel.id, message.thread_ts or ""))
        if pane is not None and pane.status and message.bot is not None:
            pane.statuses.append("")

    def pane(self, channel: Channel, thread_ts: str) -> Pane:
        """Give the assistant pane of a thread; raise `Refused` if it is an ordinary thread."""
        pane = self.panes.get((channel.id, thread_ts))
        if pane is None and self._server.is_agent and self._begins(channel, thread_ts):
            pane = Pane(self._server.user(channel.members[0]), channel, thread_ts)
            self.panes[channel.id, thread_ts] = pane
        if pane is None:
            raise Refused("invalid_thread_ts")
        return pane

    def _begins(self, channel: Channel, thread_ts: str) -> bool:
        """Tell whether an agent's chat has such a thread, or is meant as a whole."""
        root = channel.messages.get(thread_ts)
        is_root = root is not None and root.thread_ts in (None, root.ts)
        return channel.kind is Kind.IM and (not thread_ts or is_root)

    def context(self, user: User) -> Json:
        """Give what somebody looks at, as an agent is told."""
        channel = self.in_view.get(user.id)
        if channel is None:
            return {}
        entity = {"type": "slack#/types/channel_id", "value": channel.id}
        return {"entities": [{**entity, "team_id": channel.team_id}]}
