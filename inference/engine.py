"""Run many generations through one model, a step at a time, on kept prefixes.

A step is one forward pass: a token for every answer under way, and prompts beside them, as
`schedule` chooses. So decisions of many conversations share a pass, and none waits for a reply to
end. Knows no HTTP, no clock and no threads; one thread may use it at a time.
"""

import logging
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from inference.attempts import attempt
from inference.end_tokens import end_token_ids
from inference.errors import BadRequest, EngineStopped, InferenceError
from inference.forward import Forward, Part
from inference.generation import Drawn, Generation, OnEnd, OnStep, Request, Step
from inference.kv import SequenceKV
from inference.look_ahead import MAX_TOKENS as MAX_AHEAD_TOKENS, LookAhead
from inference.named_adapters import NamedAdapters
from inference.prefix_cache import PrefixCache
from inference.runner import runner_for
from inference.schedule import GPU_LIMITS, Due, Limits, Waiting, choose

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)


class Engine:
    """A model with its prefix cache and the generations under way.

    `num_run_tokens`, `num_reused_tokens` and `num_steps` only ever grow.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        *,
        max_cached_tokens: int,
        max_parked_tokens: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.runner = runner_for(model)
        self.adapters = NamedAdapters(model)
        self.limits = limits or (GPU_LIMITS if model.device.type == "cuda" else Limits())
        self.cache = PrefixCache(
            lambda: SequenceKV(model.config),
            max_tokens=max_cached_tokens,
            max_parked_tokens=max_parked_tokens,
        )
        self.end_ids = end_token_ids(model, tokenizer)
        self.num_run_tokens = 0
        self.num_reused_tokens = 0
        self.num_steps = 0
        self._max_cached_tokens = max_cached_tokens
        self._active: list[Generation] = []  # in the order in which they came
        self._due = Due()
        self._ahead = LookAhead()

    @property
    def num_waiting(self) -> int:
        """Number of generations of which nothing has been run yet."""
        return sum(generation.kept is None for generation in self._active)

    @property
    def num_running(self) -> int:
        """Number of generations that have begun."""
        return len(self._active) - self.num_waiting

    def add(
        self, request: Request, *, on_step: OnStep, on_end: OnEnd, is_urgent: bool = False
    ) -> Generation:
        """Begin a generation with the next step; both callbacks are called from within `step`.

        One that `is_urgent` comes before those that wait. Raises AdapterGone for an adapter that is
        not there, and BadRequest for a prompt without tokens.
        """
        generation = self._entered(request, on_step=on_step, on_end=on_end)
        self._ahead.drop(generation.key)
        self._active.insert(0 if is_urgent else len(self._active), generation)
        return generation

    def cancel(self, generation: Generation, error: InferenceError | None = None) -> None:
        """Stop a generation and keep what was run. `on_end` hears an error only, if there is one."""
        if generation.has_ended:
            return
        self._leave(generation)
        if error is not None:
            generation.on_end(error)

    def cancel_all(self, error: InferenceError) -> None:
        """Stop everything; each `on_end` hears the error."""
        for generation in list(self._active):
            self.cancel(generation, error)

    def remove_adapter(self, name: str) -> None:
        """Forget an adapter, what was kept with it, and end what runs with it. Raises AdapterGone."""
        version = self.adapters.version(name)
        gone = EngineStopped(f"the adapter {name!r} was removed")
        for generation in list(self._active):
            if generation.request.adapter == name:
                self.cancel(generation, gone)

        def has_it(key: Hashable) -> bool:
            return isinstance(key, tuple) and key[0] == version

        self.cache.forget(has_it)
        self._ahead.forget(has_it)
        self.adapters.remove(name)

    def step(self) -> bool:
        """Run one forward pass; False if nothing is left to do."""
        ready = self._ready()
        if not ready:
            return False
        waiting = [Waiting(self._num_pending(one), one.is_writing) for one in ready]
        chosen = choose(waiting, self.limits, self._due)
        self._due = chosen.due
        parts = [(ready[at], count) for at, count in chosen.rows if self._begun(ready[at])]
        self.num_steps += 1
        self._run([(one, min(count, len(one.pending))) for one, count in parts])
        self._take_turns([one for one, _ in parts if one.is_writing])
        return True

    def look_ahead(self) -> bool:
        """Begin to run what probably follows a prompt that was answered; False if nothing does.

        It is only worth while nobody waits: the next prompt of that conversation has the less to
        run. What does not follow after all is cut off like any other edit.
        """
        while (guess := self._ahead.pop()) is not None:
            key, likely = guess
            num_known = self.cache.num_known(key, likely.prompt_ids)
            if len(likely.prompt_ids) - num_known <= MAX_AHEAD_TOKENS:
                self._active.append(
                    self._entered(likely, on_step=lambda _: None, on_end=lambda _: None)
                )
                return True
        return False

    def steps(self, request: Request) -> Iterator[Step | None]:
        """Generate alone, step by step: pieces, then Done; None while the prompt is being run.

        Closing the iterator keeps what was run. Raises InferenceError.
        """
        heard: deque[Step] = deque()
        ends: list[InferenceError | None] = []
        generation = self.add(request, on_step=heard.append, on_end=ends.append)
        try:
            while not ends:
                self.step()
                if not heard and not ends:
                    yield None
                while heard:
                    yield heard.popleft()
            if ends[0] is not None:
                raise ends[0]
        finally:
            self.cancel(generation)

    def _entered(self, request: Request, *, on_step: OnStep, on_end: OnEnd) -> Generation:
        if not request.prompt_ids:
            raise BadRequest("the prompt has no tokens", param="messages")
        # The version, so that an adapter that comes back under its name is another one.
        version = self.adapters.version(request.adapter)
        generation = Generation(
            self.tokenizer, request, self.end_ids, on_step=on_step, on_end=on_end
        )
        generation.key = None if request.session is None else (version, request.session)
        return generation

    def _ready(self) -> list[Generation]:
        """Give those that may run: one prompt of a conversation after the other, as they came.

        What would not fit the memory beside those under way waits, but for one.
        """
        room = self._max_cached_tokens - sum(
            one.kept.kv.capacity for one in self._active if one.kept is not None
        )
        ready: list[Generation] = []
        busy: set[str] = set()
        lets_in = True
        for generation in self._active:
            session = generation.request.session
            if not generation.is_writing and session is not None:
                if session in busy:
                    continue
                busy.add(session)
            if generation.kept is None:
                room -= len(generation.request.prompt_ids)
                if room < 0 and not lets_in:
                    continue
                lets_in = False
            ready.append(generation)
        return ready

    def _num_pending(self, generation: Generation) -> int:
        """Give the tokens a generation has to run, for one that has not begun as the cache knows."""
        if generation.kept is not None:
            return len(generation.pending)
        if generation.num_expected is None:
            prompt_ids = generation.request.prompt_ids
            num_known = self.cache.num_known(generation.key, prompt_ids)
            generation.num_expected = len(prompt_ids) - num_known
        return generation.num_expected

    def _begun(self, generation: Generation) -> bool:
        """Begin a generation that has not; False where that fails, which ends it."""
        if generation.kept is not None:
            return True
        prompt_ids = generation.request.prompt_ids
        kept = attempt(lambda: self.cache.take(generation.key, prompt_ids), self._free_memory)
        if isinstance(kept, InferenceError):
            self.cancel(generation, kept)
            return False
        generation.begin(kept)
        self.num_reused_tokens += generation.num_cached
        return True

    def _run(self, parts: Sequence[Part]) -> None:
        """Run tokens of each part, and draw the next token of those that are through."""
        if not parts:
            return
        forward = Forward(self.runner, self.adapters, self._free_memory)
        through: list[tuple[Generation, Tensor]] = []
        for (generation, count), logits in zip(parts, forward.logits(parts), strict=True):
            if isinstance(logits, InferenceError):
                self.cancel(generation, logits)
                continue
            generation.advance(count)
            self.num_run_tokens += count
            if not generation.pending:
                through.append((generation, logits))
        drawn = forward.drawn(through) if through else []
        for (generation, _), token in zip(through, drawn, strict=True):
            if isinstance(token, InferenceError):
                self.cancel(generation, token)
            else:
                self._push(generation, token)

    def _push(self, generation: Generation, drawn: Drawn) -> None:
        piece = generation.push(drawn)
        if generation.finish_reason is None:
            generation.on_step(piece)
            return
        self._leave(generation)
        if generation.taken.kv.can_crop:  # what does not follow after all must be cut off again
            self._ahead.expect(generation.key, generation.request)
        generation.on_step(piece)
        generation.on_step(generation.done())
        generation.on_end(None)

    def _leave(self, generation: Generation) -> None:
        """Take a generation out, and give its sequence back if it is sound."""
        generation.has_ended = True
        self._active.remove(generation)
        if generation.kept is not None:
            self.cache.give_back(generation.kept, whole=generation.is_sound)

    def _take_turns(self, served: Sequence[Generation]) -> None:
        """Where more answers are written than a step has rows, let those come first that waited."""
        num_writing = sum(one.is_writing for one in self._active)
        if num_writing > self.limits.max_rows:
            still = [one for one in served if not one.has_ended]
            self._active = [one for one in self._active if one not in still] + still

    def _free_memory(self) -> None:
        """Let go of what is kept and not in use: it can be brought back, or run again."""
        num_tokens = self.cache.empty()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        logger.warning(
            "memory ran out: %d kept tokens made room, and it is tried again", num_tokens
        )
