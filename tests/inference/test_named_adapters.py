"""Several adapters on one model: by name, in one batch, coming and going."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from inference.adapters import CONFIG_NAME, WEIGHTS_NAME
from inference.engine import Engine
from inference.errors import AdapterBroken, AdapterGone, EngineStopped, InferenceError, OutOfMemory
from inference.generation import Request
from inference.loading import load
from inference.named_adapters import NamedAdapters
from inference.packed import Row
from inference.server.start import AdapterChoice, ServeOptions, start_runtime
from inference.server.worker import Worker
from inference.wire.chat_form import FILE_NAME
from tests.inference.serving import CHAT, Served, error_of, runtime_of
from tests.inference.test_packed import GREEDY, answers, assert_close
from tests.inference.tiny import chatml_tokenizer, tiny_llama

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

NAMES = (None, "poet", "clerk")


def save_adapter(folder, *, seed, save_embedding_layers=False, **options):
    """Random LoRA weights that change what the tiny model says."""
    model = tiny_llama(len(chatml_tokenizer()))
    torch.manual_seed(seed)
    usual = {"r": 4, "target_modules": "all-linear", "init_lora_weights": False}
    config = LoraConfig(**usual | options, task_type="CAUSAL_LM")
    tuned = get_peft_model(model, config)
    tuned.peft_config["default"].base_model_name_or_path = "tiny"
    tuned.save_pretrained(folder, save_embedding_layers=save_embedding_layers)
    (folder / FILE_NAME).write_text(json.dumps({"assistant_name": folder.name}))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("adapters")
    return {
        "poet": save_adapter(root / "poet", seed=3),
        "clerk": save_adapter(root / "clerk", seed=4),
        "dora": save_adapter(root / "dora", seed=5, use_dora=True),
    }


def make_engine(folders, names=("poet", "clerk")):
    tokenizer = chatml_tokenizer()
    engine = Engine(tiny_llama(len(tokenizer)), tokenizer, max_cached_tokens=10_000)
    for name in names:
        engine.adapters.add(name, folders[name])
    return engine


def wanted(*names, session="s", extra=()):
    return [
        Request((5, 6, 7, 8, *extra), 1, f"{session}{at}", GREEDY, top_logprobs=5, adapter=name)
        for at, name in enumerate(names)
    ]


def merged_logprobs(folder, ids):
    from peft import PeftModel

    model = tiny_llama(len(chatml_tokenizer()))
    if folder is not None:
        model = PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)


def test_adapters_in_one_batch_say_what_each_says_merged(folders):
    engine = make_engine(folders)

    told = answers(engine, wanted(*NAMES), together=True)

    assert engine.num_steps == 1
    for name, (token,) in zip(NAMES, told, strict=True):
        expected = merged_logprobs(folders.get(name), [5, 6, 7, 8])
        assert token.token_id == int(expected.argmax())
        for token_id, logprob in token.top:
            assert abs(logprob - float(expected[token_id])) < 1e-4


def test_one_conversation_with_two_adapters_keeps_two_prefixes(folders):
    engine = make_engine(folders)
    both = [
        Request((5, 6, 7, 8), 1, "same", GREEDY, top_logprobs=5, adapter=name) for name in NAMES
    ]

    first = answers(engine, both, together=True)
    again = answers(engine, both, together=True)

    assert_close(first, again)
    assert engine.num_reused_tokens == 3 * 3


def test_an_adapter_that_comes_back_under_its_name_is_another(folders):
    engine = make_engine(folders)
    answers(engine, wanted("poet"), together=True)

    engine.remove_adapter("poet")
    engine.adapters.add("poet", folders["clerk"])
    poet, clerk = answers(engine, wanted("poet", "clerk"), together=True)

    assert_close([poet], [clerk])
    assert engine.num_reused_tokens == 0


def test_an_adapter_removed_ends_what_runs_with_it_and_nothing_else(folders):
    engine = make_engine(folders)
    ends = {}
    for name in NAMES:
        engine.add(
            Request((5, 6), 50, adapter=name, min_tokens=50),
            on_step=lambda _: None,
            on_end=lambda error, name=name: ends.__setitem__(name, error),
        )
    engine.step()

    engine.remove_adapter("poet")
    while engine.step():
        pass

    assert isinstance(ends["poet"], EngineStopped)
    assert ends[None] is ends["clerk"] is None
    assert engine.adapters.names == ["clerk"]


def changed(folder, to, *, config=None, weights=None):
    """A copy of an adapter's folder, with some of its files changed."""
    shutil.copytree(folder, to)
    if config is not None:
        path = to / CONFIG_NAME
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
    if weights is not None:
        save_file(weights(load_file(to / WEIGHTS_NAME)), to / WEIGHTS_NAME)
    return to


