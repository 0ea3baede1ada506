"""The chat form as JSON: what is written is read, what is faulty is named."""

import json

import pytest
from hypothesis import given, strategies as st

from inference.wire.chat_form import (
    Calibration,
    CalibrationStep,
    ChatForm,
    DecisionTokens,
    Sampling,
)
from inference.wire.prompted import DEFAULT_FORM

shares = st.floats(0, 1)
samplings = st.builds(
    Sampling,
    temperature=st.floats(0, 2),
    top_p=st.floats(0.01, 1),
    repetition_penalty=st.floats(0.1, 10),
    max_tokens=st.integers(1, 9999),
)


@st.composite
def calibrations(draw):
    eagerness = sorted(draw(st.sets(st.integers(0, 100), min_size=2, max_size=6)))
    thresholds = sorted((draw(shares) for _ in eagerness), reverse=True)
    steps = zip(eagerness, thresholds, strict=True)
    return Calibration(tuple(CalibrationStep(e, t, draw(shares)) for e, t in steps))


forms = st.builds(
    ChatForm,
    assistant_name=st.text(),
    decide_prompt=st.text(),
    reply_prompt=st.none() | st.text(),
    score=st.sampled_from(["ratio", "not_silence"]),
    system_role=st.booleans(),
    chat_template=st.none() | st.text(),
    stop=st.lists(st.text()).map(tuple),
    sampling=samplings,
    decision=st.none() | st.builds(DecisionTokens, st.text(), st.text(), st.text()),
    calibration=st.none() | calibrations(),
)


@given(forms)
def test_a_form_survives_its_way_through_json(form):
    assert ChatForm.from_json(json.dumps(form.to_dict())) == form


def test_an_empty_object_is_the_default_form():
    assert ChatForm.from_json("{}") == ChatForm()


def test_the_form_for_prompted_models_names_both_markers_only_where_it_decides():
    assert "(silence)" in DEFAULT_FORM.decide_prompt
    assert "(response)" in DEFAULT_FORM.decide_prompt
    assert "(silence)" not in DEFAULT_FORM.reply_prompt
    assert "(response)" not in DEFAULT_FORM.reply_prompt


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"bananas": 1}, "'bananas'"),
        ({"assistant_name": 5}, "'assistant_name': should be a text"),
        ({"decide_prompt": None}, "'decide_prompt'"),
        ({"reply_prompt": []}, "'reply_prompt'"),
        ({"reply_bursts": 0}, "'reply_bursts': should be a whole number from 1"),
        ({"reply_bursts": "2"}, "'reply_bursts'"),
        ({"score": "best"}, "'score'.*not_silence"),
        ({"system_role": "yes"}, "'system_role'"),
        ({"stop": "\n"}, "'stop': should be a list"),
        ({"stop": [1]}, "'stop'"),
        ({"sampling": None}, "'sampling'"),
        ({"sampling": {"temprature": 1}}, "'sampling'.*temprature"),
        ({"sampling": {"temperature": "hot"}}, "'sampling': temperature should be a number"),
        ({"sampling": {"temperature": -1}}, "temperature is 0 to 2"),
        ({"sampling": {"top_p": 0}}, "top_p"),
        ({"sampling": {"repetition_penalty": 0}}, "repetition_penalty"),
        ({"sampling": {"max_tokens": 0}}, "max_tokens"),
        ({"sampling": {"max_tokens": 1.5}}, "max_tokens"),
        ({"sampling": {"max_tokens": True}}, "max_tokens"),
        ({"decision": "("}, "'decision'"),
        ({"decision": {"prefix": "("}}, "'decision'"),
        ({"decision": {"prefix": 1, "silence": "a", "response": "b"}}, "'decision'"),
        ({"calibration": {}}, "'calibration'"),
        ({"calibration": {"steps": [{"eagerness": 1}]}}, "'calibration'"),
        ({"calibration": {"steps": []}}, "two steps"),
    ],
)
def test_a_faulty_field_is_named(raw, named):
    with pytest.raises(ValueError, match=named):
        ChatForm.from_dict(raw)


@pytest.mark.parametrize("text", ["[]", "5", "null", "{broken", ""])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(ValueError, match=r"JSON object|Expecting"):
        ChatForm.from_json(text)


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        (((0, 0.9, 0.0), (0, 0.5, 0.1)), "rise in eagerness"),
        (((0, 0.5, 0.0), (50, 0.9, 0.1)), "fall in threshold"),
        (((0, 0.5, 0.0), (101, 0.4, 0.1)), "0 to 100"),
        (((0, 1.5, 0.0), (50, 0.4, 0.1)), "0 to 1"),
        (((0, float("nan"), 0.0), (50, 0.4, 0.1)), "0 to 1"),
        (((0, 0.5, 0.0), (50, 0.4, 2.0)), "0 to 1"),
    ],
)
def test_a_dial_that_would_lie_is_refused(steps, fault):
    with pytest.raises(ValueError, match=fault):
        Calibration(tuple(CalibrationStep(*step) for step in steps))
