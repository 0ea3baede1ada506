"""How often each method may be asked in a minute; nothing is limited until a test wants it."""

import math
from collections import deque
from typing import TYPE_CHECKING

from tests.slack_server.calls import Call
from tests.slack_server.refusals import rate_limited

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

MINUTE_S = 60.0
A_SECOND_S = 1.0
# Tiers of https://docs.slack.dev/apis/web-api/rate-limits; what is not here is tier 4.
TIER_2, TIER_3, TIER_4 = 20, 50, 100
TIERS = {
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.info": TIER_3,
    "conversations.list": TIER_2,
    "conversations.open": TIER_3,
    "users.conversations": TIER_3,
    "users.list": TIER_2,
    "usergroups.list": TIER_2,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "reactions.add": TIER_3,
    "reactions.remove": TIER_2,
    "team.info": TIER_3,
    "bots.info": TIER_3,
    "files.completeUploadExternal": TIER_4,
}


class Limits:
    """`on` enforces the limits. Posting is limited to one a second in each channel."""

    def __init__(self, server: "SlackServer") -> None:
        self._server = server
        self.on = False
        self.burst = 5  # so many posts may come at once now and then
        self._asked: dict[tuple[str, ...], deque[float]] = {}

    def take(self, call: Call) -> None:
        """Count a call; raise `Refused` if it is one too many."""
        if not self.on or call.token is None or call.token.team is None:
            return
        if call.name == "chat.postMessage":
            key = (call.team.id, call.name, str(call.given.get("channel")))
            self._take(key, self.burst, self.burst * A_SECOND_S)
            return
        self._take((call.team.id, call.name), TIERS.get(call.name, TIER_4), MINUTE_S)

    def _take(self, key: tuple[str, ...], most: int, within_s: float) -> None:
        now_s = self._server.clock.now().timestamp()
        asked = self._asked.setdefault(key, deque())
        while asked and now_s - asked[0] >= within_s:
            asked.popleft()
        if len(asked) >= most:
            raise rate_limited(max(1, math.ceil(asked[0] + within_s - now_s)))
        asked.append(now_s)
