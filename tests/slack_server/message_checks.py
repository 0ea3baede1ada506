"""What Slack checks of a message before it takes it."""

import json
from typing import Any

from tests.slack_server.blocks import MESSAGE_KINDS, faults_of_blocks
from tests.slack_server.refusals import Refused, invalid_arguments
from tests.slack_server.world import Json

# https://docs.slack.dev/reference/methods/chat.postMessage; longer texts Slack cuts, we refuse.
MAX_TEXT_CHARS = 40_000
MAX_UPDATE_CHARS = 40_000
MAX_MARKDOWN_CHARS = 12_000
MAX_BLOCKS = 50
MAX_ATTACHMENTS = 100
MAX_METADATA_CHARS = 16_000


def check_message(args: Json) -> None:
    """Raise `Refused` for what no message may be."""
    text, markdown = args.get("text"), args.get("markdown_text")
    if markdown is not None and (text or args.get("blocks")):
        raise Refused("markdown_text_conflict")
    if not (text or markdown or args.get("blocks") or args.get("attachments")):
        raise Refused("no_text")
    if len(text or "") > MAX_TEXT_CHARS or len(markdown or "") > MAX_MARKDOWN_CHARS:
        raise Refused("msg_too_long")
    if len(args.get("attachments") or []) > MAX_ATTACHMENTS:
        raise Refused("too_many_attachments")
    if args.get("parse") not in (None, "none", "full", "mrkdwn"):
        raise invalid_arguments("parse must be none or full")
    check_blocks(args.get("blocks"))
    check_metadata(args.get("metadata"))


def check_blocks(blocks: Any) -> None:
    """Raise `Refused` unless these may be the blocks of a message."""
    if blocks is None:
        return
    if len(blocks) > MAX_BLOCKS:
        raise invalid_arguments(f"no more than {MAX_BLOCKS} items allowed", error="invalid_blocks")
    if wrong := faults_of_blocks(blocks, MESSAGE_KINDS):
        raise invalid_arguments(*wrong, error="invalid_blocks")


def check_metadata(metadata: Any) -> None:
    """Raise `Refused` unless this may be the metadata of a message."""
    if metadata is None or metadata == {}:
        return
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not event_type or not isinstance(payload, dict):
        raise Refused("invalid_metadata_format")
    if set(metadata) != {"event_type", "event_payload"}:
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(metadata)) > MAX_METADATA_CHARS:
        raise Refused("metadata_too_large")
