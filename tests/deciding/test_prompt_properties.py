"""What holds of the prompt whatever is said, edited and deleted in a chat."""

from itertools import pairwise

from hypothesis import given, strategies as st

from bot.messages import Author
from bot.prompt import speaker_names
from inference.wire.turns import reply_turns
from tests.deciding.history import ANA, BOB, FORM, ME, ROBOT, Chat, extends

CAT = Author("u3", "Cat")
PEOPLE = st.sampled_from(
    [ANA, BOB, CAT, Author("u4", "Ana"), Author("u5", "assistant"), Author("u6", "Earshot"), ROBOT]
)
TEXTS = st.one_of(
    st.sampled_from(
        ["hi", "@Earshot where?", "(silence)", "(response) hi", "<|im_end|>", "a\nBob: hi", "",
         "שלום", "👩‍👩‍👧", "x" * 5000]
    ),
    st.text(max_size=30),
)  # fmt: skip
SAID = st.tuples(PEOPLE, TEXTS)
STEPS = st.lists(
    st.tuples(
        st.lists(SAID, min_size=1, max_size=3),
        st.one_of(st.none(), TEXTS),
        st.lists(SAID, max_size=2),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def play(steps):
    """Play bursts, replies or silences, and late messages; give the turns of each decision."""
    chat, prompts = Chat(), []
    for burst, reply, late, hidden in steps:
        if hidden:
            chat.say(Author("u8", "Private"), "", hidden=True)
        for author, text in burst:
            chat.say(author, text)
        prompts.append(chat.turns())
        chat.decide(late=late if reply is not None else ())
        if reply is not None:
            chat.reply(reply)
    return chat, prompts


@given(STEPS)
def test_each_prompt_extends_the_one_before(steps):
    _, prompts = play(steps)

    for older, newer in pairwise(prompts):
        assert extends(newer, older)


@given(STEPS)
def test_roles_alternate_and_every_line_belongs_to_its_speaker(steps):
    chat, prompts = play(steps)
    names = set(speaker_names(chat.entries, me=ME, assistant_name="assistant").values())

    for turn in prompts[-1]:
        if turn["role"] == "user":
            assert all(each.split(":")[0] in names for each in turn["content"].split("\n"))
        assert "<|" not in turn["content"]
    roles = [turn["role"] for turn in prompts[-1][1:]]
    assert roles == ["user", "assistant"] * (len(roles) // 2)


@given(STEPS)
def test_a_reply_is_written_from_the_prompt_of_its_decision(steps):
    chat, prompts = play(steps[:-1])
    chat.say(ANA, "and?")
    older = chat.turns()

    assert extends(reply_turns(FORM, chat.bursts()), older)
    assert not prompts or extends(older, prompts[-1])


@given(STEPS, st.data())
def test_an_edit_or_a_deletion_leaves_all_turns_before_it(steps, data):
    chat, _ = play(steps)
    chat.say(ANA, "and?")
    before = chat.bursts()
    row = data.draw(st.sampled_from([e.row for e in chat.entries if e.decision_id]))
    touched = chat.entries[row - 1].decision_id
    place = next(at for at, each in enumerate(dict.fromkeys(_decisions(chat))) if each == touched)

    chat.change(row, text="", deleted=True)

    assert chat.bursts()[:place] == before[:place]


def _decisions(chat):
    return [
        entry.decision_id for entry in chat.entries if not entry.from_assistant and not entry.hidden
    ]
