"""Who may call: tokens, their scopes, how they end and how they are renewed."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.clock import Clock
from tests.slack_server.refusals import Refused
from tests.slack_server.world import Team

BOT, APP = "bot", "app"
APP_ID = "A0EARSHOT"
LIVES_S = 43_200  # of a token that is rotated
SCOPES = [
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
]


@dataclass(eq=False)
class Token:
    """`refresh` is what renews it, None for one that does not expire."""

    value: str
    kind: str
    team: Team | None
    scopes: list[str]
    revoked: bool = False
    inactive: bool = False
    expires_at_s: float | None = None
    refresh: str | None = None


class Tokens:
    """All tokens that were ever given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[str, Token] = {}

    def app(
        self,
        scopes: Iterable[str] = ("connections:write", "authorizations:read"),
        *,
        app_id: str = APP_ID,
    ) -> Token:
        """Give a token of the app itself, or another app's, for Socket Mode; it names its app."""
        return self._keep(Token("", APP, None, list(scopes)), f"xapp-1-{app_id}-")

    def bot(self, team: Team, scopes: Iterable[str] = SCOPES, *, rotates: bool = False) -> Token:
        """Give a token of the bot in a workspace."""
        token = Token("", BOT, team, list(scopes))
        if rotates:
            token.expires_at_s = self._now_s() + LIVES_S
            token.refresh = f"xoxe-1-refresh-{len(self._all)}"
        return self._keep(token, "xoxe.xoxb-1-" if rotates else "xoxb-")

    def of(self, team: Team) -> list[Token]:
        """Give the tokens of the bot in a workspace, the newest last."""
        return [one for one in self._all.values() if one.team is team]

    def renewed(self, refresh: str) -> Token:
        """Give a new token for one that expires, and end the old; raise `Refused` if used up."""
        old = next((one for one in self._all.values() if one.refresh == refresh), None)
        if old is None or old.team is None:
            raise Refused("invalid_refresh_token")
        old.refresh = None
        return self.bot(old.team, old.scopes, rotates=True)

    def checked(self, value: str, kind: str | None) -> Token:
        """Give the token that is sent; raise `Refused` if nothing may be done with it."""
        if not value:
            raise Refused("not_authed")
        token = self._all.get(value)
        if token is None:
            raise Refused("invalid_auth")
        if token.inactive:
            raise Refused("account_inactive")
        if token.revoked:
            raise Refused("token_revoked")
        if token.expires_at_s is not None and self._now_s() >= token.expires_at_s:
            raise Refused("token_expired")
        if kind is not None and token.kind != kind:
            raise Refused("not_allowed_token_type")
        return token

    def _keep(self, token: Token, prefix: str) -> Token:
        token.value = f"{prefix}{len(self._all) + 1:06d}-loopback"
        self._all[token.value] = token
        return token

    def _now_s(self) -> float:
        return self._clock.now().timestamp()
