"""The model's Markdown in Slack's dialect: what is shown, and that nothing of it pings."""

import html
import re

import pytest
from hypothesis import given, strategies as st

from bot.platforms.slack.dialect import mrkdwn
from bot.platforms.slack.harmless import JOINER, harmless, settled
from bot.platforms.slack.inline import escaped
from tests.growth import is_subquadratic

PING = re.compile(r"<[!@#]")
LINK = re.compile(r"<(?:https?://|mailto:|tel:)[^<>|]+(?:\|[^<>|]+)?>", re.IGNORECASE)
PIECES = st.sampled_from(
    [
        "<!channel>",
        "<!here|here>",
        "<!subteam^S1>",
        "<@U123>",
        "<#C1|general>",
        "@here",
        "<",
        ">",
        "&",
        "&lt;",
        "&#60;",
        "[a](",
        ")",
        "](",
        "<https://a.b|",
        "https://x.y/<!here>",
        "`",
        "```\n",
        "**",
        "*",
        "_",
        "~~",
        "\\",
        "\n",
        "> ",
        "- ",
        "1. ",
        "| a | b |\n|---|---|\n",
        "# ",
        "word",
        " ",
    ]
)
MARKDOWN = st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**bold** and __bold__", "*bold* and *bold*"),
        ("*slanted* and _slanted_", "_slanted_ and _slanted_"),
        ("***both***", "*_both_*"),
        ("**bold with *slanted* in it**", "*bold with _slanted_ in it*"),
        ("~~gone~~", "~gone~"),
        ("[Turin](https://turin.it)", "<https://turin.it|Turin>"),
        ("[**Turin**](https://turin.it 'a city')", "<https://turin.it|Turin>"),
        ("[https://turin.it](https://turin.it)", "<https://turin.it>"),
        ("see https://turin.it/a_(b).", "see <https://turin.it/a_(b)>."),
        ("**https://turin.it**", "*<https://turin.it>*"),
        ("<https://turin.it?a=1&b=2>", "<https://turin.it?a=1&amp;b=2>"),
        ("<mia@turin.it>", "<mailto:mia@turin.it|mia@turin.it>"),
        ("![the map](https://turin.it/map.png)", "<https://turin.it/map.png|the map>"),
        ("# A *heading*", "*A _heading_*"),
        ("## **A heading** ##", "*A heading*"),
        ("# About C#", "*About C#*"),
        ("- one\n  - two\n    - three", "• one\n    ◦ two\n        ▪ three"),
        ("1. one\n2) two", "1. one\n2) two"),
        ("- [ ] to do\n- [x] done", "☐ to do\n☑ done"),
        ("> wise **words**\n> more", "> wise *words*\n> more"),
        (">>> nested\nplain", "> nested\nplain"),
        ("`a < b`", "`a &lt; b`"),
        ("``a ` b``", "`a ˋ b`"),  # noqa: RUF001 - Slack cannot show a backtick in code
        ("```py\nx = a & b\n```", "```\nx = a &amp; b\n```"),
        ("~~~\n**x**\n~~~", "```\n**x**\n```"),
        ("---", "──────────"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("a &lt; b &copy; c", "a &lt; b &amp;copy; c"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("one<br>two", "one\ntwo"),
        ("un**believ**able", "un\u200b*believ*\u200bable"),
    ],
)
def test_markdown_is_shown_in_slacks_dialect(markdown, expected):
    assert mrkdwn(markdown) == expected


def test_a_table_stands_in_fixed_width():
    table = "| City | km |\n|:--|--:|\n| **Turin** | 250 |\n| 東京 | 9 700 |\nend"

    assert mrkdwn(table).split("\n") == [
        "```",
        "City  | km",
        "------+------",
        "Turin | 250",
        "東京  | 9 700",
        "```",
        "end",
    ]


def test_links_in_a_table_keep_their_address():
    table = (
        "| What | Where |\n|---|---|\n| **[Guide](https://docs.acme.com/a)** | <https://acme.com> |\n"
        "| [https://acme.com/b](https://acme.com/b) | ![map](https://acme.com/c) |"
    )

    assert mrkdwn(table).split("\n") == [
        "```",
        "What                            | Where",
        "--------------------------------+-------------------------",
        "Guide (https://docs.acme.com/a) | https://acme.com",
        "https://acme.com/b              | map (https://acme.com/c)",
        "```",
    ]


def test_an_open_code_block_goes_to_the_end_and_keeps_its_marks():
    assert mrkdwn("look:\n```js\nif (a && b) {\n  **c**") == (
        "look:\n```\nif (a &amp;&amp; b) {\n  **c**\n```"
    )


