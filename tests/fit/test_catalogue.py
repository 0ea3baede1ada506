import pytest
from transformers import AutoConfig

from inference.catalogue import catalogue, config_of, entry_of
from inference.chat_forms import shipped_form
from inference.tune.bases import base_license

NAMED = [
    "tiiuae/falcon-7b-instruct",
    "meta-llama/Llama-2-7b-chat-hf",
    "HuggingFaceH4/zephyr-7b-beta",
    "openchat/openchat-3.5-0106",
    "mistralai/Mistral-7B-Instruct-v0.1",
    "mistralai/Mistral-7B-Instruct-v0.2",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "meta-llama/Meta-Llama-3-8B-Instruct",
    "Qwen/Qwen2.5-7B-Instruct",
    "Qwen/Qwen2.5-0.5B-Instruct",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
]


def test_the_models_of_the_articles_are_all_there():
    assert sorted(entry.id for entry in catalogue()) == sorted(NAMED)


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry):
    form = shipped_form(entry.form)
    config = config_of(entry)

    assert form.decide_prompt
    assert config.name_or_path == entry.id
    assert config.get_text_config().rope_parameters["rope_theta"] == entry.config["rope_theta"]
    for name, number in entry.config.items():
        if name not in ("model_type", "rope_theta"):
            assert getattr(config, name) == number, name
    assert entry.license == base_license(entry.id)
    assert entry.gated == (entry.license not in ("apache-2.0", "mit"))


def test_a_configuration_survives_being_written(tmp_path):
    config = config_of(entry_of("Qwen/Qwen2.5-7B-Instruct"))

    config.save_pretrained(tmp_path)

    read = AutoConfig.from_pretrained(tmp_path)
    read.name_or_path = config.name_or_path
    assert read.to_dict() == config.to_dict()


@pytest.mark.parametrize(
    "called",
    [
        "tiiuae/falcon-7b-instruct",
        "falcon-7b-instruct",
        "Falcon-7B-Instruct",
        "me/falcon-7b-instruct",
    ],
)
def test_a_model_is_found_by_the_last_part_of_its_name(called):
    assert entry_of(called).form == "transcript"


def test_a_model_that_is_not_there_is_none():
    assert entry_of("me/another") is None
