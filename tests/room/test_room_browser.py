"""The page in Debian's Chromium, against the room as it runs, with a scripted model."""

import asyncio
import re
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.errors import ModelUnavailable

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=20_000)  # the machine may be busy; nothing waits longer than it must
PHONE = {"width": 360, "height": 740}

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def open_room(house):
    async with house.open() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, open_room):
    """The open page; whatever goes wrong in its scripts fails the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    page = await context.new_page()
    broken = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    await page.goto(open_room.url)
    await expect(page.locator("#room-title")).to_have_text("Lobby")
    yield page
    await context.close()
    assert broken == []


async def say(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


def message(page: Page, text: str):
    return page.locator(".message:not(.draft)", has_text=text)


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


async def test_on_a_touch_screen_enter_starts_a_line_and_the_button_sends(browser, open_room):
    context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = await context.new_page()
    await page.goto(open_room.url)
    await expect(page.locator("#room-title")).to_have_text("Lobby")

    await page.locator("#text").press_sequentially("one")
    await page.keyboard.press("Enter")
    await page.keyboard.type("two")
    await page.get_by_role("button", name="Send").tap()

    await expect(message(page, "one").locator(".text")).to_have_text("one\ntwo")
    await context.close()


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


async def test_a_failure_looks_like_a_failure(page, house):
    house.model.failure = ModelUnavailable("down")

    await say(page, "@Earshot hello?")

    await expect(page.locator(".mark.failed")).to_contain_text("failed")
    await expect(page.locator(".note")).to_contain_text("can't think right now")


async def test_what_cannot_be_sent_stays_in_the_box_and_arrives_once_later(page):
    await page.route("**/messages", lambda route: route.abort())
    await say(page, "do not lose me")
    await expect(page.locator("#composer-error")).to_contain_text("Your text is still here.")
    await expect(page.locator("#text")).to_have_value("do not lose me")
    await page.unroute("**/messages")

    await page.locator("#text").press("Enter")

    await expect(message(page, "do not lose me")).to_have_count(1)
    await expect(page.locator("#text")).to_have_value("")


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


async def test_the_page_says_that_the_model_is_loading_and_when_it_failed(page, open_room):
    banner = page.locator("#model-banner")
    open_room.status.state = "loading"
    open_room.status.detail = "converting the default model: 40%"
    open_room.status.progress = 0.4
    await expect(banner).to_have_text("The model is loading: converting the default model: 40%")
    bar = page.get_by_role("progressbar", name="How much of the model is loaded")
    await expect(bar).to_have_js_property("value", 0.4)
    open_room.status.detail, open_room.status.progress = "loading the default model", None
    await expect(bar).to_be_hidden()
    await expect(banner).to_contain_text("loading the default model")
    open_room.status.state, open_room.status.detail = "failed", "out of memory"
    await expect(banner).to_have_text("The model failed: out of memory")
    open_room.status.state = "ready"

    await expect(banner).to_be_hidden()


async def test_everything_is_still_there_after_a_restart(browser, house):
    context = await browser.new_context()
    page = await context.new_page()
    async with house.open() as running:
        await page.goto(running.url)
        await say(page, "@Earshot capital of France")
        await expect(message(page, "Paris.")).to_be_visible()
        await page.locator("#text").fill("half a thought")
    await expect(page.locator("#connection-banner")).to_contain_text("connection was lost")

    async with house.open():
        await expect(page.locator("#connection-banner")).to_be_hidden(timeout=20_000)
        await expect(message(page, "Paris.")).to_have_count(1)
        await page.reload()
        await expect(message(page, "Paris.")).to_have_count(1)
        await expect(page.locator("#text")).to_have_value("half a thought")
        await context.close()


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


OUTSIDE = """() => [...document.querySelectorAll('body *')].filter((element) => {
  const box = element.getBoundingClientRect();
  const scrolls = element.closest('.speakers, pre.table, .skip, .hidden, svg, .drawer:not(.open)');
  return box.width && !scrolls && (box.right > innerWidth + 1 || box.left < -1);
}).map((element) => element.outerHTML.slice(0, 80))"""


async def test_a_phone_shows_everything_without_scrolling_sideways(page):
    await page.set_viewport_size(PHONE)
    assert await page.evaluate(OUTSIDE) == []
    await say(page, "x" * 200)
    await say(page, "@Earshot capital of France")
    await expect(message(page, "Paris.")).to_be_visible()
    await say(page, "/assistant why")
    await expect(page.locator(".note")).to_be_visible()
    await page.locator("#text").press_sequentially("/")
    assert await page.evaluate(OUTSIDE) == []

    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="How Earshot listens here").click()
    await expect(page.get_by_label("Eagerness")).to_be_visible()
    assert await page.evaluate(OUTSIDE) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="How Earshot listens here")).to_be_focused()
    await page.get_by_role("button", name="Rooms", exact=True).click()
    await expect(page.locator("#room-list")).to_be_visible()
    assert await page.evaluate(OUTSIDE) == []


async def test_the_keyboard_is_enough(page):
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.press("Alt+2")
    await page.keyboard.type("lunch was great")
    await page.keyboard.press("Enter")
    said = message(page, "lunch was great")
    await expect(said.locator(".mark")).to_contain_text("silent")
    await expect(said.locator(".head b")).to_have_text("Ben")

    await page.locator("#log").focus()
    await page.keyboard.press("ArrowUp")
    await expect(said).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(said.locator(".why")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(said.get_by_role("button", name="Reply")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("ArrowUp")
    await expect(said.get_by_label("New text of the message")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(said).to_be_focused()


UNNAMED = """() => [...document.querySelectorAll('button, input, textarea, [role=log], nav, aside')]
  .filter((control) => {
    const labels = [...(control.labels ?? [])].map((label) => label.textContent).join('');
    const words = control.matches('button') ? control.textContent : labels;
    return !(control.getAttribute('aria-label') || words).trim();
  }).map((control) => control.outerHTML.slice(0, 80))"""


async def test_every_control_has_a_name_and_the_conversation_is_a_log(page):
    await say(page, "@Earshot capital of France")
    await expect(message(page, "Paris.")).to_be_visible()

    assert await page.evaluate(UNNAMED) == []
    await expect(page.get_by_role("log", name="Conversation")).to_be_visible()
    await expect(page.get_by_role("heading", name="Lobby", level=1)).to_be_visible()
    await expect(page.get_by_role("navigation", name="Rooms")).to_be_visible()
    await expect(page.get_by_role("group", name="Speaking as")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"
    ids = await page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


async def test_nothing_is_loaded_from_anywhere_else(browser, open_room):
    context = await browser.new_context()
    page = await context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    await page.goto(open_room.url)
    await expect(page.locator("#room-title")).to_have_text("Lobby")
    await say(page, "@Earshot capital of France")
    await expect(message(page, "Paris.")).to_be_visible()
    await context.close()

    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(open_room.url)] == []
    assert complaints == []


async def test_messages_typed_faster_than_they_arrive_are_all_sent_once(page):
    for number in range(5):
        await say(page, f"line {number}")

    await expect(page.locator(".message .text")).to_have_text([f"line {n}" for n in range(5)])
    await expect(page.locator("#text")).to_have_value("")


async def test_a_retry_of_what_did_arrive_says_it_once(page):
    async def lose_the_answer(route):
        await route.fetch()
        await route.abort()

    await page.route("**/messages", lose_the_answer)
    await say(page, "heard after all")
    await expect(page.locator("#composer-error")).to_contain_text("Not sent")
    await page.unroute("**/messages")
    await page.locator("#text").press("Enter")

    await expect(page.locator("#text")).to_have_value("")
    await page.reload()
    await expect(message(page, "heard after all")).to_have_count(1)
