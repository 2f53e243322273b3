#!/usr/bin/env bats
# kafka-leader.bats -- two brokers: the leader of a partition is killed, and changes.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load kafka
export BATS_TEST_TIMEOUT=300

setup_file() {
	local both='4.3.1 offsets.topic.replication.factor=2 transaction.state.log.replication.factor=2'

	# shellcheck disable=SC2086
	serve kafka $both
	[ -z "$NOSERVER" ] || return 0
	mkdir "$DIR/2"
	ln -s ../pid "$DIR/2/pid"
	# shellcheck disable=SC2086
	JOIN=$DIR "$HERE/server/kafka" "$DIR/2" $both >"$DIR/2/url" 3>&-
}
setup() {
	served
	need ce-src-kafka ce-sink-kafka kcat jq
	CE_KAFKA_BROKERS=$URL,$(<"$DIR/2/url")
	export CE_KAFKA_BROKERS
	Q=q$BATS_TEST_NUMBER
	SOON='-X reconnect.backoff.ms=20 -X reconnect.backoff.max.ms=200 -X retry.backoff.ms=50 -X socket.timeout.ms=2000'
}
teardown_file() { unserve; }

# on_both [ARGS]: the topic, led by the second broker, which is not the controller.
on_both() {
	tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$URL" --create --topic "$Q" --replica-assignment 2:1 "$@" >/dev/null
	wait_for led_by 2
}
# second_kill, second_start: of that broker; it is in sync again then.
second_kill() {
	kill -9 "$(<"$DIR/2/server")"
	wait_for led_by 1
}
second_start() {
	"$DIR/2/start" 3>&-
	DEADLINE=60 wait_for whole
}
# partition: "LEADER REPLICAS-IN-SYNC" of the only one there is.
partition() { kcat -b "$URL" -L -t "$Q" -J | jq -r '.topics[0].partitions[0] | "\(.leader) \(.isrs | length)"'; }
# written N: so far; kcat -C -e would go after an end that moves.
written() { [ "$(end)" -ge "$1" ]; }
end() { kcat -b "$URL" -Q -t "$Q:0:-1" | awk '{ print $NF }'; }
led_by() { [[ $(partition) = "$1 "* ]]; }
whole() { [[ $(partition) = *' 2' ]]; }

@test "the leader is killed, comes back and leads again, while events are written and read" {
	on_both
	events 60000 >sent
	spawn_sh "ce-src-kafka -t $Q -g $Q $SOON --window 500 2>err.src | ce-sink-file got"
	reader=$PID
	# shellcheck disable=SC2086
	spawn_sh "ce-src-file --as events sent | ce-rate --per-second 4000 | ce-sink-kafka -t $Q $SOON 2>err.sink"
	writer=$PID
	wait_for lines got 4000
	second_kill
	n=$(wc -l <got)
	DEADLINE=60 wait_for lines got $((n + 4000))
	second_start
	tool org.apache.kafka.tools.LeaderElectionCommand --bootstrap-server "$URL" --election-type preferred --topic "$Q" --partition 0 >/dev/null
	wait_for led_by 2
	DEADLINE=60 ended "$writer"
	[ "$RC" = 0 ] || { cat err.sink; return 1; }
	# the producer is idempotent: each is there once, in order
	values "$Q" | cmp - sent
	DEADLINE=60 wait_for lines got 60000
	kill -TERM "$(pgrep -P "$reader" -x ce-src-kafka)"
	ended "$reader"
	firsts <got | cmp - sent
	[ "$(wc -l <got)" -le 61000 ] || { wc -l got; cat err.src; return 1; }
}

@test "too few replicas in sync is later: nothing is lost, order kept" {
	on_both --config min.insync.replicas=2
	events 20000 >sent
	# shellcheck disable=SC2086
	spawn_sh "ce-src-file --as events sent | ce-rate --per-second 1500 | ce-sink-kafka -t $Q $SOON --timeout 1s --backoff 50ms --backoff-max 200ms 2>err"
	wait_for written 500
	second_kill
	DEADLINE=60 wait_for has err 'will retry'
	second_start
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ] || { cat err; return 1; }
	# a record whose report was lost may be there twice
	values "$Q" | firsts | cmp - sent
}

@test "transactions: the leader is killed and comes back" {
	on_both
	events 20000 >sent
	# shellcheck disable=SC2086
	spawn_sh "ce-src-file --as events sent | ce-rate --per-second 1500 | ce-sink-kafka -t $Q --transactional-id $Q --batch 200 $SOON --backoff 50ms --backoff-max 200ms 2>err"
	wait_for written 500
	second_kill
	n=$(end)
	DEADLINE=60 wait_for written $((n + 2000))
	second_start
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ] || { cat err; return 1; }
	values "$Q" -X isolation.level=read_committed | cmp - sent
}
