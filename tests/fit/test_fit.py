from dataclasses import replace

import pytest

from inference.catalogue import catalogue, config_of, entry_of
from inference.devices import Devices
from inference.errors import ModelTooLarge
from inference.fit import Fit, Wish, choose, fits
from inference.fitting import fit_to
from inference.outline import Outline

GIB = 2**30
QWEN = "Qwen/Qwen2.5-7B-Instruct"
MISTRAL = "mistralai/Mistral-7B-Instruct-v0.3"
LLAMA2 = "meta-llama/Llama-2-7b-chat-hf"
SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"


def outline(model_id: str) -> Outline:
    entry = entry_of(model_id)
    assert entry is not None
    return Outline.of(config_of(entry))


def gpus(*free_gib: float, host_gib: float = 64, half="bf16") -> Devices:
    return Devices(tuple(free * GIB for free in free_gib), host_gib * GIB, half)


def chosen(model_id: str, devices: Devices, **wish) -> Fit:
    fit = choose(outline(model_id), devices, Wish(**wish))
    assert fit is not None
    return fit


@pytest.mark.parametrize(
    ("model_id", "bf16", "int8", "nf4", "kv_kib"),
    [
        (QWEN, 14.2, 8.1, 5.2, 56),
        (MISTRAL, 13.5, 7.0, 3.8, 128),
        (LLAMA2, 12.6, 6.5, 3.6, 512),
        ("meta-llama/Meta-Llama-3-8B-Instruct", 15.0, 8.5, 5.3, 128),
        ("tiiuae/falcon-7b-instruct", 12.9, 6.7, 3.7, 8),
        ("Qwen/Qwen2.5-0.5B-Instruct", 0.92, 0.59, 0.43, 12),
    ],
)
def test_weights_and_a_token_take_what_is_known(model_id, bf16, int8, nf4, kv_kib):
    by_precision = {fit.precision: fit for fit in fits(outline(model_id), gpus(80))[:4]}

    sizes = [by_precision[one].weights / GIB for one in ("bf16", "int8", "nf4")]
    assert sizes == pytest.approx([bf16, int8, nf4], abs=0.06)
    assert by_precision["bf16"].kv_bytes == by_precision["nf4"].kv_bytes == kv_kib * 1024
    assert by_precision["fp32"].kv_bytes == 2 * kv_kib * 1024


@pytest.mark.parametrize("model_id", [QWEN, MISTRAL, LLAMA2])
def test_an_8_gb_card_runs_a_7b_in_nf4(model_id):
    fit = chosen(model_id, gpus(7.6))  # of 8, with a screen on it

    assert (fit.precision, fit.placement, fit.device) == ("nf4", "gpu", 0)
    assert fit.max_cached_tokens >= 2048
    assert fit.needs(fit.max_cached_tokens) + GIB < 7.6 * GIB


@pytest.mark.parametrize(
    ("model_id", "free", "precision"),
    [
        (QWEN, 9, "nf4"),
        (QWEN, 12, "int8"),
        (QWEN, 15.5, "int8"),  # a T4 or a 16 GB card
        (QWEN, 23.5, "bf16"),
        (LLAMA2, 23.5, "int8"),  # its conversations take 1 GiB each
        (LLAMA2, 28, "bf16"),
        (QWEN, 139, "bf16"),
        (SMOL, 4, "bf16"),
    ],
)
def test_the_largest_precision_that_leaves_room_is_taken(model_id, free, precision):
    fit = chosen(model_id, gpus(free))

    assert (fit.precision, fit.warning) == (precision, "")
    assert fit.max_cached_tokens >= 8 * 2048


def test_a_gpu_without_bf16_takes_fp16():
    assert chosen(QWEN, gpus(23.5, half="fp16")).precision == "fp16"


def test_all_that_is_left_on_a_gpu_is_for_conversations_and_on_a_cpu_a_share():
    assert chosen(QWEN, gpus(80)).max_cached_tokens > 500_000
    shared = chosen(SMOL, Devices(host=32 * GIB))
    assert shared.max_cached_tokens == pytest.approx(0.25 * shared.kept_tokens, abs=1)
    many = chosen(SMOL, Devices(host=32 * GIB), conversations=300)
    assert many.max_cached_tokens == 300 * 2048 > 0.25 * many.kept_tokens


