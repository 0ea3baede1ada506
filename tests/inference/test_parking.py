"""Conversations that are quiet move to the host's memory and come back as they were."""

import pytest
import torch

from inference.engine import Engine
from inference.generation import Request
from inference.kv import GROWTH
from tests.inference.test_packed import GREEDY, answers, assert_close
from tests.inference.test_prefix_cache import CONFIG, held, make_cache, run, use
from tests.inference.tiny import chatml_tokenizer, tiny_llama


def parking(max_tokens=2 * GROWTH, max_parked_tokens=100 * GROWTH):
    return make_cache(max_tokens=max_tokens, max_parked_tokens=max_parked_tokens)


def test_the_conversation_quiet_for_longest_is_parked_first():
    cache = parking()

    for session in ("old", "middle", "new"):
        use(cache, session, [1, 2])

    assert (cache.num_conversations, cache.num_parked_conversations) == (2, 1)
    assert (cache.num_tokens, cache.num_parked_tokens) == (2 * GROWTH, 2)
    assert cache.counts.num_parked == 1


def test_a_parked_conversation_comes_back_as_it_was_and_grows():
    cache = parking(max_tokens=GROWTH)
    use(cache, "old", [1, 2, 3])
    use(cache, "new", [1, 2])

    kept = cache.take("old", [1, 2, 3, 4])

    assert held(kept) == kept.ids == [1, 2, 3]
    assert not kept.kv.is_parked
    assert cache.counts.num_returned == 1
    run(kept, [4])
    assert held(kept) == [1, 2, 3, 4]


def test_a_parked_conversation_is_cut_where_its_history_was_edited():
    cache = parking(max_tokens=GROWTH)
    use(cache, "old", [1, 2, 3, 4, 5])
    use(cache, "new", [1])

    kept = use(cache, "old", [1, 2, 3, 9, 8, 7])

    assert held(kept) == [1, 2, 3, 9, 8, 7]


def test_the_hosts_memory_is_bounded_too_and_the_oldest_goes():
    cache = parking(max_tokens=GROWTH, max_parked_tokens=5)

    for session in ("first", "second", "third", "last"):
        use(cache, session, [1, 2])

    assert cache.num_parked_conversations == 2
    assert cache.counts.num_dropped == 1
    assert cache.take("first", [1, 2, 3]).ids == []


def test_what_is_larger_than_the_hosts_share_is_dropped_at_once():
    cache = parking(max_tokens=GROWTH, max_parked_tokens=3)

    use(cache, "long", [1, 2, 3, 4])
    use(cache, "new", [1])

    assert cache.num_parked_conversations == 0
    assert cache.counts.num_dropped == 1


def test_an_emptied_cache_parks_what_it_can_and_leaves_what_is_in_use():
    cache = parking(max_tokens=10 * GROWTH, max_parked_tokens=2)
    busy = cache.take("busy", [1, 2])
    run(busy, [1, 2])
    use(cache, "large", [1, 2, 3])
    use(cache, "small", [1, 2])

    freed = cache.empty()

    assert freed == 2 * GROWTH
    assert held(busy) == [1, 2]
    assert cache.num_parked_conversations == 1
    assert cache.take("small", [1, 2, 3]).ids == [1, 2]


def test_hits_and_misses_are_counted():
    cache = make_cache()
    use(cache, "s", [1, 2])
    use(cache, "s", [1, 2, 3])
    use(cache, "t", [1, 2])
    use(cache, None, [1, 2])

    assert (cache.counts.num_hits, cache.counts.num_misses) == (1, 2)


def test_what_is_known_of_a_prompt_is_counted_without_taking_it():
    cache = parking(max_tokens=GROWTH)
    use(cache, "s", [1, 2, 3])

    assert cache.num_known("s", [1, 2, 9]) == 2
    assert cache.num_known("s", [1, 2, 3]) == 2
    assert cache.num_known("t", [1, 2, 3]) == 0
    assert cache.num_known(None, [1, 2, 3]) == 0


def test_chosen_sessions_are_forgotten_but_for_what_is_in_use():
    cache = make_cache()
    use(cache, "s", [1, 2])
    use(cache, "t", [1, 2])
    busy = cache.take("s", [1, 2, 3])

    cache.forget(lambda session: session == "s")

    assert cache.num_known("t", [1, 2, 3]) == 2
    assert busy.ids == [1, 2]
    assert CONFIG.num_hidden_layers == 2


def failing(layer, way):
    """Let a layer have no memory when it is moved."""

    def move():
        raise torch.OutOfMemoryError("no memory left")

    setattr(layer, way, move)


def test_a_sequence_that_comes_back_half_way_only_is_dropped():
    cache = parking(max_tokens=GROWTH)
    kept = use(cache, "old", [1, 2, 3])
    use(cache, "new", [1])
    failing(kept.kv.layers[1], "bring_back")

    with pytest.raises(torch.OutOfMemoryError):
        cache.take("old", [1, 2, 3, 4])

    assert kept.kv.is_parked
    assert cache.num_parked_tokens == 0
    assert cache.counts.num_dropped == 1
    assert cache.take("old", [1, 2, 3, 4]).ids == []


def test_a_sequence_that_cannot_be_parked_is_dropped():
    cache = parking(max_tokens=GROWTH)
    kept = use(cache, "old", [1, 2, 3])
    failing(kept.kv.layers[1], "park")

    use(cache, "new", [1])

    assert (cache.num_conversations, cache.num_parked_conversations) == (1, 0)
    assert (cache.counts.num_parked, cache.counts.num_dropped) == (0, 1)


def test_of_a_parked_sequence_only_what_is_wanted_is_copied():
    cache = parking(max_tokens=GROWTH)
    old = use(cache, "old", [1, 2, 3, 4, 5, 6])
    use(cache, "new", [1])

    kept = cache.take("old", [1, 9])

    assert held(kept) == kept.ids == [1]
    assert not kept.kv.is_parked
    assert old.kv.is_parked
    assert cache.counts.num_returned == 0


@pytest.mark.parametrize("max_parked_tokens", [0, 100_000])
def test_with_little_memory_every_answer_is_still_that_of_a_fresh_start(max_parked_tokens):
    # given four conversations that take turns in the memory of one
    engine = Engine(
        tiny_llama(390),
        chatml_tokenizer(),
        max_cached_tokens=GROWTH,
        max_parked_tokens=max_parked_tokens,
    )
    fresh = Engine(tiny_llama(390), chatml_tokenizer(), max_cached_tokens=100 * GROWTH)
    rounds = [
        [
            Request(
                tuple(range(3, 60 + 9 * turn + number)), 1, f"s{number}", GREEDY, top_logprobs=5
            )
            for number in range(4)
        ]
        for turn in range(4)
    ]

    for wanted in rounds:
        assert_close(answers(fresh, wanted, together=True), answers(engine, wanted, together=False))

    counts = engine.cache.counts
    assert (counts.num_returned > 8) == (max_parked_tokens > 0)
    assert engine.cache.num_tokens <= GROWTH
