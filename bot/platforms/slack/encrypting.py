"""Encrypts the tokens of workspaces before they are stored, with keys of the settings."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.config import variable
from bot.errors import ConfigError


def new_key() -> str:
    """Make a key for the settings."""
    return Fernet.generate_key().decode()


class Encryption:
    """Encrypts with the first key, decrypts with any: so keys can be changed without a gap."""

    def __init__(self, keys: str) -> None:
        """Read comma-separated keys. Raises ConfigError, which shows none of them."""
        given = [key.strip() for key in keys.split(",") if key.strip()]
        try:
            self._keys = MultiFernet([Fernet(key) for key in given])
        except ValueError:
            raise ConfigError(
                f"{variable('slack_encryption_key')} holds no valid key: `earshot slack key` makes one."
            ) from None

    def encrypted(self, text: str) -> str:
        """Give what may be stored."""
        return self._keys.encrypt(text.encode()).decode()

    def decrypted(self, stored: str) -> str | None:
        """Give the text; None if no key fits, or it was never encrypted."""
        try:
            return self._keys.decrypt(stored.encode()).decode()
        except InvalidToken:
            return None
