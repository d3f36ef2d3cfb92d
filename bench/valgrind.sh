#!/usr/bin/env bash
# Runs a short showcase, a run that keeps sound, and a failing run under valgrind: no invalid access, no lost memory.
# Slow: some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ffmpeg -y -nostdin -loglevel error -f lavfi -i testsrc2=s=320x180:r=30:d=0.3 -f lavfi -i sine=d=0.3 \
    -pix_fmt yuv420p -c:v libx264 -c:a aac "$scratch/clip.mp4"
head -c 3000 "$scratch/clip.mp4" >"$scratch/cut.mp4"

check() {
    local expected=$1 status=0
    shift
    valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --suppressions=bench/valgrind.supp --fair-sched=yes --max-stackframe=4194304 \
        .build/debug/cortina "$@" --progress none || status=$?
    [ "$status" -eq "$expected" ] || { echo "cortina $*: status $status, expected $expected"; exit 1; }
    echo "clean: cortina ${*:1:2}"
}

check 0 run showcase "$scratch/clip.mp4" -o "$scratch/out.mp4"
check 0 run interview "$scratch/clip.mp4" -o "$scratch/out.mp4"
check 65 run showcase "$scratch/cut.mp4" -o "$scratch/out.mp4"
