import pytest

from inference.chat_forms import find_form, fitted, shipped_form
from inference.wire.chat_form import RESPONSE, SILENCE, ChatForm
from inference.wire.turns import Burst, Line, decision_turns, reply_turns
from tests.inference.tiny import chatml_tokenizer, llama3_tokenizer, mistral_tokenizer

BURSTS = [
    Burst((Line("Alice", "shall we meet at the river?"),)),
    Burst((Line("Bob", "assistant, what is the capital of France?"),), "Paris."),
    Burst((Line("Alice", "thanks!"), Line("Bob", "yes, thanks"))),
]


def tokens_of(tokenizer, template=None):
    fit = fitted(ChatForm(chat_template=template), tokenizer)
    return fit.form.decision, fit.renderer


@pytest.mark.parametrize("make", [chatml_tokenizer, llama3_tokenizer, mistral_tokenizer])
def test_the_markers_part_where_the_tokenizer_says(make):
    tokens, _ = tokens_of(make())

    assert SILENCE.startswith(tokens.prefix + tokens.silence)
    assert RESPONSE.startswith(tokens.prefix + tokens.response)
    assert tokens.silence != tokens.response


def test_a_vocabulary_with_whole_markers_is_asked_without_an_opened_answer():
    tokenizer = chatml_tokenizer()
    tokenizer.add_tokens([SILENCE, RESPONSE])

    tokens, _ = tokens_of(tokenizer)

    assert (tokens.prefix, tokens.silence, tokens.response) == ("", SILENCE, RESPONSE)


def test_markers_that_a_template_hides_have_no_decision_tokens():
    template = "{% for m in messages %}{{ m['content'][:1] }}{% endfor %}"

    with pytest.raises(Exception, match="drops the last message"):
        tokens_of(chatml_tokenizer(), template)


def test_the_opened_answer_is_the_exact_beginning_of_both_markers(default_model):
    # given the default model's own tokenizer, template and prompt, in the middle of a chat
    form, render = default_model.form, default_model.renderer.render
    *turns, opened = decision_turns(form, BURSTS)
    asked = render([*turns, opened], continue_final_message=True)

    answered = {
        marker: render([*turns, {"role": "assistant", "content": marker}])
        for marker in (SILENCE, RESPONSE, f"{RESPONSE} You are welcome.")
    }

    for marker, ids in answered.items():
        assert ids[: len(asked)] == asked
        expected = form.decision.silence if marker == SILENCE else form.decision.response
        assert default_model.tokenizer.decode([ids[len(asked)]]) == expected


def test_turns_added_later_leave_the_default_models_tokens_as_they_are(default_model):
    form, render = default_model.form, default_model.renderer.render

    before = render(decision_turns(form, BURSTS[:1]), continue_final_message=True)
    after = render(decision_turns(form, BURSTS), continue_final_message=True)

    assert after[: len(before)] == before


def test_a_tuned_form_replies_on_the_very_tokens_it_decided_on(default_model):
    from dataclasses import replace

    form, render = default_model.form, default_model.renderer.render
    tuned = replace(form, reply_prompt=None)

    asked = render(decision_turns(tuned, BURSTS), continue_final_message=True)
    replying = render(reply_turns(tuned, BURSTS), continue_final_message=True)

    assert replying[: len(asked)] == asked


def test_the_system_role_is_that_of_the_template():
    assert fitted(shipped_form("prompted"), chatml_tokenizer()).form.system_role
    assert not fitted(shipped_form("prompted"), mistral_tokenizer()).form.system_role


@pytest.mark.parametrize("name", ["smollm2", "prompted", "transcript"])
def test_prompts_that_decide_name_both_markers_and_prompts_that_reply_name_none(name):
    form = shipped_form(name)

    assert SILENCE in form.decide_prompt
    assert RESPONSE in form.decide_prompt
    for placeholder in ("{name}", "{persona}"):
        assert placeholder in form.decide_prompt
        assert placeholder in form.reply_prompt
    assert SILENCE not in form.reply_prompt
    assert RESPONSE not in form.reply_prompt


def test_a_shipped_form_is_the_default_where_no_file_stands(tmp_path):
    assert find_form([tmp_path], default="smollm2") == shipped_form("smollm2")
