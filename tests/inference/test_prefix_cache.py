import gc
from weakref import ref

import pytest
import torch
from transformers import LlamaConfig

from inference.kv import GROWTH, SequenceKV
from inference.prefix_cache import MAX_PER_SESSION, PrefixCache, common_prefix

CONFIG = LlamaConfig(num_hidden_layers=2, num_attention_heads=2, hidden_size=8)


def make_cache(max_tokens=100 * GROWTH, max_parked_tokens=0):
    return PrefixCache(
        lambda: SequenceKV(CONFIG), max_tokens=max_tokens, max_parked_tokens=max_parked_tokens
    )


def run(kept, ids):
    """Stand in for a model: each token's key and value are its id."""
    states = torch.tensor(ids, dtype=torch.float32).view(1, 1, -1, 1).expand(1, 2, -1, 4)
    for layer in range(2):
        kept.kv.cache.update(states, states, layer)
    kept.ids.extend(ids)


def use(cache, session, ids):
    kept = cache.take(session, ids)
    run(kept, ids[len(kept.ids) :])
    cache.give_back(kept)
    return kept


def held(kept):
    """The ids as the keys of every layer say them."""
    layers = [layer.keys[0, 0, :, 0].tolist() for layer in kept.kv.cache.layers]
    assert layers[0] == layers[1]
    return [int(value) for value in layers[0]]


def test_the_common_beginning_is_counted():
    assert common_prefix([1, 2, 3], [1, 2, 4, 5]) == 2
    assert common_prefix([1, 2], [1, 2, 3]) == 2
    assert common_prefix([], [1]) == 0
    assert common_prefix([1, 2, 3], (1, 2, 4)) == 2


@pytest.mark.parametrize("num_common", [0, 127, 128, 129, 500, 999])
def test_the_common_beginning_of_long_prompts_is_counted_to_the_token(num_common):
    left = list(range(1000))
    right = [*left[:num_common], -1, *left[num_common + 1 :]]

    assert common_prefix(left, right) == common_prefix(right, left) == num_common
    assert common_prefix(left[:num_common], left) == num_common


def test_a_longer_history_extends_the_kept_one():
    cache = make_cache()
    use(cache, "s", [1, 2, 3])

    kept = cache.take("s", [1, 2, 3, 4])

    assert kept.ids == held(kept) == [1, 2, 3]


def test_an_edit_keeps_what_stands_before_it():
    cache = make_cache()
    use(cache, "s", [1, 2, 3, 4, 5])

    kept = use(cache, "s", [1, 2, 3, 9, 9])

    assert kept.ids == held(kept) == [1, 2, 3, 9, 9]
    assert cache.num_tokens == GROWTH


def test_the_last_token_is_always_left_to_run():
    cache = make_cache()
    use(cache, "s", [1, 2, 3])

    assert cache.take("s", [1, 2, 3]).ids == [1, 2]


def test_conversations_do_not_share():
    cache = make_cache()
    use(cache, "s", [1, 2, 3])

    assert cache.take("t", [1, 2, 3, 4]).ids == []


def test_a_second_prompt_of_a_conversation_does_not_destroy_the_first():
    # given a decision's prompt, and a reply's that begins alike but goes on otherwise
    cache = make_cache()
    use(cache, "s", [1, 2, 3, 4, 5, 6])
    use(cache, "s", [1, 9, 9, 9, 9, 9])

    decision, reply = cache.take("s", [1, 2, 3, 4, 5, 6, 7]), cache.take("s", [1, 9, 9, 9, 9, 9, 7])

    assert held(decision) == [1, 2, 3, 4, 5, 6]
    assert held(reply) == [1, 9, 9, 9, 9, 9]


def test_a_sequence_in_use_is_copied_not_shared():
    cache = make_cache()
    use(cache, "s", [1, 2, 3, 4])

    writing = cache.take("s", [1, 2, 3, 4, 5])
    deciding = cache.take("s", [1, 2, 3, 4, 6])
    run(writing, [5])
    run(deciding, [6])

    assert held(writing) == [1, 2, 3, 4, 5]
    assert held(deciding) == [1, 2, 3, 4, 6]


def test_a_conversation_keeps_a_few_sequences_only():
    cache = make_cache()

    for first in range(MAX_PER_SESSION + 4):
        use(cache, "s", [first, 1, 2, 3])

    assert cache.num_tokens == MAX_PER_SESSION * GROWTH
    assert cache.num_conversations == 1


def test_the_conversation_quiet_for_longest_goes_first():
    cache = make_cache(max_tokens=2 * GROWTH)
    use(cache, "old", [1, 2])
    use(cache, "new", [1, 2])
    use(cache, "old", [1, 2, 3])

    use(cache, "third", [1, 2])

    assert cache.num_tokens == 2 * GROWTH
    assert cache.take("old", [1, 2, 3, 4]).ids == [1, 2, 3]
    assert cache.take("new", [1, 2, 3]).ids == []


def test_a_conversation_larger_than_the_memory_is_served_and_not_kept():
    cache = make_cache(max_tokens=GROWTH)

    use(cache, "s", list(range(GROWTH + 1)))

    assert cache.num_tokens == 0


