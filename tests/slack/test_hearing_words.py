"""Slack's marks and blocks as people see them; text and names in, text out."""

import re

import pytest
from hypothesis import given, strategies as st

from bot.platforms.slack.blocks import worded
from bot.platforms.slack.reading import Names, linked, mentioned, plain, readable

NAMES = Names(
    people={"U1": "Nelly", "W2": "Otto", "UBOT": "Earshot"},
    groups={"S1": "painters"},
    channels={"C1": "general"},
)
MARKUP = re.compile(r"<[@#!][A-Z]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hello", "hello"),
        ("hi <@U1>, meet <@W2|otto.b>", "hi @Nelly, meet @Otto"),
        ("<@U9>", "@someone"),
        ("<@U9|gone.person>", "@gone.person"),
        ("<@>", "@someone"),
        ("<#C1> or <#C1|old-name>", "#general or #general"),
        ("<#C9|secret-plans>", "#secret-plans"),
        ("<#C9|>", "#unknown-channel"),
        ("<!subteam^S1> <!subteam^S1|@old>", "@painters @painters"),
        ("<!subteam^S9|@finance> <!subteam^S9>", "@finance @unknown-group"),
        ("<!here> <!channel> <!everyone>", "@here @channel @everyone"),
        ("<!here|here> <!channel|@channel>", "@here @channel"),
        ("<!date^1392734382^{date_num}|2014-02-18>", "2014-02-18"),
        ("<!date^1392734382^{date}^https://x.example/|at 6 &amp; 7>", "at 6 & 7"),
        ("<!date^1392734382^{date}>", "2014-02-18 14:39 UTC"),
        ("<!sparkle|Sparkle>", "Sparkle"),
        ("<!sparkle>", "@sparkle"),
        ("<https://x.example/a?b=1&amp;c=2>", "https://x.example/a?b=1&c=2"),
        ("<http://x.example|x.example>", "x.example"),
        ("<https://x.example/|x.example>", "x.example"),
        ("<https://x.example|the plan>", "[the plan](https://x.example)"),
        ("<mailto:mia@x.example|mia@x.example>", "mia@x.example"),
        ("<mailto:mia@x.example>", "mia@x.example"),
        ("<tel:+4930123|+49 30 123>", "[+49 30 123](tel:+4930123)"),
        ("<slack://open|open it>", "[open it](slack://open)"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;", "&lt;"),
        ("&lt;@U1&gt;", "<@U1>"),
        ("a <b> c", "a <b> c"),
        (":bow: *bold* `code`", ":bow: *bold* `code`"),
        ("a\nb", "a\nb"),
    ],
)
def test_marks_are_shown_as_people_see_them(text, shown):
    assert readable(text, NAMES) == shown


def test_escapes_alone_are_undone():
    assert plain("AT&amp;T <@U1>") == "AT&T <@U1>"


def test_a_link_says_where_it_leads_unless_its_words_do():
    assert linked("https://a.example/", "a.example") == "a.example"
    assert linked("https://evil.example/", "bank.example") == (
        "[bank.example](https://evil.example/)"
    )


def _rich(*parts):
    return [{"type": "rich_text", "elements": list(parts)}]


def _section(*elements):
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text, **style):
    return {"type": "text", "text": text, **({"style": style} if style else {})}


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        (_text("a <@U1> & b"), "a <@U1> & b"),
        (_text("bold", bold=True), "bold"),
        (_text("x = 1", code=True), "`x = 1`"),
        (_text("not", strike=True), "~~not~~"),
        ({"type": "link", "url": "https://x.example"}, "https://x.example"),
        (
            {"type": "link", "url": "https://x.example", "text": "the plan"},
            "[the plan](https://x.example)",
        ),
        ({"type": "user", "user_id": "U1"}, "@Nelly"),
        ({"type": "user", "user_id": "U9"}, "@someone"),
        ({"type": "usergroup", "usergroup_id": "S1"}, "@painters"),
        ({"type": "channel", "channel_id": "C1"}, "#general"),
        ({"type": "broadcast", "range": "here"}, "@here"),
        ({"type": "emoji", "name": "wave", "unicode": "1f44b"}, "👋"),
        ({"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fd"}, "👋🏽"),
        ({"type": "emoji", "name": "flag-de", "unicode": "1f1e9-1f1ea"}, "🇩🇪"),
        ({"type": "emoji", "name": "heart", "unicode": "2764-fe0f"}, "❤️"),
        ({"type": "emoji", "name": "partyparrot"}, ":partyparrot:"),
        ({"type": "emoji", "name": "odd", "unicode": "zz-d800"}, ":odd:"),
        ({"type": "emoji", "name": "odd", "unicode": "ffffffffff"}, ":odd:"),
        (
            {"type": "date", "timestamp": 1720710212, "format": "{date}", "fallback": "July 11th"},
            "July 11th",
        ),
        ({"type": "date", "timestamp": 1720710212, "format": "{date}"}, "2024-07-11 15:03 UTC"),
        ({"type": "date", "timestamp": 10**18, "format": "{date}"}, "(a date)"),
        ({"type": "color", "value": "#F405B3"}, "#F405B3"),
        ({"type": "team", "team_id": "T1"}, "@workspace"),
        ({"type": "canvas", "title": "Plans"}, "Plans"),
        ({"type": "hologram"}, ""),
    ],
)
def test_each_element_of_rich_text_is_shown(element, shown):
    assert worded(_rich(_section(element)), NAMES) == shown


