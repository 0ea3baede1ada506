import errno
import socket

import pytest

from bot import listening
from bot.errors import ConfigError
from bot.listening import check_port


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_passes():
    check_port("127.0.0.1", 0)


def test_a_taken_port_names_the_option_for_another(taken_port):
    with pytest.raises(ConfigError, match=rf"Port {taken_port} is taken .*--port"):
        check_port("127.0.0.1", taken_port)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(ConfigError, match=r"Nothing can listen on 192\.0\.2\.1.*--host"):
        check_port("192.0.2.1", 0)


def test_a_port_that_needs_rights_says_so(monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(listening.socket, "create_server", refuse)

    with pytest.raises(ConfigError, match="Port 80 needs more rights"):
        check_port("127.0.0.1", 80)
