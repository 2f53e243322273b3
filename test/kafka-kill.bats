#!/usr/bin/env bats
# kafka-kill.bats -- ce-src-kafka is killed and stopped, alone and in a group, and so is its
# broker.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load kafka

setup_file() { serve kafka 4.3.1 group.min.session.timeout.ms=500; }
setup() {
	served
	need ce-src-kafka ce-sink-kafka kcat jq
	export CE_KAFKA_BROKERS=$URL
	Q=q$BATS_TEST_NUMBER
	FAST='-X session.timeout.ms=6000 -X heartbeat.interval.ms=300'
}
teardown_file() { unserve; }

@test "kill -9 of source, sink or both: nothing is lost, and no more is twice than the window" {
	events 6000 >sent
	ce-sink-kafka -t "$Q" <sent
	for who in src sink 'src sink' src sink; do
		spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-kafka -t $Q --state s --window 200; } | { echo \$BASHPID >p.sink; exec ce-sink-file got; }"
		# shellcheck disable=SC2086
		strike $who
	done
	ce-src-kafka -t "$Q" --state s --window 200 --until-end | ce-sink-file got
	cmp <(firsts <got) <(firsts <sent)
	[ "$(wc -l <got)" -le $((6000 + 5 * 200)) ]
}

@test "kill -9 of a member of a group, which comes back under its name" {
	events 6000 >sent
	ce-sink-kafka -t "$Q" <sent
	for who in src sink 'src sink'; do
		spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-kafka -g $Q -t $Q -X group.instance.id=m1 --window 200; } | { echo \$BASHPID >p.sink; exec ce-sink-file got; }"
		wait_for test -s p.sink
		wait_for lines got 1
		# shellcheck disable=SC2086
		strike $who
	done
	ce-src-kafka -g "$Q" -t "$Q" -X group.instance.id=m1 --window 200 --until-end | ce-sink-file got
	cmp <(firsts <got) <(firsts <sent)
	[ "$(wc -l <got)" -le $((6000 + 3 * 200)) ]
}

@test "SIGTERM: what was read is committed, nothing comes twice" {
	events 5000 >sent
	ce-sink-kafka -t "$Q" <sent
	for _ in 1 2 3; do
		rm -f p.src
		spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-kafka -g $Q -t $Q; } | ce-rate --per-second 5000 | ce-sink-file got"
		n=$(cat got 2>/dev/null | wc -l)
		wait_for lines got $((n + 1))
		kill -TERM "$(cat p.src)"
		ended "$PID"
		[ "$RC" = 0 ]
		[ "$(wc -l <got)" -lt 5000 ] || break
	done
	ce-src-kafka -g "$Q" -t "$Q" --until-end | ce-sink-file got
	cmp got sent
}

@test "kill -9 of the broker and its restart: the source goes on, nothing is lost" {
	events 8000 >sent
	ce-sink-kafka -t "$Q" <sent
	spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-kafka -g $Q -t $Q --window 500 2>err; } | ce-rate --per-second 2000 | ce-sink-file got"
	wait_for lines got 500
	broker_kill
	wait_for has err 'cannot be reached'
	broker_start
	all() { [ "$(firsts <got | wc -l)" = "$(firsts <sent | wc -l)" ]; }
	DEADLINE=60 wait_for all
	kill -TERM "$(cat p.src)"
	ended "$PID"
	cmp <(firsts <got) <(firsts <sent)
	[ "$(committed "$Q" "$Q")" = '0 8000' ]
}

@test "a broker that stands still for a while: nothing lost, nothing twice" {
	events 8000 >sent
	ce-sink-kafka -t "$Q" <sent
	spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-kafka -g $Q -t $Q --window 500 2>err; } | ce-rate --per-second 2000 | ce-sink-file got"
	wait_for lines got 500
	still "$(<"$DIR/server")"
	wait_for lines got 8000
	kill -TERM "$(cat p.src)"
	ended "$PID"
	cmp got sent
	[ "$(committed "$Q" "$Q")" = '0 8000' ]
}

@test "three copies of one group, one of them killed in the stream: nothing lost, each partition in order" {
	topic "$Q" 6
	events 12000 >sent
	ce-sink-kafka -t "$Q" -k '{id}' <sent
	for i in 1 2 3; do
		spawn_sh "{ echo \$BASHPID >p.$i; exec ce-src-kafka -v -g $Q -t $Q --envelope --window 300 $FAST 2>err$i; } | ce-rate --per-second 700 | ce-sink-file got$i"
		pids[i]=$PID
	done
	for i in 1 2 3; do wait_for lines "got$i" 100; done
	kill -KILL -- "-${pids[2]}"
	all() { [ "$(cat got1 got2 got3 | jq -r '[.kafkapartition, .kafkaoffset] | @tsv' | sort -u | wc -l)" = 12000 ]; }
	DEADLINE=60 wait_for all
	for i in 1 3; do kill -TERM "$(cat p.$i)"; done
	for i in 1 3; do ended "${pids[i]}"; done
	cmp <(cat got1 got2 got3 | jq -c 'del(.kafkatopic, .kafkapartition, .kafkaoffset)' | sort -u) <(jq -c . sent | sort -u)
	# each copy has each partition in order
	for i in 1 2 3; do
		jq -r '[.kafkapartition, .kafkaoffset] | @tsv' "got$i" |
			awk '$1 in last && $2 + 0 <= last[$1] { print "back in partition " $1 ": " $2; bad = 1 } { last[$1] = $2 + 0 } END { exit bad }' || [ "$i" = 2 ]
	done
	n=$(cat got1 got2 got3 | wc -l)
	[ "$n" -le $((12000 + 300)) ] # what the killed one had open
	[ "$(committed "$Q" "$Q" | awk '{ n += $2 } END { print n }')" = 12000 ]
}
