# crowd.py -- for tests of a program that runs out of descriptors.
# SPDX-License-Identifier: Apache-2.0
import resource, subprocess, time

def start(descriptors, *command, **more):
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    return subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=few, **more)

def rests(p):
    "It uses next to no processor time for a second."
    ticks = lambda: sum(map(int, open("/proc/%d/stat" % p.pid).read().split()[13:15]))
    t = ticks()
    time.sleep(1)
    assert ticks() - t < 10, ticks() - t
