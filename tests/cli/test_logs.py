import logging

import pytest

from bot.logs import RedactingFormatter, configure_logging


def test_a_secret_is_not_logged_whoever_logs_it(capsys):
    configure_logging("info", secrets=["token", "token-and-more"])

    logging.getLogger("some.library").info("Authorization: Bearer %s", "token-and-more")
    logging.getLogger("some.library").debug("not at this level")

    line = capsys.readouterr().err
    assert line.endswith("some.library: Authorization: Bearer ***\n")
    assert len(line.splitlines()) == 1


def test_a_secret_is_not_in_a_traceback_either():
    formatter = RedactingFormatter(["hunter2"])
    try:
        raise ValueError("could not log in with hunter2")
    except ValueError as error:
        traceback = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("bot", logging.ERROR, __file__, 1, "failed", None, traceback)

    text = formatter.format(record)

    assert "could not log in with ***" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(("level", "wanted"), [("info", logging.WARNING), ("debug", logging.DEBUG)])
def test_each_request_is_logged_only_when_debugging(level, wanted):
    configure_logging(level, secrets=[])

    assert logging.getLogger("httpx2").level == wanted
