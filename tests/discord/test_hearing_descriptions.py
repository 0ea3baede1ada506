"""What comes with a message besides its words is described in a few words each."""

import pytest

from tests.discord.ears import HELPER_BOT, NELLY, file, said, user

WAVEFORM = {"duration_secs": 12.4, "waveform": "AAAA"}


async def _contents(_attachment):
    return "the contents"


@pytest.mark.parametrize(
    ("attachment", "described"),
    [
        (file("cat.png", content_type="image/png"), "image cat.png"),
        (
            file("cat.png", content_type="image/png", description="a cat on a mat"),
            "image cat.png: a cat on a mat",
        ),
        (file("SPOILER_end.png", content_type="image/png"), "spoiler image end.png"),
        (file("clip.mp4", content_type="video/mp4"), "video clip.mp4"),
        (file("song.mp3", content_type="audio/mpeg"), "audio song.mp3"),
        (file("voice-message.ogg", content_type="audio/ogg", **WAVEFORM), "voice message (12 s)"),
        (file("talk.pdf", content_type="application/pdf"), "file talk.pdf"),
        (file("mystery"), "file mystery"),
        (
            file("notes.md", content_type="text/markdown; charset=utf-8"),
            "file notes.md: the contents",
        ),
        (file("main.py"), "file main.py: the contents"),
        (file("app.ts", content_type="video/mp2t"), "file app.ts: the contents"),
        (file("data.json", content_type="application/json"), "file data.json: the contents"),
        (file("x" * 300, content_type="image/png"), f"image {'x' * 100} …"),
    ],
)
async def test_a_file_is_described(ears, attachment, described):
    message = await ears.hears(said("", attachments=[attachment]), reader=_contents)

    assert message.attachments == (described,)


async def test_three_text_files_of_a_message_are_read(ears):
    files = [file(f"{number}.txt", file_id=number) for number in range(1, 6)]

    message = await ears.hears(said("", attachments=files), reader=_contents)

    read = "file {}.txt: the contents".format
    assert message.attachments == (read(1), read(2), read(3), "file 4.txt", "file 5.txt")


async def test_a_text_file_that_cannot_be_read_is_still_named(ears):
    message = await ears.hears(said("", attachments=[file("log.txt")]))

    assert message.attachments == ("file log.txt",)


async def test_a_sticker_is_named(ears):
    stickers = [{"id": "1", "name": "Wave", "format_type": 1}]

    assert (await ears.hears(said("", sticker_items=stickers))).attachments == ("sticker: Wave",)


@pytest.mark.parametrize(
    ("text", "embed", "described"),
    [
        (
            "see https://a.example/x",
            {"type": "article", "url": "https://a.example/x", "title": "X", "description": "long"},
            ("link: X",),
        ),
        (
            "https://x.example/1",
            {"type": "rich", "url": "https://x.example/1", "author": {"name": "Ada"}},
            ("link: Ada",),
        ),
        ("https://t.example/gif", {"type": "gifv", "url": "https://t.example/gif"}, ("GIF",)),
        ("https://a.example", {"type": "link", "url": "https://a.example"}, ()),
        ("hi", {"type": "poll_result", "fields": []}, ()),
        (
            "",
            {
                "type": "rich",
                "url": "https://ci.example/7",
                "title": "Build failed",
                "description": f"by <@{NELLY}>",
                "fields": [{"name": "branch", "value": "main"}],
                "footer": {"text": "7 minutes"},
            },
            ("embed: Build failed | by @nelly | branch: main | 7 minutes (ci.example)",),
        ),
        ("", {"type": "rich", "description": "d" * 900}, (f"embed: {'d' * 500} …",)),
        ("", {"type": "rich", "image": {"url": "https://a.example/a.png"}}, ("embed: image",)),
        ("hi", {"type": "rich", "color": 3}, ()),
        ("", {"type": "rich", "title": "odd", "url": "http://["}, ("embed: odd",)),
    ],
)
async def test_an_embed_is_described(ears, text, embed, described):
    payload = said(text, embeds=[embed], mentions=[user(NELLY, "nelly")])

    message = await ears.hears(payload)

    assert message.attachments == described


async def test_a_poll_is_described(ears):
    answers = [{"answer_id": n, "poll_media": {"text": text}} for n, text in ((1, "Ja"), (2, "No"))]
    poll = {
        "question": {"text": "Pizza?"},
        "answers": answers,
        "expiry": "2026-05-02T12:00:00+00:00",
        "allow_multiselect": False,
        "layout_type": 1,
    }

    message = await ears.hears(said("", poll=poll))

    assert (message.text, message.attachments) == ("", ("poll: Pizza? (Ja / No)",))


async def test_an_invitation_to_a_game_is_described(ears):
    application = {"id": "9", "name": "Chess", "description": "", "icon": None}

    message = await ears.hears(said("", activity={"type": 1}, application=application))

    assert message.attachments == ("invitation to Chess",)


async def test_the_texts_among_components_are_the_words_of_a_message(ears):
    components = [
        {"type": 10, "id": 1, "content": "# News"},
        {
            "type": 17,
            "id": 2,
            "components": [
                {
                    "type": 9,
                    "id": 3,
                    "components": [{"type": 10, "id": 4, "content": f"by <@{NELLY}>"}],
                    "accessory": {"type": 2, "id": 5, "style": 5, "label": "Go", "url": "http://a"},
                },
                {"type": 14, "id": 6},
                {"type": 99, "id": 7},
            ],
        },
    ]
    bot = user(HELPER_BOT, "news", bot=True)

    message = await ears.hears(
        said("", author=bot, flags=1 << 15, components=components, mentions=[user(NELLY, "nelly")])
    )

    assert message.text == "# News\nby @nelly"


async def test_words_and_what_comes_with_them_are_kept_apart(ears):
    files = [file("a.png", content_type="image/png"), file("b.png", content_type="image/png")]

    message = await ears.hears(said("look", attachments=files))

    assert (message.text, message.attachments) == ("look", ("image a.png", "image b.png"))
