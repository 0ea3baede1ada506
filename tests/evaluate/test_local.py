import json
from dataclasses import replace

import pytest
import torch

from inference.chat_forms import fitted, shipped_form
from inference.errors import OutOfMemory, TuneRefused
from inference.loading import NO_ADAPTER
from inference.tune.evaluation.files import Reading, read_files
from inference.tune.evaluation.local import LocalChoice, judge_of, local_judge, model_of
from inference.tune.evaluation.window import Naming, Window
from inference.tune.examples import NotAppendOnly
from inference.tune.scoring import p_speak
from inference.wire.chat_form import ChatForm
from inference.wire.turns import decision_turns
from tests.evaluate.odd_chats import ODD_CHATS, long_chat


def shown_of(file, **options):
    return read_files([file], Reading(Naming(), **options))[0].shown


def scores_of(judge, shown):
    return [score for one in judge.scores(shown, lambda _: None) for score in one]


def one_by_one(judge, shown):
    """Score as serving does: a prompt rendered and run for each decision."""
    scores, firsts = [], []
    for chat in shown:
        window = Window(chat, max_prompt_tokens=judge.max_prompt_tokens)
        for index in range(len(chat)):
            while True:
                bursts = chat.bursts(window.first, index + 1)
                turns = decision_turns(judge.form, bursts, persona=judge.persona)
                ids = judge.renderer.render(turns, continue_final_message=True)
                if len(ids) < judge.context:
                    break
                assert window.refused(index)
            with torch.inference_mode():
                logits = judge.model(input_ids=torch.tensor([ids])).logits[0, -1:]
            firsts.append(window.first)
            scores += p_speak(logits.float(), judge.parting)
            window.scored(index, num_prompt_tokens=len(ids))
    return scores, firsts


@pytest.fixture
def judge(tiny_model):
    return judge_of(tiny_model, persona="You are kind.")


def test_one_pass_gives_what_a_pass_for_each_decision_gives(judge, write):
    shown = shown_of(write(*ODD_CHATS))
    judge.max_prompt_tokens = 768

    scores = scores_of(judge, shown)

    assert scores == pytest.approx(one_by_one(judge, shown)[0], abs=1e-5)
    assert max(scores) - min(scores) > 0.01


def test_a_conversation_longer_than_the_budget_is_trimmed_as_serving_trims_it(judge, write):
    shown = shown_of(write(long_chat(90, words=3)))
    judge.max_prompt_tokens = 768  # what a context of 1,024 leaves beside a reply of 256

    expected, firsts = one_by_one(judge, shown)

    assert scores_of(judge, shown) == pytest.approx(expected, abs=1e-5)
    assert len(set(firsts)) > 3


def test_a_prompt_that_jumps_past_the_context_loses_its_older_half(judge, write):
    chat = [("Ana", "short")] * 3 + [("Ben", "long " * 90)] * 4 + [("Ana", "short again")]
    shown = shown_of(write(chat))
    judge.context, judge.max_prompt_tokens = 700, 444

    expected, firsts = one_by_one(judge, shown)

    assert scores_of(judge, shown) == pytest.approx(expected, abs=1e-5)
    assert firsts[-1] > 2


def test_a_single_message_longer_than_the_context_is_refused_with_its_line(judge, write):
    judge.context = 40

    with pytest.raises(TuneRefused, match="line 1: message 1 alone"):
        scores_of(judge, shown_of(write([("Ana", "long " * 90)])))


def test_memory_that_runs_out_is_told_with_the_line(judge, write, monkeypatch):
    def failing(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr("inference.tune.evaluation.local.decision_scores", failing)

    with pytest.raises(OutOfMemory, match=r"GPU ran out while line 1 was judged: .* smaller model"):
        scores_of(judge, shown_of(write([("Ana", "hi")])))


def test_a_template_that_rewrites_earlier_turns_is_run_once_a_decision(judge, write, monkeypatch):
    shown = shown_of(write(long_chat(40, words=3)))
    judge.max_prompt_tokens = 768
    expected = scores_of(judge, shown)

    def refuse(*_, **__):
        raise NotAppendOnly

    monkeypatch.setattr("inference.tune.evaluation.local.conversation_example", refuse)

    assert scores_of(judge, shown) == pytest.approx(expected, abs=1e-5)


def test_bursts_are_judged_as_one_turn_each(judge, write):
    shown = shown_of(write(long_chat(30, words=3)), bursts=True)
    judge.max_prompt_tokens = 768

    scores = scores_of(judge, shown)

    assert len(scores) == len(shown[0]) < 30
    assert scores == pytest.approx(one_by_one(judge, shown)[0], abs=1e-5)


def test_prompted_takes_the_form_that_names_the_markers_and_a_file_may_name_another(
    tiny_folder, tmp_path
):
    own = local_judge(LocalChoice(str(tiny_folder), prompted=True))
    assert "(silence)" in own.form.decide_prompt
    assert own.label == "tiny prompted"

    form = tmp_path / "form.json"
    form.write_text('{"decide_prompt": "Hush."}')
    named = local_judge(LocalChoice(str(tiny_folder), chat_form=form))
    assert named.form.decide_prompt == "Hush."

    form.write_text("{")
    with pytest.raises(TuneRefused, match="no chat form"):
        local_judge(LocalChoice(str(tiny_folder), chat_form=form))


@pytest.mark.usefixtures("default_folder")
def test_the_default_model_prompted_has_a_form_of_its_own():
    judge = local_judge(LocalChoice(prompted=True))

    assert judge.form.decide_prompt == shipped_form("smollm2").decide_prompt
    assert judge.label == "SmolLM2-135M-Instruct prompted"


def test_prompted_with_an_adapter_is_refused(tmp_path):
    with pytest.raises(TuneRefused, match="leave --adapter out"):
        local_judge(LocalChoice(adapter=tmp_path, prompted=True))


@pytest.mark.parametrize(
    ("named", "base"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", None),
        ("a-folder-elsewhere", None),
        ("/a/folder/elsewhere", None),
        ("", None),
    ],
)
def test_the_base_of_an_adapter_is_the_one_that_it_names_if_that_can_be_had(tmp_path, named, base):
    config = {"peft_type": "LORA", "base_model_name_or_path": named}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    (tmp_path / "adapter_model.safetensors").write_text("")

    assert model_of(LocalChoice(adapter=tmp_path)) == base
    assert model_of(LocalChoice("another", tmp_path)) == "another"


def test_no_adapter_names_no_base():
    assert model_of(LocalChoice(adapter=NO_ADAPTER)) is None


def test_markers_that_part_nowhere_are_refused(tiny_model):
    with pytest.raises(TuneRefused, match="--model-url"):
        judge_of(replace(tiny_model, decision_ids=()))


def test_the_persona_is_part_of_the_prompt(tiny_model, write):
    form = ChatForm(decide_prompt="You are {name}. {persona}")
    fit = fitted(form, tiny_model.tokenizer)
    model = replace(tiny_model, form=fit.form, renderer=fit.renderer)
    shown = shown_of(write(ODD_CHATS[1]))

    plain, kind = (judge_of(model, persona=persona) for persona in ("", "You are kind."))

    assert scores_of(plain, shown) != pytest.approx(scores_of(kind, shown), abs=1e-4)


def test_a_model_is_judged_in_the_precision_asked_for(tiny_folder):
    judge = local_judge(LocalChoice(str(tiny_folder), precision="bf16"))

    assert judge.model.dtype == torch.bfloat16
    assert judge.label.endswith(" in bf16")
