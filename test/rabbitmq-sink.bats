#!/usr/bin/env bats
# rabbitmq-sink.bats -- ce-sink-rabbitmq against a rabbitmq-server of its own.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load rabbitmq

setup_file() { serve rabbitmq 'max_message_size = 2000000'; }
setup() {
	served
	need ce-sink-rabbitmq jq
}
teardown_file() { unserve; }

@test "structured mode: 10,000 nasty events arrive byte for byte and in order" {
	queue
	events 10000 >sent
	ce-sink-rabbitmq -u "$URL" -r "$Q" <sent
	amqp get "$Q" 10000 >got
	jq -r .body got | cmp - sent
	[ "$(jq -r '[.content_type, .delivery_mode, .exchange, .key] | @tsv' got | sort -u)" = \
		$'application/cloudevents+json\t2\t\t'"$Q" ]
	jq -r .message_id got | cmp - <(ids <sent)
	[ "$(jq -r 'select(.message_id == "7") | .timestamp' got)" = 1795426081 ]
}

@test "binary mode: attributes are headers that keep their types, data is the body" {
	queue
	events 9 >sent
	ce-sink-rabbitmq -u "$URL" -r "$Q" -m binary <sent
	amqp get "$Q" 9 >got
	[ "$(sed -n 1p got | jq -r .content_type)" = application/json ]
	[ "$(sed -n 1p got | jq -r .body)" = '[ 1.0e+2, -0, 12345678901234567890, 0.10 ]' ]
	printf 'tab \t quote " back \\ slash / nul \0 \303\251 \360\237\230\200' >two
	sed -n 2p got | jq -r .body64 | base64 -d | cmp - two
	[ "$(sed -n 3p got | jq -r '.body64 + .content_type')" = 'AAH/gMMo8A==application/octet-stream' ]
	[ "$(sed -n 5p got | jq -c '[.body, .content_type]')" = '["",null]' ]
	[ "$(sed -n 7p got | jq -c '.headers | [.["cloudEvents:count"], .["cloudEvents:flag"], .["cloudEvents:time"]]')" = \
		'[-7,true,"2026-11-23T14:58:01.123456789+05:30"]' ]
	ce-sink-rabbitmq -u "$URL" -r "$Q" -m binary --prefix cloudEvents_ <<<"$(one)"
	[ "$(amqp get "$Q" 1 | jq -r '.headers.cloudEvents_type')" = t ]
}

@test "an exchange and a routing key from the event" {
	queue
	amqp exchange x1 topic
	amqp bind "$Q" x1 'org.test.*'
	events 10 | ce-sink-rabbitmq -u "$URL" -e x1 -r '{type}'
	amqp get "$Q" 10 | jq -r .key >keys
	[ "$(sort -u keys | wc -l)" = 10 ]
	has keys '^org.test.full$'
}

@test "what no queue takes is refused with the server's words; or retried; or dropped" {
	queue
	{ events 3; one | sed 's/"t"/"nowhere"/'; events 3 4; } >sent
	run ce-sink-rabbitmq -u "$URL" -r "{type|}" --dead-letter dead <<<"$(sed "s/org.test.[a-z]*/$Q/" sent)"
	[ "$status" = 0 ]
	[ "$(wc -l <dead)" = 1 ]
	[[ $(jq -r .deadreason dead) == 'no queue takes routing key nowhere of exchange "": 312 NO_ROUTE' ]]
	amqp get "$Q" 6 >got
	[ "$(jq -r .message_id got | paste -sd ' ')" = '1 2 3 4 5 6' ]
	run ce-sink-rabbitmq -u "$URL" -r nowhere <<<"$(one)"
	[ "$status" = 65 ]
	[[ $output == *'no queue takes routing key nowhere'*NO_ROUTE* ]]
	run ce-sink-rabbitmq -u "$URL" -r nowhere --unroutable drop <<<"$(one)"
	[ "$status" = 0 ]
	[ "$output" = '' ]
	spawn_sh "one() { $(declare -f one | tail -n +2); }; one | ce-sink-rabbitmq -u $URL -r late-$Q --unroutable later 2>err"
	wait_for has err 'NO_ROUTE (will retry'
	amqp queue "late-$Q"
	ended "$PID"
	[ "$RC" = 0 ]
	amqp get "late-$Q" 1
}

