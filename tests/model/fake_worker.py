"""Stands in for `python -m inference serve`: the same flags and answers, no model.

It listens on the socket it inherits, ends at the end of its stdin if told to, and plays one part:
what it is asked over HTTP under /play changes how it goes on.
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOREVER = threading.Event()


class Handler(BaseHTTPRequestHandler):
    num_health = 0
    num_loading = 0
    failure = ""
    hung = False

    def do_GET(self):
        if self.path == "/health":
            self.health()
        elif self.path == "/play/pid":
            self.answer(200, {"pid": os.getpid()})
        elif self.path == "/play/hang":
            Handler.hung = True
            self.answer(200, {})
        elif self.path == "/play/lapse":
            Handler.num_loading = Handler.num_health + 2
            self.answer(200, {})

    def health(self):
        Handler.num_health += 1
        if Handler.hung:
            FOREVER.wait()
        if Handler.failure:
            self.answer(503, {"status": "failed", "detail": Handler.failure})
        elif Handler.num_health <= Handler.num_loading:
            detail, progress = f"step {Handler.num_health}", Handler.num_health / 4
            self.answer(503, {"status": "loading", "detail": detail, "progress": progress})
        else:
            self.answer(200, {"status": "ready", "model": "fake"})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def exit_at_eof():
    while os.read(0, 1024):  # not sys.stdin: its lock would be taken when the interpreter ends
        pass
    os._exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int)
    parser.add_argument("--model")
    parser.add_argument("--adapter")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--die-with-parent", action="store_true")
    parser.add_argument("--say", action="append", default=[])
    parser.add_argument("--say-out", default="")
    parser.add_argument("--exit", type=int)
    parser.add_argument("--exit-unless", type=Path)
    parser.add_argument("--num-loading", type=int, default=0)
    parser.add_argument("--failure", default="")
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--argv-to", type=Path)
    options = parser.parse_args()
    if options.argv_to:
        options.argv_to.write_text(json.dumps(sys.argv[1:]))
    if options.say_out:
        print(options.say_out, flush=True)  # noqa: T201
    for line in options.say:
        sys.stderr.write(line + "\n")
    sys.stderr.flush()
    if options.exit is not None:
        sys.exit(options.exit)
    if options.exit_unless and not options.exit_unless.exists():
        options.exit_unless.touch()
        sys.exit(3)
    if options.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.die_with_parent:
        threading.Thread(target=exit_at_eof, daemon=True).start()
    Handler.num_loading = options.num_loading
    Handler.failure = options.failure
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=options.fd)
    server.server_activate()
    server.serve_forever()


if __name__ == "__main__":
    main()
