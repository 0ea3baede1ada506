"""What probably comes next in each conversation, to be run when there is nothing else to do.

After a decision, most often silence follows and then somebody speaks: the tokens in between are
known. Of each conversation only the newest guess counts, and none once another request of it comes.
"""

from collections.abc import Callable, Hashable

from inference.generation import Request

MAX_CONVERSATIONS = 64
MAX_TOKENS = 32  # beyond, the conversation was dropped meanwhile and must be run anew anyway


class LookAhead:
    """The guesses, the newest last."""

    def __init__(self) -> None:
        self._guesses: dict[Hashable, Request] = {}

    def expect(self, key: Hashable, answered: Request) -> None:
        """Guess what follows the prompt of a request that was answered, if it says so."""
        if not answered.likely_ids or key is None:
            return
        ids = answered.prompt_ids + answered.likely_ids
        self._guesses[key] = Request(ids, 1, answered.session, adapter=answered.adapter)
        if len(self._guesses) > MAX_CONVERSATIONS:
            del self._guesses[next(iter(self._guesses))]

    def drop(self, key: Hashable) -> None:
        """Forget the guess for a conversation."""
        self._guesses.pop(key, None)

    def forget(self, chosen: Callable[[Hashable], bool]) -> None:
        """Forget the guesses for the chosen conversations."""
        self._guesses = {key: one for key, one in self._guesses.items() if not chosen(key)}

    def pop(self) -> tuple[Hashable, Request] | None:
        """Take the newest guess out, None if there is none."""
        return self._guesses.popitem() if self._guesses else None
