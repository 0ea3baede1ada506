"""The address of a model server is shown without a password, and known to be this machine's or not."""

import pytest

from inference.wire.server_address import address_of, is_local


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("https://me:hush@example.org/v1?key=hush", "https://example.org/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_the_address_has_no_secret(url, address):
    assert address_of(url) == address


@pytest.mark.parametrize("url", ["ftp://me:hush@x", "127.0.0.1:8000", "http://[::1", "http://x:y"])
def test_what_is_no_address_is_refused_without_being_shown(url):
    with pytest.raises(ValueError, match="is no address of a model server") as refused:
        address_of(url)

    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://[::1]/v1", "http://localhost/v1"])
def test_this_machine_is_local(url):
    assert is_local(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1.example.org/v1", "http://10.0.0.1/localhost"])
def test_other_machines_are_not(url):
    assert not is_local(url)
