"""Every error the model side raises on purpose.

The text says what went wrong and what to do; the server puts it into its answers, the command line
prints it.
"""


class InferenceError(Exception):
    """Anything the model side raises on purpose."""


class ModelMissing(InferenceError):  # noqa: N818 - named as the logs name it
    """There is no such model: no such folder, an unknown id, or the default model is not installed."""


class ModelBroken(InferenceError):  # noqa: N818 - named as the logs name it
    """The model's files are incomplete, damaged, or not of a chat model that can be served."""


class PackageMissing(InferenceError):  # noqa: N818 - named as the logs name it
    """A package that this needs is not installed; the text names it and how to install it."""


class OutOfMemory(InferenceError):  # noqa: N818 - named as the logs name it
    """The memory of the GPU or of the machine ran out; the text says what takes less."""


class DiskFull(InferenceError):  # noqa: N818 - named as the logs name it
    """The disk is full; the text says what does not fit where."""


class ModelTooLarge(InferenceError):  # noqa: N818 - named as the logs name it
    """The model does not fit the memory that is free; the text has the numbers and what does fit."""


class HubUnavailable(InferenceError):  # noqa: N818 - named as the logs name it
    """The model is not on this machine and the model hub cannot be reached."""


class AdapterBroken(InferenceError):  # noqa: N818 - named as the logs name it
    """The adapter's folder is missing, incomplete, or does not fit the model."""


class AdapterNameRefused(InferenceError):  # noqa: N818 - named as the logs name it
    """An adapter is to have a name that requests cannot ask for, or that something else has."""


class AdapterGone(InferenceError):  # noqa: N818 - a state, named as the logs name it
    """A request names an adapter that is not loaded, or not any more."""


class BadRequest(InferenceError):  # noqa: N818 - named as OpenAI names it
    """A request asks for something that makes no sense; `param` names the faulty field."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class PromptTooLong(BadRequest):
    """The prompt and the answer asked for do not fit the context."""


class RequestTimeout(InferenceError):  # noqa: N818 - a state, named as the logs name it
    """A request took longer than the worker allows."""


class QueueFull(InferenceError):  # noqa: N818 - a state, named as the logs name it
    """Too many requests wait; `retry_after_s` is when to try again."""

    def __init__(self, max_waiting: int, retry_after_s: int) -> None:
        super().__init__(f"{max_waiting} requests wait already; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class EngineStopped(InferenceError):  # noqa: N818 - a state, named as the logs name it
    """The worker is shutting down, or its engine died."""


class DataBroken(InferenceError):  # noqa: N818 - named as the logs name it
    """A file of conversations cannot be used; the text names the file, the line and the fault."""


class TuneRefused(InferenceError):  # noqa: N818 - named as the logs name it
    """Training or evaluation cannot work as asked; the text names the nearest setting that does."""


class HubRefused(InferenceError):  # noqa: N818 - named as the logs name it
    """The model hub does not take what is sent: no login, no right to write, a faulty card."""


class ServerFailed(InferenceError):  # noqa: N818 - named as the logs name it
    """The model server that writes data is away, refuses us, or knows no such model."""
