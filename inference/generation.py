"""One generation: what is asked for, what comes out of it, and the answer so far.

Knows tokens and text; knows nothing of models, caches, batches or threads.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from inference.detokenize import Detokenizer, StopStrings
from inference.errors import InferenceError
from inference.prefix_cache import Kept
from inference.sampling import SamplingOptions

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_TOP_LOGPROBS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """One generation.

    `top_logprobs` is None where no logprobs are wanted; those of `always_ids` are told too, however
    unlikely they are. No answer ends before `min_tokens` tokens, neither by an end token nor by a
    stop string, as in vLLM. `session` names the conversation whose prefix is kept, None keeps
    nothing. `adapter` names one of the adapters that are loaded beside the model, None for none.
    `likely_ids` probably follow the prompt in the conversation's next one: they are run when there
    is nothing else to do.
    """

    prompt_ids: tuple[int, ...]
    max_tokens: int
    session: str | None = None
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    min_tokens: int = 0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    top_logprobs: int | None = None
    always_ids: tuple[int, ...] = ()
    adapter: str | None = None
    likely_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token and the natural log of its probability, before any sampling option."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """One generated token, and the text that became showable with it (often none)."""

    text: str
    logprob: TokenLogprob | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a generation. `num_cached_tokens` of the prompt were not run again."""

    finish_reason: str
    num_prompt_tokens: int
    num_cached_tokens: int
    num_generated_tokens: int


Step = Piece | Done
OnStep = Callable[[Step], None]
OnEnd = Callable[[InferenceError | None], None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The next token of an answer, with its logprob where one was asked for."""

    token_id: int
    logprob: TokenLogprob | None = None


class Generation:
    """A request under way. `on_step` hears each piece and Done, `on_end` None or what stopped it."""

    def __init__(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        request: Request,
        end_ids: frozenset[int],
        *,
        on_step: OnStep,
        on_end: OnEnd,
    ) -> None:
        self.request = request
        self.on_step = on_step
        self.on_end = on_end
        self.key: Hashable | None = None  # of its conversation in the cache
        self.kept: Kept | None = None  # None: not begun
        self.pending = list(request.prompt_ids)  # tokens yet to run
        self.num_expected: int | None = (
            None  # of the pending ones, as the cache knew before it began
        )
        self.num_cached = 0
        self.finish_reason: str | None = None
        self.has_ended = False
        self.is_damaged = False  # its sequence holds what cannot be forgotten
        self.ids: list[int] = []
        self.end_ids = end_ids
        self.generator = torch.Generator()
        if request.seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(request.seed)
        self._detokenizer = Detokenizer(tokenizer, request.prompt_ids)
        self._stops = StopStrings(request.stop)

    @property
    def is_writing(self) -> bool:
        """Whether the prompt has been run, and each step gives a token."""
        return bool(self.ids)

    @property
    def is_early(self) -> bool:
        """Whether the answer may not end with the next token."""
        return len(self.ids) < self.request.min_tokens

    @property
    def taken(self) -> Kept:
        """The sequence of one that has begun."""
        if self.kept is None:
            raise RuntimeError("the generation has not begun")
        return self.kept

    def begin(self, kept: Kept) -> None:
        """Go on from the sequence that the cache has of the prompt."""
        self.kept = kept
        self.num_cached = len(kept.ids)
        self.pending = list(self.request.prompt_ids[len(kept.ids) :])

    def advance(self, num_tokens: int) -> None:
        """Note that so many of the pending tokens were run."""
        self.taken.ids.extend(self.pending[:num_tokens])
        del self.pending[:num_tokens]

    def mend(self) -> None:
        """Forget what a failed pass may have written in some layers, if that can be forgotten."""
        self.is_damaged = not self.taken.kv.can_crop
        self.taken.kv.keep(len(self.taken.ids))

    @property
    def is_sound(self) -> bool:
        """Whether its sequence holds what it says it holds."""
        kept = self.taken
        return not self.is_damaged and kept.kv.num_tokens == len(kept.ids)

    def push(self, drawn: Drawn) -> Piece:
        """Take the next token; give the text it shows, and maybe set `finish_reason`."""
        early = self.is_early
        self.ids.append(drawn.token_id)
        self.pending = [drawn.token_id]
        text = "" if drawn.token_id in self.end_ids else self._detokenizer.push(drawn.token_id)
        shown = text if early else self._stops.push(text)
        self.finish_reason = self._reason(drawn.token_id)
        if self.finish_reason and not self._stops.found:
            shown += self._stops.push(self._detokenizer.flush()) + self._stops.flush()
        return Piece(shown, drawn.logprob)

    def done(self) -> Done:
        """Describe the end."""
        return Done(
            finish_reason=self.finish_reason or "stop",
            num_prompt_tokens=len(self.request.prompt_ids),
            num_cached_tokens=self.num_cached,
            num_generated_tokens=len(self.ids),
        )

    def _reason(self, token_id: int) -> str | None:
        if token_id in self.end_ids or self._stops.found:
            return "stop"
        return "length" if len(self.ids) >= self.request.max_tokens else None
