from inference.bench.rounds import Entry, Times, in_turns
from inference.errors import InferenceError


def test_entries_take_turns_and_the_first_round_warms_up():
    heard = []
    entries = [
        Entry(
            name,
            lambda n, name=name: heard.append(("prepare", name, n)),
            lambda n, name=name: heard.append((name, n)),
        )
        for name in ("one", "two")
    ]

    times = in_turns(entries, rounds=1, notes=[])

    assert heard == [
        step
        for n in (0, 1)
        for name in ("one", "two")
        for step in (("prepare", name, n), (name, n))
    ]
    assert [len(one.seconds) for one in times] == [1, 1]


def test_an_entry_that_fails_is_told_and_the_others_go_on():
    def fail(number):
        raise InferenceError("no room")

    notes = []
    broken = Entry("broken", lambda n: None, fail)
    sound = Entry("sound", lambda n: None, lambda n: None)

    times = in_turns([broken, sound], rounds=2, notes=notes)

    assert times[0] is None
    assert len(times[1].seconds) == 2
    assert notes == ["broken failed: no room"]


def test_a_ratio_is_the_median_over_rounds():
    slow, fast = Times("slow", (4.0, 9.0, 100.0)), Times("fast", (2.0, 3.0, 4.0))

    assert slow.ratio_to(fast) == 3.0
    assert slow.median_s == 9.0
