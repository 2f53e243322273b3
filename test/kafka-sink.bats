#!/usr/bin/env bats
# kafka-sink.bats -- ce-sink-kafka against a Kafka broker of its own.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load kafka

setup_file() { serve kafka; }
setup() {
	served
	need ce-sink-kafka kcat jq
	export CE_KAFKA_BROKERS=$URL
}
teardown_file() { unserve; }

@test "10,000 nasty events arrive byte for byte, in order, with their content type" {
	events 10000 >sent
	ce-sink-kafka -t nasty <sent
	values nasty | cmp - sent
	[ "$(values nasty -f '%h\n' | sort -u)" = content-type=application/cloudevents+json ]
}

@test "binary mode: attributes are headers, data is the value, none is null" {
	one | ce-map --set datacontenttype=application/json --set time=2024-01-02T03:04:05Z --set n=ü | ce-sink-kafka -t bin -m binary
	[ "$(values bin -f '%h|%s\n')" = \
		'ce_specversion=1.0,ce_id=1,ce_source=/s,ce_type=t,ce_time=2024-01-02T03:04:05Z,ce_n=ü,content-type=application/json|{"n":1}' ]
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":""}' | ce-sink-kafka -t bin -m binary
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t"}' | ce-sink-kafka -t bin -m binary
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"x/y","data_base64":"AP8K"}' | ce-sink-kafka -t bin -m binary
	[ "$(values bin -f '%S ' | tail -c +1)" = '7 2 -1 3 ' ]
}

@test "a Java client reads the same" {
	events 500 >sent
	ce-sink-kafka -t java <sent
	tool org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server "$URL" --topic java --from-beginning --max-messages 500 |
		cmp - sent
}

@test "topic, key and headers from the event; a tombstone" {
	{
		one | ce-map --set partitionkey=pk
		one | ce-map --set subject=a
		echo '{"specversion":"1.0","id":"2","source":"/s","type":"t","subject":"b"}'
	} >in
	ce-sink-kafka -t 'keys-{type}' --header 'h={subject|none}' <in
	[ "$(values keys-t -f '%k %S ')" = "pk $(sed -n 1p in | tr -d '\n' | wc -c)  $(sed -n 2p in | tr -d '\n' | wc -c)  $(sed -n 3p in | tr -d '\n' | wc -c) " ]
	values keys-t -f '%h\n' | sed 's/.*,//' | paste -sd ' ' | grep -qx 'h=none h=a h=b'
	ce-sink-kafka -t tomb -k '{subject|}' --tombstone <in
	[ "$(values tomb -f '%k %S ' | sed 's/ [0-9][0-9]* / n /g')" = ' n a n b -1 ' ]
	run ce-sink-kafka -t '{nosuch}' <in
	[ "$status" = 65 ]
	[[ $output == *'the topic needs nosuch'* ]]
	run ce-sink-kafka -t x --header ce_id=1 <in
	[ "$status" = 64 ]
}

@test "without a key: a batch to each partition in turn; with one, where librdkafka sends it" {
	topic spread 4
	padded 8000 1000 >in
	ce-sink-kafka -t spread <in
	values spread -f '%p\n' | sort | uniq -c >share
	[ "$(wc -l <share)" = 4 ]
	awk '$1 < 1000 { exit 1 }' share || { cat share; return 1; } # about 2000, but for pauses
	topic keyed 4
	for k in a b c d e f; do one | ce-map --set "partitionkey=$k"; done | ce-sink-kafka -t keyed
	topic theirs 4
	for k in a b c d e f; do echo "$k:v"; done | kcat -b "$URL" -P -t theirs -K:
	values keyed -f '%k %p\n' | sort >ours
	values theirs -f '%k %p\n' | sort | cmp - ours
	[ "$(awk '{ print $2 }' ours | sort -u | wc -l)" -gt 1 ]
	topic hashed 4
	ce-sink-kafka -t hashed -X partitioner=murmur2_random -k '{id}' < <(padded 30 10)
	[ "$(values hashed -f '%p\n' | sort -u | wc -l)" = 4 ]
}

@test "too large: refused by the client and by the broker; the others arrive" {
	{ one; padded 1 1500000; padded 1 990000; one; } >in
	ce-sink-kafka -t large --dead-letter dead <in
	[ "$(wc -l <dead)" = 1 ]
	has dead 'Message size too large'
	[ "$(values large -f '%S\n' | wc -l)" = 3 ]
	rm dead
	ce-sink-kafka -t large -X message.max.bytes=5000000 --dead-letter dead <in
	[ "$(wc -l <dead)" = 1 ]
	has dead 'Message size too large'
	[ "$(values large -f '%S\n' | wc -l)" = 6 ]
	run ce-sink-kafka -t large <in
	[ "$status" = 65 ]
	[[ $output == *'cannot take event 1: topic large does not take it'* ]]
}

