"""Which settings are secret, and how the others may be shown."""

from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from bot.config import Settings

SECRET_WORDS = ("pass", "key", "token", "secret")  # in the name of a part of a URL's query


def secrets_of(settings: Settings) -> list[str]:
    """List the values that must never be shown, logged or put into an error."""
    values = [getattr(settings, field) for field in Settings.model_fields]
    secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    urls = [value for value in values if isinstance(value, str) and "://" in value]
    passwords = [password for url in urls for password in _passwords(url)]
    # A password stands percent-encoded in its URL and decoded in a driver's error.
    return [secret for secret in (*secrets, *passwords, *map(unquote, passwords)) if secret]


def shown(settings: Settings, field: str) -> str:
    """Show a setting's value to the person at the terminal: secrets as `set`, passwords as `***`."""
    value = getattr(settings, field)
    if value is None or value == "":
        return "not set"
    if isinstance(value, SecretStr):
        return "set"
    return without_password(value) if isinstance(value, str) and "://" in value else str(value)


def without_password(url: str) -> str:
    """Show a URL with `***` for its password, wherever that stands."""
    for password in _passwords(url):
        for before, after in ((":", "@"), ("//", "@"), ("=", "")):
            url = url.replace(f"{before}{password}{after}", f"{before}***{after}")
    return url


def _passwords(url: str) -> list[str]:
    """Find a URL's password; a web address's lone user name, which is a token; those in its query."""
    parts = urlsplit(url)
    is_token = parts.scheme in ("http", "https") and parts.password is None
    queried = [pair.partition("=") for pair in parts.query.split("&")]
    found = [
        parts.password,
        parts.username if is_token else None,
        *(
            value
            for name, _, value in queried
            if any(word in name.lower() for word in SECRET_WORDS)
        ),
    ]
    return [password for password in found if password]
