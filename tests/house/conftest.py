from pathlib import Path

import pytest


@pytest.fixture
def root():
    """Give the root of the project."""
    return Path(__file__).parents[2]
