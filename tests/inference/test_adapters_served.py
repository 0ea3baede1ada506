"""Adapters over HTTP: each is a model of its own name, and they come and go while the worker runs."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from inference.errors import InferenceError
from inference.loading import load
from inference.server.start import AdapterChoice, ServeOptions, start_runtime
from inference.server.worker import Worker
from inference.wire.chat_form import FILE_NAME
from tests.inference.serving import CHAT, Served, error_of, runtime_of

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


@pytest.fixture
def served(folders, tiny_folder):
    """A worker that serves both adapters and lets clients change them."""
    options = ServeOptions(
        model_id=str(tiny_folder),
        adapters=(
            AdapterChoice.parse(str(folders["poet"])),
            AdapterChoice.parse(f"secretary={folders['clerk']}"),
        ),
        dynamic_adapters=True,
        max_cached_tokens=4096,
        max_prompt_tokens=512,
    )
    with Served(Worker(lambda report: start_runtime(options, report))) as served:
        yield served.wait_until("ready")


def said(served, model):
    """What a model finds likely as the first token of its answer."""
    response = served.post(model=model, temperature=0, max_tokens=1, logprobs=True, top_logprobs=3)
    top = response.json()["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return tuple((token["token"], round(token["logprob"], 3)) for token in top)


def test_each_adapter_is_a_model_with_its_own_chat_form(served):
    cards = served.client().models.list().data

    assert [card.id for card in cards] == ["poet", "secretary", "tiny"]
    assert [card.earshot["adapter"] for card in cards] == ["poet", "secretary", None]
    assert [card.parent for card in cards] == ["tiny", "tiny", None]
    assert cards[1].earshot["chat_form"]["assistant_name"] == "clerk"
    told = {card.id: said(served, card.id) for card in cards}
    assert len(set(told.values())) == 3, told


def test_adapters_are_loaded_and_unloaded_while_it_runs(served, folders, tmp_path):
    before = said(served, "poet")
    copy = shutil.copytree(folders["poet"], tmp_path / "copy")

    loaded = served.send("/v1/load_lora_adapter", lora_name="bard", lora_path=str(copy))
    same = said(served, "bard")
    unloaded = served.send("/v1/unload_lora_adapter", lora_name="bard")

    assert (loaded.status_code, unloaded.status_code) == (200, 200)
    assert same == before
    assert error_of(served.post(model="bard"))["code"] == "model_not_found"
    assert said(served, "poet") == before


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"lora_name": "poet", "lora_path": "/x"}, 400, "'poet' already"),
        ({"lora_name": "tiny", "lora_path": "/x"}, 400, "'tiny' already"),
        ({"lora_name": "new", "lora_path": "/no/such/folder"}, 400, "no adapter folder"),
        ({"lora_name": "new", "lora_path": "\0"}, 400, "no path"),
        ({"lora_name": "a b", "lora_path": "/x"}, 400, "pattern"),
        ({"lora_name": "new"}, 400, "required"),
    ],
)
def test_an_adapter_that_cannot_be_loaded_is_told(served, body, status, words):
    response = served.send("/v1/load_lora_adapter", **body)

    assert response.status_code == status
    assert words in error_of(response)["message"]


def test_an_adapter_whose_chat_form_is_broken_is_not_half_loaded(served, folders, tmp_path):
    folder = shutil.copytree(folders["poet"], tmp_path / "broken")
    (folder / FILE_NAME).write_text("{")
    body = {"lora_name": "bard", "lora_path": str(folder)}

    refused = served.send("/v1/load_lora_adapter", **body)
    unloaded = served.send("/v1/unload_lora_adapter", lora_name="bard")
    (folder / FILE_NAME).write_text(json.dumps({"assistant_name": "Bard"}))
    loaded = served.send("/v1/load_lora_adapter", **body)

    assert (refused.status_code, unloaded.status_code, loaded.status_code) == (400, 404, 200)
    assert "is not a chat form" in error_of(refused)["message"]
    assert error_of(refused)["code"] == "adapter_not_loaded"
    assert said(served, "bard") == said(served, "poet")


def test_of_two_adapters_loaded_at_once_under_a_name_one_is_refused(served, folders):
    def load(folder):
        return served.send("/v1/load_lora_adapter", lora_name="bard", lora_path=str(folder))

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(load, [folders["poet"]] * 4))

    assert sorted(one.status_code for one in told) == [200, 400, 400, 400]
    assert {error_of(one)["code"] for one in told if one.is_error} == {"name_taken"}


def test_a_worker_that_stops_says_so_to_whoever_changes_its_adapters(served, folders):
    served.worker.ready().loop.close()

    loaded = served.send("/v1/load_lora_adapter", lora_name="bard", lora_path=str(folders["poet"]))
    unloaded = served.send("/v1/unload_lora_adapter", lora_name="poet")

    assert (loaded.status_code, unloaded.status_code) == (500, 500)
    assert "shutting down" in error_of(loaded)["message"]
    assert "shutting down" in error_of(unloaded)["message"]


def test_an_unknown_adapter_cannot_be_unloaded(served):
    response = served.send("/v1/unload_lora_adapter", lora_name="tiny")

    assert (response.status_code, error_of(response)["code"]) == (404, "adapter_not_found")


def test_a_worker_that_was_not_told_to_lets_nobody_change_its_adapters(tiny_model):
    with Served(Worker(lambda _: runtime_of(tiny_model))) as served:
        served.wait_until("ready")

        response = served.send("/v1/load_lora_adapter", lora_name="x", lora_path="/x")

        assert (response.status_code, error_of(response)["code"]) == (403, "adapters_are_fixed")


def test_one_adapter_alone_is_merged_and_answers_to_its_name(folders, tiny_folder):
    options = ServeOptions(
        model_id=str(tiny_folder),
        adapters=(AdapterChoice.parse(f"bard={folders['poet']}"),),
        max_cached_tokens=4096,
        max_prompt_tokens=512,
    )
    with Served(Worker(lambda report: start_runtime(options, report))) as served:
        served.wait_until("ready")

        cards = served.client().models.list().data

        assert [card.id for card in cards] == ["tiny", "bard"]
        assert said(served, "tiny") == said(served, "bard")
        with pytest.raises(openai.NotFoundError, match="only 'tiny', 'bard'"):
            served.client().chat.completions.create(model="clerk", messages=CHAT)
    assert load(str(tiny_folder), adapter=folders["poet"]).adapter == "poet"


@pytest.mark.parametrize("text", ["=folder", "a b=folder", ".hidden=folder", f"{'x' * 81}=folder"])
def test_a_name_that_no_request_could_ask_for_is_refused(text):
    with pytest.raises(InferenceError, match="is no name for an adapter; give it one of up to 80"):
        AdapterChoice.parse(text)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("tiny", "bard"), "'tiny' is the name of the model"),
        (("bard", "bard"), "two adapters have the name 'bard'"),
    ],
)
def test_an_adapter_cannot_hide_what_has_its_name_already(folders, tiny_folder, names, words):
    chosen = tuple(AdapterChoice.parse(f"{name}={folders['poet']}") for name in names)
    options = ServeOptions(model_id=str(tiny_folder), adapters=chosen, max_prompt_tokens=512)

    with pytest.raises(InferenceError, match=words):
        start_runtime(options, lambda *_: None)


def test_a_folder_whose_name_cannot_be_asked_for_needs_another_beside_others(folders, tmp_path):
    chosen = AdapterChoice.parse(str(shutil.copytree(folders["poet"], tmp_path / "a poet")))
    options = ServeOptions(model_id="/none", adapters=(chosen,), dynamic_adapters=True)

    with pytest.raises(InferenceError, match=r"'a poet' is no name for an adapter.* NAME=FOLDER"):
        start_runtime(options, lambda *_: None)


def test_an_adapter_merged_into_a_model_of_its_name_is_listed_once(folders, tiny_folder):
    chosen = AdapterChoice.parse(f"tiny={folders['poet']}")
    options = ServeOptions(model_id=str(tiny_folder), adapters=(chosen,), max_cached_tokens=1024)

    runtime = start_runtime(options, lambda *_: None)
    runtime.loop.close()

    assert runtime.models.names == ["tiny"]
