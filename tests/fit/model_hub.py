"""As much of the model hub as reading a model needs, and every way in which it says no."""

import json
import re
from http.server import BaseHTTPRequestHandler

from tests.loopback import LoopbackServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class ModelHub(LoopbackServer):
    """A hub on loopback. `folders` maps ids to the folders they are read from.

    `refusals` maps ids to the status and the error code that the hub gives for them; `cut` maps
    names of files to how many bytes are sent of them.
    """

    def __init__(self):
        self.folders = {}
        self.refusals = {}
        self.cut = {}
        self.num_requests = 0
        super().__init__(_Handler)


class _Handler(BaseHTTPRequestHandler):
    server_of: ModelHub
    protocol_version = "HTTP/1.1"

    def _answer(self):
        hub = self.server_of
        hub.num_requests += 1
        path = self.path.partition("?")[0]
        found = re.fullmatch(r"(?:/api/models)?/([^/]+/[^/]+)(?:/(\w+)/([^/]+)(?:/(.+))?)?", path)
        if not found:
            return self._refuse(404, "")
        repo, _, revision, name = found.groups()
        if repo in hub.refusals:
            return self._refuse(*hub.refusals[repo])
        if repo not in hub.folders:
            return self._refuse(401, "RepoNotFound")
        if revision not in (None, "main", COMMIT):
            return self._refuse(404, "RevisionNotFound")
        files = {f.name: f for f in hub.folders[repo].iterdir()}
        if path.startswith("/api/"):
            return self._list(path, files)
        if name not in files:
            return self._refuse(404, "EntryNotFound")
        content = files[name].read_bytes()
        return self._send(content, content[: hub.cut.get(name, len(content))])

    def _list(self, path, files):
        tree = [
            {"type": "file", "path": name, "size": f.stat().st_size, "oid": "0" * 40}
            for name, f in files.items()
        ]
        info = {"id": "x", "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]}
        content = json.dumps(tree if "/tree/" in path else info).encode()
        self._send(content, content)

    def _send(self, content, sent):
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.send_header("etag", f'"{hash(content)}"')
        self.send_header("x-repo-commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(sent)
            if len(sent) < len(content):
                self.close_connection = True

    def _refuse(self, status, code):
        content = json.dumps({"error": code}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        if code:
            self.send_header("x-error-code", code)
            self.send_header("x-error-message", f"{code} for the test")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_GET = do_HEAD = _answer  # noqa: N815

    def log_message(self, *_):
        """Say nothing."""
