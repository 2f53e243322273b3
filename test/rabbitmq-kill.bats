#!/usr/bin/env bats
# rabbitmq-kill.bats -- RabbitMQ: stages that are killed, a server that is stopped, time
# that runs out
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load rabbitmq
export BATS_TEST_TIMEOUT=300 # rounds of torture, on a machine that is busy

setup_file() { serve rabbitmq; }
setup() {
	served
	need ce-src-rabbitmq ce-sink-rabbitmq jq
	export CE_RABBITMQ_URL=$URL
}
teardown_file() { unserve; }

@test "a few rounds of test/torture, with nothing and with jq between" {
	"$HERE/torture" 3 -s rabbitmq -d rabbitmq -m none --pause 1 ${SANITIZED:+-n 300}
	"$HERE/torture" 2 -s rabbitmq -d rabbitmq -m jq --pause 1 ${SANITIZED:+-n 300}
}

@test "a server that is stopped for 10 s is given up after two heartbeats; nothing is lost" {
	queue
	amqp queue "to$Q"
	events 20000 >sent
	ce-sink-rabbitmq -r "$Q" <sent
	source_into "ce-rate --per-second 4000 | ce-sink-rabbitmq -r to$Q --heartbeat 1s --inflight 200 --connect-timeout 2s --backoff-max 500ms 2>err" \
		-q "$Q" --prefetch 200 --window 200 --heartbeat 1s --connect-timeout 2s --backoff-max 500ms '2>err2'
	wait_for has_messages "to$Q" 500
	kill -STOP "$(broker_pid)"
	t0=$SECONDS
	passed() { [ $((SECONDS - t0)) -ge 10 ]; }
	wait_for has err 'is silent: no heartbeat for 2 s (will retry'
	wait_for has err2 'is silent: no heartbeat for 2 s (will retry'
	wait_for has err 'no answer for 2 s'
	wait_for passed
	kill -CONT "$(broker_pid)"
	all() { [ "$(amqp count "$Q")" = 0 ] && [ "$(amqp count "to$Q")" -ge 20000 ]; }
	DEADLINE=60 wait_for all
	end_source
	[ "$RC" = 0 ]
	n=$(amqp count "to$Q")
	amqp get "to$Q" "$n" | jq -r .body >got
	cmp <(sort -u got) <(sort sent)
}

@test "an acknowledgement that takes too long: the server closes the channel, all comes again" {
	queue
	"$DIR/ctl" eval '[application:set_env(rabbit, K, 1000) || K <- [consumer_timeout, channel_tick_interval]].' 3>&-
	events 300 >sent
	ce-sink-rabbitmq -r "$Q" <sent
	source_into '{ echo $BASHPID >p.sink; exec ce-sink-file got; }' -q "$Q" --prefetch 100 --backoff-max 300ms '2>err'
	wait_for test -s p.sink
	kill -STOP "$(cat p.sink)"
	events 300 301 >rest
	ce-sink-rabbitmq -r "$Q" <rest
	cat rest >>sent
	wait_for has err 'closed the channel: 406 PRECONDITION_FAILED - .*timed out.*will retry'
	"$DIR/ctl" eval '[application:set_env(rabbit, K, 60000) || K <- [consumer_timeout, channel_tick_interval]].' 3>&-
	kill -CONT "$(cat p.sink)"
	all() { [ "$(sort -u got | wc -l)" = 600 ]; }
	wait_for all
	end_source
	[ "$RC" = 0 ]
	cmp <(sort -u got) <(sort sent)
	[ "$(amqp count "$Q")" = 0 ]
}

@test "a quorum queue: made, written, read" {
	events 500 >sent
	source_into 'ce-sink-file got' -q quorum1 --declare quorum
	made() { amqp count quorum1; }
	wait_for made
	ce-sink-rabbitmq -r quorum1 <sent
	wait_for lines got 500
	end_source
	cmp sent got
	"$DIR/ctl" list_queues name type 3>&- >queues
	grep -q "quorum1.*quorum" queues
}

@test "amqp-tools agree: what they publish comes, what is published they get" {
	need amqp-publish amqp-get
	queue
	printf 'from amqp-publish\377' | amqp-publish -u "$URL" -r "$Q" -C application/octet-stream
	ce-src-rabbitmq -q "$Q" --passive --type x --source /tools --count 1 >got
	jq -r .data_base64 got | base64 -d | cmp - <(printf 'from amqp-publish\377')
	[ "$(jq -c '[.type, .source, .datacontenttype, .subject]' got)" = '["x","/tools","application/octet-stream","'"$Q"'"]' ]
	events 50 >sent
	ce-sink-rabbitmq -r "$Q" <sent
	amqp-consume -u "$URL" -q "$Q" -c 50 cat >got
	tr -d '\n' <sent | cmp - got
	one | ce-sink-rabbitmq -r "$Q" -m binary
	[ "$(amqp-get -u "$URL" -q "$Q")" = '{"n":1}' ]
}

@test "headers that are tables in tables, as deep as a frame allows" {
	queue
	printf '{"body":"deep","content_type":"text/plain","headers":{"h":%s1%s}}\n' "$(printf '{"a":%.0s' $(seq 60))" "$(printf '}%.0s' $(seq 60))" |
		amqp put "" "$Q"
	ce-src-rabbitmq -q "$Q" --count 1 >got
	[ "$(jq -r .data got)" = deep ]
	jq -e '.amqpheaders | fromjson | .h.a.a.a' got
}
