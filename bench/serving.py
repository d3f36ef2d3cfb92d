"""The platform's API on a folder of its own, for what measures or attacks it."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid

from measuring import ROOT

PGBIN = max(pathlib.Path("/usr/lib/postgresql").iterdir()) / "bin"
PASSWORD = "password"


class Server:
    """`cortina-api serve --embedded`, with a worker and a database of its own, until the end of the block.

    `settings` are variables of its environment; `prefix` is a command that starts it.
    """

    def __init__(self, settings, programs=ROOT / ".build/release", prefix=()):
        self.settings, self.programs, self.prefix = settings, programs, prefix

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cortina-bench-"))
        # The database has a user of its own.
        self.folder.chmod(0o755)
        self.process = subprocess.Popen(
            [*self.prefix, self.programs / "cortina-api", "serve", "--embedded", "--data", self.folder, "--port", "0"],
            cwd=ROOT, env=os.environ | self.settings, stdout=subprocess.PIPE, stderr=open(self.folder / "log", "w"),
            text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise SystemExit(f"the API does not start:\n{(self.folder / 'log').read_text()}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder)

    @property
    def address(self):
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    # Requests ---------------------------------------------------------------------------------------------------------

    def ask(self, method, path, body=None, token=None, headers={}, timeout=120):
        """One request; returns the status and what the JSON of the answer says."""
        url = path if path.startswith("http") else self.url + path
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        fields = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
        if token:
            fields["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(url, method=method, data=data, headers=fields | headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            status, text = answer.code, answer.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def call(self, method, path, body):
        """One request that must succeed."""
        status, answer = self.ask(method, path, body)
        if status >= 300:
            raise SystemExit(f"{method} {path} → {status}: {answer}")
        return answer

    def sign_up(self, name):
        """Makes an account; returns its token."""
        self.call("POST", "/api/auth/signup", {
            "first_name": name.title(), "last_name": "Test", "email": f"{name}@example.com", "password1": PASSWORD,
            "password2": PASSWORD, "city": "Lima", "country": "Peru"})
        return self.call("POST", "/api/auth/login", {"email": f"{name}@example.com", "password": PASSWORD})["token"]

    def token(self, user):
        """A token as the API makes them: RFC 7519, HS256."""
        def part(content):
            return base64.urlsafe_b64encode(content).rstrip(b"=")
        now = int(time.time())
        text = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "own"}).encode()) + b"." + part(json.dumps(
            {"sub": str(user), "jti": str(uuid.uuid4()).upper(), "iat": now, "exp": now + 3600}).encode())
        key = (self.folder / "token.key").read_bytes()
        return (text + b"." + part(hmac.new(key, text, hashlib.sha256).digest())).decode()

    # The database -----------------------------------------------------------------------------------------------------

    def sql(self, text):
        """Runs statements; returns what they print, a row a line."""
        result = subprocess.run(
            [PGBIN / "psql", "-qtA", "-v", "ON_ERROR_STOP=1", "-h", self.folder / "postgres", "-U", "cortina", "cortina"],
            input=text, text=True, capture_output=True)
        if result.returncode:
            raise SystemExit(f"{result.stderr}in {text}")
        return result.stdout

    # Memory -----------------------------------------------------------------------------------------------------------

    @property
    def memory(self):
        """What the API holds, in MB."""
        return resident(self.process.pid, "VmRSS")


def resident(process, field):
    """`VmRSS`, what a process holds, or `VmHWM`, the most it held, in MB; 0 where it has ended."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"{field}:\s+(\d+)", status)
    return int(found[1]) * 1024 / 1e6 if found else 0
