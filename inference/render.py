"""Chat turns to token ids: the model's own template, and no control token from people's words.

Pure, given a tokenizer. The template is rendered with a private-use placeholder for every content,
then split at the template's own special tokens; what lies between is tokenised together with the
contents put back, special tokens in them taken as plain text. For harmless contents the ids are
those of `tokenizer.apply_chat_template`, to the last one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

from jinja2 import TemplateError
from tokenizers import AddedToken, Tokenizer

from inference.errors import BadRequest, ModelBroken
from inference.wire.turns import Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_SPANS = 8192  # about 200 conversations of 40 turns: a span is a turn in most templates

# Placeholders live in the last private-use plane, which no font and no chat uses.
_OPEN, _CLOSE, _ANCHOR, _FIRST_DIGIT = "\U0010f7f0", "\U0010f7f1", "\U0010f7f2", 0x10F7E0
_PLACEHOLDER = re.compile(f"{_OPEN}([\U0010f7e0-\U0010f7e9]+){_CLOSE}")
_RESERVED = re.compile("[\U0010f7e0-\U0010f7ff]")


class Renderer:
    """Renders chats for one tokenizer and one template.

    `chat_template` is a Jinja template, None for the tokenizer's own. Raises ModelBroken if there
    is neither, or if the tokenizer cannot tell control tokens from text.
    """

    def __init__(
        self, tokenizer: "PreTrainedTokenizerBase", *, chat_template: str | None = None
    ) -> None:
        if not tokenizer.is_fast:
            raise ModelBroken("the model's tokenizer has no fast form (tokenizer.json)")
        if chat_template is None and not tokenizer.chat_template:
            raise ModelBroken("the model has no chat template, and its chat form names none")
        self._tokenizer = tokenizer
        self._template = chat_template
        self._spans = _Spans(tokenizer)
        self.system_role = self._knows_system()

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids of the tokenizer's control tokens."""
        return self._spans.special_ids

    def render(
        self,
        turns: Sequence[Turn],
        *,
        add_generation_prompt: bool = True,
        continue_final_message: bool = False,
    ) -> list[int]:
        """Give the token ids of a chat.

        With `continue_final_message` they end right after the last turn's content, which stays open.
        A system turn is folded into the first user turn where the template knows no system role.
        Raises BadRequest if there is no turn, or the template refuses them.
        """
        if not turns:
            raise BadRequest("messages is empty: send at least one message", param="messages")
        if not self.system_role:
            turns = _folded(turns)
        contents = [_Content.split(turn["content"]) for turn in turns]
        last = len(turns) - 1 if continue_final_message else None
        roles = [turn["role"] for turn in turns]
        generation = add_generation_prompt and not continue_final_message
        skeleton = self._skeleton(roles, contents, opened=last, generation=generation)
        return self._spans.token_ids(skeleton, [content.core for content in contents])

    def _skeleton(
        self,
        roles: Sequence[str],
        contents: Sequence["_Content"],
        *,
        opened: int | None,
        generation: bool,
    ) -> str:
        """Render the template around placeholders, cut behind the content that stays open."""
        chat = [
            {"role": role, "content": content.shown(index, always=index == opened)}
            for index, (role, content) in enumerate(zip(roles, contents, strict=True))
        ]
        try:
            rendered = self._tokenizer.apply_chat_template(
                chat,
                tokenize=False,
                chat_template=self._template,
                add_generation_prompt=generation,
            )
        except (TemplateError, TypeError, ValueError) as error:
            message = f"the model's chat template refuses these messages: {error}"
            raise BadRequest(message, param="messages") from error
        text = str(rendered)
        return text if opened is None else _cut(text, opened, contents[opened].trail)

    def _knows_system(self) -> bool:
        """Tell whether a system text has a lasting place, in front of all that is said.

        Mistral's third template puts it before the last user turn: it would move with each turn.
        """
        roles = ["system", "user", "assistant", "user"]
        probes = [_Content("", "x", "")] * len(roles)
        try:
            text = self._skeleton(roles, probes, opened=None, generation=True)
        except BadRequest:
            return False
        return 0 <= text.find(_placeholder(0)) < text.find(_placeholder(1))


