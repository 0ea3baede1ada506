"""How the Web API says no."""

from dataclasses import dataclass, field

from tests.slack_server.world import Json


@dataclass(eq=False)
class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """An answer with ok: false. `details` stands in the answer beside the error."""

    error: str
    details: Json = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> Json:
        return {"ok": False, "error": self.error, **self.details}


def invalid_arguments(*what: str, error: str = "invalid_arguments") -> Refused:
    """Refuse arguments and say of each what is wrong with it."""
    messages = [f"[ERROR] {one}" for one in what]
    return Refused(error, {"response_metadata": {"messages": messages}})


def missing_scope(needed: str, provided: str) -> Refused:
    return Refused("missing_scope", {"needed": needed, "provided": provided})


def rate_limited(retry_after_s: int) -> Refused:
    return Refused("ratelimited", {}, 429, {"Retry-After": str(retry_after_s)})
