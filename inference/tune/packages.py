"""What tuning needs beyond the worker, looked for at once instead of after an hour of work."""

from importlib.util import find_spec

from inference.errors import TuneRefused


def check_packages() -> None:
    """Raise TuneRefused, saying what to install, if the figures could not be computed."""
    if find_spec("sklearn") is None:
        raise TuneRefused("figures need scikit-learn: pip install 'earshot[tune]'")
