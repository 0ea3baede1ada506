"""docs/discord.md says what the code says."""

import pytest

from bot.platforms.discord.invite import PERMISSIONS

# The beginnings of the lines that the page tells people to look for.
LOGGED = (
    "Discord refused the token.",
    "Discord does not let this bot read messages.",
    "Discord refused the shards of EARSHOT_DISCORD_SHARDS",
    "Discord cannot be reached: ",
    "Discord: connecting anew in ",
    "this machine's clock is ",
    "Earshot may not ",
    "/assistant could not be registered",
    " could not be greeted",
    "Discord: what was missed in ",
)


@pytest.fixture
def page(pytestconfig):
    return (pytestconfig.rootpath / "docs/discord.md").read_text()


@pytest.fixture
def sources(pytestconfig):
    platforms = pytestconfig.rootpath / "bot/platforms"
    files = [*platforms.glob("*.py"), *platforms.glob("discord/*.py")]
    return "\n".join(file.read_text() for file in files)


def test_the_page_lists_every_permission_with_its_reason(page):
    for permission in PERMISSIONS:
        need = "needed" if permission.needed else "may be left out"
        assert f"| {permission.name} | {permission.reason} | {need} |" in page


@pytest.mark.parametrize("line", LOGGED)
def test_the_page_quotes_what_is_logged(page, sources, line):
    assert line in page
    assert line in sources
