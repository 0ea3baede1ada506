from hypothesis import given, strategies as st

from bot.messages import Author
from bot.trim import first_row_kept, later_half
from tests.deciding.history import ANA, BOB, Chat, extends, replied, said


def alternating(num_bursts, *, text="x" * 40):
    """Bursts of two messages and a reply, then one that waits."""
    entries = []
    for number in range(num_bursts):
        row = 3 * number + 1
        entries += [
            said(row, ANA, text, decision=number + 1),
            said(row + 1, BOB, text, decision=number + 1),
            replied(row + 2, text, decision=number + 1),
        ]
    return [*entries, said(3 * num_bursts + 1, ANA, text)]


def kept(entries, *, num_prompt_tokens, max_prompt_tokens=1000):
    return first_row_kept(
        entries, num_prompt_tokens=num_prompt_tokens, max_prompt_tokens=max_prompt_tokens
    )


def test_a_prompt_within_the_budget_stays():
    assert kept(alternating(10), num_prompt_tokens=1000) is None
    assert kept([], num_prompt_tokens=0) is None


def test_a_prompt_over_the_budget_is_cut_to_half_of_it_at_once():
    entries = alternating(20)

    row = kept(entries, num_prompt_tokens=1001)

    remaining = len([entry for entry in entries if entry.row >= row])
    assert 0.40 * len(entries) <= remaining <= 0.52 * len(entries)


def test_the_cut_falls_between_bursts():
    entries = alternating(20)
    row = kept(entries, num_prompt_tokens=1300)

    assert row % 3 == 1


def test_a_late_message_that_stands_before_a_reply_begins_its_own_burst():
    entries = [
        said(1, text="x" * 400, decision=1),
        said(2, decision=2),
        replied(3, decision=1),
        said(4, decision=2),
    ]

    assert kept(entries, num_prompt_tokens=1200) == 2


def test_the_last_burst_stays_whole_however_long_it_is():
    entries = [said(1, decision=1), said(2, text="x" * 3000), said(3, text="x" * 3000)]

    assert kept(entries, num_prompt_tokens=5000) == 2


def test_a_last_burst_that_stands_alone_cannot_be_cut():
    assert kept([said(1), said(2), said(3)], num_prompt_tokens=9999) is None


def test_messages_that_are_not_shown_do_not_count():
    lost = [said(row, text="", hidden=True) for row in range(1, 50)]
    lost += [said(50, text="", deleted=True)]
    last = [said(51, text="x" * 100, decision=1), said(52, text="x" * 100)]

    assert kept([*lost, *last], num_prompt_tokens=1100) == 52


def test_only_what_is_shown_of_a_huge_message_counts():
    entries = [said(row, text="x" * 4000, decision=row) for row in range(1, 10)]
    entries += [said(10, text="x" * 100_000, decision=10), said(11)]

    assert kept(entries, num_prompt_tokens=1100) == 7


def test_only_replies_or_nothing_cannot_be_cut():
    assert kept([replied(1), replied(2)], num_prompt_tokens=2000) is None
    assert later_half([]) is None


def test_the_later_half_of_an_uncounted_prompt():
    entries = alternating(20)

    assert later_half(entries) == 34
    assert later_half([said(1), said(2)]) is None
    assert later_half([said(1, decision=1), said(2, text="x" * 900)]) == 2


BUDGET = 600
PEOPLE = st.sampled_from([ANA, BOB, Author("u3", "Cat")])
LENGTHS = st.integers(1, 300)
STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(PEOPLE, LENGTHS), min_size=1, max_size=3),
        st.one_of(st.none(), LENGTHS),
        st.lists(st.tuples(PEOPLE, LENGTHS), max_size=2),
    ),
    min_size=5,
    max_size=40,
)


def num_tokens(turns):
    """Count as a tokenizer does, roughly: six for the frame of a turn, one for four characters."""
    return sum(6 + len(turn["content"]) // 4 for turn in turns)


@given(STEPS)
def test_a_prompt_changes_only_at_its_front_and_only_when_it_is_trimmed(steps):
    chat, window, older = Chat(), 0, None
    for burst, reply, late in steps:
        for author, length in burst:
            chat.say(author, "x" * length)
        turns = chat.turns(from_row=window)
        assert older is None or extends(turns, older)

        older = turns
        shown = [entry for entry in chat.entries if entry.row >= window]
        row = kept(shown, num_prompt_tokens=num_tokens(turns), max_prompt_tokens=BUDGET)
        if row is not None:
            before, window = chat.bursts(from_row=window), row
            after, older = chat.bursts(from_row=window), chat.turns(from_row=window)
            assert after == before[-len(after) :]
            assert len(after) < len(before)
            assert len(after) == 1 or num_tokens(older) <= BUDGET * 0.7
        chat.decide(late=[(author, "x" * n) for author, n in late] if reply else ())
        if reply:
            chat.reply("x" * reply)


@given(STEPS)
def test_a_prompt_never_outgrows_the_budget_by_more_than_its_last_burst(steps):
    chat, window = Chat(), 0
    for burst, reply, _ in steps:
        for author, length in burst:
            chat.say(author, "x" * length)
        turns = chat.turns(from_row=window)
        assert num_tokens(turns[:-2]) <= BUDGET + 6 + 300 // 4 + 10

        shown = [entry for entry in chat.entries if entry.row >= window]
        row = kept(shown, num_prompt_tokens=num_tokens(turns), max_prompt_tokens=BUDGET)
        window = row or window
        chat.decide()
        if reply:
            chat.reply("x" * reply)