def test_code_in_a_list_loses_the_indentation_of_the_list_alone():
    assert mrkdwn("- first:\n  ```\n  a\n    b\n  ```") == "• first:\n```\na\n  b\n```"


def test_escaped_marks_do_not_begin_anything():
    shown = mrkdwn(r"\*not bold\* and \<b\>")

    assert shown.replace("\u200b", "") == "*not bold* and &lt;b&gt;"
    assert "\u200b" in shown


@pytest.mark.parametrize("target", ["javascript:alert(1)", "./page.html", "#part", "!channel", ""])
def test_what_leads_nowhere_on_the_web_is_no_link(target):
    assert "<" not in mrkdwn(f"[words]({target})")


@pytest.mark.parametrize(
    "ping",
    [
        "<!channel>",
        "<!here>",
        "<!everyone|all>",
        "<!subteam^S012|team>",
        "<@U012>",
        "<#C012|general>",
    ],
)
def test_no_ping_survives_in_words_or_code(ping):
    for text in (ping, f"`{ping}`", f"```\n{ping}\n```", f"**{ping}**", f"[{ping}](https://a.b)"):
        assert not PING.search(mrkdwn(text))
        assert not PING.search(harmless(text))


def test_slacks_markdown_keeps_everything_but_pings():
    text = "<!DOCTYPE html> <!-- x --> **b** `a < b` [a](https://b.c?d=1&e) mia@here.org"

    assert harmless(text) == text
    assert harmless("hi @here and @Channel") == f"hi @{JOINER}here and @{JOINER}Channel"
    assert harmless("_@here_ @@channel2") == f"_@{JOINER}here_ @@{JOINER}channel2"
    assert harmless("<\\!here>") == f"<{JOINER}\\!here>"


@pytest.mark.parametrize("sign", ["&lt;", "&#60;", "&#0060;", "&#x3C;"])
@pytest.mark.parametrize("ping", ["!here&#62;", "@U012>", "&#64;U012>", "!subteam^S012>"])
def test_an_entity_pings_as_little_as_its_sign(sign, ping):
    text = f"Ask {sign}{ping} or &#64;here"
    shown = ""

    for end in range(len(text) + 1):
        assert settled(text[:end]).startswith(shown)
        shown = settled(text[:end])

    assert harmless(text).startswith(shown)
    for form in (harmless(text), html.unescape(harmless(text))):
        assert not PING.search(form)
        assert "@here" not in form


@given(MARKDOWN)
def test_whatever_is_written_pings_nobody(markdown):
    shown = mrkdwn(markdown)

    assert "<" not in LINK.sub("", shown)
    assert not re.search(
        r"<(?:!(?!--|doctype|\[cdata)|@[A-Z0-9]|#[A-Z0-9])", harmless(markdown), re.I
    )
    assert not re.search(r"(?<![^\W_])@(channel|here|everyone)(?![a-z])", harmless(markdown), re.I)


@given(
    st.text(
        alphabet=st.characters(categories=["L", "Nd"]) | st.sampled_from(" *_~`#-.\n>!"),
        max_size=200,
    )
)
def test_every_word_is_kept(markdown):
    def words(text):
        return [char for char in html.unescape(text) if char.isalnum() and char != "ˋ"]  # noqa: RUF001

    fences = re.compile(r"(?m)^\s*(?:[-*+]\s+|\d+[.)]\s+|>\s*)*(?:`{3,}|~{3,}).*$")
    plain = fences.sub("", markdown)
    assert words(mrkdwn(plain)) == words(plain)


@given(MARKDOWN)
def test_a_growing_text_grows_by_appending_and_never_pings(markdown):
    whole, shown = harmless(markdown), ""
    for end in range(len(markdown) + 1):
        grown = settled(markdown[:end])
        assert grown.startswith(shown)
        shown = grown
    assert whole.startswith(shown)


@pytest.mark.parametrize(
    "text_of",
    [
        lambda size: "[a](" * (size // 4),
        lambda size: "**a" * (size // 3),
        lambda size: "``a`b" * (size // 5),
        lambda size: "<http://" + "a" * size,
        lambda size: "***_a" * (size // 5),
        lambda size: "# a" + " " * size + "b",
        lambda size: "[" * size,
        lambda size: "- " * (size // 2) + "x",
        lambda size: "[[a]" * (size // 4),
        lambda size: "| a " * (size // 4),
    ],
    ids=range(10),
)
def test_a_long_row_of_marks_takes_no_time_by_the_square_of_its_size(text_of):
    assert is_subquadratic(mrkdwn, text_of, 1000)


@given(st.text(max_size=100))
def test_plain_words_mean_only_themselves(text):
    assert not set("<>") & set(escaped(text))
