"""A real HTTP server on a loopback port, for stand-ins that answer as some service would."""

import threading
from http.server import ThreadingHTTPServer


class LoopbackServer:
    """Serves within a `with` statement. Its handlers find it as `server_of`."""

    def __init__(self, handler):
        bound = type("Handler", (handler,), {"server_of": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
