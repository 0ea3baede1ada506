"""A model folder that cannot be loaded is told with its place, the fault and what belongs there."""

import shutil
import subprocess
import sys

import pytest

from inference.errors import ModelBroken
from inference.loading import load
from tests.inference.tiny import save_tiny_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("whole") / "tiny")


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json"])
def test_a_folder_that_lacks_a_file_says_which_files_belong_there(whole, tmp_path, missing):
    folder = shutil.copytree(whole, tmp_path / "model")
    (folder / missing).unlink()

    with pytest.raises(ModelBroken, match=r"tokenizer\.json") as told:
        load(str(folder))

    assert str(folder) in str(told.value)
    assert "\n" not in str(told.value)


def test_the_retries_of_a_hub_that_cannot_be_reached_do_not_fill_the_log():
    """There were 48 such lines, each twice, before the one sentence that says what to do."""
    program = (
        "from inference.__main__ import start_quietly; start_quietly(20)\n"
        "from huggingface_hub.utils.logging import get_logger\n"
        "get_logger('huggingface_hub.utils._http').warning('Retrying in 1s')"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stderr == ""
