"""What the model hub answers, told in one sentence that says what to do."""

import errno
import json
import shutil
import socket

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from inference.errors import (
    DiskFull,
    HubRefused,
    HubUnavailable,
    InferenceError,
    ModelBroken,
    ModelMissing,
)
from inference.fit_report import configuration
from inference.hub import is_reachable
from inference.loading import load
from tests.fit.model_hub import ModelHub

TINY = "ana/tiny-chat"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A hub's client with an empty cache and nobody logged in, pointed to an address nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
    point_to(monkeypatch, endpoint)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # its storage is no plain HTTP
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(_http.time, "sleep", lambda _: None)  # between its many tries
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return endpoint


@pytest.fixture
def hub(offline, monkeypatch, tiny_folder):
    """A hub with one model."""
    with ModelHub() as server:
        server.folders[TINY] = tiny_folder
        point_to(monkeypatch, server.url)
        yield server


def point_to(monkeypatch, endpoint):
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        endpoint + "/{repo_id}/resolve/{revision}/{filename}",
    )


def test_a_model_of_the_hub_is_loaded(hub):
    loaded = load(TINY)

    assert (loaded.id, loaded.precision) == (TINY, "fp32")
    assert loaded.form.decision is not None


def test_its_configuration_alone_is_enough_to_tell_the_fit(hub, tmp_path):
    name, source, config = configuration(TINY)

    assert (name, source, config.hidden_size) == (TINY, "the model hub", 32)
    fetched = {f.name for f in (tmp_path / "hub").rglob("snapshots/*/*")}
    assert "config.json" in fetched
    assert "model.safetensors" not in fetched


def test_a_model_that_is_here_is_loaded_without_the_hub(hub, offline, monkeypatch):
    load(TINY)
    point_to(monkeypatch, offline)

    assert load(TINY).id == TINY


def test_a_model_of_the_catalogue_is_told_without_the_hub(offline):
    name, source, _ = configuration("Qwen/Qwen2.5-7B-Instruct")

    assert (name, source) == ("Qwen/Qwen2.5-7B-Instruct", "the catalogue")


def test_without_a_network_it_says_so_without_trying_for_long(offline, monkeypatch):
    monkeypatch.setattr(_http.time, "sleep", lambda _: pytest.fail("it waits to try again"))

    with pytest.raises(HubUnavailable, match=r"not wholly on this machine.* name a local folder"):
        load(TINY)


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (
            401,
            "GatedRepo",
            HubRefused,
            r"accept its licence: open http://127.*tiny-chat .*auth login",
        ),
        (
            403,
            "GatedRepo",
            HubRefused,
            r"accept its licence: open http://127.*tiny-chat .*auth login",
        ),
        (401, "", HubRefused, "HTTP 401.*auth login"),
        (403, "", HubRefused, "HTTP 403.*accept its licence"),
        (404, "RepoNotFound", ModelMissing, "the model hub has no model ana/tiny-chat"),
        (401, "RepoNotFound", ModelMissing, "check the spelling, and log in"),
        (503, "", HubUnavailable, "HTTP 503.* try again later"),
        (429, "", HubUnavailable, "HTTP 429.* try again later"),
    ],
)
def test_what_the_hub_refuses_is_told_with_what_to_do(hub, status, code, kind, words):
    hub.refusals[TINY] = (status, code)

    for act in (load, configuration):
        with pytest.raises(kind, match=words) as told:
            act(TINY)
        assert "\n" not in str(told.value)


def test_a_revision_that_is_not_there_is_named(hub):
    assert load(f"{TINY}@main").id == TINY

    with pytest.raises(ModelMissing, match=r"has no revision 'v9': http://.* behind the @"):
        load(f"{TINY}@v9")


def test_an_impossible_name_is_told_as_one(hub):
    with pytest.raises(ModelMissing, match=r"name a folder, or an id such as Qwen/"):
        load("not a model id!")


def test_a_model_whose_weights_are_not_there_is_told(hub, tiny_folder, tmp_path):
    hub.folders[TINY] = shutil.copytree(tiny_folder, tmp_path / "part")
    (tmp_path / "part" / "model.safetensors").unlink()

    with pytest.raises(ModelBroken, match="ana/tiny-chat"):
        load(TINY)


def test_a_download_that_ends_early_is_told(hub):
    hub.cut["model.safetensors"] = 1000

    with pytest.raises(HubUnavailable, match=r"download of ana/tiny-chat broke off; start again"):
        load(TINY)
    hub.cut.clear()
    assert load(TINY).id == TINY


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("tokenizer.json", r"cannot load the model ana/tiny-chat .* it needs config\.json"),
        ("config.json", r"if it holds GGUF files, name one of them as ana/tiny-chat:FILE\.gguf"),
    ],
)
def test_a_repository_that_lacks_a_file_says_what_is_needed(
    hub, tiny_folder, tmp_path, missing, words
):
    hub.folders[TINY] = shutil.copytree(tiny_folder, tmp_path / "part")
    (tmp_path / "part" / missing).unlink()

    with pytest.raises(ModelBroken, match=words):
        load(TINY)


def test_half_a_model_in_the_cache_is_told_as_that_when_offline(hub, offline, monkeypatch):
    configuration(TINY)
    point_to(monkeypatch, offline)

    with pytest.raises(HubUnavailable, match="not wholly on this machine"):
        load(TINY)


def test_a_disk_that_is_full_while_downloading_is_told(hub, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "/cache/model.safetensors")

    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)

    with pytest.raises(DiskFull, match=r"ana/tiny-chat does not fit into /cache.* HF_HOME"):
        load(TINY)


def test_a_cache_that_cannot_be_written_is_told(hub, monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", "/cache/models--x")

    monkeypatch.setattr("huggingface_hub.file_download.http_get", forbidden)

    with pytest.raises(
        InferenceError, match=r"/cache/models--x cannot be read or written.*HF_HOME"
    ):
        load(TINY)


def test_code_that_a_model_brings_is_never_run(hub, tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "own-code")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "strange", "auto_map": {"AutoConfig": "code.Strange"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Strange: pass\n")
    hub.folders[TINY] = folder

    for model in (TINY, str(folder)):
        with pytest.raises(
            ModelBroken, match=r"Python code of its own, which Earshot never runs.*Llama"
        ):
            load(model)
    assert not (tmp_path / "ran").exists()


def test_one_gguf_file_of_a_repository_is_loaded(hub, monkeypatch, tmp_path):
    from tests.publish.conftest import save_base, save_random_adapter
    from tests.publish.test_gguf import publish
    from tests.tune.families import family

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = family("Meta-Llama-3-8B-Instruct")
    base = save_base(tmp_path / "base", made.model(), made.tokenizer)
    adapter = save_random_adapter(tmp_path / "mine", made.model(), base=str(base))
    (tmp_path / "files").mkdir()
    publish(base, adapter, tmp_path / "files" / "tuned.gguf")
    hub.folders["ana/gguf"] = tmp_path / "files"

    assert load("ana/gguf:tuned.gguf").id == "tuned"
    with pytest.raises(ModelMissing, match="download it and name the file"):
        configuration("ana/gguf:tuned.gguf")
    with pytest.raises(ModelBroken, match=r"ana/gguf lacks a file on the model hub"):
        load("ana/gguf:other.gguf")


@pytest.mark.parametrize("endpoint", ["http://localhost:1", "nonsense"])
def test_behind_a_proxy_the_hub_is_not_looked_for(monkeypatch, endpoint):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert is_reachable(endpoint)
