"""How long an addressed message waits for a model server that takes no more requests for now.

Pure: says how long to wait next, and waits for nothing itself. An ambient message does not wait: its
moment would have passed.
"""

from dataclasses import dataclass

PATIENCE_S = 30.0  # in all; whoever asked hears after that that it cannot be answered
FIRST_WAIT_S = 1.0  # where the server does not say; doubled each time
MIN_WAIT_S = 0.1  # so that a server that says 0 for ever does not get requests for ever


@dataclass(slots=True)
class Patience:
    """The patience left for one message, `left_s` seconds."""

    left_s: float = PATIENCE_S
    unsaid_s: float = FIRST_WAIT_S

    def next_wait_s(self, retry_after_s: float | None) -> float | None:
        """Give how long to wait before the next try, as the server wants it.

        None once that is more than is left, since to wait in vain would only delay the notice.
        """
        wait_s = retry_after_s
        if wait_s is None:
            wait_s, self.unsaid_s = self.unsaid_s, 2 * self.unsaid_s
        wait_s = max(wait_s, MIN_WAIT_S)
        if wait_s > self.left_s:
            return None
        self.left_s -= wait_s
        return wait_s
