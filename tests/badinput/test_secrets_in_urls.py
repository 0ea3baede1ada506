"""A secret may stand anywhere in a URL; wherever it does, nobody is shown it."""

import pytest

from bot.config import Settings
from bot.secrets_shown import secrets_of, shown, without_password

SECRET = "hunter2-%2B"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://host/db?user=me&password={}", "postgresql://host/db?user=me&password=***"),
        ("postgresql://me:{}@host/db?ssl=on", "postgresql://me:***@host/db?ssl=on"),
        ("https://{}@model/v1", "https://***@model/v1"),
        ("https://model/v1?api_key={}&a=b", "https://model/v1?api_key=***&a=b"),
        ("https://model/v1?Token={}", "https://model/v1?Token=***"),
    ],
)
def test_a_secret_in_any_place_of_a_url_is_not_shown(url, expected):
    assert without_password(url.format(SECRET)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@host/db?application_name=earshot",
        "http://127.0.0.1:8000/v1",
        "sqlite:////home/ana/earshot.db",
    ],
)
def test_a_url_without_secret_is_shown_whole(url):
    assert without_password(url) == url


def test_secrets_of_urls_are_kept_out_of_the_log_too():
    settings = Settings(
        database_url=f"postgresql://host/db?password={SECRET}",
        model_url="https://lone-token@model/v1",
        slack_api_base="http://127.0.0.1:9/?token=of-slack",
    )

    assert {"hunter2-%2B", "hunter2-+", "lone-token", "of-slack"} <= set(secrets_of(settings))
    assert "of-slack" not in shown(settings, "slack_api_base")
