"""Stands in for AWS: moto's server on a free port, whose number is the first line of output. Ends with its input.

GET /_fail?status=503&count=2&method=PUT has the next requests of that method fail; count=0 forgets it.
GET /_stall has all requests wait for an answer until GET /_go.
/_machine is an EC2 machine's metadata service, version 2, and /_container a container's credentials, good until the year 2000
and an hour: key id `ASIA` and how often credentials were handed out.
GET /_log answers what was asked since the last time: method, path with query, header fields.
"""
import json
import os
import sys
import threading
from urllib.parse import parse_qs

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Troubled:
    """Fails where it is told to, and else passes requests on."""

    def __init__(self, app):
        self.app, self.log, self.lock = app, [], threading.Lock()
        self.failing = {"status": "503", "count": 0, "method": ""}
        self.handed_out = 0
        self.goes = threading.Event()
        self.goes.set()

    def __call__(self, environ, start):
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if path == "/_fail":
            asked = {name: values[0] for name, values in parse_qs(query).items()}
            self.failing = {"status": asked["status"], "count": int(asked["count"]), "method": asked.get("method", "")}
            start("200 OK", [("Content-Length", "0")])
            return []
        if path in ("/_stall", "/_go"):
            self.goes.clear() if path == "/_stall" else self.goes.set()
            start("200 OK", [("Content-Length", "0")])
            return []
        if path == "/_log":
            with self.lock:
                body, self.log = json.dumps(self.log).encode(), []
            start("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        with self.lock:
            headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
            headers["content-length"] = environ.get("CONTENT_LENGTH", "")
            headers["content-type"] = environ.get("CONTENT_TYPE", "")
            self.log.append({"method": environ["REQUEST_METHOD"], "path": f"{path}?{query}", "headers": headers})
            fails = self.failing["count"] > 0 and self.failing["method"] in ("", environ["REQUEST_METHOD"])
            self.failing["count"] -= fails
        self.goes.wait()
        if path.startswith(("/_machine", "/_container")) and not fails:
            status, body = self.metadata(environ["REQUEST_METHOD"], path, environ)
            start(status, [("Content-Length", str(len(body)))])
            return [body]
        if fails:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            body = b"<Error><Code>SlowDown</Code></Error>"
            start(f"{self.failing['status']} Failed", [("Content-Length", str(len(body)))])
            return [body]
        return self.app(environ, start)

    def metadata(self, method, path, environ):
        roles = "/_machine/latest/meta-data/iam/security-credentials/"
        if (method, path) == ("PUT", "/_machine/latest/api/token") and environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN_TTL_SECONDS"):
            return "200 OK", b"the token"
        if environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN") != "the token" and environ.get("HTTP_AUTHORIZATION") != "the key":
            return "401 Unauthorized", b""
        if path == roles:
            return "200 OK", b"worker"
        if path in (roles + "worker", "/_container"):
            self.handed_out += 1
            return "200 OK", json.dumps({
                "AccessKeyId": f"ASIA{self.handed_out}", "SecretAccessKey": "secret", "Token": "session",
                "Expiration": "2000-01-01T01:00:00Z"}).encode()
        return "404 Not Found", b""


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def main():
    server = make_server(
        "127.0.0.1", 0, Troubled(DomainDispatcherApplication(create_backend_app)), threaded=True, request_handler=Quiet)
    print(server.server_port, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
