#!/usr/bin/python3
"""Measures the platform's API on this machine, client and server and database on the same processors.

    bench/api.py                # writes bench/out/api.json, prints the table
    bench/api.py --seconds 8    # of each load

10,000 public videos, 1,000 people, 200,000 votes. `wrk` asks for lists; a mixed load reads, votes, and logs in five times a second;
`pgbench` runs the list's own query over as many connections; then 10,000 clients watch one video.
"""

import argparse
import asyncio
import json
import pathlib
import re
import resource
import subprocess
import threading
import time

from measuring import ROOT
from serving import PGBIN, Server

OUT = ROOT / "bench/out"
PEOPLE, VIDEOS, VOTES = 1000, 10_000, 200_000
CONNECTIONS = 16

# One client stands for many here.
SETTINGS = {
    "DATABASE_CONNECTIONS": str(CONNECTIONS), "RATE_LOGINS": "100000", "RATE_LOGINS_ACCOUNT": "100000",
    "RATE_VOTES": "100000", "RATE_SEARCHES": "1000000", "HTTP_CONNECTIONS": "100000",
    "HTTP_ADDRESS_CONNECTIONS": "100000", "QUOTA_STREAMS": "100000",
}

SEED = f"""
INSERT INTO users (first_name, last_name, email, password_hash, city, country)
SELECT 'First' || n, 'Last' || n, 'user' || n || '@example.com', (SELECT password_hash FROM users LIMIT 1),
    'City' || n % 50, 'Country' || n % 20 FROM generate_series(1, {PEOPLE}) n;
INSERT INTO videos (user_id, title, status, original_key, processed_key, poster_key, file_name, content_type, size_bytes,
    pipeline_name, pipeline_version, pipeline_digest, processed_digest, uploaded_at, processed_at, is_public)
SELECT 2 + n % {PEOPLE}, 'Rally number ' || n, 'processed', 'uploaded/' || n, 'processed/' || n, 'processed/p' || n, 'clip.mp4',
    'video/mp4', 1000000, 'showcase', 3, repeat('0', 64), repeat('0', 64), now(), now(), true
FROM generate_series(1, {VIDEOS}) n;
ALTER TABLE votes DISABLE TRIGGER votes_are_counted;
INSERT INTO votes (user_id, video_id)
SELECT 2 + n % {PEOPLE}, 1 + (n / {PEOPLE} * 7919 + n % {PEOPLE} * 31) % {VIDEOS} FROM generate_series(0, {VOTES} - 1) n
ON CONFLICT DO NOTHING;
ALTER TABLE votes ENABLE TRIGGER votes_are_counted;
UPDATE videos SET vote_count = (SELECT count(*) FROM votes WHERE video_id = videos.id);
INSERT INTO videos (user_id, title, status, original_key, file_name, content_type, size_bytes, pipeline_name, pipeline_version,
    pipeline_digest, uploaded_at)
VALUES (1, 'Waits', 'uploaded', 'uploaded/waits', 'clip.mp4', 'video/mp4', 1000, 'showcase', 3, repeat('0', 64), now());
INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest, due_at)
SELECT id, 'showcase', 3, repeat('0', 64), now() + interval '1 day' FROM videos WHERE title = 'Waits';
VACUUM ANALYZE;
REFRESH MATERIALIZED VIEW player_rankings;
"""

# What the API asks for the first page of public videos.
LIST = """
SELECT videos.*, users.first_name, users.last_name, users.city
FROM videos JOIN users ON users.id = videos.user_id
WHERE videos.is_public AND videos.status = 'processed' AND videos.deleted_at IS NULL
ORDER BY videos.id DESC LIMIT 20 OFFSET 0;
"""

