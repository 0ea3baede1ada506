"""The card of the model in use: made from what a server offers, or waited for only so long.

Knows nothing of HTTP: the parsed list of models in, a ModelCard out, or a ModelRefused that says what
to change.
"""

import asyncio
from collections.abc import Sequence

from bot.errors import ModelError, ModelRefused
from bot.ports import Model, ModelCard
from inference.wire.answers import ListedModel
from inference.wire.chat_form import ChatForm
from inference.wire.trim import prompt_budget


def chosen(offered: Sequence[ListedModel], *, name: str | None) -> ListedModel:
    """Pick the named model, also where the server adds ":latest" to it; the first if `name` is None.

    SGLang takes "base:adapter" for a base that it lists. Raises ModelRefused if there is none.
    """
    for listed in offered:
        if name in (None, listed.id, listed.id.removesuffix(":latest")):
            return listed
    for listed in offered:
        if name is not None and name.startswith(f"{listed.id}:"):
            return listed.model_copy(update={"id": name})
    if name is None:
        raise ModelRefused("the model server offers no model: load one into it")
    names = ", ".join(listed.id for listed in offered[:5]) or "none"
    raise ModelRefused(
        f"the model server has no model {name!r}, it offers: {names}; correct EARSHOT_MODEL"
    )


def card_of(listed: ListedModel, *, form: ChatForm, max_prompt_tokens: int) -> ModelCard:
    """Describe a model; `form` is for a server that gives none. Raises ModelRefused for a bad one."""
    adapter = None
    if listed.earshot is not None:
        adapter = listed.earshot.adapter
        try:
            form = ChatForm.from_dict(listed.earshot.chat_form)
        except ValueError as error:
            raise ModelRefused(f"the model server gives a faulty chat form: {error}") from error
    if (length := listed.context) is not None:
        max_prompt_tokens = prompt_budget(
            max_prompt_tokens=max_prompt_tokens,
            context=length,
            max_reply_tokens=form.sampling.max_tokens,
        )
    return ModelCard(listed.id, adapter, form, max_prompt_tokens)


async def card_within(model: Model, *, timeout_s: float) -> ModelCard | None:
    """Describe the model to a person who waits; None if it cannot be asked, or not in time."""
    try:
        async with asyncio.timeout(timeout_s):
            return await model.card()
    except (ModelError, TimeoutError):
        return None
