#!/usr/bin/env bats
# rabbitmq-src.bats -- ce-src-rabbitmq against a rabbitmq-server of its own.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load rabbitmq

setup_file() { serve rabbitmq; }
setup() {
	served
	need ce-src-rabbitmq ce-sink-rabbitmq jq
	export CE_RABBITMQ_URL=$URL
}
teardown_file() { unserve; }

@test "10,000 nasty events come back byte for byte, and the queue is empty then" {
	queue
	events 10000 >sent
	ce-sink-rabbitmq -r "$Q" <sent
	ce-src-rabbitmq -q "$Q" --count 10000 | ce-sink-file --sync none got
	cmp sent got
	[ "$(amqp count "$Q")" = 0 ]
}

@test "binary mode comes back with the same attributes and data, in each spelling" {
	queue
	events 10 >sent
	for p in cloudEvents: cloudEvents_ ce-; do
		ce-sink-rabbitmq -r "$Q" -m binary --prefix "$p" <sent
		ce-src-rabbitmq -q "$Q" --count 10 --ack none | jq -cS 'del(.datacontenttype)' | cmp - <(jq -cS 'del(.datacontenttype, .none)' sent)
	done
	echo '{"body":"{\"a\":1}","content_type":"application/json","headers":{"id":"k1","source":"/k","type":"kt","specversion":"1.0","x-other":[1]}}' |
		amqp put "" "$Q"
	[ "$(ce-src-rabbitmq -q "$Q" --count 1 | jq -c '[.id, .source, .type, .data]')" = '["k1","/k","kt",{"a":1}]' ]
}

@test "names of attributes in another case are the same, and are not set twice" {
	queue
	echo '{"body":"{}","content_type":"application/json","headers":{"ce-ID":"k2","ce-Source":"/k","ce-Type":"t","ce-SpecVersion":"1.0","ce-DataContentType":"a/b","ce-AMQPExchange":"mine","ce-AMQPRoutingKey":"mine"}}' |
		amqp put "" "$Q"
	ce-src-rabbitmq -q "$Q" --count 1 --envelope >got
	[ "$(jq -c '[.id, .datacontenttype, .amqpexchange, .amqproutingkey]' got)" = '["k2","application/json","mine","mine"]' ]
}

@test "foreign messages are wrapped, and nothing of them is dropped" {
	queue
	cat >in <<-'END'
		{"body":"h\u00e9","content_type":"text/plain","message_id":"m1","timestamp":1700000000,"type":"ty","correlation_id":"c","headers":{"a":1,"t":{"b":[true,null]}}}
		{"body64":"AP8=","priority":3}
		{"body":"[1, 2]","content_type":"application/json"}
	END
	amqp put "" "$Q" <in
	ce-src-rabbitmq -q "$Q" --count 3 >got
	[ "$(sed -n 1p got | jq -c '[.id, .subject, .time, .type, .data, .amqptype, .amqpcorrelationid, .amqpheaders]')" = \
		'["m1","'"$Q"'","2023-11-14T22:13:20Z","com.rabbitmq.message","hé","ty","c","{\"a\":1,\"t\":{\"b\":[true,null]}}"]' ]
	[[ $(sed -n 1p got | jq -r .source) == "rabbitmq://rt"*"%40"*"/%2F/$Q" ]]
	[ "$(sed -n 2p got | jq -c '[.data_base64, .amqppriority]')" = '["AP8=",3]' ]
	[ "$(sed -n 3p got | jq -c '[.data, .datacontenttype]')" = '[[1,2],"application/json"]' ]
	sed -n 2p got | jq -e '.id | length > 0'
}