@test "wrong host, topic, property, secret on the command line: a line each, and its exit code" {
	check() { # STATUS TEXT ARGS
		local want=$1 text=$2

		shift 2
		run ce-sink-kafka "$@" <<<"$(one)"
		[ "$status" = "$want" ] || { echo "$status: $*: $output"; return 1; }
		[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
		[ "${#lines[@]}" = 1 ] || { echo "$output"; return 1; }
	}
	check 69 'Connection refused' -b 127.0.0.1:1 -t t --retries 0
	check 69 'Failed to resolve' -b nosuch.invalid -t t --retries 0
	check 78 'Invalid topic' -t 'a b'
	check 64 'No such configuration property' -t t -X nosuch=1
	check 64 'the command line is public' -t t -X sasl.password=secret
	[[ $output != *secret,* ]]
	check 64 'it must be name=value' -t t -X nosuch
	check 64 'the program sets it' -t t -X bootstrap.servers=b
	check 64 'where to?'
	check 77 'verify that security.protocol' -b "127.0.0.1:$(<"$DIR/sasl")" -t t
	echo wrong-password >pw
	check 77 'Invalid username or password' -b "127.0.0.1:$(<"$DIR/sasl")" -t t --user alice --password file:pw
	check 64 'need each other' -t t --user alice
	echo alice-pw >pw
	one | ce-sink-kafka -b "127.0.0.1:$(<"$DIR/sasl")" -t t --user alice --password file:pw
	printf '# who\nsecurity.protocol = sasl_plaintext\nsasl.mechanisms=PLAIN\nsasl.username=alice\nsasl.password=alice-pw\n' >props
	one | ce-sink-kafka -b "127.0.0.1:$(<"$DIR/sasl")" -t t -F props
	echo nonsense >props
	check 78 'line 1 is not name=value' -t t -F props
}

@test "kill -9 of the broker and its restart: nothing is lost or twice, the order stays" {
	events 20000 >sent
	mkfifo go
	spawn_sh "{ head -n 10000 sent; read -r _ <go; tail -n 10000 sent; } | ce-sink-kafka -t kill 2>err"
	wait_for has_values kill 2000
	broker_kill
	echo >go
	wait_for has err 'cannot be reached'
	broker_start
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ]
	has err 'answer again'
	values kill | cmp - sent
}

@test "an outage longer than --timeout: all comes again, in order" {
	events 5000 >sent
	mkfifo go
	spawn_sh "{ head -n 2000 sent; read -r _ <go; tail -n 3000 sent; } | ce-sink-kafka -t late --timeout 2s --backoff-max 300ms 2>err"
	wait_for has_values late 2000
	broker_kill
	echo >go
	wait_for has err 'will retry'
	broker_start
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ]
	values late | firsts | cmp - <(firsts <sent)
}

@test "a broker that is stopped for a while delays, and nothing is twice" {
	events 3000 >sent
	ce-sink-kafka -t stop <<<"$(one)"
	mkfifo in
	spawn_sh "ce-sink-kafka -t stop <in 2>err"
	exec {half}>in
	head -n 1000 sent >&"$half"
	all() { [ "$(values stop | wc -l)" -ge 1001 ]; }
	wait_for all
	kill -STOP "$(<"$DIR/server")"
	tail -n +1001 sent >&"$half" &
	exec {half}>&-
	still "$(<"$DIR/server")"
	ended "$PID"
	[ "$RC" = 0 ]
	values stop | tail -n +2 | cmp - sent
}

@test "large events: what is open is bounded in bytes, too" {
	local server

	server=$(<"$DIR/server")
	padded 200 500000 >sent
	kill -STOP "$server"
	spawn_sh "exec ce-sink-kafka -t wide <sent 2>err"
	position() { awk '/^pos/ { print $2 }' "/proc/$PID/fdinfo/0"; }
	stays() {
		local was

		was=$(position)
		read -rt 0.5 -u "$NAP" || :
		[ "$was" -gt 0 ] && [ "$(position)" = "$was" ]
	}
	wait_for stays || { kill -CONT "$server"; return 1; }
	position >where
	kill -CONT "$server"
	[ "$(<where)" -lt 10000000 ]
	ended "$PID"
	[ "$RC" = 0 ]
	values wide | firsts | cmp - sent
}

@test "transactions: all of a batch or nothing, the refused one left out, the second fences the first" {
	events 2500 >sent
	ce-sink-kafka -t txn --transactional-id tx1 --batch 1000 <sent
	values txn -X isolation.level=read_committed | cmp - sent
	{ head -n 5 sent; padded 1 1500000; sed -n 6,9p sent; } >in
	ce-sink-kafka -t txn2 --transactional-id tx2 --dead-letter dead <in
	[ "$(wc -l <dead)" = 1 ]
	values txn2 -X isolation.level=read_committed | cmp - <(head -n 9 sent)
	run ce-sink-kafka -t txn3 --transactional-id tx3 <in
	[ "$status" = 65 ]
	values txn3 -X isolation.level=read_committed | cmp - <(head -n 5 sent)
	mkfifo go
	spawn_sh "{ head -n 1 sent; read -r _ <go; sed -n 2p sent; } | ce-sink-kafka -t txn4 --transactional-id tx4 2>err"
	wait_for has_values txn4 1
	sed -n 3p sent | ce-sink-kafka -t txn4 --transactional-id tx4
	echo >go
	ended "$PID"
	[ "$RC" = 78 ]
	has err 'another producer has the same transactional id'
	values txn4 -X isolation.level=read_committed | cmp - <(sed -n '1p;3p' sent)
}
