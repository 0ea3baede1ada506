"""Chat logs become conversations: cut at silences, names consistent, nobody left out shines through."""

from datetime import UTC, datetime, timedelta

import pytest

from inference.wire.chat_log import ChatLog, LoggedMessage, Person, chosen_person
from inference.wire.logged_conversations import Cuts, logged_conversations, names_in_data
from inference.wire.name_finder import NameFinder
from inference.wire.pseudonyms import NAMES, pseudonyms

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ANA = Person("U1", "Ana Silva", ("asilva",))
BEN = Person("U2", "Ben")
HELPER = Person("U9", "Helper Bot", ("helper",), is_bot=True)
EVERYONE = [ANA, BEN, HELPER]
SHORT = Cuts(min_messages=1)


def said(*lines, minutes=1.0):
    """Give a log of (person, text) pairs, `minutes` apart; a text of None must not be used."""
    messages = tuple(
        LoggedMessage(
            person.id, text or "", START + timedelta(minutes=minutes * number), text is None
        )
        for number, (person, text) in enumerate(lines)
    )
    return ChatLog("C1", "#general", messages)


def conversations(*logs, assistant=HELPER, people=EVERYONE, hidden_names=False, cuts=SHORT):
    names = names_in_data(people, assistant, with_pseudonyms=hidden_names)
    return list(
        logged_conversations(logs, names, assistant_id=assistant.id, source="test", cuts=cuts)
    )


def shown(conversation):
    return [(m.get("name"), m["content"]) for m in conversation["messages"]]


def test_the_chosen_person_becomes_the_assistant_in_role_and_in_texts():
    log = said((ANA, "<@U9> is it up?"), (HELPER, "yes"), (BEN, "thanks helper bot, and <@U1>"))

    (conversation,) = conversations(log)

    assert shown(conversation) == [
        ("Ana Silva", "assistant is it up?"),
        (None, "yes"),
        ("Ben", "thanks assistant, and @Ana Silva"),
    ]
    assert conversation["title"] == "#general"


def test_a_person_chosen_as_the_assistant_is_also_called_by_a_word_of_the_name():
    other = Person("U3", "Rita Silva")
    log = said((BEN, "Ana? what does Silva mean, ana silva"), (ANA, "it means wood"))

    (conversation,) = conversations(log, assistant=ANA, people=[ANA, BEN, other])

    assert shown(conversation)[0] == ("Ben", "assistant? what does Silva mean, assistant")


def test_a_bot_is_not_called_by_a_mere_part_of_its_name():
    deploy = Person("U5", "Deploy Bot", is_bot=True)
    log = said((ANA, "who will deploy this bot, @Deploy Bot?"), (deploy, "I will"))

    (conversation,) = conversations(log, assistant=deploy, people=[ANA, deploy])

    assert shown(conversation)[0][1] == "who will deploy this bot, assistant?"


def test_a_long_silence_parts_conversations_but_never_a_reply_from_its_question():
    early = said((ANA, "hello?"), (HELPER, "yes?"), (BEN, "still here"), minutes=150)

    found = conversations(early)

    assert [shown(one) for one in found] == [
        [("Ana Silva", "hello?"), (None, "yes?")],
        [("Ben", "still here")],
    ]


@pytest.mark.parametrize("gap_hours", [1e12, float("inf")])
def test_a_gap_longer_than_any_silence_parts_nothing(gap_hours):
    early = said((ANA, "hello?"), (BEN, "yes?"), minutes=10_000)

    assert len(conversations(early, cuts=Cuts(gap_hours=gap_hours, min_messages=1))) == 1


def test_a_busy_channel_is_cut_where_it_gets_too_long():
    log = said(*[(ANA, "a"), (HELPER, "b")] * 3)

    found = conversations(log, cuts=Cuts(max_messages=3, min_messages=1))

    assert [len(one["messages"]) for one in found] == [4, 2]
    assert all(one["messages"][0]["role"] == "user" for one in found)


