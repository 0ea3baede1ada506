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

from inference.end_tokens import end_token_ids
from inference.errors import EngineStopped, InferenceError
from inference.generation import Drawn, Generation, OnEnd, OnStep, Request, Step
from inference.kv import SequenceKV
from inference.named_adapters import NamedAdapters
from inference.out_of_memory import out_of_memory
from inference.packed import Row
from inference.prefix_cache import PrefixCache
from inference.readout import read_out
from inference.runner import runner_for
from inference.schedule import GPU_LIMITS, Limits, Waiting, choose

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_AHEAD = 64  # conversations whose next tokens are run when there is time
MAX_AHEAD_TOKENS = 32  # beyond, the conversation was dropped meanwhile and must be run anew anyway
LESS = "ask for less at once, or start the worker with fewer --max-cached-tokens"
logger = logging.getLogger(__name__)

Part = tuple[Generation, int]
"""A generation in a step, and how many of its pending tokens it runs there."""


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
        self._active: list[Generation] = []  # in the order in which they came
        self._long_is_due = False
        self._ahead: deque[Request] = deque(maxlen=MAX_AHEAD)  # the newest last

    @property
    def num_waiting(self) -> int:
        """Number of generations of which nothing has been run yet."""
        return sum(generation.kept is None for generation in self._active)

    @property
    def num_running(self) -> int:
        """Number of generations that have begun."""
        return len(self._active) - self.num_waiting

    def add(self, request: Request, *, on_step: OnStep, on_end: OnEnd) -> Generation:
        """Begin a generation with the next step; both callbacks are called from within `step`."""
        generation = Generation(
            self.tokenizer, request, self.end_ids, on_step=on_step, on_end=on_end
        )
        self._active.append(generation)
        return generation

    def cancel(self, generation: Generation, error: InferenceError | None = None) -> None:
        """Stop a generation and keep what was run. `on_end` hears an error only, if there is one."""
        if generation.has_ended:
            return
        self._leave(generation)
        if error is not None:
            generation.on_end(error)

    def remove_adapter(self, name: str) -> None:
        """Forget an adapter, what was kept with it, and end what runs with it. Raises KeyError."""
        version = self.adapters.version(name)
        gone = EngineStopped(f"the adapter {name!r} was removed")
        for generation in list(self._active):
            if generation.request.adapter == name:
                self.cancel(generation, gone)
        self.cache.forget(lambda key: isinstance(key, tuple) and key[0] == version)
        kept = [likely for likely in self._ahead if likely.adapter != name]
        self._ahead = deque(kept, maxlen=MAX_AHEAD)
        self.adapters.remove(name)

    def cancel_all(self, error: InferenceError) -> None:
        """Stop everything; each `on_end` hears the error."""
        for generation in list(self._active):
            self.cancel(generation, error)

    def step(self) -> bool:
        """Run one forward pass; False if nothing is left to do."""
        ready = self._ready()
        if not ready:
            return False
        waiting = [Waiting(self._num_pending(one), one.is_writing) for one in ready]
        chosen = choose(waiting, self.limits, long_is_due=self._long_is_due)
        self._long_is_due = chosen.long_is_due
        parts = [(ready[at], count) for at, count in chosen.rows]
        for generation, _ in parts:
            self._begin(generation)
        self.num_steps += 1
        self._run([(one, min(count, len(one.pending))) for one, count in parts])
        return True

    def look_ahead(self) -> bool:
        """Begin to run what probably follows a prompt that was answered; False if nothing does.

        It is only worth while nobody waits: the next prompt of that conversation has the less to
        run. What does not follow after all is cut off like any other edit.
        """
        while self._ahead:
            likely = self._ahead.pop()
            num_known = self.cache.num_known(self._key(likely), likely.prompt_ids)
            if len(likely.prompt_ids) - num_known <= MAX_AHEAD_TOKENS:
                self.add(likely, on_step=lambda _: None, on_end=lambda _: None)
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

    def _ready(self) -> list[Generation]:
        """Give those that may run: one prompt of a conversation after the other, as they came."""
        ready: list[Generation] = []
        busy: set[str] = set()
        for generation in self._active:
            session = generation.request.session
            if generation.is_writing or session is None:
                ready.append(generation)
            elif session not in busy:
                busy.add(session)
                ready.append(generation)
        return ready

    def _num_pending(self, generation: Generation) -> int:
        """Give the tokens a generation has to run, for one that has not begun as the cache knows."""
        if generation.kept is not None:
            return len(generation.pending)
        if generation.num_expected is None:
            wanted = generation.request
            known = self.cache.num_known(self._key(wanted), wanted.prompt_ids)
            generation.num_expected = len(wanted.prompt_ids) - known
        return generation.num_expected

    def _key(self, request: Request) -> Hashable | None:
        """Tell conversations apart by the adapter too: another one has other keys and values."""
        if request.session is None:
            return None
        return self.adapters.version(request.adapter), request.session

    def _begin(self, generation: Generation) -> None:
        if generation.kept is None:
            wanted = generation.request
            generation.begin(self.cache.take(self._key(wanted), wanted.prompt_ids))
            self.num_reused_tokens += generation.num_cached

    def _run(self, parts: Sequence[Part]) -> None:
        """Run tokens of each part, and draw the next token of those that are through."""
        batches = [parts] if self.runner.is_batching else [[part] for part in parts]
        through: list[tuple[Generation, Tensor]] = []
        for batch in batches:
            for (generation, count), logits in zip(batch, self._logits(batch), strict=True):
                if isinstance(logits, InferenceError):
                    self.cancel(generation, logits)
                    continue
                self._advance(generation, count)
                if not generation.pending:
                    through.append((generation, logits))
        if through:
            self._draw([one for one, _ in through], torch.stack([logits for _, logits in through]))

    def _advance(self, generation: Generation, count: int) -> None:
        generation.taken.ids.extend(generation.pending[:count])
        del generation.pending[:count]
        self.num_run_tokens += count

    def _draw(self, generations: Sequence[Generation], logits: Tensor) -> None:
        """Draw the next token of each; logits that none can be drawn from end theirs alone."""
        try:
            drawn = read_out(logits, generations)
        except RuntimeError:
            if len(generations) > 1:
                for row, generation in enumerate(generations):
                    self._draw([generation], logits[row : row + 1])
                return
            logger.exception("no token can be drawn for a request")
            failed = EngineStopped("the model gave no usable numbers; see the worker's log")
            self.cancel(generations[0], failed)
            return
        for generation, token in zip(generations, drawn, strict=True):
            self._push(generation, token)

    def _push(self, generation: Generation, drawn: Drawn) -> None:
        piece = generation.push(drawn)
        if generation.finish_reason is None:
            generation.on_step(piece)
            return
        self._leave(generation)
        self._expect(generation.request)
        generation.on_step(piece)
        generation.on_step(generation.done())
        generation.on_end(None)

    def _expect(self, answered: Request) -> None:
        if answered.likely_ids and answered.session is not None:
            ids = answered.prompt_ids + answered.likely_ids
            self._ahead.append(Request(ids, 1, answered.session, adapter=answered.adapter))

    def _leave(self, generation: Generation) -> None:
        """Take a generation out, and give its sequence back if it is sound."""
        generation.has_ended = True
        self._active.remove(generation)
        if (kept := generation.kept) is not None:
            self.cache.give_back(kept, whole=kept.kv.num_tokens == len(kept.ids))

    def _logits(
        self, parts: Sequence[Part], *, again: bool = True
    ) -> list[Tensor | InferenceError]:
        """Give the logits behind each part, or what is wrong with it.

        Memory that runs out is freed of kept prefixes, once; then, and after any other failure, each
        part is tried alone, so that one request cannot fail another.
        """
        rows = [Row(one.taken.kv, one.pending[:count], one.request.adapter) for one, count in parts]
        try:
            with self.adapters.chosen(rows):
                return list(self.runner.run(rows))
        except Exception as error:
            for generation, _ in parts:
                # A failed pass may have written to some layers.
                generation.taken.kv.keep(len(generation.taken.ids))
            told = out_of_memory(error, "the model ran", remedy=LESS)
            if told and again:
                self._free_memory()
                return self._logits(parts, again=False)
            if len(parts) > 1:
                return [self._logits([part], again=again)[0] for part in parts]
            logger.exception("the engine failed on a request")
            return [told or EngineStopped("the model failed on this request; see its log")]

    def _free_memory(self) -> None:
        """Drop what is kept and not in use: it can be run again."""
        num_tokens = self.cache.empty()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        logger.warning(
            "memory ran out: %d kept tokens were dropped, and it is tried again", num_tokens
        )
