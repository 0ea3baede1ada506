"""Discord's marks become what people see; code stays as it is."""

from math import isqrt

import pytest
from hypothesis import given, strategies as st

from bot.platforms.discord.mentions import Names, people_in, readable, roles_in
from tests.growth import is_subquadratic

NAMES = Names(
    person={80351110224678912: "Nelly", 2: "a`b"}.get,
    role={165511591545143296: "Moderators"}.get,
    channel={103735883630395392: "general"}.get,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@80351110224678912>", "@Nelly"),
        ("<@!80351110224678912>, hi", "@Nelly, hi"),
        ("<@80351110224678912><@7>", "@Nelly@someone"),
        ("<@&165511591545143296> <@&7>", "@Moderators @unknown-role"),
        ("<#103735883630395392> <#7>", "#general #unknown-channel"),
        ("<:mmLol:216154654256398347><a:b1nzy:392938283556143104>", ":mmLol::b1nzy:"),
        ("<t:1618953630>", "2021-04-20 21:20 UTC"),
        ("<t:1618953630:t>", "21:20 UTC"),
        ("<t:1618953630:T>", "21:20:30 UTC"),
        ("<t:1618953630:d>", "2021-04-20"),
        ("<t:1618953630:R>", "2021-04-20 21:20 UTC"),
        ("<t:-1:F>", "1969-12-31 23:59 UTC"),
        ("<t:99999999999999999>", "<t:99999999999999999>"),
        ("</airhorn:816437322781949972>", "/airhorn"),
        ("</config channel set:816437322781949972>", "/config channel set"),
        ("<id:customize> <id:linked-roles:7> <id:new>", "Channels & Roles Linked Roles <id:new>"),
        ("<sound:7:8>", "(a sound)"),
        ("see <https://example.com/a?b=<c>", "see <https://example.com/a?b=<c>"),
        ("see <https://example.com/a>.", "see https://example.com/a."),
        ("@everyone @here", "@everyone @here"),
        ("<@> <@x> <#> < @1> <t:> <:a:>", "<@> <@x> <#> < @1> <t:> <:a:>"),
        ("<@١٢>", "<@١٢>"),
        ("ن̷ \u202eabc 👩‍👩‍👧", "ن̷ \u202eabc 👩‍👩‍👧"),
        ("", ""),
    ],
)
def test_a_mark_is_shown_as_people_see_it(text, shown):
    assert readable(text, NAMES) == shown


@pytest.mark.parametrize(
    "code",
    ["`<@7>`", "``a ` <@7>``", "```py\n<@7>\n```", "`\n<@7>`", "````\n```<@7>```\n````"],
)
def test_code_stays_as_it_is(code):
    assert readable(f"{code} <#7>", NAMES) == f"{code} #unknown-channel"
    assert people_in(code) == frozenset()


@pytest.mark.parametrize("text", ["`<@7>", "``<@7>`", r"\`<@7>`", "<@7>`", "` <@2> <@7>"])
def test_a_backtick_that_opens_no_code_hides_nothing(text):
    assert "@someone" in readable(text, NAMES)
    assert 7 in people_in(text)


def test_a_name_is_not_read_for_marks_again():
    assert readable("<@2> <@2>", NAMES) == "@a`b @a`b"


@given(st.text("<@!&#:/t-0129az`\\ \n>") | st.from_regex(r"<t:-?[0-9]{1,17}(:[a-zA-Z])?>"))
def test_any_text_can_be_shown_and_one_without_marks_stays(text):
    shown = readable(text, NAMES)

    assert shown == text or "<" in text


def test_people_and_roles_are_found_by_their_ids():
    text = "<@1> <@!2> <@&3> `<@4>` <#5>"

    assert people_in(text) == {1, 2}
    assert roles_in(text) == {3}


@pytest.mark.parametrize(
    "text_of",
    [
        lambda size: "`" * size,
        lambda size: "` `` " * (size // 5),
        lambda size: "".join("`" * num + " " for num in range(1, isqrt(2 * size))),
        lambda size: "<" * size,
        lambda size: "</" + "a" * size,
        lambda size: "<https://" * (size // 9),
        lambda size: "<@1" * (size // 3),
    ],
    ids=range(7),
)
def test_no_text_takes_time_by_the_square_of_its_size(text_of):
    assert is_subquadratic(lambda text: readable(text, NAMES), text_of, 500)