def without_one(weights):
    return {key: weight for key, weight in weights.items() if key != min(weights)}


def with_a_norm(weights):
    return weights | {"base_model.model.model.norm.weight": torch.zeros(32)}


def with_other_embeddings(weights):
    num_tokens = len(chatml_tokenizer())
    return weights | {"base_model.model.model.embed_tokens.weight": torch.zeros(num_tokens, 32)}


BROKEN = {
    "its rank": ({"config": {"r": 2}}, "rank 2 .* has 4"),
    "a rank of a layer": ({"config": {"rank_pattern": {"q_proj": 8}}}, "rank 8 .* has 4"),
    "a layer less": ({"config": {"target_modules": ["q_proj"]}}, "not meant to adapt"),
    "no layer": ({"config": {"target_modules": ["nothing"]}}, "cannot load the adapter"),
    "a weight less": ({"weights": without_one}, "lacks"),
    "a weight more": ({"weights": with_a_norm}, "model.norm.weight, .* only merged"),
    "embeddings": ({"weights": with_other_embeddings}, "embed_tokens.weight, .* only merged"),
    "its options": ({"config": {"lora_alpha": "much"}}, "cannot load the adapter"),
}


@pytest.mark.parametrize("others", [(), ("clerk",)], ids=["first", "second"])
@pytest.mark.parametrize("fault", BROKEN)
def test_an_adapter_that_is_refused_changes_nothing(folders, tmp_path, fault, others):
    changes, words = BROKEN[fault]
    broken = changed(folders["poet"], tmp_path / "broken", **changes)
    engine = make_engine(folders, others)
    before = answers(engine, wanted(None, *others), together=True)

    with pytest.raises(AdapterBroken, match=words):
        engine.adapters.add("poet", broken)
    after = answers(engine, wanted(None, *others, session="after"), together=True)
    engine.adapters.add("poet", folders["poet"])

    assert_close(after, before)
    assert_close(
        answers(engine, wanted("poet"), together=True),
        answers(make_engine(folders), wanted("poet"), together=True),
    )


def test_memory_that_runs_out_as_an_adapter_is_put_on_changes_nothing(folders, monkeypatch):
    engine = make_engine(folders, ())
    before = answers(engine, wanted(None), together=True)

    monkeypatch.setattr(engine.model, "load_state_dict", run_out_of_memory)
    with pytest.raises(OutOfMemory):
        engine.adapters.add("poet", folders["poet"])

    assert_close(answers(engine, wanted(None, session="after"), together=True), before)
    assert engine.adapters.names == []


def run_out_of_memory(*_, **__):
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_an_adapter_is_kept_in_float32_beside_a_model_in_bfloat16(folders):
    model = tiny_llama(len(chatml_tokenizer())).bfloat16()
    adapters = NamedAdapters(model)

    adapters.add("poet", folders["poet"])

    name = "model.layers.0.self_attn.q_proj"
    (kept,) = model.get_submodule(name).lora_A.values()
    weights = load_file(folders["poet"] / WEIGHTS_NAME)
    assert torch.equal(kept.weight, weights[f"base_model.model.{name}.lora_A.weight"])


