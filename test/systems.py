# systems.py -- the servers between which test/torture builds its pipelines: one of
# each for all rounds, and in it for each round a place of its own to read from, and
# one to write to.
# SPDX-License-Identifier: Apache-2.0

import atexit, importlib.util, os, shutil, signal, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Server:
    """What test/server/NAME starts."""

    running = {}

    def __init__(self, name):
        self.dir = tempfile.mkdtemp(prefix="ce-torture-%s." % name)
        p = subprocess.run([HERE + "/server/" + name, self.dir], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if p.returncode:
            sys.exit("torture: %s: %s" % (name, p.stderr.decode().strip()))
        self.url = p.stdout.decode().strip()
        atexit.register(self.end)

    @classmethod
    def of(cls, name):
        if name not in cls.running:
            cls.running[name] = cls(name)
        return cls.running[name]

    def signal(self, sig):
        for pid in open(self.dir + "/pid").read().split():
            try:
                os.kill(int(pid), sig)
            except OSError:
                pass

    def end(self):
        self.signal(signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)


class System:
    """How one round reads from it and writes to it.  fill() puts the file in there to
    be read, fetch() the file got from what was written."""

    events = 8000  # of a round
    ends = True    # its source ends when all that is there was read
    mixes = False  # what a killed sink has sent may come in beside what the next one sends
    modes = ["-"]

    def __init__(self, world):
        self.world = world
        self.server = Server.of(type(self).__name__.lower())
        self.url = self.server.url
        self.round = os.path.basename(world.dir).replace(".", "-")
        self.options = ["--window", str(world.window)]

    def run(self, argv, **files):
        return subprocess.run(argv, env=self.world.env, stderr=self.world.log, check=True, timeout=120, **files)

    def fill(self):
        with open("in") as f:
            self.run(self.last("in", "structured"), stdin=f)

    def store(self, argv):
        with open("got", "wb") as f:
            self.run(argv + ["--ack", "none"], stdout=f)

    def ready(self):
        """Before each start."""

    def clear(self):
        """Nothing is owed to the source any more?"""
        return True

    def watch(self):
        """Before anything is written to it."""


class Kafka(System):
    modes = ["structured", "binary"]

    def first(self):
        return ["ce-src-kafka", "-b", self.url, "-t", self.round + "in", "--state", "state", "--until-end"] + self.options

    def last(self, place, mode):
        return ["ce-sink-kafka", "-b", self.url, "-t", self.round + place, "--mode", mode]

    def fetch(self):
        self.store(["ce-src-kafka", "-b", self.url, "-t", self.round + "out", "--until-end"])


class MongoDB(System):
    events = 2000

    def source(self, place, state):
        return ["ce-src-mongodb", "-u", self.url + "/t", "-c", self.round + place, "--state", state, "--until-end"]

    def note(self, place, state):
        """From here on what is written will be read."""
        self.run(self.source(place, state) + ["--ack", "none"], stdout=subprocess.DEVNULL)

    def fill(self):
        self.note("in", "state")
        super().fill()

    def watch(self):
        self.note("out", "until")

    def first(self):
        return self.source("in", "state") + self.options

    def last(self, place, mode):
        return ["ce-sink-mongodb", "-u", self.url + "/t", "-c", self.round + place]

    def fetch(self):
        self.store(self.source("out", "until"))


class RabbitMQ(System):
    events = 4000
    ends = False
    mixes = True
    modes = ["structured", "binary"]

    def __init__(self, world):
        super().__init__(world)
        for place in "in", "out":
            self.ask("queue", self.round + place)

    def ask(self, *words):
        python = sys.executable if importlib.util.find_spec("pika") else "/usr/bin/python3"
        return self.run([python, HERE + "/data/amqp.py", words[0], self.url, *words[1:]],
                        stdout=subprocess.PIPE, text=True).stdout.strip()

    def first(self):
        return ["ce-src-rabbitmq", "-u", self.url, "-q", self.round + "in", "--prefetch", str(self.world.window)] + self.options

    def last(self, place, mode):
        return ["ce-sink-rabbitmq", "-u", self.url, "-r", self.round + place, "--mode", mode]

    def ready(self):
        # The queue has taken back what the last one had.
        self.world.wait(lambda: self.ask("consumers", self.round + "in") == "0", "the queue to hear that its consumer is gone")

    def clear(self):
        return self.ask("count", self.round + "in") == "0"

    def fetch(self):
        n = self.ask("count", self.round + "out")
        self.store(["ce-src-rabbitmq", "-u", self.url, "-q", self.round + "out", "--count", n])


class Redis(System):
    def cli(self, *words):
        return self.run(["redis-cli", "-p", self.url.rsplit(":", 1)[1], "--raw", *words], stdout=subprocess.PIPE).stdout

    def fill(self):
        super().fill()
        self.cli("xgroup", "create", self.round + "in", "g", "0")

    def first(self):
        return ["ce-src-redis", "-u", self.url, "-s", self.round + "in", "-g", "g", "-c", "me", "--until-end"] + self.options

    def last(self, place, mode):
        return ["ce-sink-redis", "-u", self.url, "-s", self.round + place]

    def clear(self):
        return self.cli("xpending", self.round + "in", "g").startswith(b"0\n")

    def fetch(self):
        with open("got", "wb") as f:
            f.writelines(l + b"\n" for l in self.cli("xrange", self.round + "out", "-", "+").split(b"\n")[2::3])


SYSTEMS = {c.__name__.lower(): c for c in (Kafka, MongoDB, RabbitMQ, Redis)}
