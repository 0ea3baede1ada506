"""docs/slack.md quotes what is said: the lines that people look for when something is wrong."""

import pytest

# The beginnings, or the fixed parts, of the lines that the page tells people to look for.
LOGGED = (
    "Slack refused the bot token of ",
    "Slack refused the app-level token of ",
    "Slack: Socket Mode is switched off for this app",
    "Slack: this app has more connections than Slack allows",
    "Slack: no connection: ",
    "Slack gives no more connections for now: waiting ",
    "Slack cannot be reached at ",
    "Slack: there are more than 30,000 events an hour",
    "it lacks ",
    "invite it there with /invite @Earshot",
    "the channel is archived; whoever unarchives it gets answers again",
    "it is gone, or private: invite Earshot there with /invite @Earshot",
    " could not be greeted",
    "a reply in ",
    " has to wait: ",
    " could not be posted",
    " is withdrawn: ",
    "it could not be posted in time",
    " waits for the history, ",
    "this machine's clock is ",
    " is not written down after ",
    "wait; what comes now is fetched after them",
    "no key in EARSHOT_SLACK_ENCRYPTION_KEY reads the token of ",
    " could not be renewed: ",
    "Slack: what comes from ",
    "Slack: an installation was not finished: ",
    " while nobody listened (",
    "Slack: the workspace ",
    "Slack: what was missed in ",
    "are shown by edits, not as streams",
)


@pytest.fixture
def page(pytestconfig):
    return (pytestconfig.rootpath / "docs/slack.md").read_text()


@pytest.fixture
def sources(pytestconfig):
    bot = pytestconfig.rootpath / "bot"
    files = [bot / "delivery.py", *bot.glob("platforms/*.py"), *bot.glob("platforms/slack/*.py")]
    words = "\n".join(file.read_text() for file in files)
    return "".join(words.replace('"\n', "").split('f"')).replace('"', "")


@pytest.mark.parametrize("line", LOGGED)
def test_the_page_quotes_what_is_logged(page, sources, line):
    assert line in page
    flat = " ".join(sources.split())
    assert " ".join(line.split()) in flat