def test_a_model_whose_last_adapter_was_removed_is_as_it_was(folders):
    engine = make_engine(folders, ())
    layers = [type(module) for module in engine.model.modules()]
    engine.adapters.add("poet", folders["poet"])

    engine.remove_adapter("poet")

    assert [type(module) for module in engine.model.modules()] == layers


@pytest.mark.parametrize("name", ["v1.2", "lora", "keys", "weight"])
def test_any_name_that_clients_may_give_will_do(folders, name):
    engine = make_engine(folders, ())

    engine.adapters.add(name, folders["poet"])

    assert_close(
        answers(engine, wanted(name), together=True),
        answers(make_engine(folders), wanted("poet"), together=True),
    )


def test_a_name_that_no_adapter_has_is_never_answered_by_the_base(folders):
    engine = make_engine(folders)

    with pytest.raises(AdapterGone), engine.adapters.chosen([Row(None, (5,), "stranger")]):
        pass


UNMIXABLE = {
    "modules_to_save": {"modules_to_save": ["norm"]},
    "trainable_token_indices": {"trainable_token_indices": {"embed_tokens": [3, 4]}},
    "bias": {"bias": "all"},
    "PiSSA": {"init_lora_weights": "pissa"},
    "layer_replication": {"layer_replication": [[0, 2], [1, 2]]},
    "the output embeddings": {"target_modules": ["q_proj", "lm_head"]},
    "DoRA": {"use_dora": True},
}


@pytest.mark.parametrize("what", UNMIXABLE)
def test_an_adapter_that_would_change_more_than_its_own_answers_is_refused(folders, tmp_path, what):
    folder = save_adapter(tmp_path / "greedy", seed=6, **UNMIXABLE[what])
    engine = make_engine(folders, ("poet",))

    with pytest.raises(AdapterBroken, match=f"{what}.*, which works? only merged: serve it alone"):
        engine.adapters.add("greedy", folder)

    assert engine.adapters.names == ["poet"]


@pytest.mark.parametrize(
    "options",
    [
        {"target_modules": ["embed_tokens", "q_proj"]},
        {"save_embedding_layers": True, "target_modules": ["embed_tokens", "q_proj"]},
        {"lora_bias": True},
        {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"q_proj": 3}, "use_rslora": True},
        {"lora_dropout": 0.5},
        {"init_lora_weights": "gaussian"},
    ],
    ids=lambda options: next(iter(options)),
)
@pytest.mark.filterwarnings("ignore:.*lora_bias=True")  # of the tiny model, which has no biases
@pytest.mark.filterwarnings("ignore:.*1-D or zero-size")  # of these biases, when they are saved
def test_other_kinds_of_adapters_mix(folders, tmp_path, options):
    folder = save_adapter(tmp_path / "other", seed=6, **options)
    if options.get("lora_bias"):
        folder = changed(folder, tmp_path / "biased", weights=with_biases)
    engine = make_engine(folders)
    before = answers(engine, wanted(*NAMES), together=True)

    engine.adapters.add("other", folder)
    *same, other = answers(engine, wanted(*NAMES, "other", session="after"), together=True)

    assert_close(same, before)
    expected = active_logprobs(folder, [5, 6, 7, 8])
    for token_id, logprob in other[0].top:
        assert abs(logprob - float(expected[token_id])) < 1e-4


def with_biases(weights):
    return {
        key: torch.full_like(weight, 0.3) if key.endswith("bias") else weight
        for key, weight in weights.items()
    }


def active_logprobs(folder, ids):
    from peft import PeftModel

    model = PeftModel.from_pretrained(tiny_llama(len(chatml_tokenizer())), str(folder))
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)


def test_an_adapter_that_cannot_share_a_batch_is_refused(folders):
    engine = make_engine(folders)

    with pytest.raises(AdapterBroken, match="DoRA, which works only merged"):
        engine.adapters.add("dora", folders["dora"])
    with pytest.raises(AdapterBroken, match="'poet' already"):
        engine.adapters.add("poet", folders["clerk"])


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
