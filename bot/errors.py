"""Every error Earshot raises on purpose.

The text of an error is written for the person who runs Earshot: what went wrong and what to do.
People in a chat see fixed sentences instead, never these texts. No error carries a secret.
"""


class EarshotError(Exception):
    """Anything Earshot raises on purpose; the command line prints it and exits with 1.

    A ConfigError exits with 78: whoever starts the process again need not try.
    """


class ConfigError(EarshotError):
    """A setting is missing, unknown or out of range."""


class PlatformError(EarshotError):
    """A chat platform refused or dropped what we asked of it."""


class PlatformUnavailable(PlatformError):  # noqa: N818 - a state, named as the logs name it
    """The platform cannot be reached, or is in trouble: what was asked may be tried again later."""


class PlatformRemoved(PlatformError):  # noqa: N818 - what became of it
    """Somebody deleted a reply before it was whole: nobody wants the rest of it."""


class ModelError(EarshotError):
    """The model gave no usable answer."""


class ModelUnavailable(ModelError):  # noqa: N818 - a state of the server, named as the logs name it
    """The model cannot be reached, is still loading, or took too long: trying later may help."""


class ModelBusy(ModelUnavailable):
    """The server takes no more requests for now; `retry_after_s` is when it wants the next, if said."""

    def __init__(self, message: str, *, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ModelRefused(ModelError):  # noqa: N818 - the server's answer, named as the logs name it
    """The server refused the request or answered nonsense: trying again will not help."""


class StoreError(EarshotError):
    """The history database cannot be opened, read or written."""
