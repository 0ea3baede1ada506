"""Adapters that cannot be put on, or that would change others' answers, change nothing."""

import pytest
import torch

from inference.errors import AdapterBroken, OutOfMemory
from tests.inference.adapters import changed, make_engine, save_adapter, wanted
from tests.inference.test_packed import answers, assert_close
from tests.inference.tiny import chatml_tokenizer

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


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


def test_an_adapter_that_cannot_share_a_batch_is_refused(folders):
    engine = make_engine(folders)

    with pytest.raises(AdapterBroken, match="DoRA, which works only merged"):
        engine.adapters.add("dora", folders["dora"])
    with pytest.raises(AdapterBroken, match="'poet' already"):
        engine.adapters.add("poet", folders["clerk"])