@test "a broken event: dead letter, the end, or the dead-letter exchange" {
	queue '{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dlq"}'
	amqp queue dlq
	bad='{"body":"{\"id\":1}","content_type":"application/cloudevents+json"}'
	printf '%s\n' "$bad" '{"body":"good","content_type":"text/plain"}' >in
	amqp put "" "$Q" <in
	run ce-src-rabbitmq -q "$Q" --ack none
	[ "$status" = 65 ]
	[[ $output == *"queue $Q, message 1"* ]]
	ce-src-rabbitmq -q "$Q" --count 1 --dead-letter dead --ack none >got
	[ "$(wc -l <dead)" = 1 ]
	[ "$(wc -l <got)" = 1 ]
	[ "$(amqp count "$Q")" = 0 ]
	amqp put "" "$Q" <in
	ce-src-rabbitmq -q "$Q" --count 1 --reject-refused --ack none >got 2>err
	has err 'message 1 is rejected'
	has got good
	amqp get dlq 1 | jq -e '.headers["x-death"][0].reason == "rejected"'
}

@test "an event that a sink refused goes to the dead-letter exchange, and the next run goes on" {
	queue '{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dlq2"}'
	amqp queue dlq2
	amqp queue "to$Q"
	events 10 | sed -E "s/\"org.test[^\"]*\"/\"to$Q\"/; s/(.*\"id\":\"5\".*)\"to$Q\"/\1\"nowhere\"/" >sent
	sed -i "5s/to$Q/nowhere/" sent
	ce-sink-rabbitmq -r "$Q" <sent
	spawn_sh "set -o pipefail; ce-src-rabbitmq -q $Q --reject-refused | ce-sink-rabbitmq -r '{type}' 2>err"
	ended "$PID"
	[ "$RC" = 65 ]
	[ "$(amqp get dlq2 1 | jq -r .message_id)" = 5 ]
	source_into "ce-sink-rabbitmq -r '{type}'" -q "$Q"
	wait_for has_messages "to$Q" 9
	end_source
	n=$(amqp count "to$Q")
	amqp get "to$Q" "$n" | jq -r .message_id | sort -nu | paste -sd ' ' >got
	[ "$(cat got)" = '1 2 3 4 6 7 8 9 10' ]
}

@test "redelivered and x-death are kept, where asked for in events too" {
	queue '{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dlq3", "x-message-ttl": 1}'
	amqp queue dlq3
	one | ce-sink-rabbitmq -r "$Q"
	wait_for has_messages dlq3 1
	spawn_sh 'ce-src-rabbitmq -q dlq3 --ack require | sed -u "s/ackto/nobody/" >first'
	wait_for lines first 1
	kill -9 -- "-$PID"
	ended "$PID"
	wait_for has_messages dlq3 1
	ce-src-rabbitmq -q dlq3 --envelope --count 1 --ack none >got
	jq -e '.amqpredelivered == true and (.amqpdeath | fromjson | .[0].reason == "expired") and .data.n == 1' got
}

@test "an exclusive queue of its own, bound by keys" {
	amqp exchange x2 topic
	spawn_sh "ce-src-rabbitmq --declare exclusive -e x2 -r 'a.*' -r 'b.#' --count 3 >got 2>err"
	bound() { printf '%s\n' '{"body":"1"}' | amqp put x2 a.probe; [ -s got ]; }
	wait_for bound
	printf '%s\n' '{"body":"2"}' | amqp put x2 c.no
	printf '%s\n' '{"body":"3"}' | amqp put x2 b.c.d
	printf '%s\n' '{"body":"4"}' | amqp put x2 a.x
	ended "$PID"
	[ "$RC" = 0 ]
	not grep -q c.no got
}

@test "kill -9 of source, sink or both: nothing is lost, and no more is twice than the window" {
	queue
	events 6000 >sent
	ce-sink-rabbitmq -r "$Q" <sent
	for who in src sink 'src sink' src sink; do
		spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-rabbitmq -q $Q --prefetch 200; } | { echo \$BASHPID >p.sink; exec ce-sink-file got; }"
		# shellcheck disable=SC2086
		strike $who
	done
	source_into 'ce-sink-file got' -q "$Q" --prefetch 200
	all() { [ "$(sort -u got | wc -l)" = 6000 ]; }
	wait_for all
	end_source
	cmp <(sort -u got) <(sort sent)
	[ "$(wc -l <got)" -le $((6000 + 5 * 200)) ]
	[ "$(amqp count "$Q")" = 0 ]
}

