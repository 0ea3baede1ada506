"""`earshot doctor --model`: how a model would fit this machine's memory, told by the worker program."""

from typing import NoReturn

from bot.cli.worker import become_inference
from bot.config import Settings
from bot.worker_child import options


def tell_fit(
    settings: Settings,
    model: str,
    *,
    precision: str | None,
    conversations: int | None,
    as_json: bool,
) -> NoReturn:
    """Hand over to the worker program; what is not given is taken from the settings."""
    given = options(
        precision=precision or settings.precision,
        conversations=conversations or settings.conversations,
        tokens=settings.max_prompt_tokens,
    )
    become_inference(["fit", model or "default", *given, *(["--json"] if as_json else [])])
