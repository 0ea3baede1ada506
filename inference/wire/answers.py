"""The parts of an OpenAI-compatible server's answers that Earshot reads, checked as they arrive.

The `openai` package builds its objects from whatever comes, so their fields cannot be trusted to be
there or to have their types. These can: what does not fit raises pydantic's ValidationError, a
ValueError. Fields not named here are ignored, since every server has some of its own.
"""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

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

    @property
    def text(self) -> str:
        return (self.message.content or "").strip()

    @property
    def tokens(self) -> list[_Token]:
        return (self.logprobs.content or []) if self.logprobs else []

    def token_choices(self) -> list[TokenChoice]:
        if self.tokens:
            return [token.choice() for token in self.tokens]
        return [TokenChoice(self.text, {self.text: 0.0})] if self.text else []


class _Usage(_Answer):
    prompt_tokens: int = Field(ge=0)


class Completion(_Answer):
    """A whole answer. `usage` is None where the server does not count."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None

    @property
    def text(self) -> str:
        """The words of the first answer, without white space around them."""
        return self.choices[0].text

    @property
    def num_logprobs(self) -> int:
        """How many tokens, itself among them, the first token is told with; 0: no logprobs came."""
        tokens = self.choices[0].tokens
        return len(tokens[0].choice().top_logprobs) if tokens else 0

    def answers(self) -> list[list[TokenChoice]]:
        """Give each answer's first tokens with their alternatives.

        Where no logprobs came, the whole text is one token; an answer without a word has none.
        """
        return [choice.token_choices() for choice in self.choices]


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


class _Meta(_Answer):
    n_ctx: int | None = Field(None, ge=0)


class ListedModel(_Answer):
    """One model of `/v1/models`. `earshot` is what our own worker adds.

    The context is told under several names: vLLM, SGLang and our worker say `max_model_len`, Groq
    `context_window`, Mistral `max_context_length`, OpenRouter `context_length`; llama-server `n_ctx` in
    `meta`.
    """

    id: str
    max_model_len: int | None = Field(
        None,
        ge=0,
        validation_alias=AliasChoices(
            "max_model_len", "context_window", "max_context_length", "context_length"
        ),
    )
    meta: _Meta | None = None
    earshot: _Earshot | None = None

    @field_validator("meta", mode="before")
    @classmethod
    def _object_or_none(cls, value: object) -> object:
        return value if isinstance(value, dict) else None  # others use the word for something else

    @property
    def context(self) -> int | None:
        """How many tokens a prompt and its answer may have; None if the server does not say."""
        return self.max_model_len or (self.meta.n_ctx if self.meta else None) or None


class ModelList(_Answer):
    """What a server offers."""

    data: list[ListedModel]
