"""Find the chat form of a model, and fill in what only its tokenizer and template can tell."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from inference.detokenize import TokenTexts
from inference.errors import ModelBroken
from inference.prefix_cache import common_prefix
from inference.render import Renderer
from inference.wire.chat_form import FILE_NAME, RESPONSE, SILENCE, ChatForm, DecisionTokens
from inference.wire.prompted import DEFAULT_FORM
from inference.wire.turns import Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

logger = logging.getLogger(__name__)


def shipped_form(name: str) -> ChatForm:
    """Give one of our own forms: "smollm2", "transcript", or "prompted" for any chat model.

    Raises FileNotFoundError for another name.
    """
    if name == "prompted":
        return DEFAULT_FORM
    folder = files("inference") / "forms"
    raw = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    template = folder / f"{name}.jinja"
    if template.is_file():
        raw["chat_template"] = template.read_text(encoding="utf-8")
    return ChatForm.from_dict(raw)


def find_form(folders: Sequence[Path], *, default: "ChatForm | str") -> ChatForm:
    """Read `earshot.json` from the first of the folders that has one, else give `default`.

    `default` may be the name of one of our own forms.
    Raises ModelBroken if the file is no chat form.
    """
    for folder in folders:
        path = folder / FILE_NAME
        if not path.is_file():
            continue
        try:
            return ChatForm.from_json(path.read_text(encoding="utf-8"))
        except (ValueError, TypeError) as error:
            raise ModelBroken(f"{path} is not a chat form: {error}") from error
    return shipped_form(default) if isinstance(default, str) else default


@dataclass(frozen=True, slots=True)
class Fitted:
    """A chat form fitted to a tokenizer.

    `decision_ids` are the first tokens of silence and of response where they part, () where the
    tokenizer gives no such place.
    """

    form: ChatForm
    renderer: Renderer
    decision_ids: tuple[int, ...]


def fitted(form: ChatForm, tokenizer: "PreTrainedTokenizerBase") -> Fitted:
    """Set `decision` and `system_role` to what the tokenizer and the template do.

    Raises ModelBroken if the form's template does not render.
    """
    renderer = Renderer(tokenizer, chat_template=form.chat_template)
    parting = parting_ids(renderer)
    decision = None
    if parting is None:
        logger.warning("the tokenizer gives the two markers no common beginning to continue from")
    else:
        prefix, silence, response = parting
        text = TokenTexts(tokenizer)
        decision = DecisionTokens(prefix, text(silence), text(response))
    form = replace(form, decision=decision, system_role=renderer.system_role)
    return Fitted(form, renderer, parting[1:] if parting else ())


def parting_ids(renderer: Renderer) -> tuple[str, int, int] | None:
    """Find where the markers part, as tokens of this model behind this template.

    Gives the longest text both markers begin with whose tokens are a prefix of both, then the first
    token id that is only silence's and that only response's. None if no text is such a prefix, not
    even the empty one.
    """
    silence, response = _answered(renderer, SILENCE), _answered(renderer, RESPONSE)
    for prefix in ("(", ""):
        opened = _answered(renderer, prefix)
        at = len(opened)
        if silence[:at] == opened == response[:at] and silence[at] != response[at]:
            return prefix, silence[at], response[at]
    return None


def after_silence(renderer: Renderer, prefix: str) -> tuple[int, ...]:
    """Give the tokens between the opened answer `prefix` and what is said after a silence.

    They stand behind most decisions' prompts in the conversation's next one. () where the template
    sets something else there.
    """
    opened = _answered(renderer, prefix)
    first, other = (_silent_then(renderer, said) for said in ("Bob: yes", "Eve: no"))
    common = first[: common_prefix(first, other)]
    return tuple(common[len(opened) :]) if common[: len(opened)] == opened else ()


def _silent_then(renderer: Renderer, said: str) -> list[int]:
    chat: list[Turn] = [
        {"role": "user", "content": "Alice: hello"},
        {"role": "assistant", "content": SILENCE},
        {"role": "user", "content": said},
    ]
    return renderer.render(chat, add_generation_prompt=False)


def _answered(renderer: Renderer, answer: str) -> list[int]:
    chat: list[Turn] = [
        {"role": "user", "content": "Alice: hello"},
        {"role": "assistant", "content": answer},
    ]
    return renderer.render(chat, continue_final_message=True)
