from pathlib import Path

import pytest
import yaml


@pytest.fixture
def root():
    """Give the root of the project."""
    return Path(__file__).parents[2]


@pytest.fixture
def compose(root):
    """Give docker-compose.yml, its anchors resolved."""
    return yaml.safe_load((root / "docker-compose.yml").read_text())
