"""What tuning needs beyond the worker, looked for at once instead of after an hour of work."""

from importlib.util import find_spec

from inference.errors import TuneRefused
from inference.wire.extras import install


def check_packages(*, with_plots: bool = False) -> None:
    """Raise TuneRefused, saying what to install, if figures, or plots of them, could not be made."""
    if find_spec("sklearn") is None:
        raise TuneRefused(f"figures need scikit-learn: {install('tune')}")
    if with_plots and find_spec("matplotlib") is None:
        raise TuneRefused(f"plots need matplotlib: {install('tune')}")
