#!/usr/bin/env python3
# sink.py FILE -- appends events to FILE; written from ce-ack(5) alone.
# SPDX-License-Identifier: Apache-2.0
import json, os, re, socket, stat, sys

def call(token):
    env, uid = os.environ.get, os.geteuid()
    home = env("CE_RUNTIME_DIR") or (env("XDG_RUNTIME_DIR") or "") + "/ce"
    home = "/tmp/ce-%d" % uid if home == "/ce" else home
    s = socket.socket(socket.AF_UNIX)
    try:
        st = os.lstat(home)
        if not stat.S_ISDIR(st.st_mode) or st.st_uid != uid or st.st_mode & 0o77:
            return None
        s.connect(home + "/ack-" + token)
        s.sendall(b"hello sink sink.py\n")
        return s if s.makefile().readline().startswith("welcome ") else None
    except OSError:
        return None  # nobody waits for us

fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_APPEND)
whole = open(sys.argv[1], "rb").read().rfind(b"\n") + 1
os.ftruncate(fd, whole)  # a line that a crash has torn
peers, rest = {}, b""
while block := os.read(0, 1 << 16):
    *lines, rest = (rest + block).split(b"\n")
    runs = []
    for line in lines:
        m = re.fullmatch(r"([a-z0-9]{1,32})\.([0-9]{1,18})", str(json.loads(line).get("ackto")))
        if m:
            line = line.replace(b',"ackto":"%s"' % m[0].encode(), b"")
            if not runs or (runs[-1][0], runs[-1][2] + 1) != (m[1], int(m[2])):
                runs.append([m[1], int(m[2]), int(m[2])])
            runs[-1][2] = int(m[2])
        os.write(fd, line + b"\n")
    os.fsync(fd)
    for token, first, last in runs:
        peer = peers[token] if token in peers else peers.setdefault(token, call(token))
        peer and peer.sendall(b"ack %d %d\n" % (first, last))
