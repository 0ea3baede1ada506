"""As much of the model hub as publishing needs, and what it was sent."""

import base64
import json
import re
from http.server import BaseHTTPRequestHandler

from tests.loopback import LoopbackServer

LARGE = ".safetensors"


class HubServer(LoopbackServer):
    """A hub with one account, `ana`, whose token is `hf_right`.

    `repos` maps names to whether they are private; `commits` holds the files of each commit.
    `status` maps a path to the status it answers with, whatever is asked.
    """

    def __init__(self):
        self.repos = {}
        self.commits = []
        self.paths = []
        self.blobs = {}
        self.status = {}
        self.card_errors = []
        super().__init__(_Handler)

    def answer(self, method, path, headers, body):
        """Give the status and the JSON of an answer."""
        self.paths.append(path)
        if path in self.status:
            return self.status[path], {"error": "as the test wishes"}
        if path.startswith("/blobs/"):
            self.blobs[path.removeprefix("/blobs/")] = body
            return 200, {}
        if headers.get("authorization") != "Bearer hf_right":
            return 401, {"error": "Invalid username or password."}
        for pattern, act in self._ROUTES:
            if match := re.fullmatch(pattern, f"{method} {path}"):
                return act(self, body, *match.groups())
        return 404, {"error": "not found"}

    def _whoami(self, _):
        return 200, {"name": "ana", "type": "user", "auth": {"type": "access_token"}}

    def _create(self, body):
        asked = json.loads(body)
        repo = f"{asked['organization']}/{asked['name']}"
        if asked["organization"] != "ana":
            return 403, {"error": "you have no rights there"}
        if repo in self.repos:
            return 409, {"error": "exists", "url": f"{self.url}/{repo}"}
        self.repos[repo] = asked.get("visibility") == "private"
        return 200, {"url": f"{self.url}/{repo}"}

    def _repo(self, _, repo):
        if repo not in self.repos:
            return 404, {"error": "Repository not found"}
        return 200, {"id": repo, "private": self.repos[repo], "sha": "0" * 40}

    def _validate(self, _):
        errors = [{"message": text} for text in self.card_errors]
        return (400 if errors else 200), {"errors": errors, "warnings": []}

    def _preupload(self, body, _repo):
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
            }
            for file in json.loads(body)["files"]
        ]
        return 200, {"files": files}

    def _batch(self, body, _repo):
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.url}/blobs/{one['oid']}"}}}
            for one in json.loads(body)["objects"]
        ]
        return 200, {"transfer": "basic", "objects": objects}

    def _commit(self, body, repo):
        files = {}
        for line in body.decode().splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                files[value["path"]] = self.blobs[value["oid"]]
        self.commits.append((repo, files))
        return 200, {"commitUrl": f"{self.url}/{repo}/commit/1", "commitOid": "1" * 40}

    _ROUTES = (
        ("GET /api/whoami-v2", _whoami),
        ("POST /api/repos/create", _create),
        ("GET /api/models/([^/]+/[^/]+)", _repo),
        ("POST /api/validate-yaml", _validate),
        ("POST /api/models/([^/]+/[^/]+)/preupload/main", _preupload),
        (r"POST /([^/]+/[^/]+)\.git/info/lfs/objects/batch", _batch),
        ("POST /api/models/([^/]+/[^/]+)/commit/main", _commit),
    )


class _Handler(BaseHTTPRequestHandler):
    server_of: HubServer
    protocol_version = "HTTP/1.1"

    def _answer(self):
        if self.headers.get("transfer-encoding") == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, value = self.server_of.answer(self.command, self.path, self.headers, body)
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _chunks(self):
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    do_GET = do_POST = do_PUT = _answer  # noqa: N815

    def log_message(self, *_):
        """Say nothing."""
