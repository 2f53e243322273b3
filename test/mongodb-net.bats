#!/usr/bin/env bats
# mongodb-net.bats -- MongoDB over networks that are slow or break, by toxiproxy
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load mongodb
load toxic

setup_file() {
	serve mongodb
	toxiproxy
}
# The server announces its own address; nobody must go there past the spoilt way.
setup() {
	served
	toxic_or_skip
	need ce-src-mongodb jq curl
	C=c$BATS_TEST_NUMBER
	via "${URL#mongodb://}"
	WAY="mongodb://$VIA/t?directConnection=true"
}
teardown_file() {
	unserve
	no_toxiproxy
}

quick='--backoff 50ms --backoff-max 200ms'

# sink [ARGS]: writes what is in sent through the spoilt way, in the background.
sink() { spawn_sh "ce-sink-mongodb -u '$WAY' -c $C --batch 100 $quick $* <sent 2>err"; }
# sunk: it ends well; all is in the collection, in order, and once: the _id sees to that.
sunk() {
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ] || { cat err; return 1; }
	mongo "print('\n'.join(x['id'] for x in d.$C.find()))" | cmp - <(ids <sent)
}
# begin: a position before anything.  fill: what is in sent, to be found there.
begin() { ce-src-mongodb -u "$URL/t" -c "$C" --state pos --until-end | ce-sink-file none; }
fill() { ce-sink-mongodb -u "$URL/t" -c "$C" <"${1:-sent}"; }
# empty: a collection without anything, and a position in it.
empty() {
	C=${C}s
	rm -f got pos none
	begin
}
# src [ARGS]: what comes from there through the spoilt way, into got.
src() {
	rm -f p.src
	spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-mongodb -u '$WAY' -c $C --state pos $quick $* 2>err; } | ce-sink-file got"
}
# come: all has come, in order and once: it goes on behind what it has read.
come() {
	DEADLINE=60 wait_for lines got "$(wc -l <sent)" || { cat err; wc -l got; return 1; }
	kill -TERM "$(cat p.src)"
	ended "$PID"
	cmp "${1:-sent}" got
}

@test "latency of 300 ms: both ways, and it is no outage" {
	events 300 >sent
	toxic latency downstream '{"latency":300}'
	sink
	sunk
	[ ! -s err ] || { cat err; false; }
	empty
	fill
	src
	come
	[ ! -s err ] || { cat err; false; }
}

@test "one byte at a time" {
	events 15 >sent
	toxic slicer upstream '{"average_size":1,"size_variation":0,"delay":10}'
	sink
	sunk
	[ ! -s err ] || { cat err; false; }
	empty
	fill
	mended slicer
	toxic slicer downstream '{"average_size":1,"size_variation":0,"delay":10}'
	src
	come
	[ ! -s err ] || { cat err; false; }
}

# cut_up COMMAND: it needs more than two connections.  The driver goes on by itself where
# it can, so that err may say nothing of it.
calls() { grep -c "\"t$BATS_TEST_NUMBER\".*Accepted client" "$BATS_FILE_TMPDIR/toxiproxy/out" || :; }
cut_up() {
	local n

	n=$(calls)
	"$@"
	n=$(($(calls) - n))
	[ "$n" -gt 2 ] || { echo "only $n connections" >&2; return 1; }
}
sunk_so() { sink "$@" && sunk; }
changes() { src && come; }
snapshot() { src --snapshot && come by_id; }

@test "cut in the middle of a message, again and again" {
	events 1000 >sent
	toxic limit_data upstream '{"bytes":100003}'
	cut_up sunk_so
	empty
	fill
	mended limit_data
	toxic limit_data downstream '{"bytes":100003}'
	cut_up changes
}

@test "cut in the middle of a reply, again and again" {
	events 1000 >sent
	toxic limit_data downstream '{"bytes":3001}'
	cut_up sunk_so --batch 20
	# documents that are there already, which the driver does not ask for again itself
	rm -f got pos
	mended limit_data
	toxic limit_data downstream '{"bytes":100003}'
	jq -r '"\(.source) \(.id)"' sent | paste - sent | LC_ALL=C sort -t "$(printf '\t')" -k 1,1 | cut -f 2- >by_id
	cut_up snapshot
	has err 'will retry'
}

@test "reset: later, and on when it is over" {
	events 2000 >sent
	outlives_sink reset_peer 60
	empty
	fill
	src
	outlives_src reset_peer 60 some_more
}

@test "bytes that go nowhere, then the end of the connection" {
	events 2000 >sent
	outlives_sink timeout 300
	empty
	fill
	src
	outlives_src timeout 300
}

@test "bytes that go nowhere, for ever: --timeout" {
	events 2000 >sent
	toxic timeout downstream '{"timeout":0}'
	sink --timeout 1s --connect-timeout 500ms
	wait_for has err 'will retry'
	mended timeout
	sunk
	empty
	fill
	src --timeout 1s --connect-timeout 3s
	wait_for test -s got
	toxic timeout downstream '{"timeout":0}'
	wait_for has err 'will retry'
	mended timeout
	events 500 2001 >rest
	fill rest
	cat rest >>sent
	come
}