MIXED = """
local tokens = {%s}
local count = 0
request = function()
    count = count + 1
    local id = math.random(%d)
    if count %% 20 == 0 then
        local headers = {["Authorization"] = "Bearer " .. tokens[math.random(#tokens)]}
        return wrk.format(count %% 40 == 0 and "POST" or "DELETE", "/api/public/videos/" .. id .. "/vote", headers)
    end
    if count %% 3 == 0 then return wrk.format("GET", "/api/public/rankings?page=" .. math.random(50)) end
    if count %% 3 == 1 then return wrk.format("GET", "/api/public/videos/" .. id .. "/stream") end
    return wrk.format("GET", "/api/public/videos?page=" .. math.random(100))
end
bad = 0
response = function(status) if status >= 500 or status == 429 then bad = bad + 1 end end
local threads = {}
setup = function(thread) table.insert(threads, thread) end
done = function()
    local sum = 0
    for _, thread in ipairs(threads) do sum = sum + thread:get("bad") end
    print("errors: " .. sum)
end
"""


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def wrk(url, seconds, script=None):
    """Requests a second, the 99th percentile in ms, and how many failed."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--latency", "--timeout", "10s"]
    text = subprocess.run(
        command + (["-s", script] if script else []) + [url], capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text) if script is None else re.search(r"errors: (\d+)", text)
    socket = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p99": milliseconds(re.search(r"99%\s+(\S+)", text)[1]),
        "errors": int(failed[1] if failed else 0) + sum(map(int, socket.groups() if socket else [])),
    }


def mixed(server, seconds):
    """Reads, votes and logins at once."""
    tokens = ",".join(f'"{server.token(2 + number)}"' for number in range(100))
    script = server.folder / "mixed.lua"
    script.write_text(MIXED % (tokens, VIDEOS))
    times, end = [], time.monotonic() + seconds

    def log_in():
        while time.monotonic() < end:
            begin = time.monotonic()
            server.call("POST", "/api/auth/login", {"email": "bench@example.com", "password": "password"})
            times.append((time.monotonic() - begin) * 1000)
            time.sleep(max(0, 0.2 - (time.monotonic() - begin)))

    thread = threading.Thread(target=log_in)
    thread.start()
    result = wrk(server.url, seconds, script)
    thread.join()
    return result | {"logins": len(times), "login_median": sorted(times)[len(times) // 2]}


def pgbench(server, seconds):
    """Transactions a second of the list's query."""
    script = server.folder / "list.sql"
    script.write_text(LIST)
    text = subprocess.run(
        [PGBIN / "pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T", str(seconds), "-f", script,
         "-h", server.folder / "postgres", "-U", "cortina", "cortina"], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", text)[1])


async def watch(server, count):
    """Memory with and without so many who watch a video, in MB."""
    host, port = server.address
    head = (
        f"GET /api/videos/{VIDEOS + 1}/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {server.token(1)}\r\n\r\n")
    writers = []

    async def join():
        reader, writer = await asyncio.open_connection(host, port, limit=1024)
        writer.write(head.encode())
        line = await reader.readline()
        if b" 200 " not in line:
            raise SystemExit(f"no events: {line}")
        writers.append((reader, writer))

    before = server.memory
    for begin in range(0, count, 100):
        await asyncio.gather(*(join() for _ in range(min(100, count - begin))))
    await asyncio.sleep(2)
    after = server.memory
    for _, writer in writers:
        writer.close()
    return {"before": before, "after": after, "watchers": len(writers)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--watchers", type=int, default=10_000)
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Server(SETTINGS) as server:
        server.sign_up("bench")
        server.sql(SEED)
        results = {}
        # In turn, twice: machines are noisy.
        for turn in range(2):
            for name, path in [("videos", "/api/public/videos"), ("rankings", "/api/public/rankings")]:
                results.setdefault(name, []).append(wrk(server.url + path, options.seconds))
            results.setdefault("pgbench", []).append(pgbench(server, options.seconds))
        results["mixed"] = [mixed(server, options.seconds)]
        results["watchers"] = asyncio.run(watch(server, options.watchers))
    (OUT / "api.json").write_text(json.dumps(results, indent=2) + "\n")
    print("| load | requests/s | P99 ms | errors |\n|---|---|---|---|")
    for name in ["videos", "rankings", "mixed"]:
        for run in results[name]:
            print(f"| {name} | {run['rate']:.0f} | {run['p99']:.1f} | {run['errors']} |")
    ratios = [run["rate"] / tps for run, tps in zip(results["videos"], results["pgbench"])]
    print(f"\npgbench with the list's query: {', '.join(f'{tps:.0f}' for tps in results['pgbench'])} a second; "
          f"the list is {', '.join(f'{ratio:.2f}' for ratio in ratios)} of it")
    print(f"{results['mixed'][0]['logins']} logins meanwhile, median {results['mixed'][0]['login_median']:.0f} ms")
    watchers = results["watchers"]
    print(f"{watchers['watchers']} watchers: {watchers['before']:.0f} MB before, {watchers['after']:.0f} with them")


if __name__ == "__main__":
    main()
