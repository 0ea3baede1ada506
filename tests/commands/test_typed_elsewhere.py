"""Where commands are typed another way, every hint says that way."""

import pytest

from bot.commands import UsageError, parse
from tests.commands.conftest import Channel

PREFIX = "@Earshot !"
REFUSED = {"may_manage": False, "may_manage_workspace": False}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("clear", "To do it, type @Earshot !clear confirm."),
        ("wyh", "Did you mean @Earshot !why? @Earshot !help lists them all."),
        ("how far is it?", "To ask me something, type @Earshot !ask and your question."),
        ("ask", "Type it like this: @Earshot !ask <question>"),
        ("why 5 please", "Type it like this: @Earshot !why [n 1-20]"),
        ("privacy", "@Earshot !privacy needs one more word"),
        ("privacy forget", "Did you mean @Earshot !privacy forget-me?"),
        ("help", "Each is typed like this: @Earshot !why"),
        ("help", "@Earshot !help why tells more about one of them."),
        ("help mode", "  @Earshot !mode [active|mention|listen|off]"),
        ("help mode", "  @Earshot !mode mention"),
        ("privacy show", "@Earshot !privacy optout stops it"),
        ("privacy show", "@Earshot !privacy forget-me deletes it"),
        ("privacy optout", "@Earshot !privacy optin undoes this"),
        ("privacy forget-me", "unless you use @Earshot !privacy optout"),
        ("privacy training on", "@Earshot !privacy training off ends it"),
        ("limits cooldown 9d", "@Earshot !mode mention is for good"),
        ("defaults persona a pirate", "@Earshot !defaults follow ends that"),
    ],
)
async def test_a_hint_says_what_to_type_there(channel: Channel, text: str, hint: str) -> None:
    await channel.run("persona a librarian")

    answer = await channel.run(text, prefix=PREFIX)

    assert hint in answer.text
    assert "/assistant" not in answer.text


async def test_who_may_not_use_a_command_reads_its_name_as_it_is_typed_there(
    channel: Channel,
) -> None:
    managing = await channel.run("mode off", prefix=PREFIX, **REFUSED)
    reading = await channel.run("why", prefix=PREFIX, may_read_back=False)

    assert managing.text.endswith("can use @Earshot !mode like that.")
    assert reading.text.endswith("so @Earshot !why can't tell you.")


async def test_a_question_that_is_not_answered_is_told_what_to_type_there(
    channel: Channel,
) -> None:
    await channel.run("mode listen")
    silent = await channel.run("ask are you there?", prefix=PREFIX)
    await channel.run("mode mention")
    await channel.run("privacy optout")
    opted_out = await channel.run("ask are you there?", prefix=PREFIX)

    assert silent.text.endswith("@Earshot !mode mention or active changes that.")
    assert opted_out.text.endswith("@Earshot !privacy optin undoes it.")


def test_what_cannot_be_read_says_what_to_type_there() -> None:
    with pytest.raises(UsageError, match="Did you mean @Earshot !why"):
        parse("wyh", prefix=PREFIX)
