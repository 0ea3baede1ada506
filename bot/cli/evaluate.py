"""`earshot evaluate` judges what `earshot replay` would run: the model of the settings."""

from collections.abc import Sequence

from bot.config import Settings
from bot.worker_child import options

# Whoever names a model, or leaves out all adapters, means that one and nothing of the settings.
_CHOICES = ("--model", "--model-url", "--adapter", "--prompted", "--chat-form")


def with_settings(arguments: Sequence[str], settings: Settings) -> list[str]:
    """Give the arguments with the settings' model, unless they name one, and the bot's name."""
    typed = {argument.split("=", 1)[0] for argument in arguments}
    if "--help" in typed:
        return list(arguments)
    added: dict[str, object] = {}
    if "--name" not in typed:
        added["name"] = settings.name
    if typed.isdisjoint(_CHOICES):
        added |= {"model": settings.model or None, "chat_form": settings.chat_form}
        if settings.model_url:
            added["model_url"] = settings.model_url
        else:
            added["adapter"] = settings.adapter
    if "--threads" not in typed:
        added["threads"] = settings.worker_threads
    return [*arguments, *options(**added)]