def test_what_is_too_short_to_learn_from_is_left_out():
    assert conversations(said((ANA, "hi"), (BEN, "hi")), cuts=Cuts(min_messages=3)) == []


def test_a_reply_to_words_that_must_not_be_used_goes_with_them():
    log = said((ANA, "hi"), (BEN, None), (HELPER, "Ben, your secret is safe"), (ANA, "what?"))

    (conversation,) = conversations(log)

    assert shown(conversation) == [("Ana Silva", "hi"), ("Ana Silva", "what?")]


def test_several_posts_of_the_assistant_are_one_reply_and_empty_ones_none():
    log = said((HELPER, "I am up"), (ANA, "list"), (HELPER, "1"), (HELPER, " "), (HELPER, "2"))

    (conversation,) = conversations(log)

    assert shown(conversation) == [("Ana Silva", "list"), (None, "1\n2")]


def test_pseudonyms_are_the_same_in_names_in_mentions_and_in_texts():
    log = said(
        (ANA, "<@U2> ask me at ana@silva.org or +44 20 7946 0018"),
        (BEN, "ok ana, I mean ASILVA, or silva. @Ana Silva's idea, Helper Bot will do"),
    )

    (conversation,) = conversations(log, hidden_names=True)

    ana, ben = (message["name"] for message in conversation["messages"])
    assert {ana, ben} <= set(NAMES)
    assert shown(conversation) == [
        (ana, f"@{ben} ask me at <email> or <phone>"),
        (ben, f"ok {ana}, I mean {ana}, or {ana}. @{ana}'s idea, assistant will do"),
    ]


def test_nobody_gets_the_name_of_somebody_there_and_bots_keep_theirs():
    taken = Person("U7", f"{NAMES[0]} Berg")

    given = pseudonyms([taken, BEN, HELPER], not_used=[NAMES[1]])

    assert given == {"U7": NAMES[2], "U2": NAMES[3], "U9": "Helper Bot"}


def test_pseudonyms_never_run_out():
    many = [Person(f"U{number}", f"person{number}") for number in range(3 * len(NAMES))]

    given = pseudonyms(many)

    assert len(set(given.values())) == len(many)
    assert given[f"U{len(NAMES)}"] == f"{NAMES[0]} 2"


def test_a_name_that_is_a_word_too_is_found_as_it_is_written_alone():
    finder = NameFinder()
    finder.add(["Will", "Bo"], "Noor")

    assert finder.replaced("Will, bo will ask Bo", {}) == "Noor, bo will ask Noor"


def test_names_without_spaces_around_them_are_found():
    finder = NameFinder()
    finder.add(["山田", "★"], "Noor")

    assert finder.replaced("山田さん ★", {}) == "Noorさん ★"


def test_a_mention_of_nobody_known_is_someone():
    assert NameFinder().replaced("ask <@U404>", {}) == "ask @someone"


def test_an_id_holds_no_name_and_stays_the_same():
    log = said((ANA, "hi"), (BEN, "hi"))

    first, again = conversations(log), conversations(log, hidden_names=True)

    assert first[0]["id"] == again[0]["id"]
    assert first[0]["id"].startswith("test-")


def test_a_participant_is_chosen_by_id_or_by_any_name():
    logs = [said((ANA, "hi"))]

    chosen = [chosen_person(EVERYONE, logs, who) for who in ("U1", "@asilva", "ana silva")]

    assert chosen == [ANA] * 3


def test_nobody_found_lists_the_likely_ones_first():
    with pytest.raises(ValueError, match="nobody is called") as error:
        chosen_person(EVERYONE, [said((BEN, "hi"))], "Helper Bott")

    assert str(error.value).endswith(
        "there are: Helper Bot (U9, a bot, 0 messages), Ben (U2, 1 messages)"
    )


def test_one_name_for_two_wants_an_id():
    with pytest.raises(ValueError, match='"ben" is the name of 2 participants') as error:
        chosen_person([BEN, Person("U8", "Ben")], [], "ben")

    assert "U2" in str(error.value)
    assert "U8" in str(error.value)
