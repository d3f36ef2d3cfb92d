"""Production on one machine: what AWS would run, with stand-ins for AWS (`lambda-local`, `bench/lambda`).

moto's S3 and SQS, a PostgreSQL, the API, and the worker under AWS' own Lambda Runtime Interface Emulator, out of its image or as it
was built here. All of it ends with whoever started it.
"""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import botocore.session

ROOT = pathlib.Path(__file__).resolve().parent.parent
EMULATOR = ROOT / ".build/rie/aws-lambda-rie"
POSTGRES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
PATIENCE = 60


class Problem(Exception):
    """Something that ends the rehearsal, in a sentence."""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def request(method, url, body=None, headers=None):
    """Asks once; gives back status and content."""
    # Else it would be sent as a form, which S3 need not read.
    headers = {"Content-Type": "application/octet-stream"} | (headers or {})
    asked = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=900) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def wait_for(url, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            return request("GET", url)
        time.sleep(0.05)
    raise Problem(f"nothing answers at {url}")


class Rehearsal:
    """Everything, in a folder of its own, until it is left.

    `image` names the worker's image; without it, `worker` is the program that is run.
    """

    def __init__(self, folder, api=ROOT / ".build/release/cortina-api", worker=ROOT / ".build/release/cortina-worker", image=None):
        self.folder, self.api_program, self.worker_program, self.image = folder, api, worker, image
        self.stack = contextlib.ExitStack()
        self.token = None
        #: What the function has logged so far.
        self.log = []

    def __enter__(self):
        with self.stack:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.environment = self.start_aws() | self.start_database()
            self.start_api()
            self.start_function()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self, command, **options):
        """Starts a program in a group of its own, which ends with us."""
        process = subprocess.Popen(list(map(str, command)), start_new_session=True, **options)

        def end():
            for kind in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, kind)
                    process.wait(10)

        self.stack.callback(end)
        return process

    def start_aws(self):
        server = self.start(
            [ROOT / ".build/python/bin/python", ROOT / "Tests/aws_server.py"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        endpoint = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        session = botocore.session.get_session()
        session.set_credentials("key", "secret")
        self.sqs = session.create_client("sqs", region_name="us-east-1", endpoint_url=endpoint)
        s3 = session.create_client("s3", region_name="us-east-1", endpoint_url=endpoint)
        s3.create_bucket(Bucket="videos")
        self.queue = self.sqs.create_queue(QueueName="jobs")["QueueUrl"]
        return KEYS | {
            "STORE_BUCKET": "videos", "STORE_ENDPOINT": endpoint, "STORE_ENCRYPTION": "AES256", "QUEUE_URL": self.queue,
            "QUEUE_ENDPOINT": endpoint,
        }

    def start_database(self):
        """A PostgreSQL that forgets everything; it refuses to run as root."""
        if not POSTGRES:
            raise Problem("PostgreSQL is not installed")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="cortina-lambda-"))
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        user = {}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        subprocess.run(
            [POSTGRES[0] / "initdb", "-D", folder / "data", "-U", "cortina", "-A", "trust", "--no-sync"], check=True,
            stdout=subprocess.DEVNULL, cwd=folder, **user)
        port = free_port()
        self.start(
            [POSTGRES[0] / "postgres", "-D", folder / "data", "-p", port, "-c", "fsync=off", "-c",
             "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **user)
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(
                [POSTGRES[0] / "createdb", "-h", folder, "-p", str(port), "-U", "cortina", "cortina"],
                stderr=subprocess.DEVNULL).returncode != 0:
            if time.monotonic() > deadline:
                raise Problem("PostgreSQL does not start")
            time.sleep(0.1)
        return {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(port), "DATABASE_USER": "cortina", "DATABASE_NAME": "cortina"}

    def start_api(self):
        program, environment = self.api_program, os.environ | self.environment
        subprocess.run([program, "migrate"], check=True, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        log = self.stack.enter_context(open(self.folder / "api.log", "wb"))
        port = free_port()
        # Of clips that people upload much is asked; a rehearsal takes any.
        limits = {"UPLOAD_LEAST_SECONDS": "1", "UPLOAD_MOST_SECONDS": "3600", "UPLOAD_SIDE": "1", "UPLOAD_BYTES": str(4 << 30)}
        server = self.start(
            [program, "serve", "--port", port, "--data", self.folder / "api"], env=environment | limits, cwd=ROOT,
            stdout=log, stderr=log)
        self.api = f"http://127.0.0.1:{port}"
        wait_for(f"{self.api}/api/health", server)
        self.token = self.sign_up()

    def start_function(self):
        """The function under the emulator, which starts it when it is first asked something."""
        address, runtime = free_port(), free_port()
        flags = ["--runtime-interface-emulator-address", f"127.0.0.1:{address}", "--runtime-api-address", f"127.0.0.1:{runtime}"]
        environment = self.environment | {
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "900", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "METRICS_NAMESPACE": "Cortina",
        }
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        if self.image:
            command, inside = self.in_image(environment)
            self.function = self.start([*command, *flags, *inside], **options)
        else:
            self.function = self.start(
                [EMULATOR, *flags, self.worker_program, "lambda", "--data", self.folder / "function", "--pipelines",
                 ROOT / "pipelines/published", "--assets", ROOT / "assets"], env=os.environ | environment, cwd=ROOT, **options)
        self.address = f"http://127.0.0.1:{address}"
        threading.Thread(target=self.read_log, daemon=True).start()

    def read_log(self):
        for line in self.function.stdout:
            # The emulator's own lines are not the function's.
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    self.log.append(json.loads(line))

    def in_image(self, environment):
        """What runs the emulator in the image, and what the emulator runs: the image's own command."""
        variables = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
            facts = json.loads(subprocess.check_output(["docker", "image", "inspect", self.image]))[0]["Config"]
            run = ["docker", "run", "--rm", "--network", "host", "--read-only", "--tmpfs", "/tmp", "-v", f"{EMULATOR}:/rie:ro",
                   *variables, "--entrypoint", "/rie", self.image]
        else:
            tool = ["buildah", "--storage-driver", "vfs"]
            facts = json.loads(subprocess.check_output([*tool, "inspect", "--type", "image", self.image]))["OCIv1"]["config"]
            container = subprocess.check_output([*tool, "from", "--pull-never", self.image], text=True).strip()
            self.stack.callback(subprocess.run, [*tool, "rm", container], stdout=subprocess.DEVNULL)
            run = [*tool, "run", "--isolation", "chroot", "--network", "host", "-v", f"{EMULATOR}:/rie:ro", *variables,
                   container, "/rie"]
        return run, [*facts["Entrypoint"], *facts["Cmd"]]

    def call(self, method, path, body=None):
        """Asks the API as the client; gives back what it answers."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        status, content = request(method, self.api + path, json.dumps(body).encode() if body is not None else None, headers)
        answer = json.loads(content) if content else None
        if not 200 <= status < 300:
            raise Problem(f"{method} {path} is answered with {status}: {answer}")
        return answer

    def sign_up(self):
        password = "correct horse 7"
        self.call("POST", "/api/auth/signup", {
            "first_name": "Anna", "last_name": "Rehearsal", "email": "anna@example.com", "password1": password,
            "password2": password, "city": "Lima", "country": "Peru"})
        return self.call("POST", "/api/auth/login", {"email": "anna@example.com", "password": password})["access_token"]

    def upload(self, clip, pipeline="showcase"):
        """Uploads a clip as a client does; gives back the video's id."""
        kinds = {".mov": "video/quicktime"}
        begun = self.call("POST", "/api/videos/uploads", {
            "title": clip.stem, "is_public": False, "file_name": clip.name, "size_bytes": clip.stat().st_size,
            "content_type": kinds.get(clip.suffix.lower(), "video/mp4"), "pipeline": pipeline})
        upload = begun["upload"]
        content = clip.read_bytes()
        offset = 0
        for part in upload.get("parts") or [upload]:
            headers = part.get("headers", upload.get("headers") or {})
            size = int(headers.get("Content-Length", len(content) - offset))
            status, answer = request("PUT", part["url"], content[offset:offset + size], headers)
            if status != 200:
                raise Problem(f"the store answers with {status}: {answer[:300]}")
            offset += size
        self.call("POST", f"/api/videos/{begun['video_id']}/complete")
        return begun["video_id"]

    def messages(self):
        """The API's messages."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.sqs.receive_message(
                QueueUrl=self.queue, WaitTimeSeconds=2, VisibilityTimeout=900, AttributeNames=["All"])
            if found.get("Messages"):
                return found["Messages"]
        raise Problem("the API sends no message")

    def invoke(self, messages):
        """Hands messages to the function, as Lambda does, and deletes those that it is done with; gives back its answer."""
        event = {"Records": [{
            "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
            "attributes": message["Attributes"], "md5OfBody": message["MD5OfBody"], "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:jobs",
            "awsRegion": "us-east-1"} for message in messages]}
        path = "/2015-03-31/functions/function/invocations"
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                content = request("POST", self.address + path, json.dumps(event).encode())[1]
                answer = json.loads(content)
                break
            except ValueError:
                raise Problem(f"the function answers with no JSON: {content[:300]}") from None
            except OSError:
                if time.monotonic() > deadline or self.function.poll() is not None:
                    raise Problem("the emulator does not answer") from None
                time.sleep(0.05)
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        for message in messages:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return answer

    def video(self, number):
        return self.call("GET", f"/api/videos/{number}")

    def worker(self):
        """The worker's process, where it has been started."""
        found = subprocess.run(["pgrep", "-P", str(self.function.pid)], capture_output=True, text=True).stdout.split()
        return int(found[0]) if found else None
