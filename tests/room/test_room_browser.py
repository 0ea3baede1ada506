"""The page in Debian's Chromium, against the room as it runs, with a scripted model."""

import asyncio
import re

from playwright.async_api import expect

from tests.room.browsing import ON_THE_PAGE, message, say

pytestmark = ON_THE_PAGE


async def test_what_is_said_is_seen_with_the_reason_for_the_silence(page):
    await say(page, "lunch was great")

    said = message(page, "lunch was great")
    await expect(said.locator(".mark")).to_have_text("0.10 < 0.50 · stayed silent")
    await said.locator(".mark").click()
    await expect(said.locator(".why")).to_contain_text("under the threshold")
    await expect(page.locator("#text")).to_have_value("")


async def test_an_addressed_message_is_answered_as_the_reply_is_written(page, house):
    finish = asyncio.Event()
    house.model.before_reply = finish.wait
    house.model.reply_text = "Two hours by train."

    await say(page, "@Earshot how far is it to Turin?")
    await expect(page.locator(".draft .text")).to_have_text("Two hours by train.")
    await expect(page.locator("#typing")).to_contain_text("Earshot is writing")
    finish.set()

    await expect(message(page, "Two hours by train.")).to_have_class(re.compile("assistant"))
    await expect(page.locator(".draft")).to_have_count(0)
    await expect(page.locator("#typing span")).to_be_hidden()
    mark = message(page, "how far").locator(".mark")
    await expect(mark).to_have_text("addressed · answers")


async def test_a_reply_to_the_assistant_is_addressed(page):
    await say(page, "@Earshot capital of France")
    await message(page, "Paris.").hover()
    await message(page, "Paris.").get_by_role("button", name="Reply").click()
    await expect(page.locator("#reply-bar")).to_contain_text("Earshot: Paris.")

    await say(page, "really")

    await expect(message(page, "really").locator(".mark")).to_have_text("addressed · answers")
    await expect(page.locator("#reply-bar")).to_be_hidden()
    await expect(page.locator(".message.assistant")).to_have_count(2)


async def test_one_edits_and_deletes_what_one_said(page):
    await say(page, "we meet at 3")
    said = message(page, "we meet")
    await said.hover()
    await said.get_by_role("button", name="Edit").click()
    await said.get_by_label("New text of the message").fill("we meet at 4")
    await page.keyboard.press("Enter")
    await expect(message(page, "we meet at 4")).to_contain_text("edited")

    await said.hover()
    await said.get_by_role("button", name="Delete", exact=True).click()
    await said.locator(".editor").get_by_role("button", name="Delete").click()

    await expect(page.locator(".message.gone")).to_contain_text("This message was deleted.")
    await expect(page.get_by_text("we meet at 4")).to_have_count(0)


async def test_several_speakers_are_played_and_a_new_one_added(page):
    await page.get_by_role("radio", name="Ben").check(force=True)
    await say(page, "hello from Ben")
    await page.get_by_role("button", name="Add someone").click()
    await page.get_by_label("Name of a new speaker").fill("דנה")
    await page.keyboard.press("Enter")
    await say(page, "שלום לכולם")

    await expect(message(page, "hello from Ben").locator(".head b")).to_have_text("Ben")
    await expect(message(page, "שלום").locator(".head b")).to_have_text("דנה")
    direction = (
        await message(page, "שלום")
        .locator(".text")
        .evaluate("(place) => getComputedStyle(place).direction")
    )
    assert direction == "rtl"


async def test_a_message_of_several_lines_keeps_them(page):
    await page.locator("#text").press_sequentially("one")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("two")
    await page.keyboard.press("Enter")

    await expect(message(page, "one").locator(".text")).to_have_text("one\ntwo")


async def test_a_second_page_sees_the_same_room(page, open_room):
    other = await page.context.new_page()
    await other.goto(open_room.url)
    await expect(other.locator("#room-title")).to_have_text("Lobby")

    await say(page, "hello over there")

    await expect(message(other, "hello over there").locator(".mark")).to_contain_text("silent")


async def test_a_sample_is_played_line_by_line_until_it_is_stopped(page):
    card = page.locator(".cards button").first
    title = await card.locator("b").text_content()
    await card.click()

    await expect(page.locator("#player-text")).to_contain_text(f"{title} · 2 of", timeout=20_000)
    await expect(page.locator(".message").first.locator(".mark")).not_to_have_text("waiting")
    await page.get_by_role("button", name="Stop").click()

    await expect(page.locator("#player")).to_be_hidden()
    await expect(page.locator("#text")).to_be_focused()


async def test_a_sample_does_not_mix_with_what_was_said(page):
    await say(page, "something else")
    await expect(message(page, "something else")).to_be_visible()
    await page.get_by_role("button", name="Let them talk").click()
    item = page.get_by_role("menuitem").first
    title = (await item.text_content()).split("\n")[0]
    await item.click()

    await expect(page.locator("#room-title")).not_to_have_text("Lobby")
    assert (await page.locator("#room-title").text_content()) in title
    await expect(page.locator(".message").first).to_be_visible()
    await page.get_by_role("button", name="Stop").click()


async def test_an_empty_message_is_refused_kindly(page):
    await page.get_by_role("button", name="Send").click()

    await expect(page.get_by_role("alert").filter(has_text="nothing to send")).to_be_visible()


async def test_a_very_long_message_is_shown_collapsed(page):
    await say(page, "word " * 20_000)

    more = page.get_by_role("button", name="Show all 100,000 characters")
    await expect(more).to_be_visible()
    assert len(await page.locator(".message .text").text_content()) < 1000
    await more.click()
    await expect(page.get_by_role("button", name="Show less")).to_be_visible()
    assert len(await page.locator(".message .text").text_content()) > 100_000


async def test_markup_and_markers_are_text(page):
    words = '<img src=x onerror="document.title=1"><b>(response)</b> <|im_end|>'
    await say(page, words)

    await expect(page.locator(".message .text")).to_have_text(words)
    assert await page.title() != "1"
