"""What is set on the page: the dial, mode, persona, limits, commands, rooms, colours."""

import pytest
from playwright.async_api import expect

from tests.room.browsing import ON_THE_PAGE, message, say

pytestmark = ON_THE_PAGE


async def test_the_dial_says_what_it_means_and_is_kept(page, open_room):
    await page.get_by_label("Eagerness").focus()
    await page.keyboard.press("Home")

    await expect(page.locator("#eagerness-meaning")).to_have_text(
        "It speaks only when it is addressed. Threshold 1.00."
    )
    await expect(page.locator("#room-summary")).to_contain_text("eagerness 0")
    await say(page, "who is in?")
    await expect(message(page, "who is in").locator(".mark")).to_have_text(
        "stayed silent (eagerness zero)"
    )


async def test_mode_and_persona_are_set_on_the_page(page):
    await page.get_by_label("Mention").check()
    await expect(page.locator("#room-summary")).to_contain_text("answers when addressed")
    await page.get_by_label("Persona").fill("a dry-witted librarian")
    await page.get_by_role("button", name="Save persona").click()
    await expect(page.locator("#persona-save")).to_be_hidden()

    await page.reload()

    await expect(page.get_by_label("Persona")).to_have_value("a dry-witted librarian")
    await expect(page.get_by_label("Mention")).to_be_checked()


async def test_limits_are_set_and_taken_back_on_the_page(page):
    limits, share = page.locator("#limits summary"), page.get_by_label("Share of voice")
    await expect(share).to_be_hidden()
    await limits.click()
    await share.select_option("20 %")
    await expect(limits).to_have_text("Limits 20 %")
    await page.get_by_label("Cooldown").select_option("5 minutes")
    await expect(limits).to_have_text("Limits 20 % · 5 minutes")

    await page.reload()

    await expect(limits).to_have_text("Limits 20 % · 5 minutes")
    await limits.click()
    await share.select_option("no limit")
    await expect(limits).to_have_text("Limits 5 minutes")
    await page.reload()
    await expect(limits).to_have_text("Limits 5 minutes")
    await expect(share).to_have_value("")


async def test_commands_complete_by_keyboard_and_answer_only_the_asker(page):
    await say(page, "lunch was great")
    await expect(page.locator(".mark")).to_contain_text("silent")

    await page.locator("#text").press_sequentially("/wh")
    await expect(page.locator("#completions").get_by_role("option")).to_contain_text(
        "/assistant why"
    )
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("/assistant why ")
    await page.keyboard.type("1")
    await page.keyboard.press("Enter")

    note = page.locator(".note")
    await expect(note).to_contain_text("Only you can see this")
    await expect(note).to_contain_text("0.10")
    await expect(page.locator(".message")).to_have_count(1)
    await note.get_by_role("button", name="Dismiss").click()
    await expect(note).to_have_count(0)


async def test_a_command_for_all_moves_the_dial(page):
    await say(page, "/assistant eagerness 20")

    await expect(page.locator("#eagerness-value")).to_have_text("20")
    await expect(page.locator(".note")).to_have_count(1)


async def test_rooms_are_made_and_switched(page):
    await say(page, "in the lobby")
    await expect(message(page, "in the lobby")).to_be_visible()
    await page.get_by_label("Name of a new room").fill("Hut weekend")
    await page.keyboard.press("Enter")
    await expect(page.locator("#room-title")).to_have_text("Hut weekend")
    await expect(page.locator(".message")).to_have_count(0)
    await expect(page.locator("#empty")).to_be_visible()

    await page.locator("#room-list").get_by_role("button", name="Lobby").click()

    await expect(message(page, "in the lobby")).to_be_visible()


@pytest.mark.parametrize(("system", "other"), [("light", "dark"), ("dark", "light")])
async def test_the_colours_follow_the_system_until_one_chooses(page, system, other):
    scheme = "getComputedStyle(document.body).colorScheme, getComputedStyle(document.querySelector('.chat')).backgroundColor"
    await page.emulate_media(color_scheme=system)
    before = await page.evaluate(scheme)
    await page.get_by_role("button", name=f"{other.title()} colours").click()
    after = await page.evaluate(scheme)
    await page.reload()

    assert before != after
    assert await page.evaluate(scheme) == after
    assert await page.evaluate("document.documentElement.dataset.theme") == other
