"""How the room's page is told about messages, marks and settings: plain JSON values.

Pure. The page decides how it looks; this module decides what it may know.
"""

from collections.abc import Iterable, Mapping

from bot.messages import Author, ChannelSettings, Entry, KeptDecision, Message, OutboxItem
from bot.platforms.local import reply_id
from bot.supervisor import WorkerStatus

Json = dict[str, object]
_EMPTY: Json = {
    "addressed": False,
    "from_assistant": False,
    "edited": False,
    "deleted": False,
    "hidden": False,
    "mark": None,
}


def status_view(status: WorkerStatus) -> Json:
    """Show how the model is doing."""
    return {"state": status.state, "detail": status.detail, "progress": status.progress}


def author_view(author: Author) -> Json:
    """Show an author."""
    return {"id": author.id, "name": author.name}


def entry_view(entry: Entry, decisions: Mapping[int, KeptDecision]) -> Json:
    """Show a message of the history with its mark; `decisions` are by id.

    The assistant's have no author: the page knows how it is called.
    """
    kept = decisions.get(entry.decision_id) if entry.decision_id is not None else None
    return {
        "id": entry.id,
        "author": None if entry.from_assistant else author_view(entry.author),
        "text": entry.text,
        "sent_at": entry.sent_at.isoformat(),
        "addressed": entry.addressed,
        "reply_to": entry.reply_to,
        "from_assistant": entry.from_assistant,
        "edited": entry.edited,
        "deleted": entry.deleted,
        "hidden": entry.hidden,
        "mark": None if entry.from_assistant else mark_view(entry.id, kept),
    }


def message_view(message: Message, *, is_kept: bool) -> Json:
    """Show a message that was just said; one that is not kept is never decided on."""
    state = "waiting" if is_kept else "not_kept"
    return {
        **_EMPTY,
        "id": message.id,
        "author": author_view(message.author),
        "text": message.text,
        "sent_at": message.sent_at.isoformat(),
        "addressed": message.addressed,
        "reply_to": message.reply_to,
        "mark": {"state": state},
    }


def reply_view(item: OutboxItem) -> Json:
    """Show a reply that is being posted, as `entry_view` will show it later."""
    return {
        **_EMPTY,
        "id": reply_id(item.key),
        "author": None,
        "text": item.text,
        "sent_at": item.created_at.isoformat(),
        "reply_to": item.reply_to,
        "from_assistant": True,
    }


def mark_view(message_id: str, kept: KeptDecision | None) -> Json:
    """Show what was decided about a message.

    `state` is waiting, silent, speak, failed, or "next" where the decision fell on a later message
    of the same burst.
    """
    if kept is None:
        return {"state": "waiting"}
    decision = kept.decision
    return {
        "state": decision.action.value if kept.message_id == message_id else "next",
        "p_speak": decision.p_speak,
        "threshold": decision.threshold,
        "rule": decision.rule.value,
        "reason": decision.reason,
        "model": kept.model,
        "adapter": kept.adapter,
        "latency_ms": kept.latency_ms,
    }


def settings_view(settings: ChannelSettings, *, meaning: str, threshold: float | None) -> Json:
    """Show what the visitor can set; `meaning` says the eagerness in words."""
    return {
        "mode": settings.mode.value,
        "eagerness": settings.eagerness,
        "persona": settings.persona,
        "max_share_of_voice": settings.max_share_of_voice,
        "cooldown_s": settings.cooldown_s,
        "meaning": meaning,
        "threshold": threshold,
        "quiet_until": settings.quiet_until.isoformat() if settings.quiet_until else None,
    }


def speakers_view(speakers: Iterable[Author]) -> list[Json]:
    """Show who has spoken."""
    return [author_view(author) for author in speakers if author.name]
