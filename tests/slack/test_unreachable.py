"""Why Slack cannot be reached is said in words that a person knows."""

import errno
import ssl
from unittest.mock import sentinel

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bot.platforms.slack.unreachable import in_words

KEY = ConnectionKey("slack.com", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "no answer in time"),
        (aiohttp.ConnectionTimeoutError("..."), "no answer in time"),
        (
            aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")),
            "nobody knows the address of that name",
        ),
        (
            aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "Connect call failed")),
            "nothing takes the connection there",
        ),
        (
            aiohttp.ClientConnectorError(KEY, OSError(errno.EACCES, "Connect call failed")),
            "permission denied",
        ),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self")),
            "its certificate is not to be trusted",
        ),
        (
            aiohttp.ClientConnectorSSLError(KEY, OSError(1, "WRONG_VERSION")),
            "no encrypted connection came about",
        ),
        (aiohttp.ServerDisconnectedError(), "the connection was cut"),
        (ConnectionResetError(errno.ECONNRESET, "by peer"), "the connection was cut"),
        (aiohttp.ClientResponseError(sentinel.request, (), status=502), "HTTP 502"),
        (aiohttp.ClientPayloadError("cut off"), "ClientPayloadError: cut off"),
    ],
)
def test_it_is_said_in_plain_words(error, words):
    assert in_words(error) == words
