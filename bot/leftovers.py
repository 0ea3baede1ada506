"""What a process that was stopped left behind: drafts, and decisions whose reply was never written.

The process may have been this one before its restart, or another that shares the history. Of a
process that lives nothing is taken: it has the turns of the conversations it works on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.delivery import Delivery
from bot.messages import ConversationKey
from bot.store import Store


@dataclass(slots=True)
class Leftovers:
    """Finds what was left behind on one platform, and takes it up. `clock` gives aware UTC times.

    What was decided longer than `max_age_s` ago stays as it is. `owns` tells which conversations are
    this process's own, `is_busy` in which it works just now. Every method raises StoreError.
    """

    store: Store
    delivery: Delivery
    platform: str
    clock: Callable[[], datetime]
    max_age_s: float
    owns: Callable[[ConversationKey], bool]
    is_busy: Callable[[ConversationKey], bool]
    _noticed: set[ConversationKey] = field(init=False, default_factory=set)
    _given_up: set[int] = field(init=False, default_factory=set)

    @property
    def since(self) -> datetime:
        """When what is still worth being taken up began at the earliest."""
        return self.clock() - timedelta(seconds=self.max_age_s)

    async def take_up_all(self) -> None:
        """Take up what was left in the conversations that no living process works on."""
        await self.delivery.look_for_waiting()
        for where in await self._left():
            async with self.store.turns.if_free(where) as is_ours:
                if is_ours:
                    await self.take_up(where)

    async def take_up(self, where: ConversationKey) -> None:
        """Remove half-written drafts, and let what was to be answered wait again.

        Only whoever has the conversation's turn may do so, and only before a reply is begun there.
        """
        await self.delivery.clear_drafts(where)
        await self.store.decisions.reopen(
            self.platform,
            since=self.since,
            keys=lambda each: each == where,
            except_for=self._given_up,
        )
        self._noticed.discard(where)

    async def waiting(self) -> list[ConversationKey]:
        """List where something is undecided, or was left behind while this process ran."""
        undecided = await self.store.messages.waiting(self.platform)
        left = [where for where in await self._left() if not self.is_busy(where)]
        self._noticed.update(left)
        return [where for where in dict.fromkeys([*undecided, *left]) if self.owns(where)]

    def is_noticed(self, where: ConversationKey) -> bool:
        """Tell whether `waiting` found something that `take_up` has not yet taken up."""
        return where in self._noticed

    def give_up(self, decision_id: int) -> None:
        """Leave a decision as it is, though it has no reply: whoever asked has been told."""
        self._given_up.add(decision_id)

    async def _left(self) -> list[ConversationKey]:
        drafts = await self.store.outbox.drafts(self.platform)
        begun = await self.store.decisions.begun(self.platform, since=self.since)
        places = [
            *(item.conversation for item in drafts if not self.delivery.is_standing(item)),
            *(where for decision_id, where in begun if decision_id not in self._given_up),
        ]
        return [where for where in dict.fromkeys(places) if self.owns(where)]
