"""stages.py -- statistics files of stages that are not there, held as live ones are.

stages.py DIR SPEC...: a SPEC is a JSON object with any of name (or hex, its
bytes), pid, role, in, out, open, oldest, blocked, started, events, big (all
counters), size (of the file).  Prints "ready" and waits to be killed.
SPDX-License-Identifier: Apache-2.0
"""
import fcntl
import json
import os
import signal
import struct
import sys
import time

held = []
for n, text in enumerate(sys.argv[2:]):
    s = json.loads(text)
    name = bytes.fromhex(s["hex"]) if "hex" in s else s.get("name", "ce-fake").encode()
    big = s.get("big", s.get("events", 0))
    data = struct.pack("=8sii32sQQq7QQqi4xq5Q", b"cestat1\0", s.get("pid", 1000000 + n), s.get("role", 2), name,
                       s.get("in", 0), s.get("out", 0), s.get("started", int(time.time() * 1000)),
                       *([big] * 7), s.get("open", 0), s.get("oldest", 0), s.get("blocked", 1), 0,
                       *([s.get("big", 0)] * 5))
    fd = os.open("%s/stat-%08d" % (sys.argv[1], n), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.write(fd, data[:s.get("size", len(data))])
    held.append(fd)
print("ready", flush=True)
signal.pause()
