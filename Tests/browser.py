#!/usr/bin/env python3
"""What a browser shows of a video.

    browser.py FILE RATE FRAME...

Plays a video to its end in headless Chromium, then goes to the middle of each of the frames, counted at a rate, and
writes, as JSON: `duration` in seconds; `ended`; `error`, null where there is none; `shown`, the times of the frames that were
shown while it played; `pictures`, the brightness of each of those frames in 16 columns and 9 rows, from 0 to 255.
"""

import json
import shutil
import sys

from playwright.sync_api import sync_playwright

PAGE = "<input type=file><video muted></video>"

PLAY = """async () => {
    const video = document.querySelector('video')
    const file = document.querySelector('input').files[0]
    const shown = []
    const note = (_, frame) => { shown.push(frame.mediaTime); video.requestVideoFrameCallback(note) }
    video.requestVideoFrameCallback(note)
    video.src = URL.createObjectURL(file)
    const end = new Promise(done => { for (const name of ['ended', 'error']) video.addEventListener(name, done) })
    await video.play().catch(() => {})
    await end
    return {duration: video.duration, ended: video.ended, error: video.error && video.error.message, shown}
}"""

# A seek has ended before its frame is shown: on a busy machine the frame of the seek before stands until then.
LOOK = """async ([time, length]) => {
    const video = document.querySelector('video')
    const shown = new Promise((done, fail) => {
        const note = (_, frame) => {
            if (Math.abs(frame.mediaTime + length / 2 - time) < length / 2) done()
            else video.requestVideoFrameCallback(note)
        }
        video.requestVideoFrameCallback(note)
        setTimeout(() => fail(new Error(`the frame at ${time} s was not shown`)), 50_000)
    })
    const seeked = new Promise(done => video.addEventListener('seeked', done, {once: true}))
    video.currentTime = time
    await Promise.all([seeked, shown])
    const canvas = document.createElement('canvas')
    canvas.width = 16
    canvas.height = 9
    const context = canvas.getContext('2d', {willReadFrequently: true})
    context.imageSmoothingQuality = 'high'
    context.drawImage(video, 0, 0, 16, 9)
    const pixels = context.getImageData(0, 0, 16, 9).data
    return Array.from({length: 16 * 9}, (_, i) => 0.2126 * pixels[4 * i] + 0.7152 * pixels[4 * i + 1] + 0.0722 * pixels[4 * i + 2])
}"""

path, rate, frames = sys.argv[1], float(sys.argv[2]), list(map(int, sys.argv[3:]))
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.set_content(PAGE)
    page.set_input_files("input", path)
    result = page.evaluate(PLAY)
    result["pictures"] = [page.evaluate(LOOK, [(frame + 0.5) / rate, 1 / rate]) for frame in frames]
    browser.close()
print(json.dumps(result))
