"""What a chat completion request may say: OpenAI's fields, and the extras that vLLM made common.

Fields that change nothing here (`n` other than 1, `tools`, `response_format` and their like) are
refused where ignoring them would change the answer, and ignored where it would not. Ignored:
`user` apart from naming the session, `store`, `metadata`, `service_tier`, `stream_options` without
`stream`, `parallel_tool_calls`, `reasoning_effort`, `prompt_cache_key`, `safety_identifier` and any
field that OpenAI may add.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from inference.generation import MAX_TOP_LOGPROBS

MAX_STOPS = 16  # OpenAI allows 4; a transcript form also stops at speakers' names


class TextPart(BaseModel):
    """A part of a content given as a list; only text can be read."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of the chat. "developer" is OpenAI's newer word for "system"."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        """The content as one string."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """What a stream tells apart from the text."""

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """The body of POST /v1/chat/completions."""

    model_config = ConfigDict(extra="ignore", strict=True)

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    min_tokens: Annotated[int, Field(ge=0)] = 0
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: int | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=2)] = 1.0
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: list[str] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    logprobs: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_TOP_LOGPROBS)] | None = None
    add_generation_prompt: bool = True
    continue_final_message: bool = False
    user: str | None = None
    n: Literal[1] | None = None

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_defaults(cls, raw: Any) -> Any:
        """Clients send null for what they leave open."""
        if not isinstance(raw, dict):
            return raw
        return {key: value for key, value in raw.items() if value is not None}

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop_is_a_list(cls, stop: Any) -> Any:
        return [stop] if isinstance(stop, str) else stop

    @field_validator("stop")
    @classmethod
    def _few_stops(cls, stop: list[str] | None) -> list[str] | None:
        if stop and len(stop) > MAX_STOPS:
            raise ValueError(f"at most {MAX_STOPS} stop strings")
        return stop

    @field_validator("top_k")
    @classmethod
    def _top_k_or_all(cls, top_k: int | None) -> int | None:
        """-1 and 0 mean all tokens, as in vLLM."""
        return top_k if top_k and top_k > 0 else None

    @model_validator(mode="after")
    def _fields_agree(self) -> "CompletionRequest":
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs: true")
        if self.continue_final_message and self.messages[-1].role != "assistant":
            raise ValueError("continue_final_message needs a last message of the assistant")
        return self

    @property
    def wanted_tokens(self) -> int | None:
        """How long the answer may be, None where the request leaves it open."""
        return self.max_completion_tokens or self.max_tokens
