"""`earshot evaluate` judges what `earshot replay` would run: the model of the settings."""

from collections.abc import Sequence, Set

from bot.config import Settings
from bot.worker_child import options


def with_settings(arguments: Sequence[str], settings: Settings) -> list[str]:
    """Give the arguments with the settings' model, unless they name one, and the bot's name."""
    typed = {argument.split("=", 1)[0] for argument in arguments}
    if "--help" in typed:
        return list(arguments)
    added: dict[str, object] = {}
    if "--name" not in typed:
        added["name"] = settings.name
    if typed.isdisjoint(("--model", "--model-url")):
        added |= _model(settings, typed)
    if "--precision" not in typed:
        added["precision"] = settings.precision
    if "--threads" not in typed:
        added["threads"] = settings.worker_threads
    return [*arguments, *options(**added)]


def _model(settings: Settings, typed: Set[str]) -> dict[str, object]:
    """Give the settings' model, with what of its adapter and chat form nothing typed replaces."""
    form = None if typed & {"--adapter", "--prompted", "--chat-form"} else settings.chat_form
    if settings.model_url:
        if "--adapter" in typed:
            return {}  # it is for a model on this machine, the settings' is one on the server
        return {"model": settings.model or None, "chat_form": form, "model_url": settings.model_url}
    adapter = None if typed & {"--adapter", "--prompted"} else settings.adapter
    # By its word, for the bot puts the adapter on no other base that it may name.
    unnamed = None if adapter is None else "default"
    return {"model": settings.model or unnamed, "chat_form": form, "adapter": adapter}
