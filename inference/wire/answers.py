"""The parts of an OpenAI-compatible server's answers that Earshot reads, checked as they arrive.

The `openai` package builds its objects from whatever comes, so their fields cannot be trusted to be
there or to have their types. These can: what does not fit raises pydantic's ValidationError, a
ValueError. Fields not named here are ignored, since every server has some of its own.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from inference.wire.score import MAX_LOGPROB, TokenChoice


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class _Likely(_Answer):
    token: str
    logprob: float = Field(le=MAX_LOGPROB)  # not NaN either


class _Token(_Likely):
    top_logprobs: list[_Likely] | None = None

    def choice(self) -> TokenChoice:
        """Give the token with its alternatives, itself among them even where the server omits it."""
        likeliest = {likely.token: likely.logprob for likely in self.top_logprobs or ()}
        return TokenChoice(self.token, {self.token: self.logprob, **likeliest})


class _Logprobs(_Answer):
    content: list[_Token] | None = None


class _Said(_Answer):
    content: str | None = None


class _Choice(_Answer):
    message: _Said
    logprobs: _Logprobs | None = None


class _Usage(_Answer):
    prompt_tokens: int = Field(ge=0)


class Completion(_Answer):
    """A whole answer. `usage` is None where the server does not count."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None

    def token_choices(self) -> list[TokenChoice]:
        """Give the first tokens with their alternatives; the whole text as one where none came.

        Empty if the server sent neither.
        """
        first = self.choices[0]
        if first.logprobs is not None and first.logprobs.content:
            return [token.choice() for token in first.logprobs.content]
        text = (first.message.content or "").strip()
        return [TokenChoice(text, {text: 0.0})] if text else []


class _StreamChoice(_Answer):
    delta: _Said
    finish_reason: str | None = None


class Chunk(_Answer):
    """One event of a streamed answer; without choices where it only counts tokens."""

    choices: list[_StreamChoice]

    @property
    def text(self) -> str:
        """The piece of text, "" if there is none."""
        return (self.choices[0].delta.content or "") if self.choices else ""

    @property
    def is_last(self) -> bool:
        """Whether the server says that the answer ends here."""
        return bool(self.choices) and self.choices[0].finish_reason is not None


class _Earshot(_Answer):
    adapter: str | None = None
    chat_form: dict[str, Any]


class ListedModel(_Answer):
    """One model of `/v1/models`. `earshot` is what our own worker adds, `max_model_len` vLLM's too."""

    id: str
    max_model_len: int | None = Field(None, gt=0)
    earshot: _Earshot | None = None


class ModelList(_Answer):
    """What a server offers."""

    data: list[ListedModel]