def test_where_not_all_conversations_fit_the_rest_is_told():
    fit = chosen(LLAMA2, gpus(7.6))

    assert fit.precision == "nf4"
    assert "only 2 of 8 conversations of 2,048 tokens stay at hand" in fit.warning
    assert "as none has room for 8 conversations" in fit.why


@pytest.mark.parametrize(
    ("free", "precision", "warned"),
    [
        (64, "fp32", False),
        (31, "bf16", False),
        (14, "int8", True),
        (9, "nf4", True),
    ],
)
def test_a_cpu_takes_fp32_until_memory_is_short(free, precision, warned):
    fit = chosen(QWEN, Devices(host=free * GIB))

    assert (fit.precision, fit.placement) == (precision, "cpu")
    assert ("2 to 4 times as long" in fit.warning) is warned


def test_a_cpu_that_only_emulates_bf16_says_so():
    slow = Devices(host=31 * GIB, cpu_has_bf16=False)

    assert "this CPU has no bf16" in chosen(QWEN, slow).warning
    assert chosen(SMOL, slow).warning == ""
    assert chosen(QWEN, slow, precision="nf4").emulates


def test_several_gpus_hold_together_what_one_does_not():
    fit = chosen("meta-llama/Meta-Llama-3-8B-Instruct", gpus(6, 6.5, 6))

    assert (fit.precision, fit.placement, fit.device) == ("int8", "gpus", None)
    assert "several GPUs" in fit.warning


def test_the_freest_gpu_is_taken_alone_where_it_can_hold_the_model():
    fit = chosen(QWEN, gpus(3, 40))

    assert (fit.precision, fit.device, fit.warning) == ("bf16", 1, "")


def test_what_fits_nowhere_else_is_shared_with_the_host_and_said_to_be_slow():
    fit = chosen(QWEN, gpus(4, host_gib=32))

    assert (fit.precision, fit.placement, fit.device) == ("bf16", "offload", None)
    assert "host memory" in fit.warning


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16", "int8", "nf4"])
def test_the_precision_asked_for_is_taken(precision):
    on_gpu = chosen(QWEN, gpus(80), precision=precision)
    on_cpu = chosen(QWEN, Devices(host=64 * GIB), precision=precision)

    assert (on_gpu.precision, on_cpu.precision) == (precision, precision)
    assert on_gpu.why == on_cpu.why == "asked for"


def test_asking_for_more_conversations_takes_a_smaller_precision():
    assert chosen(QWEN, gpus(23.5), conversations=8).precision == "bf16"
    assert chosen(QWEN, gpus(23.5), conversations=80).precision == "int8"


def test_4_bits_are_not_offloaded():
    assert choose(outline(QWEN), gpus(3, host_gib=64), Wish("nf4")) is None


@pytest.mark.parametrize(
    ("model_id", "devices", "wish", "words"),
    [
        (
            QWEN,
            gpus(7.6, host_gib=4),
            Wish("bf16", 1),
            r"needs 15\.3 GB in bf16 .* 2,048 tokens.*with --precision nf4 .EARSHOT_PRECISION. it fits",
        ),
        (
            QWEN,
            Devices(host=4 * GIB),
            Wish(),
            r"needs 5\.7 GB in nf4 .* 3\.3 GB can be used on the CPU: Qwen/Qwen2\.5-0\.5B-Instruct",
        ),
        (SMOL, Devices(host=0.5 * GIB), Wish(), "0.0 GB can be used .* EARSHOT_MODEL_URL"),
    ],
)
def test_a_refusal_has_the_numbers_and_what_fits(model_id, devices, wish, words):
    entry = entry_of(model_id)

    with pytest.raises(ModelTooLarge, match=words):
        fit_to(model_id, config_of(entry), devices, wish)


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_more_free_memory_never_gives_less(entry):
    sizes = Outline.of(config_of(entry))
    order = {"nf4": 0, "int8": 1, "bf16": 2, "fp32": 3}

    for kind in ("gpu", "cpu"):
        found = [
            choose(
                sizes, gpus(free, host_gib=0) if kind == "gpu" else Devices(host=free * GIB), Wish()
            )
            for free in range(2, 200, 3)
        ]
        whole = [fit for fit in found if fit and not fit.warning.startswith("only")]
        assert [order[fit.precision] for fit in whole] == sorted(
            order[fit.precision] for fit in whole
        )
        assert replace(whole[-1], why="").warning == ""
