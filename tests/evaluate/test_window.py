import pytest

from inference.tune.evaluation.window import Naming, Shown, Window
from inference.wire.conversation_file import FileConversation, FileMessage
from inference.wire.file_bursts import file_bursts
from inference.wire.turns import Burst, Line
from tests.evaluate.odd_chats import ODD_NAMES, STARTS_WITH_ASSISTANT, long_chat


def conversation(messages):
    return FileConversation("c", 1, tuple(FileMessage(name, text) for name, text in messages))


def shown(messages, **options):
    return Shown(conversation(messages), Naming(), **options)


def test_a_whole_conversation_is_shown_as_training_shows_it():
    for messages in (ODD_NAMES, STARTS_WITH_ASSISTANT):
        whole = shown(messages)

        assert whole.bursts(0, len(whole)) == file_bursts(conversation(messages))


def test_a_name_that_two_people_share_is_free_again_once_the_first_has_left_the_prompt():
    chat = shown([("Cleo:", "hi"), ("Cleo", "hi too"), ("Cleo", "well")])

    assert [burst.lines[0].name for burst in chat.bursts(0, 3)] == ["Cleo", "Cleo (2)", "Cleo (2)"]
    assert [burst.lines[0].name for burst in chat.bursts(1, 3)] == ["Cleo", "Cleo"]


def test_messages_joined_to_a_burst_share_one_turn_and_one_reply():
    chat = shown([("Ana", "hi"), ("Ben", "?"), (None, "Yes."), ("Ana", "ok")], sizes=[2, 1])

    assert chat.bursts(0, 2) == [
        Burst((Line("Ana", "hi"), Line("Ben", "?")), "Yes."),
        Burst((Line("Ana", "ok"),)),
    ]
    assert [begins for begins, _ in chat.entries(0, 1)] == [True, False, False, True]


def test_a_burst_names_the_assistant_by_either_of_its_names():
    chat = shown([("Ana", "Earshot?"), ("Ben", "well, ASSISTANT"), ("Ana", "my assistants")])

    assert [chat.names_assistant(burst) for burst in chat.bursts(0, 3)] == [True, True, False]


def test_the_window_stays_while_the_prompt_fits_and_then_drops_to_half_the_budget():
    window = Window(shown(long_chat(40)), max_prompt_tokens=1000)

    window.scored(19, num_prompt_tokens=1000)
    assert window.first == 0

    window.scored(20, num_prompt_tokens=1001)
    assert 9 <= window.first <= 12


def test_a_refused_prompt_loses_its_older_half_until_one_burst_is_left():
    window = Window(shown(long_chat(8)), max_prompt_tokens=1000)
    firsts = []

    while window.refused(7):
        firsts.append(window.first)

    assert firsts == sorted(set(firsts))
    assert firsts[-1] == 7


def test_a_history_of_very_many_messages_loses_its_older_half():
    window = Window(shown([("Ana", "hi")] * 500), max_prompt_tokens=10_000)

    window.open(398)
    assert window.first == 0

    window.open(399)
    assert window.first == pytest.approx(200, abs=1)
