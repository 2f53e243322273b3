#!/usr/bin/env bats
# redis-pipe.bats -- both Redis programs in one pipe, and another client beside them.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load redis
bats_require_minimum_version 1.5.0

setup_file() { serve redis; }
setup() { served; }
teardown() {
	reap
	[ -n "$NOSERVER" ] || cli flushall >/dev/null
}
teardown_file() { unserve; }

@test "in the pipelines of test/torture" {
	"$HERE/torture" 5 -s redis -d redis -m none -m jq --pause 0.4 ${SANITIZED:+-n 300}
	"$HERE/torture" 2 -s file -d redis -m none --pause 0.4 ${SANITIZED:+-n 300}
	"$HERE/torture" 2 -s redis -d file -m none --pause 0.4 ${SANITIZED:+-n 300}
}

@test "from each kind of place into each, byte for byte" {
	events 2000 >sent
	ce-sink-redis -u "$URL" -s a <sent
	ce-src-redis -u "$URL" -s a -g g --create --until-end | ce-sink-redis -u "$URL" -l b
	ce-src-redis -u "$URL" -l b --until-end | ce-sink-redis -u "$URL" -s c --maxlen 5000
	ce-src-redis -u "$URL" -s c --state pos --until-end | ce-sink-redis -u "$URL" -l d --lpush
	ce-src-redis -u "$URL" -l d --rpop --until-end | ce-sink-file out
	cmp out sent
	[ "$(cli --raw xpending a g | head -n 1)" = 0 ]
	[ "$(cli exists b d)" = 0 ]
}

# Debian's module belongs to Debian's Python.
python() { PATH=/usr/bin:$PATH python3 "$@"; }

@test "redis-py reads what is written and is read, streams, lists and channels" {
	python -c 'import redis' 2>why || skip 'no python3-redis: make deps'
	events 500 >sent
	ce-sink-redis -u "$URL" -s s <sent
	ce-sink-redis -u "$URL" -s f --field-per-attribute <sent
	ce-sink-redis -u "$URL" -l l <sent
	cat >client.py <<'END'
import base64, json, sys, redis
r = redis.Redis.from_url(sys.argv[1])
sent = open("sent", "rb").read().splitlines()
assert [f[b"event"] for _, f in r.xrange("s")] == sent
assert r.lrange("l", 0, -1) == sent
for (_, f), line in zip(r.xrange("f"), sent):
    ev = json.loads(line)
    assert f[b"id"].decode() == ev["id"] and f[b"source"].decode() == ev["source"], line
    if "data_base64" in ev:
        assert f[b"data"] == base64.b64decode(ev["data_base64"]), line
p = r.pipeline()
for line in sent:
    p.xadd("py", {"event": line})
    p.rpush("pyl", line)
p.xadd("py", {"event": b"\xff", "n": 1})
p.execute()
END
	python client.py "$URL"
	ce-src-redis -u "$URL" -s py --count 500 | cmp - sent
	[ "$(ce-src-redis -u "$URL" -s py --until-end | tail -n 1 | jq -c .data)" = '{"event_base64":"/w==","n":"1"}' ]
	ce-src-redis -u "$URL" -l pyl --until-end | ce-sink-file list
	cmp list sent
	spawn_sh "ce-src-redis -u $URL --subscribe c | ce-sink-file heard"
	subscribed() { [ "$(cli --raw pubsub numsub c | tail -n 1)" = 1 ]; }
	wait_for subscribed
	python -c 'import sys, redis
r = redis.Redis.from_url(sys.argv[1])
for line in open("sent", "rb").read().splitlines(): r.publish("c", line)' "$URL"
	wait_for lines heard 500
	cmp heard sent
}
