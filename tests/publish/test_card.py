from dataclasses import replace

import pytest
import yaml

from inference.tune.bases import base_license, public_id
from inference.tune.card import CardData, CardFacts, model_card, recalibrated
from inference.tune.card_base import with_base
from inference.wire.chat_form import Calibration, CalibrationStep

FIGURES = {
    "file": "trivia",
    "n": 1234,
    "speak_rate": 0.125,
    "auroc": 0.9912,
    "auroc_low": 0.98,
    "auroc_high": 0.999,
    "f1": 0.8,
    "over_talk": 0.004,
    "miss_direct": None,
    "threshold": 0.4,
}
FACTS = CardFacts(
    name="smollm2-135m",
    base="SmolLM2-135M-Instruct",
    base_license="apache-2.0",
    license="cc-by-sa-4.0",
    summary="The adapter that comes with Earshot.",
    data=(
        CardData("own.jsonl", 400, 5600, 0.127, license="CC0-1.0"),
        CardData("irc", 10, 200, 0.1, hub_id="someone/irc", weight=0.5, when_only=True),
    ),
    hold_out=0.15,
    settings={"rank": 16, "lr": 2e-4, "fresh": False, "loss": "completions"},
    figures=(FIGURES,),
    prompted=({"file": "trivia", "n": 1234, "auroc": 0.54},),
    calibration=Calibration((CalibrationStep(0, 1.0, 0.0), CalibrationStep(50, 0.412, 0.08))),
)


def front_matter(card):
    _, front, _ = card.split("---\n", 2)
    return yaml.safe_load(front)


def test_the_front_matter_is_what_the_hub_reads():
    assert front_matter(model_card(FACTS)) == {
        "base_model": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "base_model_relation": "adapter",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "license": "cc-by-sa-4.0",
        "language": ["en"],
        "datasets": ["someone/irc"],
        "tags": ["earshot", "lora", "group-chat", "when-to-speak"],
    }


def test_a_folder_as_base_leaves_no_path_of_this_machine_in_the_card():
    card = model_card(CardFacts(name="mine", base="/home/ana/models/tiny"))

    assert "base_model" not in front_matter(card)
    assert "/home/ana" not in card
    assert "`tiny`" in card


@pytest.mark.parametrize(
    "line",
    [
        "# smollm2-135m",
        "The adapter that comes with Earshot.",
        "| own.jsonl | 400 | 5,600 | 12.7% | 1 | when to speak, and the replies | CC0-1.0 |",
        "| irc | 10 | 200 | 10.0% | 0.5 | when to speak | not stated |",
        "| rank | 16 |",
        "| lr | 0.0002 |",
        "| fresh | no |",
        "| file | decisions | due | AUROC | F1 | over-talk |",
        "| trivia | 1,234 | 12.5% | 0.991 (0.980 to 0.999) | 0.800 | 0.4% |",
        "| trivia | 1,234 | 0.540 |",
        "| 50 | 0.412 | 8.0% |",
        "    EARSHOT_ADAPTER=/path/to/this/folder",
    ],
)
def test_the_card_tells(line):
    assert line in model_card(FACTS).splitlines()


def test_the_held_out_share_and_the_licence_of_the_base_are_told():
    card = model_card(FACTS)

    assert "Of each file 15%" in card
    assert "The base model: apache-2.0." in card


def test_vllm_is_given_a_maximal_rank_it_takes():
    card = model_card(CardFacts(name="a", base="org/base", settings={"rank": 48}))

    assert "vllm serve org/base --enable-lora --max-lora-rank 64 " in card
    assert "EARSHOT_MODEL=org/base" in card


def test_a_card_of_few_facts_has_no_empty_parts():
    card = model_card(CardFacts(name="bare", base="org/base"))

    for heading in ("## Data", "## Training", "## Figures", "## Calibration"):
        assert heading not in card
    assert "not known to us" in card


def test_a_figure_one_file_lacks_is_a_dash_where_another_has_it():
    card = model_card(
        CardFacts(
            name="a", base="b/c", figures=({"file": "x", "f1": 0.5}, {"file": "y", "f1": None})
        )
    )

    assert "| y | - |" in card


def test_a_name_cannot_break_a_table():
    data = CardData("a|b\nc", 1, 1, 0.0)

    assert "| a\\|b c | 1 |" in model_card(CardFacts(name="x", base="b/c", data=(data,)))


@pytest.mark.parametrize(
    ("base", "known_as", "license_"),
    [
        ("SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0"),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct", "apache-2.0"),
        ("someone/else", "someone/else", ""),
        ("./models/tiny", None, ""),
        ("/srv/models/zephyr-7b-beta", None, "mit"),
    ],
)
def test_a_base_is_known_by(base, known_as, license_):
    assert (public_id(base), base_license(base)) == (known_as, license_)


OTHER = Calibration((CalibrationStep(0, 1.0, 0.0), CalibrationStep(50, 0.7, 0.02)))


@pytest.mark.parametrize("former", [FACTS.calibration, None])
def test_another_dial_takes_the_place_of_the_former_and_says_where_it_is_from(former):
    card = recalibrated(
        model_card(replace(FACTS, calibration=former)), OTHER, files=["ours", "a\nb"]
    )

    note = (
        " It was set anew after training, on ours, a b; the figures above are at the threshold that "
        "training chose."
    )
    assert note in card
    assert card.replace(note, "") == model_card(replace(FACTS, calibration=OTHER))
    assert recalibrated(card, OTHER, files=["ours", "a\nb"]) == card


def test_a_dial_at_the_end_of_a_card_is_replaced_and_a_strangers_card_stays():
    card = "# Mine\n\n## Calibration\n\nold\n"

    assert recalibrated(card, OTHER, files=["ours"]).endswith("| 50 | 0.700 | 2.0% |\n")
    assert recalibrated("# Mine\n", OTHER, files=["ours"]) == "# Mine\n"


BASES = ["SmolLM2-135M-Instruct", "Qwen/Qwen2.5-7B-Instruct", "some/other", "/home/ana/my model"]


@pytest.mark.parametrize("other", BASES)
@pytest.mark.parametrize("base", BASES)
def test_a_card_that_comes_to_name_another_base_is_as_if_written_for_it(base, other):
    facts = replace(FACTS, base_license="", base=base)

    assert with_base(model_card(facts), other) == model_card(replace(facts, base=other))


def test_what_people_wrote_into_a_card_stays_when_its_base_changes():
    card = "---\nlicense: mit\nbase_model:\n- a/b\n- c/d\ntags: [x]\n---\n# Mine\nof a/b\n"

    assert with_base(card, "e/f") == (
        '---\nbase_model: "e/f"\nbase_model_relation: "adapter"\nlicense: mit\ntags: [x]\n---\n'
        "# Mine\nof a/b\n"
    )
    assert with_base("# Mine", "e/f") == "# Mine"
