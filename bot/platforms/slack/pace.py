"""How often growing replies may be shown in a workspace, so that the rest keeps its share of calls.

Pure but for the clock that is handed in. Nobody waits here: what may not be shown now is shown with
what comes next.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

UPDATE_INTERVAL_S = 1.5  # Slack takes 50 edits a minute from an app in a workspace
APPEND_INTERVAL_S = 0.75  # and 100 additions to streams


@dataclass(slots=True)
class Pace:
    """The times before which a workspace gets no more drafts. `monotonic` counts seconds."""

    monotonic: Callable[[], float]
    _free_at_s: dict[tuple[str, bool], float] = field(init=False, default_factory=dict)
    _held_until_s: dict[str, float] = field(init=False, default_factory=dict)

    def may_begin(self, workspace: str) -> bool:
        """Tell whether the first words of a reply may be shown now: unless Slack said to wait."""
        return self.monotonic() >= self._held_until_s.get(workspace, 0.0)

    def may_go_on(self, workspace: str, is_stream: bool) -> bool:
        """Tell whether more of a draft may be shown now; if so, the next has to wait."""
        now_s, key = self.monotonic(), (workspace, is_stream)
        if not self.may_begin(workspace) or now_s < self._free_at_s.get(key, now_s):
            return False
        self._free_at_s[key] = now_s + (APPEND_INTERVAL_S if is_stream else UPDATE_INTERVAL_S)
        return True

    def hold(self, workspace: str, wait_s: float) -> None:
        """Show nothing of drafts for so long: Slack said so."""
        until_s = self.monotonic() + wait_s
        self._held_until_s[workspace] = max(until_s, self._held_until_s.get(workspace, until_s))
