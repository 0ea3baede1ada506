"""Whose token the one of the settings is, by what it once was: a token that ended does not tell.

So that a workspace which removed the app while nobody listened is known for one, and no other is.
"""

from hashlib import sha256

from bot.platforms.slack.keys import PLATFORM
from bot.store import Store


class TokenOwners:
    """Keeps a fingerprint of each workspace's token, never the token. Methods raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def belongs(self, token: str, team_id: str) -> None:
        """Note that Slack took a token for that of a workspace."""
        name, fingerprint = _name(team_id), _fingerprint(token)
        if await self._store.notes.get(PLATFORM, name) != fingerprint:
            await self._store.notes.set(PLATFORM, name, fingerprint)

    async def owner(self, token: str) -> str | None:
        """Give the workspace that a token belonged to; None if Slack never took it for any."""
        known = self._store.workspaces
        for team_id in [*await known.present(PLATFORM), *await known.left_before(PLATFORM)]:
            if await self._store.notes.get(PLATFORM, _name(team_id)) == _fingerprint(token):
                return team_id
        return None


def _name(team_id: str) -> str:
    return f"token/{team_id}"  # goes with the workspace's data


def _fingerprint(token: str) -> str:
    return sha256(token.encode()).hexdigest()
