"""A GGUF file of one's own: written by us, then loaded like any other model."""

import os

import pytest
import torch
from gguf import GGUFReader

from inference import gguf_models
from inference.errors import DiskFull, ModelBroken, ModelMissing, ModelTooLarge
from inference.fit_report import configuration
from inference.gguf_models import contents_of, converted_folder
from inference.loading import load
from tests.publish.conftest import save_base, save_random_adapter
from tests.publish.test_gguf import publish
from tests.tune.families import family

IDS = torch.arange(1, 9).reshape(1, -1)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A tiny Llama 3 with an adapter, and its GGUF files in several types."""
    place = tmp_path_factory.mktemp("gguf")
    made = family("Meta-Llama-3-8B-Instruct")
    base = save_base(place / "tiny", made.model(), made.tokenizer)
    adapter = save_random_adapter(place / "mine", made.model(), base=str(base))
    files = {}
    for weights in ("f32", "f16", "bf16"):
        files[weights] = place / f"tuned-{weights}.gguf"
        publish(base, adapter, files[weights], weights)
    return base, adapter, files


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Earshot's cache folder, an empty one."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "earshot" / "models"


def test_a_gguf_file_says_what_the_model_said(published):
    base, adapter, files = published
    heard = []

    loaded = load(str(files["f32"]), report=lambda detail, progress=None: heard.append(detail))

    with torch.inference_mode():
        expected = load(str(base), adapter=adapter).model(IDS).logits
        assert torch.allclose(loaded.model(IDS).logits, expected, atol=1e-4)
    assert (loaded.id, loaded.adapter, loaded.precision) == ("tuned-f32", None, "fp32")
    assert loaded.form.decision is not None
    assert "converting tuned-f32.gguf: 100%" in heard


def test_it_is_converted_once_and_again_when_it_changed(published, cache, tmp_path):
    file = tmp_path / "mine.gguf"
    file.write_bytes(published[2]["f32"].read_bytes())

    first, again = (converted_folder(file, lambda _: None) for _ in range(2))
    os.utime(file, (1, 1))
    changed = converted_folder(file, lambda _: None)

    assert first == again != changed
    assert {first.parent, changed.parent} == {cache}


@pytest.mark.parametrize(
    ("weights", "dtype"),
    [("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16)],
)
def test_the_converted_weights_keep_all_that_the_file_has(published, weights, dtype):
    contents = contents_of(published[2][weights])

    assert contents.dtype == dtype
    elements = sum(int(tensor.n_elements) for tensor in GGUFReader(published[2][weights]).tensors)
    assert contents.num_bytes == elements * dtype.itemsize


def test_its_configuration_is_read_without_converting_it(published, cache):
    name, source, config = configuration(str(published[2]["f16"]))

    assert (name, source) == ("tuned-f16", str(published[2]["f16"]))
    assert config.num_hidden_layers == 2
    assert not cache.exists()


def test_a_gguf_file_that_is_not_there_is_told(tmp_path):
    for act in (load, configuration):
        with pytest.raises(ModelMissing, match=r"there is no GGUF file .*nowhere\.gguf"):
            act(str(tmp_path / "nowhere.gguf"))


def test_a_folder_with_a_gguf_file_says_how_to_name_it(published):
    folder = published[2]["f32"].parent

    with pytest.raises(ModelBroken, match=r"no config\.json; to load its GGUF file, name .*\.gguf"):
        load(str(folder))


@pytest.mark.parametrize("kept", [0, 3, 200, 20_000])
def test_a_gguf_file_that_is_cut_short_is_told(published, tmp_path, kept):
    file = tmp_path / "cut.gguf"
    file.write_bytes(published[2]["f32"].read_bytes()[:kept])

    with pytest.raises(ModelBroken, match=r"cut\.gguf is no GGUF file, or one that was not down"):
        load(str(file))


def test_a_file_too_large_to_convert_is_refused_with_numbers(published, monkeypatch, cache):
    monkeypatch.setattr(gguf_models, "free_host_memory", lambda: 1000.0)

    with pytest.raises(ModelTooLarge, match=r"tuned-f32\.gguf takes about .* llama-server"):
        load(str(published[2]["f32"]))
    assert list(cache.iterdir()) == []


def test_a_disk_too_full_is_told_before_anything_is_written(published, monkeypatch, cache):
    usage = gguf_models.shutil.disk_usage("/")
    monkeypatch.setattr(gguf_models.shutil, "disk_usage", lambda _: usage._replace(free=1000))

    with pytest.raises(DiskFull, match=r"tuned-f32\.gguf takes .* XDG_CACHE_HOME"):
        load(str(published[2]["f32"]))
    assert list(cache.iterdir()) == []
