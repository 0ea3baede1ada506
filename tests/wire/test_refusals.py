"""Which part of a request a server's words are about, and what is asked for next."""

import pytest

from inference.wire.asking import Way
from inference.wire.refusals import Understood, WayRefused, is_too_long, simpler, understood

PLAIN = Way(continued=False)
EXTRAS = frozenset({"min_tokens", "repetition_penalty", "repeat_penalty"})


@pytest.mark.parametrize(
    ("words", "way", "expected"),
    [
        ("Unrecognized request argument supplied: add_generation_prompt", Way(), PLAIN),
        ("unknown field continue_final_message", Way(), PLAIN),
        ("top_logprobs must be at most 5", PLAIN, Way(False, 5)),
        ("sample logprobs of 20 is greater than max allowed: 5", Way(), Way(True, 5)),
        ("This model does not support the 'logprobs' parameter.", Way(False, 5), Way(False, 0)),
        ("property 'min_tokens' is unsupported", PLAIN, Way(False, without=EXTRAS)),
        ("'n' must be 1", Way(False, 0, num_answers=8), Way(False, 0)),
        ("{'loc': ['body', 'user']}", PLAIN, Way(False, without=frozenset({"user"}))),
        ("argument supplied: user", PLAIN, Way(False, without=frozenset({"user"}))),
        (
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            PLAIN,
            Way(False, limit="max_completion_tokens"),
        ),
        ("{'param': 'temperature'}", PLAIN, Way(False, without=frozenset({"temperature"}))),
        ("`top_p` is fixed", PLAIN, Way(False, without=frozenset({"top_p"}))),
        ("'stop' is not supported", PLAIN, Way(False, without=frozenset({"stop"}))),
    ],
)
def test_what_a_refusal_names_is_left_out(words, way, expected):
    assert simpler(way, words) == expected


def test_common_words_count_only_where_they_are_quoted():
    refusal = "conversation roles must alternate user/assistant; stop there, n is odd"

    assert simpler(Way(False, 0, without=EXTRAS), refusal) is None


def test_a_refusal_that_names_nothing_is_answered_by_what_the_fewest_servers_lack():
    ways = [Way()]
    while (way := simpler(ways[-1], "bad request")) is not None:
        ways.append(way)

    assert [(way.continued, bool(way.without), way.top_logprobs) for way in ways] == [
        (True, False, 20),
        (False, False, 20),
        (False, True, 20),
        (False, True, 5),
        (False, True, 0),
    ]


def test_what_was_left_out_already_cannot_be_left_out_again():
    assert simpler(Way(False, without=frozenset({"user"})), "'user' is unknown") is None


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4096 tokens.",
        "'max_tokens' is too large: 50. This model's maximum context length is 40 tokens",
        "request (9412 tokens) exceeds the available context size (8192 tokens)",
        "The input (9 tokens) is longer than the model's context length (8 tokens).",
        "{'code': 'context_length_exceeded'}",
        "prompt is too long: 9 tokens > 8 maximum",
    ],
)
def test_a_prompt_that_is_too_long_is_told_apart(words):
    assert is_too_long(words)


def test_a_limit_of_another_name_is_not_a_prompt_too_long():
    assert not is_too_long("'max_tokens' is not supported. Use 'max_completion_tokens' instead.")


class Refused(WayRefused):
    def __init__(self, words, *, lasting=True):
        super().__init__(words)
        self.words, self.lasting = words, lasting


async def test_the_refusal_of_the_plainest_way_is_told_where_none_is_taken():
    async def ask(way):
        raise Refused(f"asked for {way.top_logprobs}")

    with pytest.raises(Refused, match="asked for 0"):
        await understood(ask, Way())


@pytest.mark.parametrize("lasting", [True, False])
async def test_a_way_that_may_do_next_time_is_not_given_up(lasting):
    async def ask(way):
        if way.continued:
            raise Refused("continue_final_message", lasting=lasting)
        return "answer"

    assert await understood(ask, Way()) == Understood("answer", PLAIN, lasting)
