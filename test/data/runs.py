# runs.py -- how a filter copes with runs of lines that pass, in chunks of any size.
#
#   runs.py make SEED >lines            events: t "y" in runs and alone, t "n" between
#                                       them; a few long, or with white space about them
#   runs.py chop SEED <lines | FILTER | runs.py sip SEED
#                                       writes, reads in pieces of random size, with pauses
# SPDX-License-Identifier: Apache-2.0
import os
import random
import sys
import time


def make(r):
    out = sys.stdout.buffer
    n = 0
    for _ in range(200):
        length = r.choice((1, 1, 2, 5, 300))
        kind = r.choice("yyyn")
        for _ in range(length):
            n += 1
            size = r.choice((0, 3, 200, 700, 2000)) if r.random() < 0.995 else 300000
            line = '{"specversion":"1.0","id":"%d","source":"/r","type":"t","t":"%s","data":"%s"}' % (
                n, kind, "x" * size)
            out.write((line + r.choice(("\n",) * 99 + ("\r\n",))).encode())
        if r.random() < 0.1:
            out.write(b"\n")


def chop(r):
    data = sys.stdin.buffer.read()
    at = 0
    while at < len(data):
        n = r.choice((1, 100, 5000, 70000, 400000, 400000))
        at += os.write(1, data[at:at + n])
        if r.random() < 0.05:
            time.sleep(r.random() / 50)


def sip(r):
    while True:
        data = os.read(0, r.choice((10, 3000, 65536, 300000)))
        if not data:
            break
        while data:
            data = data[os.write(1, data):]
        if r.random() < 0.05:
            time.sleep(r.random() / 50)


{"make": make, "chop": chop, "sip": sip}[sys.argv[1]](random.Random(int(sys.argv[2])))