@test "SIGTERM: what was read is acknowledged, nothing comes twice" {
	queue
	events 5000 >sent
	ce-sink-rabbitmq -r "$Q" <sent
	for _ in 1 2 3; do
		rm -f p.src
		spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-rabbitmq -q $Q; } | ce-sink-file got"
		wait_for test -s p.src
		wait_for test -s got
		kill -TERM "$(cat p.src)"
		ended "$PID"
		[ "$RC" = 0 ]
	done
	n=$(wc -l <got)
	[ "$n" = 5000 ] || ce-src-rabbitmq -q "$Q" --count $((5000 - n)) | ce-sink-file got
	cmp got sent
}

@test "kill -9 of the server: the source comes back, and nothing is lost" {
	queue
	broker_sync
	events 8000 >sent
	ce-sink-rabbitmq -r "$Q" <sent
	source_into 'ce-rate --per-second 3000 | ce-sink-file got' -q "$Q" --prefetch 100 --backoff-max 300ms '2>err'
	wait_for lines got 500
	broker_kill
	wait_for has err 'will retry'
	broker_start
	all() { [ "$(sort -u got | wc -l)" = 8000 ]; }
	wait_for all
	has err 'goes on after'
	end_source
	cmp <(sort -u got) <(sort sent)
	# how many are twice is the server's affair: it may forget its last acknowledgements
}

@test "heartbeats go on while the pipe is full" {
	queue
	padded 400 100000 | ce-sink-rabbitmq -r "$Q"
	mkfifo pipe
	spawn_sh "ce-src-rabbitmq -q $Q --heartbeat 1s --count 400 --ack none >pipe 2>err"
	exec 5<pipe
	wait_for resting "$PID"
	for _ in 1 2 3 4 5 6 7 8; do resting "$PID" || :; done # four seconds: the server gives up after two
	wc -l <&5 >n
	exec 5<&-
	ended "$PID"
	[ "$(cat n)" = 400 ]
	[ ! -s err ]
}

@test "the queue is deleted: with --declare it is made again, without it is the end" {
	queue
	spawn_sh "ce-src-rabbitmq -q $Q >got 2>err"
	spawn_sh "ce-src-rabbitmq -q again --declare durable --backoff-max 300ms --count 1 >again 2>err2"
	AGAIN=$PID
	consuming() { [ "$(amqp consumers "$1")" = 1 ]; }
	wait_for consuming "$Q"
	wait_for consuming again
	amqp drop "$Q"
	amqp drop again
	wait_for has err "no queue '$Q'"
	has err 'has cancelled the consumer'
	wait_for has err2 'goes on after'
	one | ce-sink-rabbitmq -r again
	ended "$AGAIN"
	[ "$RC" = 0 ]
	[ "$(wc -l <again)" = 1 ]
}

@test "wrong host, user, virtual host, queue, exchange: a line each, and its exit code" {
	check() { # STATUS TEXT ARGS
		local want=$1 text=$2

		shift 2
		run ce-src-rabbitmq -q q "$@"
		[ "$status" = "$want" ] || { echo "$status: $*: $output"; return 1; }
		[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
		[ "${#lines[@]}" = 1 ] || { echo "$output"; return 1; }
	}
	queue
	export PW=no-such-password
	check 69 'Connection refused' -u amqp://127.0.0.1:1
	check 77 'refuses the user guest' --user guest --password env:PW
	check 78 'vhost nosuch not found' -u "$URL/nosuch"
	check 78 "no queue 'q'"
	check 78 "no queue 'q'" --passive
	check 78 "no exchange 'nox'" -q "$Q" -e nox
	check 78 'inequivalent arg' -q "$Q" --declare quorum
	check 64 'exclude each other' --passive --declare durable
	check 64 'needs --exchange' -r k
}
