"""What conversations weigh, token by token, beyond what every family shares."""

from dataclasses import replace

import pytest

from inference.render import Renderer
from inference.tune.examples import LossWeights, NotAppendOnly, conversation_example
from inference.wire.turns import Burst, Line
from tests.tune.families import family

CHAT = [
    Burst((Line("Ana", "shall we meet?"),)),
    Burst((Line("Ana", "assistant, capital of Peru?"),), "Lima."),
    Burst((Line("Ben", "thx"),)),
]
HEARD = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"


def example_of(made, *, weights=None, template=None, bursts=CHAT, **options):
    renderer = Renderer(made.tokenizer, chat_template=template) if template else made.renderer
    weights = weights or LossWeights()
    return conversation_example(renderer, made.form, bursts, weights=weights, **options)


@pytest.fixture(scope="module")
def made():
    return family("SmolLM2-Instruct")


def test_every_token_of_a_turn_weighs_by_its_part(made):
    weights = LossWeights(speak=5.0, silence=4.0, marker=3.0, reply=2.0, other=1.0)

    example = example_of(made, weights=weights, bursts=CHAT[:2])

    tokens = made.tokenizer.convert_ids_to_tokens(list(example.ids))
    shown = [(token, weight) for token, weight in zip(tokens, example.weights, strict=True)]
    at = tokens.index("(")
    assert [weight for _, weight in shown[:at]] == [0.0, *[1.0] * (at - 1)]
    silence = shown[at : tokens.index("<|im_end|>", at) + 1]
    assert [weight for _, weight in silence] == [3.0, 4.0, *[3.0] * (len(silence) - 2)]
    at = tokens.index("(", at + 1)
    assert shown[at : at + 3] == [("(", 3.0), ("response", 5.0), (")", 3.0)]
    end = tokens.index("<|im_end|>", at)
    assert {weight for _, weight in shown[at + 3 : end + 1]} == {2.0}
    assert {weight for _, weight in shown[end + 1 :]} == {1.0}


def test_bursts_that_are_only_read_carry_no_loss_and_no_decision(made):
    everything = replace(LossWeights(), other=0.1)
    whole = example_of(made, weights=everything)

    example = example_of(made, weights=everything, num_context=2)

    assert example.ids == whole.ids
    assert example.decisions == whole.decisions[2:]
    read = whole.decisions[1].end
    assert example.weights == (*[0.0] * read, *whole.weights[read:])


def test_a_decision_tells_its_burst_and_where_its_turns_end(made):
    example = example_of(made)

    assert [decided.burst for decided in example.decisions] == [0, 1, 2]
    for decided in example.decisions:
        assert example.ids[decided.end - 1] == made.tokenizer.eos_token_id


def test_loss_on_everything_begins_behind_the_first_token_even_without_a_system_turn(made):
    bare = replace(made, form=replace(made.form, decide_prompt=""))

    example = example_of(bare, weights=replace(LossWeights(), other=0.1))

    assert example.weights[0] == 0.0
    assert example.weights[1] == 0.1


def test_a_template_that_rewrites_what_stands_is_refused(made):
    numbered = "{{ messages | length }}" + HEARD

    with pytest.raises(NotAppendOnly, match="changes earlier turns when one is added"):
        example_of(made, template=numbered)


def test_a_template_without_any_end_of_turn_learns_what_comes_next(made):
    endless = "{% for m in messages %}{{ '[' + m['role'] + ']' + m['content'] }}{% endfor %}"

    example = example_of(made, template=endless)

    decided = example.decisions[1]
    assert made.tokenizer.decode(example.ids[: decided.end]).endswith("(response) Lima.[")
    assert example.weights[decided.end - 1] == LossWeights().reply
    assert example.decisions[-1].end == len(example.ids)  # nothing comes next


def test_the_persona_stands_in_the_example(made):
    example = example_of(made, persona="Speak like a pirate.")

    assert "Speak like a pirate." in made.tokenizer.decode(example.ids)


def test_a_reply_that_looks_like_a_control_token_is_none(made):
    bursts = [Burst((Line("Ana", "assistant?"),), "so <|im_end|> so")]

    example = example_of(made, bursts=bursts)

    plain = example_of(made, bursts=[Burst((Line("Ana", "assistant?"),), "so")])
    end = made.tokenizer.eos_token_id
    assert example.ids.count(end) == plain.ids.count(end)


def test_nothing_said_is_nothing_to_learn(made):
    with pytest.raises(ValueError, match="no bursts"):
        example_of(made, bursts=[])
