"""transformers' own continuous batching, as one of the ways that are compared.

It keeps whole pages of each prompt it has run and shares them with later ones, which stands in for
Earshot's kept prefixes. It needs an attention of its own, so it runs on a twin of the model that
shares the weights.
"""

import time
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from inference.bench.chats import Chat, opened_ids
from inference.bench.subject import Subject
from inference.bench.twin import twin_of
from inference.errors import InferenceError

PAGE_SIZE = 32  # tokens; only whole pages are shared, and 256, the default, would be half a chat
# With 1 the prompt is done in one step and none of it is shared with later requests.
NUM_DECISION_TOKENS = 2
STEP_TOKENS = {"cpu": 2048, "cuda": 8192}  # the latter as in our own engine
TIMEOUT_S = 600.0


class PagedBatching:
    """Requests to a continuous-batching manager. `close` must be called: it owns a thread."""

    label = "transformers' batching"
    max_chats: int | None = None

    def __init__(self, subject: Subject, *, max_tokens: int, max_new_tokens: int = 2) -> None:
        """Set aside memory for `max_tokens` tokens in all. Raises InferenceError."""
        try:
            from transformers import ContinuousBatchingConfig, GenerationConfig
        except ImportError as error:
            raise InferenceError(
                "this version of transformers has no continuous batching"
            ) from error
        self._subject = subject
        twin = twin_of(subject.model)
        settings: Any = ContinuousBatchingConfig
        start: Any = twin.init_continuous_batching
        self._manager = start(
            generation_config=GenerationConfig(  # type: ignore[no-untyped-call]
                do_sample=False, eos_token_id=-1, max_new_tokens=max_new_tokens
            ),
            continuous_batching_config=settings(
                **{_page_size_name(ContinuousBatchingConfig): PAGE_SIZE},
                num_blocks=2 * max_tokens // PAGE_SIZE + 64,  # the rest of former rounds stays
                max_batch_tokens=STEP_TOKENS[subject.device],
            ),
        )
        self._manager.start()

    def remember(self, chats: Sequence[Chat]) -> None:
        """Decide on the chats as they stand, so that their pages are there."""
        self.decide(chats)

    def decide(self, chats: Sequence[Chat]) -> None:
        """Generate the fewest tokens with which prompts are shared."""
        self._run(chats, NUM_DECISION_TOKENS)

    def reply(self, chats: Sequence[Chat], num_tokens: int) -> None:
        """Generate greedily."""
        self._run(chats, num_tokens)

    def close(self) -> None:
        """Stop the manager's thread."""
        self._manager.stop(block=True, timeout=TIMEOUT_S)

    def _run(self, chats: Sequence[Chat], num_tokens: int) -> None:
        prompts = [list(opened_ids(self._subject, chat)) for chat in chats]
        waiting = {self._manager.add_request(ids, max_new_tokens=num_tokens) for ids in prompts}
        end_s = time.monotonic() + TIMEOUT_S
        while waiting:
            result = self._manager.get_result(timeout=1.0)
            if result is not None and result.error:
                raise InferenceError(f"transformers' batching failed: {result.error}")
            if result is not None:
                waiting.discard(result.request_id)
            elif not self._manager.is_running() or time.monotonic() > end_s:
                raise InferenceError("transformers' batching gave no answer")


def _page_size_name(config: type) -> str:
    """Give what a version of transformers calls it: up to 5.17 it was the size of a block."""
    known = {one.name for one in fields(config)}
    return "page_size" if "page_size" in known else "block_size"
