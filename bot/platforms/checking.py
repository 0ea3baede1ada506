"""What `earshot doctor` finds at a platform: one thing each, and what to do where it is not well."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

MAX_SKEW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, whether it is well, and else what to do."""

    detail: str
    ok: bool = True
    remedy: str = ""


def clock_checks(ahead: Iterable[timedelta], platform_name: str) -> list[Check]:
    """Judge how far this machine's clock was ahead of the platform's; nothing if it never told."""
    skew = min(ahead, key=abs, default=None)
    if skew is None:
        return []
    if abs(skew) <= MAX_SKEW:
        return [Check(f"the clock agrees with {platform_name}'s")]
    by = f"{abs(skew).total_seconds():.0f} s {'ahead of' if skew > timedelta() else 'behind'}"
    remedy = "Set the clock, for example with `timedatectl set-ntp true`."
    return [Check(f"this machine's clock is {by} {platform_name}'s", ok=False, remedy=remedy)]


def named(names: Iterable[str], *, at_most: int) -> str:
    """Name some of many."""
    every = list(names)
    more = len(every) - at_most
    return ", ".join([*every[:at_most], f"and {more} more"] if more > 0 else every)