def test_lists_quotes_and_code_are_shown_line_by_line():
    blocks = _rich(
        _section(_text("To do:\n")),
        {
            "type": "rich_text_list",
            "style": "ordered",
            "elements": [_section(_text("paint")), _section(_text("dry"))],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "indent": 1,
            "elements": [_section(_text("slowly"))],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "offset": 2,
            "elements": [_section(_text("hang"))],
        },
        {"type": "rich_text_quote", "elements": [_text("one\ntwo")]},
        {"type": "rich_text_preformatted", "elements": [_text("if x:\n    y()")]},
        _section(_text("done")),
    )

    assert worded(blocks, NAMES).splitlines() == [
        "To do:",
        "1. paint",
        "2. dry",
        "  - slowly",
        "3. hang",
        "> one",
        "> two",
        "```",
        "if x:",
        "    y()",
        "```",
        "done",
    ]


def test_what_apps_build_of_blocks_is_shown_without_what_can_only_be_clicked():
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Deploy &amp; test"}},
        {"type": "divider"},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "by <@U1>"},
            "fields": [{"type": "mrkdwn", "text": "*State*\nred"}],
            "accessory": {"type": "button", "text": {"type": "plain_text", "text": "Open"}},
        },
        {
            "type": "context",
            "elements": [
                {"type": "image", "image_url": "https://x.example/i", "alt_text": "a cat"},
                {"type": "mrkdwn", "text": "in <#C1>"},
            ],
        },
        {"type": "image", "alt_text": "chart", "title": {"type": "plain_text", "text": "Load"}},
        {"type": "markdown", "text": "**all** done"},
        {"type": "video", "title": {"type": "plain_text", "text": "Demo"}},
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}],
                [{"type": "rich_text", "elements": [_section(_text("1"))]}, {"type": "raw_text"}],
            ],
        },
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Approve"}}]},
    ]

    assert worded(blocks, NAMES).splitlines() == [
        "Deploy & test",
        "by @Nelly",
        "*State*",
        "red",
        "(image: a cat) in #general",
        "(image: Load)",
        "**all** done",
        "Demo",
        "a | b",
        "1 | ",
    ]


def test_mentions_are_found_in_marks_and_elements_however_deep():
    blocks = _rich(_section({"type": "user", "user_id": "U3"}, _text("<@U8>")))
    attachments = [{"text": "<@U4|x>", "fields": [{"value": "<#C2> <!subteam^S2|@s>"}]}]

    found = mentioned("<@U1> and <@W2|otto>", blocks, attachments)

    assert found.people == {"U1", "W2", "U3", "U4"}
    assert (found.channels, found.groups) == ({"C2"}, {"S2"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ("type", "text", "elements", "style", "url", "user_id", "unicode", "rows", "offset")
            )
            | st.text(max_size=6),
            inner
            | st.sampled_from(
                ("rich_text", "rich_text_section", "rich_text_list", "user", "emoji")
            ),
            max_size=5,
        )
    ),
    max_leaves=25,
)
PIECES = st.lists(
    st.sampled_from(
        ("<", ">", "@", "#", "!", "U1", "C1", "|", "subteam^", "date^", "&amp;", "^", " ")
    )
    | st.text(max_size=4),
    max_size=30,
).map("".join)


@given(PIECES)
def test_no_text_is_too_odd_to_be_read(text):
    assert isinstance(readable(text, NAMES), str)
    mentioned(text)


@given(
    st.lists(
        st.sampled_from(("<@U1>", "<@U9|x>", "<#C1>", "<!here>", "<!subteam^S9>", " a ", "\n"))
    )
)
def test_no_mark_is_left_in_a_text(marks):
    assert not MARKUP.search(readable("".join(marks), NAMES))


@given(st.lists(JSON, max_size=4))
def test_no_blocks_are_too_odd_to_be_read(blocks):
    shown = worded([each for each in blocks if isinstance(each, dict)], NAMES)

    assert isinstance(shown, str)
    mentioned(blocks)
