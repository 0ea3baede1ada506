"""Several adapters on one model: by name, in one batch, coming and going."""

import pytest
import torch
from safetensors.torch import load_file

from inference.adapters import WEIGHTS_NAME
from inference.errors import AdapterGone, EngineStopped
from inference.generation import Request
from inference.named_adapters import NamedAdapters
from inference.packed import Row
from tests.inference.adapters import NAMES, changed, make_engine, save_adapter, wanted
from tests.inference.test_packed import GREEDY, answers, assert_close
from tests.inference.tiny import chatml_tokenizer, tiny_llama

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


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
