#!/usr/bin/env bats
# kafka-net.bats -- Kafka over networks that are slow or break, by toxiproxy
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load kafka
load toxic

setup_file() {
	serve kafka 4.3.1 group.min.session.timeout.ms=500
	toxiproxy
}
setup() {
	served
	toxic_or_skip
	need ce-src-kafka ce-sink-kafka kcat jq curl
	read -r port front <"$DIR/proxied"
	via "127.0.0.1:$port" "$front"
	Q=q$BATS_TEST_NUMBER
	SOON='-X reconnect.backoff.ms=20 -X reconnect.backoff.max.ms=200 -X socket.timeout.ms=1200'
	# what is cut after 100 kB must be asked for in pieces
	SRC="$SOON -X fetch.wait.max.ms=100 -X fetch.error.backoff.ms=50 -X fetch.message.max.bytes=20000 \
		-X session.timeout.ms=15000 -X heartbeat.interval.ms=300 --window 200"
}
teardown() {
	reap
	no_via
}
teardown_file() {
	unserve
	no_toxiproxy
}

# patient: it takes its time, and that is no outage.
patient() { SRC=${SRC/-X socket.timeout.ms=1200/} SOON=''; }
# sink: writes what is in sent through the spoilt way, in the background.
# sink_met [ARGS]: it does so with the first 100, and with the others after go_on.
SINK() {
	spawn_sh "$1 | ce-sink-kafka -b $VIA -t $Q $SOON -X retry.backoff.ms=20 -X batch.size=20000 \
		--inflight 200 --backoff 50ms --backoff-max 200ms ${*:2} 2>err"
}
sink() { SINK 'cat sent'; }
sink_met() {
	[ -p gate ] || mkfifo gate
	SINK '{ head -n 100 sent; cat gate; tail -n +101 sent; }' "$@"
	wait_for has_values "$Q" 100
}
go_on() { : >gate; }
# sunk [N]: it ends well; all is in the topic, in order, and no more than N are there twice.
sunk() {
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ] || { cat err; return 1; }
	values "$Q" >got
	firsts <got | cmp - sent
	[ "$(wc -l <got)" -le $(($(wc -l <sent) + ${1:-0})) ] || { wc -l got; cat err; return 1; }
}
# direct FILE: its events get there by a way that nothing spoils.
direct() { ce-sink-kafka -b "$URL" -t "$Q" -X batch.size=20000 <"$1"; }
# src: both ways to read what is in sent, by the spoilt way: a group into got.g, with its
# messages in err.g, and without one into got.p and err.p.
src() {
	Q=r$BATS_TEST_NUMBER
	direct sent
	spawn_sh "{ echo \$BASHPID >p.g; exec ce-src-kafka -b $VIA -t $Q -g $Q $SRC $* 2>err.g; } | ce-sink-file got.g"
	G=$PID
	spawn_sh "{ echo \$BASHPID >p.p; exec ce-src-kafka -b $VIA -t $Q -p 0 --state s $SRC 2>err.p; } | ce-sink-file got.p"
	P=$PID
}
both() { "$@" g && "$@" p; }
noticed() { has "err.$1" 'cannot be reached'; }
begun() { [ -s "got.$1" ]; }
all() { [ "$(sort -u "got.$1" | wc -l)" = "$(wc -l <sent)" ]; }
# come [N]: all has come, and is finished; in the group no more than N came twice each
# time that it had to give its partitions away.
come() {
	DEADLINE=60 wait_for both all || { wc -l got.*; cat err.g err.p; return 1; }
	kill -TERM "$(cat p.g)" "$(cat p.p)"
	ended "$G"
	ended "$P"
	cmp sent got.p
	firsts <got.g | cmp sent -
	[ "$(wc -l <got.g)" -le $(($(wc -l <sent) + ${1:-0} * $(grep -c 'given our partitions' err.g || :))) ] || { wc -l got.g; cat err.g; return 1; }
	[ "$(tail -n 1 s)" = "$Q 0 $(wc -l <sent)" ]
	group=$(committed "$Q" "$Q")
	[ "$group" = "0 $(wc -l <sent)" ] || { echo "committed: $group"; cat err.g; return 1; }
}
# more: 500 events that are there to be read.
more() {
	events 500 2001 >rest
	direct rest
	cat rest >>sent
}

@test "latency of 300 ms: both ways, and it is no outage" {
	events 1000 >sent
	patient
	toxic latency downstream '{"latency":300}'
	sink
	sunk
	[ ! -s err ]
	src
	come
	[ ! -s err.g ] && [ ! -s err.p ]
}

@test "one byte at a time" {
	events 30 >sent
	patient
	toxic slicer upstream '{"average_size":1,"size_variation":0,"delay":0}'
	sink
	sunk
	[ ! -s err ]
	mended slicer
	toxic slicer downstream '{"average_size":1,"size_variation":0,"delay":0}'
	src
	come
}

@test "cut in the middle of a request, again and again" {
	events 2000 >sent
	toxic limit_data upstream '{"bytes":100003}'
	sink
	sunk
	has err 'cannot be reached'
	mended limit_data
	toxic limit_data upstream '{"bytes":2003}'
	src
	come
	both noticed
}

@test "cut in the middle of an answer, again and again" {
	events 2000 >sent
	toxic limit_data downstream '{"bytes":1501}'
	sink
	sunk
	has err 'cannot be reached'
	mended limit_data
	toxic limit_data downstream '{"bytes":100003}'
	src
	come
	both noticed
}

@test "reset: on when it is over, and nothing is twice" {
	events 2000 >sent
	sink_met
	toxic reset_peer upstream '{"timeout":60}'
	go_on
	wait_for has err 'cannot be reached'
	mended reset_peer
	sunk
	src
	wait_for both begun
	toxic reset_peer downstream '{"timeout":60}'
	more
	wait_for both noticed
	mended reset_peer
	come
}

@test "requests, then answers, that go nowhere: within --timeout, nothing is twice" {
	events 2000 >sent
	sink_met
	toxic timeout upstream '{"timeout":0}'
	go_on
	wait_for has err 'cannot be reached'
	mended timeout
	sunk
	Q+=b
	sink_met
	toxic timeout downstream '{"timeout":0}'
	go_on
	wait_for has err 'cannot be reached'
	mended timeout
	sunk
	src
	wait_for both begun
	toxic timeout downstream '{"timeout":0}'
	more
	wait_for both noticed
	mended timeout
	come
}

@test "they do so for longer than --timeout and the session: twice is no more than what was open" {
	events 2000 >sent
	sink_met --timeout 1500ms
	toxic timeout downstream '{"timeout":0}'
	go_on
	wait_for has err 'will retry'
	mended timeout
	sunk 200
	src -X session.timeout.ms=1500
	wait_for both begun
	toxic timeout downstream '{"timeout":0}'
	more
	wait_for has err.g 'given our partitions to others'
	mended timeout
	come 200
}
