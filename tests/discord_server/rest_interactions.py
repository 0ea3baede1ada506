"""Routes of interactions: the first answer, and what follows under the interaction's token."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.discord_server import errors
from tests.discord_server.calls import Call, Routes
from tests.discord_server.drafts import new_message, reference_to, set_pings
from tests.discord_server.forms import anything, bits, fields, insist, integer, wrong
from tests.discord_server.interactions import Callback, Interaction, InteractionType
from tests.discord_server.message_checks import ANSWER, CHOICES, MODAL
from tests.discord_server.rest_messages import change
from tests.discord_server.views import user_json
from tests.discord_server.world import Flags, Json, Message, MessageType

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

routes = Routes()
ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LIFETIME_S = 15 * 60.0
FITTING = {
    InteractionType.COMMAND: {Callback.MESSAGE, Callback.DEFER, Callback.MODAL},
    InteractionType.COMPONENT: set(Callback) - {Callback.CHOICES},
    InteractionType.AUTOCOMPLETE: {Callback.CHOICES},
    InteractionType.MODAL: set(Callback) - {Callback.CHOICES, Callback.MODAL},
}
DEFERRED = fields({"flags": bits(Flags.EPHEMERAL)})
FOLLOWING = "/webhooks/{application}/{token}"
ONE = FOLLOWING + "/messages/{message}"


@routes.on("POST", "/interactions/{interaction}/{token}/callback", open_to_all=True)
def _call_back(server: "DiscordServer", call: Call) -> Json | None:
    interaction = server.interactions.get(call.ids["token"])
    if interaction is None or interaction.id != call.ids["interaction"]:
        raise errors.unknown_interaction()
    if server.clock.elapsed_s - interaction.born_s > ACKNOWLEDGE_WITHIN_S:
        raise errors.unknown_interaction()
    if interaction.acknowledged is not None:
        raise errors.already_acknowledged()
    kind = _callback_kind(interaction, call.body)
    data = call.fields.get("data") or {}
    _ACTIONS[kind](server, interaction, data, call)
    interaction.acknowledged = kind
    return _callback_json(server, interaction, kind) if _wants_answer(call) else None


def _callback_kind(interaction: Interaction, body: Any) -> Callback:
    insist(body, fields({"type": integer(1, 12), "data": anything}, required=("type",)))
    if body["type"] not in FITTING[interaction.type]:
        message = "This is no answer to such an interaction."
        raise errors.invalid_form({"type": wrong("INTERACTION_CALLBACK_TYPE", message)})
    return Callback(body["type"])


def _wants_answer(call: Call) -> bool:
    return call.query.get("with_response") in ("1", "true")


def _callback_json(server: "DiscordServer", interaction: Interaction, kind: Callback) -> Json:
    facts: Json = {"id": interaction.id, "type": int(interaction.type)}
    resource: Json = {"type": int(kind)}
    if interaction.original is not None:
        facts["response_message_id"] = interaction.original.id
        facts["response_message_loading"] = interaction.original.loading
        facts["response_message_ephemeral"] = interaction.original.ephemeral
        if kind is not Callback.DEFER_UPDATE:
            resource["message"] = server.shown(interaction.original)
    return {"interaction": facts, "resource": resource}


def _answer(server: "DiscordServer", interaction: Interaction, data: Json, call: Call) -> None:
    insist(data, ANSWER)
    interaction.original = _message(server, interaction, data, call)
    interaction.settled = True
    server.acts.post(interaction.original)


def _defer(server: "DiscordServer", interaction: Interaction, data: Json, _: Call) -> None:
    insist(data, DEFERRED)
    flags = (data.get("flags") or 0) | Flags.LOADING
    message = Message(
        id=server.ids.next(),
        channel=interaction.channel,
        author=server.bot,
        content="",
        sent_at=server.clock.now(),
        flags=flags,
    )
    interaction.original = _of(interaction, message, server)
    server.acts.post(message)


def _defer_update(server: "DiscordServer", interaction: Interaction, data: Json, _: Call) -> None:
    insist(data, fields({}))
    interaction.original = _pressed_message(interaction)


def _update(server: "DiscordServer", interaction: Interaction, data: Json, call: Call) -> None:
    insist(data, ANSWER)
    interaction.original = _pressed_message(interaction)
    _change(server, interaction.original, data, call)
    interaction.settled = True


def _pressed_message(interaction: Interaction) -> Message:
    if interaction.message is None:
        message = "There is no message to update."
        raise errors.invalid_form({"type": wrong("INTERACTION_CALLBACK_TYPE", message)})
    return interaction.message


def _choices(server: "DiscordServer", interaction: Interaction, data: Json, _: Call) -> None:
    insist(data, CHOICES)
    interaction.choices, interaction.settled = data["choices"], True


def _modal(server: "DiscordServer", interaction: Interaction, data: Json, _: Call) -> None:
    insist(data, MODAL)
    interaction.modal, interaction.settled = data, True


_ACTIONS: dict[Callback, Callable[["DiscordServer", Interaction, Json, Call], None]] = {
    Callback.MESSAGE: _answer,
    Callback.DEFER: _defer,
    Callback.DEFER_UPDATE: _defer_update,
    Callback.UPDATE: _update,
    Callback.CHOICES: _choices,
    Callback.MODAL: _modal,
}


@routes.on("POST", FOLLOWING, open_to_all=True)
def _follow_up(server: "DiscordServer", call: Call) -> Json:
    interaction = _alive(server, call)
    insist(call.body, ANSWER)
    original = interaction.original
    if original is not None and original.loading:
        _change(server, original, call.fields, call)  # the first one takes the place of "thinking"
        interaction.settled = True
        return server.shown(original)
    message = _message(server, interaction, call.fields, call)
    if original is not None and not original.deleted:
        message.type = MessageType.REPLY
        message.replies_to, message.referenced = reference_to(original), original
    interaction.followups.append(message)
    interaction.settled = True
    server.acts.post(message)
    return server.shown(message)


@routes.on("GET", ONE, open_to_all=True)
def _read(server: "DiscordServer", call: Call) -> Json:
    return server.shown(_found(_alive(server, call), call))


@routes.on("PATCH", ONE, open_to_all=True)
def _edit(server: "DiscordServer", call: Call) -> Json:
    interaction = _alive(server, call)
    message = _found(interaction, call)
    insist(call.body, ANSWER)
    _change(server, message, call.fields, call)
    interaction.settled = True
    return server.shown(message)


@routes.on("DELETE", ONE, open_to_all=True)
def _delete(server: "DiscordServer", call: Call) -> None:
    interaction = _alive(server, call)
    server.acts.delete(_found(interaction, call))
    interaction.settled = True


def _alive(server: "DiscordServer", call: Call) -> Interaction:
    """Find an acknowledged interaction by its token, or raise `Refused`."""
    interaction = server.interactions.get(call.ids["token"])
    if interaction is None or call.ids["application"] != server.application_id:
        raise errors.unknown_webhook()
    too_late = server.clock.elapsed_s - interaction.born_s > TOKEN_LIFETIME_S
    if too_late or interaction.acknowledged is None:
        raise errors.unknown_webhook()
    return interaction


def _found(interaction: Interaction, call: Call) -> Message:
    wanted = call.ids["message"]
    if wanted == "@original" and interaction.original is not None:
        wanted = interaction.original.id
    for message in interaction.messages:
        if message.id == wanted and not message.deleted:
            return message
    raise errors.unknown_message()


def _message(server: "DiscordServer", interaction: Interaction, body: Json, call: Call) -> Message:
    message = new_message(server, interaction.channel, body, call.files)
    set_pings(server, message, body)
    return _of(interaction, message, server)


def _of(interaction: Interaction, message: Message, server: "DiscordServer") -> Message:
    """Mark a message as an answer to this interaction."""
    message.type = MessageType.COMMAND
    message.webhook_id = server.application_id
    message.interaction = {
        "id": interaction.id,
        "type": int(interaction.type),
        "user": user_json(interaction.user),
        "authorizing_integration_owners": {},
    }
    if message.ephemeral:
        message.seen_by = interaction.user
    return message


def _change(server: "DiscordServer", message: Message, body: Json, call: Call) -> None:
    """Give an answer other words; who sees it stays as it was."""
    change(server, message, body, call.files)
    message.flags &= ~Flags.LOADING
    server.acts.tell_message("MESSAGE_UPDATE", message)
