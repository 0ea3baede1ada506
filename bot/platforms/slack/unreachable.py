"""Says in plain words why nobody answered: what aiohttp and the system tell is for programmers."""

import errno
import os
import ssl

import aiohttp

_WORDS = {
    errno.ECONNREFUSED: "nothing takes the connection there",
    errno.ECONNRESET: "the connection was cut",
    errno.EPIPE: "the connection was cut",
    errno.ENETUNREACH: "there is no way into that network",
    errno.EHOSTUNREACH: "there is no way to that machine",
    errno.ETIMEDOUT: "no answer in time",
}


def in_words(error: BaseException) -> str:
    """Name what went wrong between here and there, without the address asked."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP {error.status}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "nobody knows the address of that name"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "its certificate is not to be trusted"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "no encrypted connection came about"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the connection was cut"
    if isinstance(error, OSError) and error.errno:
        return _WORDS.get(error.errno) or os.strerror(error.errno).lower()
    return f"{type(error).__name__}: {error}".rstrip(": ")
