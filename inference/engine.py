"""Run a model one step at a time: prompts in chunks, then token by token, on kept prefixes.

Every generation is a plain iterator that does at most one forward pass per step, so a scheduler can
run several side by side. Knows no HTTP and no threads; one thread may use it at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from inference.attention import use_grouped_attention
from inference.detokenize import Detokenizer, StopStrings
from inference.kv import SequenceKV
from inference.prefix_cache import Kept, PrefixCache
from inference.sampling import SamplingOptions, draw

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_CHUNK = 512  # tokens of a prompt run in one step: what a decision may have to wait for
MAX_TOP_LOGPROBS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """One generation.

    `top_logprobs` is None where no logprobs are wanted; those of `always_ids` are told too, however
    unlikely they are. No answer ends before `min_tokens` tokens, neither by an end token nor by a
    stop string, as in vLLM. `session` names the conversation whose prefix is kept, None keeps
    nothing.
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


Step = Piece | Done | None
"""What one step of a generation gives: None while the prompt is still being run."""


class Engine:
    """A model with its prefix cache. `num_run_tokens` and `num_reused_tokens` only ever grow."""

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        *,
        max_cached_tokens: int,
    ) -> None:
        use_grouped_attention(model)
        self._model = model
        self._tokenizer = tokenizer
        self.cache = PrefixCache(lambda: SequenceKV(model.config), max_tokens=max_cached_tokens)
        self.end_ids = end_token_ids(model, tokenizer)
        self.num_run_tokens = 0
        self.num_reused_tokens = 0

    def steps(self, request: Request) -> Iterator[Step]:
        """Generate step by step; the last step is Done. Closing the iterator keeps what was run."""
        kept = self.cache.take(request.session, request.prompt_ids)
        num_cached = len(kept.ids)
        self.num_reused_tokens += num_cached
        generation = _Generation(self._tokenizer, request, self.end_ids)
        try:
            pending = list(request.prompt_ids[num_cached:])
            while len(pending) > MAX_CHUNK:
                self.run(kept, pending[:MAX_CHUNK])
                del pending[:MAX_CHUNK]
                yield None
            while generation.finish_reason is None:
                logits = self.run(kept, pending)
                pending = [generation.next_token(logits)]
                yield generation.piece
        finally:
            self.cache.give_back(kept, whole=kept.kv.num_tokens == len(kept.ids))
        yield Done(
            finish_reason=generation.finish_reason,
            num_prompt_tokens=len(request.prompt_ids),
            num_cached_tokens=num_cached,
            num_generated_tokens=generation.num_tokens,
        )

    @torch.inference_mode()
    def run(self, kept: Kept, ids: Sequence[int]) -> Tensor:
        """Run tokens behind those kept; give the logits behind the last, float32 (V,) on the CPU."""
        output = self._model(
            input_ids=torch.tensor([list(ids)], device=self._model.device),
            past_key_values=kept.kv.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        kept.ids.extend(ids)
        self.num_run_tokens += len(ids)
        logits: Tensor = output.logits[0, -1].float().cpu()
        return logits


class _Generation:
    """The answer so far: draws tokens, turns them into text, and knows when to stop."""

    def __init__(
        self, tokenizer: "PreTrainedTokenizerBase", request: Request, end_ids: frozenset[int]
    ) -> None:
        self._request = request
        self._end_ids = end_ids
        self._ids: list[int] = []
        self._detokenizer = Detokenizer(tokenizer, request.prompt_ids)
        self._stops = StopStrings(request.stop)
        self._generator = torch.Generator()
        if request.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(request.seed)
        self.finish_reason: str | None = None
        self.piece = Piece("")

    @property
    def num_tokens(self) -> int:
        return len(self._ids)

    def next_token(self, logits: Tensor) -> int:
        """Draw a token, and set `piece` and maybe `finish_reason`."""
        wanted = self._request
        early = len(self._ids) < wanted.min_tokens
        token_id = draw(
            logits,
            wanted.sampling,
            seen=(*wanted.prompt_ids, *self._ids),
            forbidden=tuple(self._end_ids) if early else (),
            generator=self._generator,
        )
        self._ids.append(token_id)
        text = "" if token_id in self._end_ids else self._detokenizer.push(token_id)
        shown = text if early else self._stops.push(text)
        self.finish_reason = self._reason(token_id)
        if self.finish_reason and not self._stops.found:
            shown += self._stops.push(self._detokenizer.flush()) + self._stops.flush()
        logprob = None
        if wanted.top_logprobs is not None:
            logprob = _logprob(logits, token_id, wanted.top_logprobs, always_ids=wanted.always_ids)
        self.piece = Piece(shown, logprob)
        return token_id

    def _reason(self, token_id: int) -> str | None:
        if token_id in self._end_ids or self._stops.found:
            return "stop"
        return "length" if len(self._ids) >= self._request.max_tokens else None


def _logprob(
    logits: Tensor, token_id: int, num_top: int, *, always_ids: tuple[int, ...]
) -> TokenLogprob:
    logprobs = logits.log_softmax(-1)
    top = logprobs.topk(num_top).indices.tolist()
    told = [*top, *(always_id for always_id in always_ids if always_id not in top)]
    pairs = zip(told, logprobs[told].tolist(), strict=True)
    return TokenLogprob(token_id, float(logprobs[token_id]), tuple(pairs))


def end_token_ids(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Collect every token that ends an answer, by the model, its tokenizer, or its chat template."""
    configured = getattr(model.generation_config, "eos_token_id", None)
    several = configured if isinstance(configured, list) else [configured]
    ends = {*several, tokenizer.eos_token_id}
    # Some models name only the end of a text, though their template ends turns with another token.
    for token_id, token in tokenizer.added_tokens_decoder.items():
        if token.content in _TURN_ENDS and token.content in str(tokenizer.chat_template or ""):
            ends.add(token_id)
    return frozenset(token_id for token_id in ends if token_id is not None)


_TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|eot|>", "<|end_of_turn|>")
