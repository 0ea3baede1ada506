"""Events on their way to the app: whether it hears of them, in which envelope, how often, in what order."""

import random
from typing import TYPE_CHECKING

from tests.slack_server.world import Channel, Json, Team, User

if TYPE_CHECKING:
    from tests.slack_server.deliveries import Delivery
    from tests.slack_server.server import SlackServer

# What the app subscribes to, as its manifest names it, and the scopes that each needs.
MESSAGES = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
NEEDED = {
    "app_mention": "app_mentions:read",
    **{f"message.{name}": f"{name}:history" for name in MESSAGES.values()},
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "channel_id_changed": "channels:read",
    "channel_rename": "channels:read",
    "channel_archive": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_deleted": "channels:read",
    "channel_left": "channels:read",
    "group_rename": "groups:read",
    "group_archive": "groups:read",
    "group_unarchive": "groups:read",
    "group_deleted": "groups:read",
    "group_left": "groups:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "file_shared": "files:read",
    "file_deleted": "files:read",
    "user_change": "users:read",
    "team_rename": "team:read",
    "app_home_opened": None,
    "app_context_changed": "assistant:write",
    "app_uninstalled": None,
    "tokens_revoked": None,
    "assistant_thread_started": "assistant:write",
    "assistant_thread_context_changed": "assistant:write",
}
ALWAYS = {"app_uninstalled", "tokens_revoked"}  # they come when there is no token left


class Events:
    """`subscribed` is what the app hears of; `sent` are all callbacks that were sent.

    `twice` sends each a second time. Between `hold` and `release` they wait, to come in another
    order. `trouble_at_random` is for long runs; end it with `catch_up`.
    """

    def __init__(self, server: "SlackServer") -> None:
        self._server = server
        self.subscribed: set[str] = set(NEEDED)
        self.sent: list[Json] = []
        self.unheard: list[Json] = []  # of what the app did not subscribe to
        self.twice = False
        self._held: list[Json] | None = None
        self._late: Json | None = None  # comes after the next one
        self._again_chance = self._late_chance = 0.0
        self._random = random.Random(0)

    def send(
        self, team: Team, event: Json, *, channel: Channel | None = None, user: User | None = None
    ) -> None:
        """Tell the app of a workspace, if it subscribed and may hear it.

        With `user`, the envelope alone names whom it is about.
        """
        if not self._may_hear(team, event):
            self.unheard.append(event)
            return
        callback = self.callback(team, event, channel=channel)
        if user is not None:
            callback["authorizations"][0] |= {"user_id": user.id, "is_bot": False}
        if self._held is not None:
            self._held.append(callback)
        elif self._late is None and self._random.random() < self._late_chance:
            self._late = callback
        else:
            self.deliver(callback)
            self.catch_up()

    def deliver(self, callback: Json) -> "list[Delivery]":
        """Send a callback as it stands, such as one of before once more."""
        self.sent.append(callback)
        again = self.twice or self._random.random() < self._again_chance
        return [
            self._server.deliveries.send("events_api", callback) for _ in range(2 if again else 1)
        ]

    def trouble_at_random(self, *, again: float = 0.0, late: float = 0.0, seed: int = 0) -> None:
        """Send some twice, and some after the one that follows, with these chances."""
        self._again_chance, self._late_chance = again, late
        self._random = random.Random(seed)

    def catch_up(self) -> None:
        """Send the one that is late, if any is."""
        late, self._late = self._late, None
        if late is not None:
            self.deliver(late)

    def limited(self, team: Team) -> None:
        """Tell that Slack keeps events of a workspace back because there are too many."""
        stamp = self._server.stamps.seconds()
        self.deliver(
            {
                "token": "verification-token",
                "type": "app_rate_limited",
                "team_id": team.id,
                "minute_rate_limited": stamp - stamp % 60,
                "api_app_id": self._server.app_id,
            }
        )

    def hold(self) -> None:
        """Let events wait from now on."""
        self._held = []

    def release(self, *, backwards: bool = False) -> None:
        """Send what waits, the last first if it is to come in the wrong order."""
        held, self._held = self._held or [], None
        for callback in held[::-1] if backwards else held:
            self.deliver(callback)

    def callback(self, team: Team, event: Json, *, channel: Channel | None = None) -> Json:
        """Put an event in its envelope."""
        server = self._server
        authorization = {
            "enterprise_id": None,
            "team_id": team.id,
            "user_id": team.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        home = channel.team_id if channel is not None else team.id
        return {
            "token": "verification-token",
            "team_id": home,
            "context_team_id": team.id,
            "context_enterprise_id": None,
            "api_app_id": server.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": server.stamps.id("Ev"),
            "event_time": int(float(event.get("event_ts") or server.stamps.ts())),
            "authorizations": [authorization],
            "is_ext_shared_channel": bool(channel is not None and channel.shared_with),
            "event_context": f"4-{server.stamps.id('x')}",
        }

    def _may_hear(self, team: Team, event: Json) -> bool:
        name = event["type"]
        if name in ALWAYS:
            return name in self.subscribed
        if name == "message":
            name = f"message.{MESSAGES[event['channel_type']]}"
        if not team.installed or name not in self.subscribed:
            return False
        scope = NEEDED.get(name)
        tokens = self._server.tokens.of(team)
        return scope is None or any(scope in one.scopes for one in tokens[-1:])
