"""Several adapters on one model: by name, in one batch, coming and going."""

import json
import shutil

import openai
import pytest
import torch
from peft import LoraConfig, get_peft_model

from inference.engine import Engine
from inference.errors import AdapterBroken, EngineStopped
from inference.generation import Request
from inference.loading import load
from inference.server.start import AdapterChoice, ServeOptions, start_runtime
from inference.server.worker import Worker
from inference.wire.chat_form import FILE_NAME
from tests.inference.serving import CHAT, Served, error_of, runtime_of
from tests.inference.test_packed import GREEDY, answers, assert_close
from tests.inference.tiny import chatml_tokenizer, tiny_llama

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

NAMES = (None, "poet", "clerk")


def save_adapter(folder, *, seed, dora=False):
    """Random LoRA weights that change what the tiny model says."""
    model = tiny_llama(len(chatml_tokenizer()))
    torch.manual_seed(seed)
    config = LoraConfig(
        r=4,
        target_modules="all-linear",
        init_lora_weights=False,
        task_type="CAUSAL_LM",
        use_dora=dora,
    )
    tuned = get_peft_model(model, config)
    tuned.peft_config["default"].base_model_name_or_path = "tiny"
    tuned.save_pretrained(folder, save_embedding_layers=False)
    (folder / FILE_NAME).write_text(json.dumps({"assistant_name": folder.name}))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("adapters")
    return {
        "poet": save_adapter(root / "poet", seed=3),
        "clerk": save_adapter(root / "clerk", seed=4),
        "dora": save_adapter(root / "dora", seed=5, dora=True),
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