@test "a queue that is full says nack: the event comes again and nothing is lost" {
	queue '{"x-max-length": 20, "x-overflow": "reject-publish"}'
	events 100 >sent
	spawn_sh "ce-sink-rabbitmq -u $URL -r $Q --backoff-max 200ms <sent 2>err"
	wait_for has err 'nack.*will retry'
	amqp get "$Q" 100 | jq -r .body >got
	ended "$PID"
	[ "$RC" = 0 ]
	cmp <(sort -u got) <(sort sent)
}

@test "a message that is too large is found among the others and refused" {
	queue
	{ events 50; padded 1 3000000; events 50 51; } >sent
	ce-sink-rabbitmq -u "$URL" -r "$Q" --dead-letter dead <sent 2>err
	[ "$(wc -l <dead)" = 1 ]
	[[ $(jq -r .deadreason dead) == *'message size'*'larger'* ]]
	amqp count "$Q"
	n=$(amqp count "$Q")
	amqp get "$Q" "$n" | jq -r .message_id >got
	[ "$(sort -nu got | wc -l)" = 100 ]
	awk '!seen[$0]++' got | cmp - <(seq 100)
}

@test "wrong host, user, virtual host, exchange: a line each, and its exit code" {
	check() { # STATUS TEXT ARGS
		local want=$1 text=$2

		shift 2
		run ce-sink-rabbitmq -r q "$@" <<<"$(one)"
		[ "$status" = "$want" ] || { echo "$status: $*: $output"; return 1; }
		[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
		[ "${#lines[@]}" = 1 ] || { echo "$output"; return 1; }
	}
	export PW=no-such-password
	check 69 "cannot connect to 127.0.0.1:$(free_port): Connection refused" -u "amqp://127.0.0.1:$(free_port)" --retries 0 ||
		check 69 'Connection refused' -u amqp://127.0.0.1:1 --retries 0
	check 69 'cannot connect to nosuch.invalid' -u amqp://nosuch.invalid --retries 0
	check 77 'refuses the user guest' -u "$URL" --user guest --password env:PW
	check 64 'needs a --password' -u "$URL" --user nobody
	check 78 'vhost nosuch not found' -u "$URL/nosuch"
	check 78 "no exchange 'nosuch'" -u "$URL" -e nosuch
	check 64 'holds a password' -u amqp://a:b@host
	check 64 'begin with amqp' -u http://host
	[[ $output != *no-such-password* ]]
}

@test "kill -9 of the server and its restart: all is there, in order" {
	queue
	broker_sync
	events 20000 >sent
	mkfifo go
	spawn_sh "{ head -n 10000 sent; read -r _ <go; tail -n 10000 sent; } | ce-sink-rabbitmq -u $URL -r $Q --backoff-max 300ms 2>err"
	wait_for has_messages "$Q" 2000
	broker_kill
	echo >go &
	broker_start
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ] || { tail err; return 1; }
	has err 'will retry'
	n=$(amqp count "$Q")
	[ "$n" -ge 20000 ]
	amqp get "$Q" "$n" | jq -r .message_id >got
	[ "$n" -le 28192 ] # duplicates are as wide as what may be on its way
	awk '!seen[$0]++' got | cmp - <(seq 20000)
}

@test "a server that is stopped for a while delays, and nothing is twice" {
	queue
	events 3000 >sent
	kill -STOP "$(broker_pid)"
	spawn_sh "ce-sink-rabbitmq -u $URL -r $Q --connect-timeout 30s <sent 2>err"
	wait_for resting "$PID"
	kill -CONT "$(broker_pid)"
	ended "$PID"
	[ "$RC" = 0 ]
	amqp get "$Q" 3000 | jq -r .body | cmp - sent
	[ "$(amqp count "$Q")" = 0 ]
}

@test "connection.blocked: it waits, says so, and goes on" {
	queue
	"$DIR/ctl" eval 'rabbit_alarm:set_alarm({{resource_limit, disk, node()}, []}).' 3>&-
	events 500 >sent
	spawn_sh "{ head -c 0 /dev/null; cat sent; } | ce-sink-rabbitmq -u $URL -r $Q 2>err"
	wait_for has err 'takes no messages for now: low on disk' || { cat err; false; }
	not gone "$PID"
	"$DIR/ctl" eval 'rabbit_alarm:clear_alarm({resource_limit, disk, node()}).' 3>&-
	ended "$PID"
	[ "$RC" = 0 ]
	has err 'takes messages again'
	amqp get "$Q" 500 | jq -r .body | cmp - sent
}
