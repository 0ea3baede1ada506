"""The page in trouble: a failing or loading model, words that do not arrive, a restart."""

from playwright.async_api import expect

from bot.errors import ModelUnavailable
from tests.room.browsing import ON_THE_PAGE, message, say

pytestmark = ON_THE_PAGE


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
