import pytest
import torch

from inference.bench.bandwidth import bytes_per_token, weight_bytes
from inference.bench.chats import make_chats, opened_ids, with_message
from inference.bench.plain_tokenizer import plain_tokenizer
from inference.bench.random_model import random_model
from inference.bench.shapes import QWEN_7B, shape_config, tiny_config
from inference.bench.twin import twin_of
from inference.engine import Engine
from inference.prefix_cache import common_prefix
from inference.render import Renderer


def test_a_shape_has_the_size_of_the_model_it_is_named_for():
    config = shape_config(QWEN_7B)

    with torch.device("meta"):
        from transformers import AutoModelForCausalLM

        model = AutoModelForCausalLM.from_config(config)

    assert model.num_parameters() == pytest.approx(7.6e9, rel=0.01)


def test_positions_of_a_random_model_turn_as_in_a_loaded_one():
    config = tiny_config(QWEN_7B)

    model = random_model(config, device="cpu")

    angles = model.model.rotary_emb.inv_freq
    theta = config.rope_parameters["rope_theta"]
    wanted = theta ** -(torch.arange(0, 16, 2).float() / 16)
    assert torch.allclose(angles, wanted)
    assert all(weight.isfinite().all() for weight in model.parameters())


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_weights_have_the_precision_asked_for(precision):
    model = random_model(tiny_config(QWEN_7B), device="cpu", precision=precision)

    assert model.dtype == {"fp32": torch.float32, "bf16": torch.bfloat16}.get(precision, torch.half)


def test_nf4_takes_a_quarter_of_16_bits_in_the_linear_layers():
    pytest.importorskip("bitsandbytes")

    plain = random_model(tiny_config(QWEN_7B), device="cpu", precision="bf16")
    packed = random_model(tiny_config(QWEN_7B), device="cpu", precision="nf4")

    linear, small = plain.model.layers[0].mlp.up_proj, packed.model.layers[0].mlp.up_proj
    assert small.weight.nbytes * 4 == linear.weight.nbytes
    assert packed.lm_head.weight.dtype == torch.bfloat16
    assert weight_bytes(packed) < weight_bytes(plain)


def test_a_token_reads_all_weights_but_an_input_table_of_its_own():
    apart = random_model(tiny_config(QWEN_7B), device="cpu")
    config = tiny_config(QWEN_7B)
    config.tie_word_embeddings = True
    tied = random_model(config, device="cpu")

    assert bytes_per_token(apart) == weight_bytes(apart) - 512 * 64 * 4
    assert bytes_per_token(tied) == weight_bytes(tied) == weight_bytes(apart) - 512 * 64 * 4


def test_chats_have_the_length_asked_for_and_differ_from_their_beginning(tiny_subject):
    first, second = make_chats(tiny_subject, num_tokens=200, count=2)

    one, other = opened_ids(tiny_subject, first), opened_ids(tiny_subject, second)
    assert 200 <= len(one) == len(other) <= 210
    assert common_prefix(one, other) < 10


def test_a_message_goes_on_from_what_was_decided_on(tiny_subject):
    [chat] = make_chats(tiny_subject, num_tokens=100)

    before = opened_ids(tiny_subject, chat)
    after = opened_ids(tiny_subject, with_message(tiny_subject, chat, 7))

    assert after[: len(before)] == before
    assert 20 <= len(after) - len(before) <= 40


def test_the_plain_tokenizer_opens_an_answer_that_both_markers_begin_with(tiny_subject):
    tokenizer = plain_tokenizer(512)

    ids = tokenizer.encode("(silence)", add_special_tokens=False)

    assert tokenizer.convert_ids_to_tokens(ids) == ["(", "silence", ")"]
    assert len(tokenizer) == 512
    assert len(tiny_subject.decision_ids) == 2
    assert Renderer(tokenizer).system_role


def test_a_twin_shares_weights_but_not_the_attention_that_the_engine_sets(tiny_subject):
    Engine(tiny_subject.model, tiny_subject.tokenizer, max_cached_tokens=256)

    twin = twin_of(tiny_subject.model)

    assert tiny_subject.model.config._attn_implementation.startswith("earshot_")
    assert twin.config._attn_implementation == "sdpa"
    assert twin.lm_head.weight is tiny_subject.model.lm_head.weight
