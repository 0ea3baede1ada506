"""What a check of `earshot doctor` gives: one line, and what to do where it failed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, whether it is well, and else what to do."""

    about: str
    ok: bool
    detail: str
    remedy: str = ""
