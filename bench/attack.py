#!/usr/bin/python3
"""Attacks the platform as one stranger could, and measures what others notice of it.

    bench/attack.py                     # all attacks, on the release build; exits with 1 where a bound is missed
    bench/attack.py bombs searches      # some of them
    bench/attack.py --programs .build/debug --files 50 --seed 2

Each attack runs against `cortina-api serve --embedded` with its worker and database, in a folder that is removed afterwards. All run
on one machine: what the attackers themselves cost is in the figures.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import signal
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time

from hostile_files import bomb, clip, mutated, slow
from measuring import ROOT
from serving import PASSWORD, Server, resident

# Short clips are taken, and one address stands for many.
OPEN = {
    "UPLOAD_LEAST_SECONDS": "1", "UPLOAD_SIDE": "1", "RATE_SIGNUPS": "100000", "RATE_LOGINS": "100000",
    "RATE_LOGINS_ACCOUNT": "100000", "QUOTA_UPLOADS": "1000", "QUOTA_VIDEOS": "10000",
}


class Attack:
    """What one attack needs: the options, a folder, and a table that its figures go into."""

    def __init__(self, options, folder):
        self.options, self.folder, self.rows = options, folder, []

    def server(self, settings=OPEN, prefix=()):
        return Server(settings, self.options.programs, prefix)

    def row(self, name, figure, bound, is_kept):
        self.rows.append((name, figure, bound, is_kept))
        print(f"{'kept  ' if is_kept else 'MISSED'}  {name}: {figure} (bound: {bound})", flush=True)


# Platform -------------------------------------------------------------------------------------------------------------


def begin(server, token, size, media="video/mp4", pipeline=None):
    body = {"title": "T", "file_name": "clip.mp4", "size_bytes": size, "content_type": media, "is_public": True}
    return server.ask("POST", "/api/videos/uploads", body | ({"pipeline": pipeline} if pipeline else {}), token)


def upload(server, token, data, media="video/mp4", address=None, timeout=120):
    """Uploads a file; returns the video, and the status, the answer and the seconds of its `complete`."""
    status, answer = begin(server, token, len(data), media)
    assert status == 201, answer
    status, words = server.ask("PUT", answer["upload"]["url"], data, headers=answer["upload"]["headers"])
    assert status < 300, words
    start = time.monotonic()
    headers = {"X-Forwarded-For": address} if address else {}
    status, words = server.ask("POST", f"/api/videos/{answer['video_id']}/complete", b"", token, headers, timeout)
    return answer["video_id"], status, words, time.monotonic() - start


def wait_for(condition, seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("it did not come to an end")
        time.sleep(0.02)


def timed(call):
    start = time.monotonic()
    return call(), time.monotonic() - start


class MemoryWatch(contextlib.AbstractContextManager):
    """The most memory that each program below the API held, looked at every 5 ms, in MB."""

    def __init__(self, root):
        self.root, self.peaks, self.ended = root, {}, threading.Event()

    def __enter__(self):
        # Writing 5 begins the peak anew, proc(5).
        for process in self.family():
            with contextlib.suppress(OSError):
                pathlib.Path(f"/proc/{process}/clear_refs").write_text("5")
        self.before = resident(self.root, "VmRSS")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def family(self):
        found, todo = [], [self.root]
        while todo:
            process = todo.pop()
            found.append(process)
            with contextlib.suppress(OSError):
                for task in pathlib.Path(f"/proc/{process}/task").iterdir():
                    todo += map(int, (task / "children").read_text().split())
        return found

    def run(self):
        while not self.ended.wait(0.005):
            for process in self.family():
                with contextlib.suppress(OSError):
                    name = pathlib.Path(f"/proc/{process}/comm").read_text().strip()
                    self.peaks[name] = max(self.peaks.get(name, 0), resident(process, "VmHWM"))


# Attacks --------------------------------------------------------------------------------------------------------------


def bombs(attack):
    """Small files that claim much."""
    whole = clip(attack.folder, "whole.mp4")
    data = bomb(whole)
    with attack.server() as server:
        token, other = server.sign_up("mallory"), server.sign_up("anna")
        upload(server, other, whole)
        with MemoryWatch(server.process.pid) as watch:
            _, status, words, seconds = upload(server, token, data)
            sentence = words.get("fields", {}).get("video", "")
            attack.row(f"a bomb of {len(data) // 1000} KB", f"refused with {status} in {seconds:.2f} s: {sentence}",
                       "its sentence, 2 s", status in (400, 422) and sentence and seconds < 2)
            with concurrent.futures.ThreadPoolExecutor(30) as pool:
                alone = statistics.median(upload(server, other, whole)[3] for _ in range(5))
                flood = [pool.submit(upload, server, token, data) for _ in range(60)]
                beside = [upload(server, other, whole)[3] for _ in range(5)]
                answers = [one.result()[1] for one in flood]
            attack.row("60 bombs at once, somebody else's `complete` beside them",
                       f"{max(beside):.2f} s at most, {alone:.2f} alone; {sum(status in (400, 422) for status in answers)} refused, "
                       f"{answers.count(503)} told to come again", "2 s", max(beside) < 2)
            # A worker's turn: the bomb as if the API had taken it.
            wait_for(lambda: server.sql("SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running')").strip() == "0")
            (server.folder / "store/objects/uploaded/bomb.mp4").write_bytes(data)
            server.sql("""
                WITH made AS (
                    INSERT INTO videos (user_id, title, status, original_key, file_name, content_type, size_bytes, pipeline_name,
                        pipeline_version, pipeline_digest, uploaded_at)
                    SELECT user_id, 'Bomb', 'uploaded', 'uploaded/bomb.mp4', 'bomb.mp4', 'video/mp4', size_bytes, pipeline_name,
                        pipeline_version, pipeline_digest, now() FROM videos WHERE status = 'processed' LIMIT 1 RETURNING *
                )
                INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest)
                SELECT id, pipeline_name, pipeline_version, pipeline_digest FROM made; NOTIFY jobs;""")
            wait_for(lambda: server.sql("SELECT status FROM videos WHERE title = 'Bomb'").strip() in ("failed", "processed"))
        end = server.sql("SELECT status, failure_code, failure_message FROM videos WHERE title = 'Bomb'").strip()
        attack.row("the bomb at the worker", end, "failed, with its sentence", end.startswith("failed|"))
        grown = watch.peaks["cortina-api"] - watch.before
        attack.row("memory of the API, all the time", f"{grown:+.0f} MB", "+64 MB", grown <= 64)
        attack.row("memory of the worker, all the time", f"{watch.peaks['cortina-worker']:.0f} MB", "1,500 MB",
                   watch.peaks["cortina-worker"] <= 1500)
        attack.row("memory of a media process", f"{watch.peaks['cortina-media']:.0f} MB", "1,000 MB",
                   watch.peaks["cortina-media"] <= 1000)


def probes(attack):
    """Files that take long to look at."""
    whole, data = clip(attack.folder, "whole.mp4"), slow(clip(attack.folder, "parts.mp4", "-movflags", "frag_keyframe+empty_moov"))
    with attack.server(OPEN | {"PROXIES": "1", "QUOTA_BYTES": "100000000000"}) as server:
        mallory, anna = server.sign_up("mallory"), server.sign_up("anna")
        _, status, words, seconds = upload(server, mallory, data, address="203.0.113.1")
        attack.row("a file that is read in quadratic time", f"{status} in {seconds:.1f} s: {words.get('fields', {}).get('video', words)}",
                   "refused, 6 s", status == 422 and seconds < 6)

        def give_up(number, address):
            with contextlib.suppress(OSError):
                upload(server, mallory, data, address=address(number), timeout=2)

        for name, count, address, bound in [
            ("40 of them from one address, whose clients hang up", 40, lambda n: "203.0.113.1", 6),
            ("six of them from six addresses", 6, lambda n: f"203.0.113.{n + 10}", 15),
        ]:
            with concurrent.futures.ThreadPoolExecutor(40) as pool:
                flood = [pool.submit(give_up, number, address) for number in range(count)]
                time.sleep(1)
                _, status, _, seconds = upload(server, anna, whole, address="198.51.100.77")
                for one in flood:
                    one.result()
            attack.row(f"somebody's `complete` beside {name}", f"{status} in {seconds:.1f} s", f"200, {bound} s", status == 200 and seconds < bound)


def disk(attack):
    """Requests that hold room on the disk."""
    with attack.server() as server:
        token = server.sign_up("mallory")
        size = 5_000_000
        _, answer = begin(server, token, size)
        target = answer["upload"]["url"].removeprefix(server.url)
        head = (f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: {size}\r\n\r\n").encode()
        clients = []

        def stall():
            client = socket.create_connection(server.address)
            with contextlib.suppress(OSError):
                client.sendall(head + bytes(size - 1))
            clients.append(client)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: stall(), range(40)))
        time.sleep(1)
        held = sum(path.stat().st_size for path in (server.folder / "store/unfinished").iterdir() if path.is_file()) / 1e6
        attack.row("40 uploads of 5 MB to one signed address that all lack a byte", f"{held:.0f} MB on the disk", "10 MB", held <= 10)
        form = (f"POST /api/videos/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {size + 200}\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"video_file\"; "
                "filename=\"a.mp4\"\r\n\r\n").encode()
        forms = []
        for _ in range(40):
            client = socket.create_connection(server.address)
            with contextlib.suppress(OSError):
                client.sendall(form + bytes(100_000))
            forms.append(client)
        time.sleep(1)
        files = [os.readlink(path) for path in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir() if path.is_symlink()]
        count = sum(pathlib.PurePath(name).name.startswith("cortina-") and name.endswith("(deleted)") for name in files)
        attack.row("40 forms at once of one person", f"{count} temporary files", "3", count <= 3)


def tables(attack):
    """Files whose tables were changed at random."""
    generator = random.Random(attack.options.seed)
    bases = []
    for name, media, words in [
        ("a.mp4", "video/mp4", ()), ("b.mov", "video/quicktime", ("-bf", "0", "-movflags", "+faststart")),
        ("c.mp4", "video/mp4", ("-movflags", "frag_keyframe+empty_moov")), ("d.mkv", "video/mp4", ()),
    ]:
        data = clip(attack.folder, name, *words)
        if name.endswith("mkv"):
            region = (0, 1200)
        elif name == "c.mp4":
            region = (0, data.find(b"mdat"))
        else:
            start = data.find(b"moov")
            region = (start, start + struct.unpack_from(">I", data, start - 4)[0] - 4)
        bases.append((data, region, media))
    limit = 500e6
    with attack.server(OPEN | {"WORKER_MEMORY": str(int(limit))}) as server:
        token = server.sign_up("mallory")
        files = [(mutated(data, region, generator), media)
                 for data, region, media in (generator.choice(bases) for _ in range(attack.options.files))]
        with MemoryWatch(server.process.pid) as watch, concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda file: upload(server, token, *file), files))
            open_jobs = "SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running')"
            wait_for(lambda: server.sql(open_jobs).strip() == "0", 1800)
        taken = sum(status == 200 for _, status, _, _ in answers)
        odd = [(status, words) for _, status, words, _ in answers if status not in (200, 400, 422)]
        failures = server.sql("SELECT failure_code, count(*) FROM videos WHERE status = 'failed' GROUP BY 1 ORDER BY 2 DESC")
        codes = ", ".join(line.replace("|", " ") for line in failures.split())
        attack.row(f"{len(files)} files with mutated tables", f"{taken} taken, of all failed: {codes or 'none'}",
                   "each processed or refused", not odd and "interrupted" not in codes and "fault" not in codes)
        for answer in odd[:5]:
            print("   ", *answer)
        slowest = max(seconds for _, _, _, seconds in answers)
        attack.row("the slowest `complete` of them", f"{slowest:.2f} s", "36 s, 1.2 of a probe's 30", slowest <= 36)
        share = watch.peaks["cortina-media"] / (limit / 1e6)
        attack.row("memory of a media process", f"{watch.peaks['cortina-media']:.0f} MB", "1.2 of its 500 MB", share <= 1.2)
        grown = watch.peaks["cortina-api"] - watch.before
        attack.row("memory of the API beside them", f"{grown:+.0f} MB", "+64 MB", grown <= 64)


def logins(attack):
    """Log-ins whose clients go away."""
    with attack.server(OPEN | {"PROXIES": "1"}) as server:
        server.sign_up("anna")
        body = '{"email": "mallory@example.com", "password": "wrong one"}'

        def abandon(address):
            with contextlib.suppress(OSError), socket.create_connection(server.address) as client:
                client.sendall((f"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n"
                                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())

        def log_in():
            return server.ask("POST", "/api/auth/login", {"email": "anna@example.com", "password": PASSWORD},
                              headers={"X-Forwarded-For": "198.51.100.77"})[0]

        alone = statistics.median(timed(log_in)[1] for _ in range(5))
        for name, address in [("of one address", lambda n: "203.0.113.1"), ("of as many addresses", lambda n: f"10.1.{n // 250}.{n % 250}")]:
            for number in range(400):
                abandon(address(number))
            status, seconds = timed(log_in)
            attack.row(f"somebody's log-in behind 400 abandoned ones {name}", f"{status} in {seconds:.2f} s, {alone:.2f} alone",
                       "200 in 2 s", status == 200 and seconds < 2)


def searches(attack):
    """Searches over 100,000 titles."""
    with attack.server(OPEN | {"RATE_SEARCHES": "1000000"}) as server:
        server.sign_up("anna")
        words = "rally serve court sunset finals tie break volley smash lob doubles practice morning rain Lima Cusco".split()
        server.sql(f"""
            INSERT INTO videos (user_id, title, status, original_key, processed_key, file_name, content_type, size_bytes, pipeline_name,
                pipeline_version, pipeline_digest, processed_digest, uploaded_at, processed_at, is_public)
            SELECT 1, (ARRAY{words!r})[1 + n % 16] || ' ' || (ARRAY{words!r})[1 + (n / 7) % 16] || ' ' || md5(n::text), 'processed',
                'uploaded/' || n, 'processed/' || n, 'clip.mp4', 'video/mp4', 1000000, 'showcase', 3, repeat('0', 64), repeat('0', 64),
                now(), now(), true FROM generate_series(1, 100000) n;
            ANALYZE videos;""")
        kinds = {"a rare word": "{:x}", "a common one": "rally", "two letters": "ra", "one letter": "a", "nothing there": "zzqqzz{}"}
        for name, text in kinds.items():
            times = []
            for number in range(30):
                # Each page once: lists are kept for a second.
                path = f"/api/public/videos?q={text.format(0xA3B + number)}&page={number % 10 + 1}&page_size={10 + number}"
                (status, _), seconds = timed(lambda: server.ask("GET", path))
                assert status == 200
                times.append(seconds * 1000)
            figure = statistics.median(times)
            attack.row(f"a search for {name}, 100,000 titles", f"{figure:.1f} ms (median of 30)", "20 ms", figure < 20)
        ended = threading.Event()

        def search(number):
            counts = {}
            while not ended.is_set():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    status, _ = server.ask("GET",
                        f"/api/public/videos?q={random.choice(['a', 'ra', 'rally', 'e b', '0f'])}&page={random.randint(1, 20)}")
                    counts[status] = counts.get(status, 0) + 1
            return counts

        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            attackers = [pool.submit(search, number) for number in range(30)]
            time.sleep(1)
            answers = []
            for _ in range(10):
                answers.append(timed(lambda: server.ask("GET", "/api/health")[0]))
                answers.append(timed(lambda: server.ask(
                    "POST", "/api/auth/login", {"email": "anna@example.com", "password": PASSWORD})[0]))
            ended.set()
            counts = {}
            for one in attackers:
                for status, count in one.result().items():
                    counts[status] = counts.get(status, 0) + count
        statuses = {status for status, _ in answers}
        attack.row("health and log-in beside 30 who search without pause", f"{statuses} in {max(s for _, s in answers):.2f} s at most; "
                   f"searches answered {counts}", "200, 2 s", statuses == {200} and max(s for _, s in answers) < 2)


def connections(attack):
    """Clients that hold connections and do nothing."""
    with attack.server(OPEN | {"HTTP_SHUTDOWN": "20"}) as server:
        token = server.sign_up("anna")
        whole = clip(attack.folder, "large.mp4", "-c:v", "mpeg4", "-q:v", "1")
        video, status, words, _ = upload(server, token, whole)
        assert status == 200, words
        wait_for(lambda: server.ask("GET", f"/api/videos/{video}", token=token)[1]["status"] == "processed")
        # Longer than the buffers of the system.
        processed = server.sql(f"SELECT processed_key FROM videos WHERE id = {video}").strip()
        with open(server.folder / "store/objects" / processed, "ab") as file:
            file.truncate(200 << 20)
        url = server.ask("GET", f"/api/videos/{video}", token=token)[1]["processed_url"]
        target = url.removeprefix(server.url)
        head = f"Host: x\r\nAuthorization: Bearer {token}\r\n"
        requests = {
            "one that reads nothing": f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n",
            "a form that stalls": f"POST /api/videos/upload HTTP/1.1\r\n{head}Content-Type: multipart/form-data; boundary=b\r\n"
                                  "Content-Length: 5000000\r\n\r\n--b\r\n",
            "a body behind a 401": "POST /api/videos/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\nx",
            "a head that does not end": "GET /api/health HTTP/1.1\r\nHost: x\r\n",
        }

        def hold(text):
            client = socket.create_connection(server.address)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(text.encode())
            return client

        def is_open(client):
            # What the server closed is gone from its table; the client's end may have much unread.
            port = client.getsockname()[1]
            lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
            own = f"{socket.inet_aton(server.address[0])[::-1].hex().upper()}:{server.address[1]:04X}"
            return any(line.split()[1] == own and line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "01" for line in lines)

        start, clients = time.monotonic(), {name: hold(text) for name, text in requests.items()}
        times = {}
        while len(times) < len(clients) and time.monotonic() < start + 150:
            for name, client in clients.items():
                if name not in times and not is_open(client):
                    times[name] = time.monotonic() - start
            time.sleep(0.2)
        for name in requests:
            attack.row(f"{name} is closed", f"after {times[name]:.0f} s" if name in times else "not in 150 s", "60 s", times.get(name, 999) <= 60)
        clients = [hold(text) for text in requests.values()]
        clients.append(hold(f"GET /api/videos/{video}/events HTTP/1.1\r\n{head}\r\n"))
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        code, seconds = timed(lambda: server.process.wait(120))
        attack.row("SIGTERM while such clients and a watcher are there", f"exit {code} after {seconds:.1f} s", "0, 30 s", code == 0 and seconds <= 30)
    with attack.server(OPEN, prefix=("prlimit", "--nofile=256:256")) as server:
        clients = [socket.create_connection(server.address) for _ in range(300)]

        def processor():
            fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / 100

        time.sleep(1)
        before = processor()
        time.sleep(5)
        share = (processor() - before) / 5
        status, seconds = timed(lambda: server.ask("GET", "/api/health")[0])
        lines = (server.folder / "log").read_text().count("connections are at their limit")
        attack.row("256 files, 300 idle clients", f"{share:.0%} of a processor, health {status} in {seconds:.2f} s, {lines} log line(s)",
                   "5 %, 200, one line", share < 0.05 and status == 200 and lines == 1)
        del clients


def fairness(attack):
    """One person's many uploads before somebody else's one."""
    whole = clip(attack.folder, "fair.mp4")
    with attack.server() as server:
        tokens = [server.sign_up(name) for name in ("mallory", "anna")]
        first, status, words, _ = upload(server, tokens[0], whole)
        assert status == 200, words
        wait_for(lambda: server.ask("GET", f"/api/videos/{first}", token=tokens[0])[1]["status"] == "processed")
        # 500 more of the same file: what counts is their jobs.
        objects = server.folder / "store/objects"
        original = server.sql(f"SELECT original_key FROM videos WHERE id = {first}").strip()
        for number in range(500):
            os.link(objects / original, objects / f"uploaded/flood{number}.mp4")
        server.sql(f"""
            WITH made AS (
                INSERT INTO videos (user_id, title, status, original_key, file_name, content_type, size_bytes, pipeline_name,
                    pipeline_version, pipeline_digest, uploaded_at)
                SELECT user_id, 'Flood', 'uploaded', 'uploaded/flood' || n || '.mp4', file_name, content_type, size_bytes, pipeline_name,
                    pipeline_version, pipeline_digest, now() FROM videos, generate_series(0, 499) n WHERE videos.id = {first} RETURNING *
            )
            INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest)
            SELECT id, pipeline_name, pipeline_version, pipeline_digest FROM made; NOTIFY jobs;""")
        time.sleep(2)
        video, status, words, _ = upload(server, tokens[1], whole)
        assert status == 200, words
        queued = server.sql("SELECT now()").strip()
        wait_for(lambda: server.ask("GET", f"/api/videos/{video}", token=tokens[1])[1]["status"] == "processed")
        before = int(server.sql(f"SELECT count(*) FROM videos WHERE title = 'Flood' AND processed_at > '{queued}' AND processed_at <= "
                                f"(SELECT processed_at FROM videos WHERE id = {video})"))
        waiting = int(server.sql("SELECT count(*) FROM jobs WHERE state = 'waiting'"))
        attack.row("one upload behind somebody else's 500", f"{before} of theirs done before it, {waiting} still waited", "2 at most", before <= 2)
    with attack.server() as server:
        server.sign_up("mallory")
        server.sql("""
            INSERT INTO users (first_name, last_name, email, email_key, password_hash, city, country)
            SELECT 'A', 'B', 'u' || n || '@x.yz', 'u' || n || '@x.yz', 'none', 'Lima', 'Peru' FROM generate_series(1, 200) n;
            INSERT INTO videos (user_id, title, status, original_key, file_name, content_type, size_bytes, pipeline_name, pipeline_version,
                pipeline_digest, uploaded_at)
            SELECT 2 + n % 200, 'T', 'uploaded', 'uploaded/' || n, 'a.mp4', 'video/mp4', 1, 'showcase', 3, repeat('0', 64), now()
            FROM generate_series(1, 20000) n;
            INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest, due_at)
            SELECT id, 'showcase', 3, repeat('0', 64), now() - interval '1 day' FROM videos;
            UPDATE jobs SET state = 'waiting', due_at = now() - interval '1 day', claim = NULL, leased_until = NULL;
            ANALYZE jobs;""")
        claim = """BEGIN; EXPLAIN (ANALYZE, TIMING OFF) SELECT id FROM jobs WHERE state = 'waiting' AND due_at <= now()
            ORDER BY is_background, turn, id LIMIT 1 FOR UPDATE SKIP LOCKED; ROLLBACK;"""

        def cost(text):
            times = []
            for _ in range(9):
                line = [line for line in server.sql(text).splitlines() if line.startswith("Execution Time")][0]
                times.append(float(line.split()[2]))
            return statistics.median(times)

        indexed = cost(claim)
        plain = cost(claim.replace("BEGIN;", "BEGIN; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;"))
        attack.row("a claim among 20,000 waiting jobs of 200 people", f"{indexed:.2f} ms with the index, {plain:.1f} without", "5 ms", indexed < 5)


def quotas(attack):
    """One person who begins uploads and watches without end."""
    settings = {name: value for name, value in OPEN.items() if not name.startswith("QUOTA")}
    with attack.server(settings) as server:
        token = server.sign_up("mallory")
        with MemoryWatch(server.process.pid) as watch:
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                statuses = list(pool.map(lambda _: begin(server, token, 100_000_000)[0], range(5000)))
            attack.row("5,000 uploads of 100 MB begun", f"{statuses.count(201)} begun, {statuses.count(409)} refused", "20",
                       statuses.count(201) == 20 and statuses.count(409) == 4980)
            video = server.sql("SELECT min(id) FROM videos").strip()
            head = f"GET /api/videos/{video}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            streams, others, counts = [], [], {}
            for _ in range(1500):
                with contextlib.suppress(OSError):
                    client = socket.create_connection(server.address)
                    client.settimeout(20)
                    client.sendall(head.encode())
                    status = client.recv(12)[9:12].decode()
                    counts[status] = counts.get(status, 0) + 1
                    (streams if status == "200" else others).append(client)
            server.ask("POST", "/api/auth/logout", b"", token)
            time.sleep(1)
            alive = 0
            for client in streams:
                client.settimeout(2)
                text = b""
                with contextlib.suppress(OSError):
                    while not text.endswith(b"\r\n0\r\n\r\n") and (piece := client.recv(65536)):
                        text += piece
                alive += not text.endswith(b"\r\n0\r\n\r\n")
            attack.row("1,500 event streams of one person", f"{counts}, {alive} open after log-out", "20, none",
                       counts.get("200", 0) == 20 and alive == 0)
            token = server.sign_up("eve")
            client = socket.create_connection(server.address)
            client.sendall((f"POST /api/videos/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                            "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n").encode())
            part = f"--b\r\nContent-Disposition: form-data; name=\"{'n' * 7000}\"\r\n\r\n\r\n".encode()
            sent = 0
            with contextlib.suppress(OSError):
                for _ in range(10_000):
                    client.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                    sent += len(part)
            client.settimeout(30)
            status = client.recv(12)[9:12].decode()
        grown = watch.peaks["cortina-api"] - watch.before
        attack.row(f"a form of {sent / 1e6:.0f} MB of field names; memory of the API all the time", f"{status}; {grown:+.0f} MB", "413, +64 MB",
                   status == "413" and grown <= 64)


ATTACKS = [bombs, probes, tables, disk, logins, searches, connections, fairness, quotas]


def main():
    names = [attack.__name__ for attack in ATTACKS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"of {', '.join(names)}; all unless given")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build/release", help="where the programs lie")
    parser.add_argument("--files", type=int, default=200, help="how many files get mutated tables")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := set(options.attacks) - set(names):
        parser.error(f"there is no attack {', '.join(sorted(unknown))}")
    options.programs = options.programs.resolve()
    rows = []
    for run in ATTACKS:
        if options.attacks and run.__name__ not in options.attacks:
            continue
        with tempfile.TemporaryDirectory(prefix="cortina-attack-") as folder:
            attack = Attack(options, pathlib.Path(folder))
            run(attack)
            rows += attack.rows
    print("\n| attack | measured | bound | |\n|---|---|---|---|")
    for name, figure, bound, is_kept in rows:
        print(f"| {name} | {figure} | {bound} | {'kept' if is_kept else '**missed**'} |")
    sys.exit(0 if all(is_kept for *_, is_kept in rows) else 1)


if __name__ == "__main__":
    main()
