"""What the app shows in answer to a command or a button, by acknowledgement or by response URL."""

from typing import TYPE_CHECKING, Any

from tests.slack_server.desk import Interaction
from tests.slack_server.message_checks import check_message
from tests.slack_server.methods_chat import write
from tests.slack_server.refusals import Refused
from tests.slack_server.views import message_json
from tests.slack_server.world import Json, Message

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

KNOWN = {
    "text",
    "blocks",
    "attachments",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "mrkdwn",
    "unfurl_links",
    "unfurl_media",
    "metadata",
    "headers",
    "link_names",
    "parse",
}
IN_CHANNEL, EPHEMERAL = "in_channel", "ephemeral"


def answer_url(server: "SlackServer", interaction: Interaction, given: Json) -> None:
    """Do what was sent to a response URL; raise `Refused` for what cannot be."""
    if set(given) - KNOWN:
        raise Refused("invalid_payload", {"unknown": sorted(set(given) - KNOWN)}, status=400)
    if given.get("response_type", EPHEMERAL) not in (IN_CHANNEL, EPHEMERAL):
        raise Refused("invalid_payload", status=400)
    source = interaction.source
    if given.get("delete_original"):
        if source is not None:
            server.acts.delete(source)
        return
    check_message(given)
    if given.get("replace_original") and source is not None:
        before = message_json(source)
        write(server, source, given)
        if source.seen_by is None:
            server.acts.rewritten(source, before, source.bot)
        server.changed()
        return
    show(server, interaction, given)


def show(server: "SlackServer", interaction: Interaction, given: Json) -> Message:
    """Show a message to the one who asked, or to the whole channel if it says so."""
    channel, bot = interaction.channel, interaction.team.bot
    assert channel is not None
    message = Message(server.stamps.ts(), channel, bot, "", bot=bot, asked=given)
    source = interaction.source
    message.thread_ts = given.get("thread_ts") or (source.thread_ts if source else None)
    if given.get("response_type", EPHEMERAL) == EPHEMERAL:
        message.seen_by = interaction.user
    write(server, message, given)
    message.versions = [message.text]
    interaction.shown.append(message)
    return server.acts.post(message)


def answer_command(server: "SlackServer", interaction: Interaction, answer: Any) -> None:
    """Show what a command was acknowledged with, if it says anything."""
    if answer:
        check_message(answer)
        show(server, interaction, answer)
