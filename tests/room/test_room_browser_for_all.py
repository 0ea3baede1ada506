"""The page is for everybody: on a phone, by keyboard alone, read aloud; nothing is from elsewhere."""

from playwright.async_api import expect

from tests.room.browsing import ON_THE_PAGE, PHONE, message, say

pytestmark = ON_THE_PAGE


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
