"""What people do with what the app offers: commands, shortcuts, buttons, forms."""

from typing import Any

from tests.slack_server.deliveries import Delivery
from tests.slack_server.desk import Interaction
from tests.slack_server.http import COMMANDS, INTERACTIVE
from tests.slack_server.modals import View, elements_of, option_of, state_of
from tests.slack_server.responses import answer_command
from tests.slack_server.site import Site, Where, Who
from tests.slack_server.views import message_json
from tests.slack_server.world import Channel, Json, Kind, Message, Team, User

NO_ENTERPRISE = {"enterprise": None, "is_enterprise_install": False}


class Interacting(Site):
    """People use the app. What no client could send fails the test."""

    async def slash(
        self,
        who: Who,
        where: Where,
        command: str,
        text: str = "",
        *,
        team: Team | None = None,
    ) -> Interaction:
        """Give a slash command in a channel; in threads Slack has none."""
        assert not self.commands or command in self.commands, f"{command} is no command here"
        user, channel = self.user(who), self.channel(where)
        done = self._begun(user, channel=channel, team=team)
        payload = {
            "token": "verification-token",
            "team_id": done.team.id,
            "team_domain": done.team.domain,
            "channel_id": channel.id,
            "channel_name": self._shown_name(channel),
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": self.app_id,
            "is_enterprise_install": "false",
            "response_url": done.response_url,
            "trigger_id": done.trigger_id,
        }
        return self._sent(done, COMMANDS, payload)

    async def message_shortcut(self, who: Who, message: Message, callback_id: str) -> Interaction:
        """Choose a shortcut in the menu of a message."""
        assert not self.callbacks or callback_id in self.callbacks, f"no shortcut {callback_id}"
        done = self._begun(self.user(who), channel=message.channel)
        payload = {
            **self._interactive(done, "message_action"),
            "action_ts": self.stamps.ts(),
            "channel": self._short(message.channel),
            "callback_id": callback_id,
            "message_ts": message.ts,
            "message": message_json(message),
            "response_url": done.response_url,
        }
        return self._sent(done, INTERACTIVE, payload)

    async def shortcut(self, who: Who, callback_id: str) -> Interaction:
        """Choose a global shortcut."""
        done = self._begun(self.user(who))
        payload = {
            **self._interactive(done, "shortcut"),
            "action_ts": self.stamps.ts(),
            "callback_id": callback_id,
        }
        return self._sent(done, INTERACTIVE, payload)

    async def presses(
        self, who: Who, target: Message | View, action_id: str, given: Any = None
    ) -> Interaction:
        """Press a button or choose in a menu, in a message or a view.

        `action_id` may also be the label of a button; `given` is what is chosen: the value or the
        label of an option, a list of them, or an id.
        """
        user = self.user(who)
        blocks = target.shown["blocks"] if isinstance(target, View) else target.blocks
        block, element = _found(blocks, action_id)
        if isinstance(target, View):
            assert target.user is user, "only one's own views can be pressed"
            if given is not None:
                target.chosen[element["action_id"]] = given
            done = self._begun(user, view=target)
        else:
            assert target.seen_by in (None, user), "somebody else sees this message"
            done = self._begun(user, channel=target.channel, source=target)
        action = {
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "type": element["type"],
            "action_ts": self.stamps.ts(),
            **_pressed(element, given),
        }
        payload = {
            **self._interactive(done, "block_actions"),
            **self._container(done, target),
            "actions": [action],
        }
        return self._sent(done, INTERACTIVE, payload)

    def modal(self, who: Who) -> View | None:
        """Give the view that somebody has open, the topmost."""
        stack = self.desk.modals.get(self.user(who).id, [])
        return stack[-1] if stack else None

    async def until_modal(self, who: Who) -> View:
        """Wait until somebody has a view open; give it."""
        await self.until(lambda: self.modal(who))
        view = self.modal(who)
        assert view is not None
        return view

    def fills_in(self, view: View, **values: Any) -> None:
        """Fill in a view: by action_id or block_id, options by their value or label."""
        known = {one for block, e in view.elements() for one in (e["action_id"], block["block_id"])}
        assert set(values) <= known, f"{sorted(set(values) - known)} are not in {sorted(known)}"
        view.chosen.update(values)
        view.values()  # fails for what cannot be chosen

    async def submits(self, who: Who, view: View | None = None, **values: Any) -> Interaction:
        """Send the view that somebody has open, filled in with these values."""
        view = view or self.modal(who)
        assert view is not None, "nothing is open"
        self.fills_in(view, **values)
        _check_filled(view)
        done = self._begun(self.user(who), view=view)
        payload = self._interactive(done, "view_submission")
        payload |= {"view": view.json(), "response_urls": []}
        return self._sent(done, INTERACTIVE, payload)

    async def closes(self, who: Who, *, all_of_them: bool = False) -> Interaction | None:
        """Close the view that somebody has open; the app hears of it if it wants to."""
        view = self.modal(who)
        assert view is not None, "nothing is open"
        stack = self.desk.modals[view.user.id]
        self.desk.modals[view.user.id] = [] if all_of_them else stack[:-1]
        if not view.shown.get("notify_on_close"):
            return None
        done = self._begun(view.user, view=view)
        payload = self._interactive(done, "view_closed")
        payload |= {"view": view.json(), "is_cleared": all_of_them}
        del payload["trigger_id"]
        return self._sent(done, INTERACTIVE, payload)

    # What the app said.

    def answered(self, delivery: Delivery) -> None:
        found = (one for one in self.desk.interactions if one.delivery is delivery)
        done = next(found, None)
        if done is None:
            return
        if delivery.payload.get("type") == "view_submission":
            self.desk.answer_view(done, delivery.answer)
        elif delivery.kind == COMMANDS:
            answer_command(self, done, delivery.answer)

    # Payloads.

    def _begun(
        self,
        user: User,
        *,
        channel: Channel | None = None,
        source: Message | None = None,
        view: View | None = None,
        team: Team | None = None,
    ) -> Interaction:
        team = team or self.world.teams[user.team_id]
        assert team.installed, "the app is not in this workspace"
        return self.desk.begin(Interaction(user, team, channel, source, view))

    def _sent(self, done: Interaction, kind: str, payload: Json) -> Interaction:
        done.delivery = self.deliveries.make(kind, payload)
        self.deliveries.start(done.delivery)
        return done

    def _interactive(self, done: Interaction, kind: str) -> Json:
        user = done.user
        names = {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}
        return {
            "type": kind,
            "user": names,
            "api_app_id": self.app_id,
            "token": "verification-token",
            "trigger_id": done.trigger_id,
            "team": {"id": done.team.id, "domain": done.team.domain},
            **NO_ENTERPRISE,
        }

    def _container(self, done: Interaction, target: Message | View) -> Json:
        if isinstance(target, View):
            pressed_in = {"type": "view", "view_id": target.id}
            shown = target.json()
            return {"container": pressed_in, "view": shown, "state": shown["state"]}
        is_ephemeral = target.seen_by is not None
        held: Json = {
            "type": "message",
            "message_ts": target.ts,
            "channel_id": target.channel.id,
            "is_ephemeral": is_ephemeral,
            **({"thread_ts": target.thread_ts} if target.is_reply else {}),
        }
        payload: Json = {
            "container": held,
            "channel": self._short(target.channel),
            "response_url": done.response_url,
            "state": {"values": {}},
        }
        return payload if is_ephemeral else {**payload, "message": message_json(target)}

    def _short(self, channel: Channel) -> Json:
        return {"id": channel.id, "name": self._shown_name(channel)}

    def _shown_name(self, channel: Channel) -> str:
        hidden = {Kind.IM: "directmessage", Kind.PRIVATE: "privategroup"}
        return hidden.get(channel.kind, channel.name)


def _found(blocks: list[Json], action_id: str) -> tuple[Json, Json]:
    """Find what is pressed, by its action_id or its label."""
    for block in blocks:
        for element in elements_of(block):
            label = element["text"]["text"] if element["type"] == "button" else None
            if action_id in (element.get("action_id"), label):
                return block, element
    known = [e.get("action_id") for block in blocks for e in elements_of(block)]
    raise AssertionError(f"{action_id} is not among {known}")


def _pressed(element: Json, given: Any) -> Json:
    """Give what an action says beside its ids."""
    if element["type"] == "button":
        value = {"value": element["value"]} if "value" in element else {}
        return {"text": element["text"], **value}
    if element["type"] == "overflow":
        return {"selected_option": option_of(element, given)}
    return state_of(element, given)


def _check_filled(view: View) -> None:
    """Fail for a form that Slack's client does not let anybody send."""
    for block, element in view.elements():
        if block["type"] == "input" and not block.get("optional"):
            state = view.values()[block["block_id"]][element["action_id"]]
            filled = [value for name, value in state.items() if name != "type"]
            assert any(filled), f"{element['action_id']} is required"
