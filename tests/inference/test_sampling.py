from collections import Counter

import pytest
import torch

from inference.sampling import SamplingOptions, draw


def drawn(logits, *, seen=(), forbidden=(), times=200, **options):
    generator = torch.Generator().manual_seed(5)
    return Counter(
        draw(
            torch.tensor(logits),
            SamplingOptions(**options),
            seen=seen,
            forbidden=forbidden,
            generator=generator,
        )
        for _ in range(times)
    )


def test_temperature_zero_takes_the_likeliest():
    assert drawn([0.0, 2.0, 1.0], temperature=0) == {1: 200}


def test_temperature_one_draws_by_probability():
    counts = drawn([0.0, 1.0986, -50.0], times=2000)  # 1 : 3

    assert 1400 < counts[1] < 1600
    assert counts[2] == 0


def test_top_k_draws_among_the_likeliest():
    assert set(drawn([1.0, 1.1, 1.2, 1.3], top_k=2)) == {2, 3}


def test_a_top_k_above_the_vocabulary_draws_among_all():
    assert set(drawn([1.0, 1.1], top_k=100)) == {0, 1}


def test_top_p_draws_among_the_fewest_that_reach_it():
    # given probabilities 0.5, 0.3 and 0.2
    logits = torch.tensor([0.5, 0.3, 0.2]).log().tolist()

    assert set(drawn(logits, top_p=0.6)) == {0, 1}
    assert set(drawn(logits, top_p=0.1)) == {0}


def test_the_repetition_penalty_makes_what_was_seen_less_likely():
    assert drawn([1.0, 1.1], seen=[1], temperature=0, repetition_penalty=1.2) == {0: 200}
    assert drawn([-1.0, -0.9], seen=[1], temperature=0, repetition_penalty=1.2) == {0: 200}


def test_forbidden_tokens_are_never_drawn():
    assert drawn([9.0, 1.0], forbidden=[0], temperature=0) == {1: 200}


def test_the_logits_are_left_as_they_are():
    logits = torch.tensor([1.0, 2.0])

    draw(
        logits,
        SamplingOptions(0.5, 0.5, 1, 2.0),
        seen=[0],
        forbidden=[1],
        generator=torch.Generator(),
    )

    assert logits.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("options", [{"temperature": 1e-300}, {"repetition_penalty": 1e-300}])
def test_options_that_run_over_32_bits_still_draw_a_token(options):
    logits = torch.tensor([1.0, 900.0, -900.0])

    drawn = draw(
        logits,
        SamplingOptions(**options),
        seen=(1, 2),
        forbidden=(),
        generator=torch.Generator().manual_seed(0),
    )

    assert drawn == 1
