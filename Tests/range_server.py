#!/usr/bin/env python3
"""Serves one file by ranges on loopback, for tests, and misbehaves on request.

    range_server.py FILE [MODE]

Prints its port. `GET /count` answers how many bytes of the file were sent, in how many requests, over how many
connections. Modes: `plain`; `flaky`, where every other request is answered 503; `broken`, where every third answer ends
in its middle; `whole`, which knows no ranges; `gone` (404); `refused` (403); `changing`, a file that is another after
three requests; `silent`, which never answers.
"""

import http.server
import json
import os
import sys
import threading
import time

CONTENT = open(sys.argv[1], "rb").read()
MODE = sys.argv[2] if len(sys.argv) > 2 else "plain"
COUNTS = {"bytes": 0, "requests": 0, "connections": 0}
LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.is_counted = False

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/count":
            return self.reply(200, json.dumps(COUNTS).encode())
        with LOCK:
            COUNTS["requests"] += 1
            COUNTS["connections"] += not self.is_counted
            number = COUNTS["requests"]
        self.is_counted = True
        if MODE == "silent":
            time.sleep(600)
        if MODE in ("gone", "refused"):
            return self.reply(404 if MODE == "gone" else 403)
        if MODE == "flaky" and number % 2 == 1:
            return self.reply(503, headers={"Retry-After": "0"})
        content, tag = CONTENT, '"one"'
        if MODE == "changing" and number > 3:
            content, tag = CONTENT[::-1], '"two"'
        if self.headers.get("If-Match", tag) != tag:
            return self.reply(412)
        if MODE == "whole" or "Range" not in self.headers:
            return self.reply(200, content)
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        body = content[int(first):int(last) + 1]
        if not body:
            return self.reply(416, headers={"Content-Range": f"bytes */{len(content)}"})
        with LOCK:
            COUNTS["bytes"] += len(body)
        self.send_response(206)
        self.send_header("ETag", tag)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(body) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if MODE == "broken" and number % 3 == 2:
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)


def end_with_parent():
    """Ends when whoever started it closes its end of standard input, or is gone."""
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