def test_what_is_in_use_is_never_dropped():
    cache = make_cache(max_tokens=GROWTH)
    writing = cache.take("s", [1, 2])
    run(writing, [1, 2])

    use(cache, "t", [1, 2])

    assert held(writing) == [1, 2]
    assert cache.take("t", [1, 2, 3]).ids == []


def test_room_is_made_for_a_prompt_before_it_runs():
    cache = make_cache(max_tokens=2 * GROWTH)
    use(cache, "old", [1, 2])

    cache.take("new", list(range(2 * GROWTH)))

    assert cache.num_tokens == 2 * GROWTH
    assert cache.num_known("old", [1, 2, 3]) == 0


def test_what_a_sequence_grew_by_is_counted_when_it_is_given_back():
    cache = make_cache(max_tokens=4 * GROWTH)
    use(cache, "old", [1, 2])
    writing = cache.take("new", [1, 2])

    run(writing, list(range(3 * GROWTH + 1)))
    cache.give_back(writing)

    assert cache.num_tokens == 4 * GROWTH
    assert cache.num_known("old", [1, 2, 3]) == 0


def test_a_damaged_sequence_is_not_kept():
    cache = make_cache()
    kept = cache.take("s", [1, 2])
    run(kept, [1, 2])

    cache.give_back(kept, whole=False)
    cache.give_back(kept)

    assert cache.num_tokens == cache.num_conversations == 0
    assert cache.num_known("s", [1, 2, 3]) == 0


def test_memory_grows_in_steps_and_keeps_what_is_written():
    kept = make_cache().take("s", [0])
    ids = list(range(GROWTH + 3))

    for begin in range(0, len(ids), 100):
        run(kept, ids[begin : begin + 100])

    assert held(kept) == ids
    assert kept.kv.capacity == 2 * GROWTH


def test_all_layers_of_a_sequence_lie_in_one_piece():
    kept = make_cache().take("s", [0])

    for num_tokens in (3, GROWTH):
        run(kept, list(range(num_tokens)))
        places = {layer.keys.untyped_storage().data_ptr() for layer in kept.kv.layers}
        assert len(places) == 1


def test_a_dropped_sequence_is_freed_at_once():
    cache = make_cache()
    kept = use(cache, "s", [1, 2])
    cache.forget(lambda _: True)
    layer = ref(kept.kv.layers[0])

    gc.disable()
    try:
        del kept
        assert layer() is None
    finally:
        gc.enable()


def test_layers_of_different_shapes_keep_what_is_theirs():
    # given a second layer with fewer heads, wider heads and another precision
    kv = SequenceKV(CONFIG)
    wide = torch.arange(2.0 * 1 * 8, dtype=torch.float64).view(1, 1, 2, 8)
    narrow = torch.arange(2.0 * 2 * 4).view(1, 2, 2, 4)

    for _ in range(GROWTH):
        kv.cache.update(narrow, narrow, 0)
        kv.cache.update(wide, -wide, 1)

    assert kv.num_tokens == kv.capacity == 2 * GROWTH
    first, second = kv.layers
    assert torch.equal(first.keys, narrow.repeat(1, 1, GROWTH, 1))
    assert torch.equal(second.keys, wide.repeat(1, 1, GROWTH, 1))
    assert torch.equal(second.values, -second.keys)


def hybrid_cache():
    """Keep [1, 2, 3] of "s" for a model with a state-space layer, as in Mamba and its hybrids."""
    config = LlamaConfig(num_hidden_layers=2, num_attention_heads=2, hidden_size=8)
    config.layer_types = ["full_attention", "linear_attention"]
    cache = PrefixCache(lambda: SequenceKV(config), max_tokens=1000)
    kept = cache.take("s", [1, 2, 3])
    kept.ids += [1, 2, 3]
    cache.give_back(kept)
    return cache


@pytest.mark.parametrize(("ids", "reused"), [([1, 2, 3, 4], [1, 2, 3]), ([1, 9, 3, 4], [])])
def test_a_model_that_cannot_go_back_reuses_only_what_it_extends(ids, reused):
    cache = hybrid_cache()

    again = cache.take("s", ids)

    assert not again.kv.can_crop
    assert again.ids == reused


@pytest.mark.parametrize(("ids", "num_known"), [([1, 2, 3, 4], 3), ([1, 2, 3], 0), ([1, 9], 0)])
def test_what_a_model_that_cannot_go_back_would_have_to_cut_is_not_known(ids, num_known):
    assert hybrid_cache().num_known("s", ids) == num_known


def test_of_two_sequences_the_one_that_can_be_extended_is_taken():
    # given one that shares more with the prompt, but would have to be cut for it
    cache = hybrid_cache()
    longer = cache.take("s", [1, 2, 3, 5, 6])
    other = cache.take("s", [1, 2, 3, 5])
    longer.ids += [5, 6]
    other.ids += [1, 2, 3]
    cache.give_back(longer)
    cache.give_back(other)

    assert cache.take("s", [1, 2, 3, 5, 7]).ids == [1, 2, 3]


def test_requests_without_a_session_are_no_conversation():
    cache = make_cache()

    pings = [cache.take(None, [1, 2]), cache.take(None, [1, 2])]

    assert cache.num_conversations == 0
    for ping in pings:
        run(ping, [1, 2])
        cache.give_back(ping)
    assert cache.num_tokens == 0
