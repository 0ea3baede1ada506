"""Previews of links, which Discord adds to a message seconds after it was said."""

PREVIEW = {"type": "article", "url": "https://example.com/x", "title": "Ten ways to fish"}


async def test_a_preview_that_comes_later_is_described_and_is_no_edit(talk, server):
    said = await talk.says(server.member("Mia"), "look https://example.com/x")

    said.embeds = [PREVIEW]
    server.acts.tell_message("MESSAGE_UPDATE", said)
    await talk.until(lambda: described(talk, said))

    entry = await talk.store.messages.find(talk.place(), said.id)
    assert (entry.text, entry.edited) == ("look https://example.com/x", False)
    assert entry.attachments == ("link: Ten ways to fish",)


async def described(talk, said):
    entry = await talk.store.messages.find(talk.place(), said.id)
    return entry is not None and entry.attachments