@dataclass(frozen=True, slots=True)
class _Content:
    """One content, its outer whitespace apart: templates may trim it, and must see it to do so."""

    lead: str
    core: str
    trail: str

    @classmethod
    def split(cls, text: str) -> Self:
        text = _RESERVED.sub("", text)
        core = text.strip()
        if not core:
            return cls(text, "", "")
        begin = text.index(core)
        return cls(text[:begin], core, text[begin + len(core) :])

    def shown(self, index: int, *, always: bool) -> str:
        """Give what the template sees; an empty content stays empty, templates ask for that."""
        return self.lead + (_placeholder(index) if self.core or always else "") + self.trail


class _Spans:
    """Tokenises skeletons: special tokens of the template become ids, all else becomes text."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        added = tokenizer.added_tokens_decoder
        self._special = {token.content: (i, token) for i, token in added.items() if token.special}
        self.special_ids = frozenset(i for i, _ in self._special.values())
        self._split = _alternatives(self._special)
        # Tokens such as Qwen's <think> are no special tokens, yet mean more than their letters.
        self._markup = _alternatives(
            token.content
            for token in added.values()
            if not token.special and re.fullmatch(r"[<\[].+[>\]]", token.content)
        )
        self._backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._backend.no_padding()
        self._backend.no_truncation()
        self._backend.encode_special_tokens = True
        self._backend.add_tokens([AddedToken(_ANCHOR, normalized=False, special=False)])
        self._span_ids = lru_cache(maxsize=MAX_SPANS)(self._tokenise)

    def token_ids(self, skeleton: str, cores: Sequence[str]) -> list[int]:
        """Give the ids of a skeleton whose placeholders stand for `cores`."""
        harmless = [self._markup.sub(_spaced, core) for core in cores]
        pieces = self._split.split(skeleton)
        ids: list[int] = []
        for index in range(0, len(pieces), 2):
            before = self._special[pieces[index - 1]] if index else None
            behind = self._special[pieces[index + 1]] if index + 1 < len(pieces) else None
            text = _PLACEHOLDER.sub(lambda found: harmless[_number(found[1])], pieces[index])
            if before and before[1].rstrip:
                text = text.lstrip()
            if behind and behind[1].lstrip:
                text = text.rstrip()
            ids += self._span_ids(text, index > 0)
            if behind:
                ids.append(behind[0])
        return ids

    def _tokenise(self, text: str, inside: bool) -> tuple[int, ...]:
        """Give the ids of plain text, at the very beginning or behind a special token.

        Tokenizers treat the two differently (a space in front of the first word). So a token of our
        own stands in for the special one in front, and is taken off again.
        """
        ids = self._encode(text, inside)
        if self.special_ids.isdisjoint(ids):
            return ids
        # Some vocabularies spell control tokens as ordinary pieces: break the spelling.
        return self._encode(self._split.sub(_spaced, text), inside)

    def _encode(self, text: str, inside: bool) -> tuple[int, ...]:
        if not text:
            return ()
        anchored = f"{_ANCHOR}{text}" if inside else text
        ids = self._backend.encode(anchored, add_special_tokens=False).ids
        return tuple(ids[1:] if inside else ids)


def _placeholder(index: int) -> str:
    digits = "".join(chr(_FIRST_DIGIT + int(digit)) for digit in str(index))
    return f"{_OPEN}{digits}{_CLOSE}"


def _number(digits: str) -> int:
    return int("".join(str(ord(digit) - _FIRST_DIGIT) for digit in digits))


def _cut(text: str, opened: int, trail: str) -> str:
    mark = _placeholder(opened)
    begin = text.rfind(mark)
    if begin < 0:
        raise BadRequest("the model's chat template drops the last message", param="messages")
    end = begin + len(mark)
    return text[: end + len(trail)] if text.startswith(trail, end) else text[:end]


def _folded(turns: Sequence[Turn]) -> list[Turn]:
    """Put the text of leading system turns in front of the first user turn."""
    rest = [turn for turn in turns if turn["role"] != "system"]
    system = [turn["content"] for turn in turns if turn["role"] == "system"]
    if system and rest and rest[0]["role"] == "user":
        joined = "\n\n".join([*system, rest[0]["content"]])
        return [{"role": "user", "content": joined}, *rest[1:]]
    return [*({"role": "user", "content": text} for text in system), *rest]  # type: ignore[list-item]


def _alternatives(contents: Iterable[str]) -> re.Pattern[str]:
    """Match any of the texts, the longest first, as a group; nothing at all if there is none."""
    longest_first = sorted(contents, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})" if longest_first else "((?!))")


def _spaced(found: re.Match[str]) -> str:
    return f"{found[0][0]} {found[0][1:]}"
