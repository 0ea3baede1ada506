"""What Discord takes as a message, by its documented limits."""

from typing import Any

from tests.discord_server.forms import (
    Check,
    anything,
    array,
    bits,
    boolean,
    both,
    fields,
    integer,
    maybe,
    one_of,
    snowflake,
    text,
    wrong,
)
from tests.discord_server.world import Flags, Json

MAX_CONTENT = 2000
MAX_EMBED_TEXT = 6000
MAX_IDS_IN_MENTIONS = 100
MAX_FILES = 10
PLAIN_FLAGS = Flags.SUPPRESS_EMBEDS | Flags.SUPPRESS_NOTIFICATIONS
ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
LINK_STYLE = 5


def _allowed_mentions_agree(value: Any) -> Json:
    """Check that kinds are not allowed both as a whole and by ids."""
    for kind in ("users", "roles"):
        if value and kind in value.get("parse", []) and value.get(kind):
            message = f"parse:[{kind!r}] and {kind}: [ids...] are mutually exclusive."
            return wrong("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    return {}


ALLOWED_MENTIONS = both(
    fields(
        {
            "parse": array(one_of("roles", "users", "everyone"), 3),
            "roles": array(snowflake, MAX_IDS_IN_MENTIONS),
            "users": array(snowflake, MAX_IDS_IN_MENTIONS),
            "replied_user": boolean,
        }
    ),
    _allowed_mentions_agree,
)
REFERENCE = fields(
    {
        "type": one_of(0),
        "message_id": snowflake,
        "channel_id": snowflake,
        "guild_id": maybe(snowflake),
        "fail_if_not_exists": boolean,
    },
    required=("message_id",),
)
_EMBED = fields(
    {
        "title": text(256),
        "type": one_of("rich"),
        "description": text(4096),
        "url": text(2048),
        "timestamp": text(64),
        "color": integer(0, 0xFFFFFF),
        "footer": fields({"text": text(2048, min_length=1)}, required=("text",)),
        "author": fields({"name": text(256, min_length=1), "url": text(2048)}, required=("name",)),
        "image": fields({"url": text(2048)}, required=("url",)),
        "thumbnail": fields({"url": text(2048)}, required=("url",)),
        "fields": array(
            fields(
                {
                    "name": text(256, min_length=1),
                    "value": text(1024, min_length=1),
                    "inline": boolean,
                },
                required=("name", "value"),
            ),
            25,
        ),
        "flags": anything,
    }
)


def _embeds_fit(value: Any) -> Json:
    if sum(map(_num_characters, value)) > MAX_EMBED_TEXT:
        return wrong("MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return {}


def _num_characters(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [embed.get("footer", {}).get("text"), embed.get("author", {}).get("name")]
    texts += [one[part] for one in embed.get("fields", []) for part in ("name", "value")]
    return sum(len(one or "") for one in texts)


def _button(value: Any) -> Json:
    is_link = value.get("style") == LINK_STYLE
    return fields(
        {
            "type": one_of(BUTTON),
            "id": integer(0, 2**31),
            "style": one_of(1, 2, 3, 4, 5),
            "label": maybe(text(80)),
            "emoji": maybe(anything),
            "custom_id": maybe(text(100)),
            "url": maybe(text(512)),
            "disabled": boolean,
        },
        required=("style", "url" if is_link else "custom_id"),
    )(value)


_SELECT = fields(
    {
        "type": one_of(STRING_SELECT),
        "id": integer(0, 2**31),
        "custom_id": text(100, min_length=1),
        "options": array(anything, 25, min_length=1),
        "placeholder": maybe(text(150)),
        "min_values": integer(0, 25),
        "max_values": integer(1, 25),
        "disabled": boolean,
        "required": boolean,
    },
    required=("custom_id", "options"),
)
_TEXT_INPUT = fields(
    {
        "type": one_of(TEXT_INPUT),
        "id": integer(0, 2**31),
        "custom_id": text(100, min_length=1),
        "style": one_of(1, 2),
        "label": text(45, min_length=1),
        "min_length": integer(0, 4000),
        "max_length": integer(1, 4000),
        "required": boolean,
        "value": maybe(text(4000)),
        "placeholder": maybe(text(100)),
    },
    required=("custom_id", "style", "label"),
)


def _component(kinds: dict[int, Check]) -> Check:
    def check(value: Any) -> Json:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in kinds:
            return {"type": wrong("UNION_TYPE_CHOICES", f"{kind} is no component for this place.")}
        return kinds[kind](value)

    return check


def _rows(kinds: dict[int, Check], max_in_row: int, *, min_rows: int = 0) -> Check:
    known = {
        "type": one_of(ACTION_ROW),
        "id": integer(0, 2**31),
        "components": array(_component(kinds), max_in_row, min_length=1),
    }
    row = fields(known, required=("components",))
    return both(array(_component({ACTION_ROW: row}), 5, min_length=min_rows), _custom_ids_differ)


def _custom_ids_differ(rows: Any) -> Json:
    ids = [one.get("custom_id") for row in rows for one in row["components"]]
    named = [one for one in ids if one]
    if len(named) != len(set(named)):
        message = "Component custom id cannot be duplicated"
        return wrong("COMPONENT_CUSTOM_ID_DUPLICATED", message)
    return {}


COMPONENTS = _rows({BUTTON: _button, STRING_SELECT: _SELECT}, 5)
_ATTACHMENTS = array(
    fields(
        {
            "id": snowflake,
            "filename": text(1024),
            "description": maybe(text(1024)),
            # Of an attachment that stays when a message is edited, the client sends all it knows.
            **dict.fromkeys(("size", "url", "proxy_url", "spoiler", "content_type"), anything),
        },
        required=("id",),
    ),
    MAX_FILES,
)


def _words(flags: int) -> dict[str, Check]:
    return {
        "content": maybe(text(MAX_CONTENT)),
        "embeds": maybe(both(array(_EMBED, 10), _embeds_fit)),
        "allowed_mentions": maybe(ALLOWED_MENTIONS),
        "components": maybe(COMPONENTS),
        "attachments": maybe(_ATTACHMENTS),
        "flags": maybe(bits(flags)),
    }


NEW_MESSAGE = fields(
    {
        **_words(PLAIN_FLAGS),
        "tts": boolean,
        "nonce": maybe(text(25)),
        "enforce_nonce": boolean,
        "message_reference": maybe(REFERENCE),
        "sticker_ids": array(snowflake, 3),
    }
)
EDITED_MESSAGE = fields({**_words(Flags.SUPPRESS_EMBEDS), "tts": boolean})
# An interaction answers with these; only there may a message be for one person alone.
ANSWER = fields({**_words(PLAIN_FLAGS | Flags.EPHEMERAL), "tts": boolean})
CHOICES = fields(
    {
        "choices": array(
            fields(
                {
                    "name": text(100, min_length=1),
                    "value": anything,
                    "name_localizations": maybe(anything),
                },
                required=("name", "value"),
            ),
            25,
        )
    },
    required=("choices",),
)
MODAL = fields(
    {
        "custom_id": text(100, min_length=1),
        "title": text(45, min_length=1),
        "components": _rows({TEXT_INPUT: _TEXT_INPUT}, 1, min_rows=1),
    },
    required=("custom_id", "title", "components"),
)
