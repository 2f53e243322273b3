"""prom.py -- checks the text format of Prometheus, as strictly as promtool does.

Reads it on standard input; says what is wrong and where, and fails.  With
arguments NAME{LABEL=VALUE,...} prints the value of each sample that has these.
SPDX-License-Identifier: Apache-2.0
"""
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)\Z')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|\Z)')


def check(text):
    helps, types, closed, seen, family, samples = {}, {}, set(), set(), None, []
    assert text == "" or text.endswith("\n"), "no newline at the end"
    for n, line in enumerate(text.split("\n")[:-1], 1):
        where = "line %d: %s" % (n, line)
        assert "\r" not in line and line == line.strip(), where
        if line.startswith("# "):
            _, what, name, rest = line.split(" ", 3)
            assert what in ("HELP", "TYPE") and NAME.match(name), where
            table = helps if what == "HELP" else types
            assert name not in table, "twice: " + where
            assert name not in closed, "not together: " + where
            table[name] = rest
            if what == "TYPE":
                assert rest in ("counter", "gauge"), where
                assert (rest == "counter") == name.endswith("_total"), where
            else:
                assert rest, where
            if family not in (None, name):
                closed.add(family)
            family = name
            continue
        m = SAMPLE.match(line)
        assert m, where
        name, labels, value = m.group(1), m.group(2) or "", m.group(3)
        assert name == family and name in types and name in helps, "without its TYPE: " + where
        pairs = LABEL.findall(labels)
        assert len(dict(pairs)) == len(pairs), "a label twice: " + where
        key = (name, tuple(sorted(pairs)))
        assert key not in seen, "twice: " + where
        seen.add(key)
        v = float(value)
        assert v >= 0 or types[name] != "counter", "negative: " + where
        samples.append((name, dict(pairs), value))
    assert set(helps) == set(types), "HELP without TYPE"
    return samples


def main():
    raw = sys.stdin.buffer.read().decode("utf-8")
    try:
        samples = check(raw)
    except AssertionError as e:
        print(e)
        return 1
    for want in sys.argv[1:]:
        name, _, rest = want.partition("{")
        labels = dict(p.split("=", 1) for p in rest.rstrip("}").split(",") if p)
        for n, have, value in samples:
            if n == name and labels.items() <= have.items():
                print(value)
    return 0


sys.exit(main())
