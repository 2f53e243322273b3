#!/usr/bin/env bats
# redis-net.bats -- Redis over networks that are slow or break, by toxiproxy
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load redis
load toxic

setup_file() {
	serve redis
	toxiproxy
}
setup() {
	served
	toxic_or_skip
	need ce-src-redis jq curl
	via "${URL#redis://}"
}
teardown() {
	reap
	[ -n "$NOSERVER" ] || cli flushall >/dev/null
}
teardown_file() {
	unserve
	no_toxiproxy
}

quick='--backoff 50ms --backoff-max 200ms'
breaks() { grep -c 'will retry' err || :; }

# sink [ARGS]: writes what is in sent to the stream s through the spoilt way, in the background.
sink() { spawn_sh "ce-sink-redis -u redis://$VIA -s s --inflight 200 $quick $* <sent 2>err"; }
# sunk: it ends well; all is in the stream, in order, and no more is twice than what was open.
sunk() {
	DEADLINE=30 ended "$PID"
	[ "$RC" = 0 ] || { cat err; return 1; }
	in_stream s >got
	firsts <got | cmp - sent
	[ "$(wc -l <got)" -le $(($(wc -l <sent) + 200 * $(breaks))) ]
}
# src ARGS: what comes from there through the spoilt way, into got.
src() {
	rm -f got p.src
	spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-redis -u redis://$VIA $quick $* 2>err; } | ce-sink-file got"
}
group=(-s s -g g -c me --create)
# come: all has come, in order, and nothing twice; nothing is open.
come() {
	DEADLINE=30 wait_for lines got "$(wc -l <sent)" || { cat err; wc -l got; return 1; }
	kill -TERM "$(cat p.src)"
	ended "$PID"
	cmp got sent
	[ "$(cli --raw xpending s g | head -n 1)" = 0 ]
}
fill() { ce-sink-redis -u "$URL" -s s <"${1:-sent}"; }

@test "latency of 300 ms: both ways, and it is no outage" {
	events 1500 >sent
	toxic latency downstream '{"latency":300}'
	sink
	sunk
	[ ! -s err ] || { cat err; false; }
	src "${group[@]}"
	come
	[ ! -s err ] || { cat err; false; }
}

@test "one byte at a time" {
	events 50 >sent
	toxic slicer upstream '{"average_size":1,"size_variation":0,"delay":10}'
	sink
	sunk
	[ ! -s err ] || { cat err; false; }
	mended slicer
	toxic slicer downstream '{"average_size":1,"size_variation":0,"delay":10}'
	src "${group[@]}"
	come
	[ ! -s err ] || { cat err; false; }
}

@test "cut in the middle of a command, again and again" {
	events 2000 >sent
	toxic limit_data upstream '{"bytes":100003}'
	sink
	sunk
	has err 'will retry'
	cli del s
	sink --once
	sunk
	has err 'will retry'
	cmp sent got
}

@test "cut in the middle of a reply, again and again" {
	events 2000 >sent
	# an answer to the sink is 23 bytes
	toxic limit_data downstream '{"bytes":10007}'
	sink
	sunk
	has err 'will retry'
	mended limit_data
	cli del s
	fill
	toxic limit_data downstream '{"bytes":100003}'
	src "${group[@]}"
	come
	has err 'will retry'
	# without a group
	src -s s --state pos
	come
	has err 'will retry'
}

@test "replies that overtake those of the other connection" {
	events 4000 >sent
	fill
	toxic latency downstream '{"latency":20,"jitter":20}'
	toxic limit_data downstream '{"bytes":100003}'
	src "${group[@]}" --commit-every 1ms
	come
	has err 'will retry'
}

@test "a list: cut in the middle of a reply, again and again" {
	events 2000 >sent
	ce-sink-redis -u "$URL" -l l <sent
	toxic limit_data downstream '{"bytes":100003}'
	# its own list is read again after each cut, and must get through
	src -l l -c me --window 200
	DEADLINE=30 wait_for lines got 2000 || { cat err; wc -l got; return 1; }
	has err 'will retry'
	kill -TERM "$(cat p.src)"
	ended "$PID"
	cmp sent got
	[ "$(cli exists l l:processing:me)" = 0 ]
}

@test "reset: later, and on when it is over" {
	events 2000 >sent
	outlives_sink reset_peer 60
	cli del s
	fill
	src "${group[@]}"
	outlives_src reset_peer 60 some_more
}

@test "bytes that go nowhere, then the end of the connection" {
	events 2000 >sent
	outlives_sink timeout 300
	cli del s
	fill
	src "${group[@]}"
	outlives_src timeout 300
}

@test "bytes that go nowhere, for ever: --timeout" {
	events 2000 >sent
	toxic timeout downstream '{"timeout":0}'
	sink --timeout 500ms --connect-timeout 500ms
	wait_for has err 'will retry'
	[ "$(cli xlen s)" -le 200 ]
	mended timeout
	sunk
	cli del s
	fill
	src "${group[@]}" --timeout 3s --connect-timeout 3s
	wait_for test -s got
	toxic timeout downstream '{"timeout":0}'
	wait_for has err 'no answer from'
	mended timeout
	events 500 2001 >rest
	fill rest
	cat rest >>sent
	come
}
