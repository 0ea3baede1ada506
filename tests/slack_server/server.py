"""A Slack of one app on the loopback. How to use it in a test:

    async def test_a_mention_is_answered(slack: SlackServer) -> None:
        ... start the app with slack.token, slack.app_token, base_url=slack.api_url
        await slack.until_connected()

        asked = await slack.says("Alice", "general", f"{slack.bot.mention} hello")

        (post,) = await slack.until_posted("general")
        assert post.thread_ts == asked.ts
        assert not slack.pinged

- What there is (`scenery.py`): the workspace `slack.team` with the app installed and the channel
  `slack.general`; `member`, `add_channel`, `add_team`, `install`, `add_group`, `dm`. People and
  channels may be given by name: a name that is new is a new member ("Alice"), "@Alice" is the
  direct chat with her.
- What people do: messages (`saying.py`), channels and the app (`moving.py`), commands, buttons
  and forms (`interacting.py`), home, assistant pane and consent (`visiting.py`). After `set_up` with
  `agent_view` the app is an agent: `opens_home(who, tab="messages")`, `looks_at`, `chat`.
- Over which transport: Socket Mode with `slack.app_token`, or signed HTTP after
  `slack.http.use(url)`; `slack.set_up(manifest)` makes the app what its manifest says. `slack.sockets` drops, disconnects, redelivers, forgets; `slack.events`
  sends twice or in another order; `slack.deliveries.all` is what became of each event.
- What goes wrong: `slack.faults` (`error`, `respond`, `rate_limit`, `unavailable`, `reset`, `hold`,
  `at_random`), with `on="chat.*"`; "socket" is a handshake. `slack.limits.on`
  enforces the rate limits; `slack.clock.advance` moves the time.
- What was seen: `slack.posts`, `slack.whispers`, `slack.pinged`, `slack.asked(method)`,
  `slack.refusals`; `until`, `until_posted`, `until_connected`, `until_delivered` wait.
"""

from tests.slack_server.interacting import Interacting
from tests.slack_server.moving import Moving
from tests.slack_server.saying import Saying
from tests.slack_server.visiting import Visiting


class SlackServer(Interacting, Saying, Moving, Visiting):
    """See the module."""
