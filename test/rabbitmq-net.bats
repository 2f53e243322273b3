#!/usr/bin/env bats
# rabbitmq-net.bats -- RabbitMQ over networks that are slow or break, by toxiproxy
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load rabbitmq
load toxic

setup_file() {
	serve rabbitmq
	toxiproxy
}
setup() {
	served
	toxic_or_skip
	need ce-src-rabbitmq jq curl
	queue
	via "${URL#amqp://}"
}
teardown_file() {
	unserve
	no_toxiproxy
}

# sink: publishes what is in sent through the spoilt way, in the background.
sink() { spawn_sh "ce-sink-rabbitmq -u amqp://$VIA -r $Q --inflight 200 --backoff 50ms --backoff-max 200ms <sent 2>err"; }
# sunk: it ends well; all is in the queue, in order, and no more is twice than what was open.
sunk() {
	local n

	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ] || { cat err; return 1; }
	n=$(amqp count "$Q")
	amqp get "$Q" "$n" | jq -r .body >got
	awk '!seen[$0]++' got | cmp - sent
	uniq -d <(sort got) >twice
	[ -s err ] || [ ! -s twice ]
}
fill() { ce-sink-rabbitmq -u "$URL" -r "$Q" <"$1"; }
# src: what is in sent, from the queue and through the spoilt way into got.
src() {
	rm -f got
	fill sent
	source_into 'ce-sink-file got' -u "amqp://$VIA" -q "$Q" --prefetch 100 --backoff 50ms --backoff-max 200ms '2>err'
}
# come: all has come; with each connection no more is twice than was open.
come() {
	all() { [ "$(sort -u got | wc -l)" = "$(wc -l <sent)" ]; }
	DEADLINE=60 wait_for all || { cat err; wc -l got; return 1; }
	end_source
	cmp <(sort -u got) <(sort sent)
	[ "$(wc -l <got)" -le $(($(wc -l <sent) + 100 * $(grep -c 'will retry\|goes on after' err || :))) ]
	[ "$(amqp count "$Q")" = 0 ]
}

@test "latency of 300 ms: both ways, and it is no outage" {
	events 3000 >sent
	toxic latency downstream '{"latency":300}'
	sink
	sunk
	[ ! -s err ]
	src
	come
	[ ! -s err ]
	cmp sent got
}

@test "one byte at a time" {
	events 100 >sent
	toxic slicer upstream '{"average_size":1,"size_variation":0,"delay":10}'
	sink
	sunk
	[ ! -s err ]
	mended slicer
	toxic slicer downstream '{"average_size":1,"size_variation":0,"delay":10}'
	src
	come
	cmp sent got
}

@test "cut in the middle of a frame, again and again" {
	events 2000 >sent
	toxic limit_data upstream '{"bytes":100003}'
	sink
	sunk
	has err 'will retry'
	mended limit_data
	toxic limit_data downstream '{"bytes":100003}'
	src
	come
	has err 'goes on after'
}

@test "reset: later, and on when it is over" {
	events 2000 >sent
	outlives_sink reset_peer 60
	src
	outlives_src reset_peer 60 some_more
}

@test "bytes that go nowhere, then the end of the connection" {
	events 2000 >sent
	outlives_sink timeout 300
	src
	outlives_src timeout 300
}
