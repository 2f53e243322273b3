# rabbitmq.bash -- what the tests of RabbitMQ share.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154

# amqp WHAT ARGS ...: see data/amqp.py; by a Python that has pika.
amqp() {
	local p what=$1

	shift
	for p in python3 /usr/bin/python3; do
		"$p" -c 'import pika' 2>/dev/null || continue
		timeout 100 "$p" "$HERE/data/amqp.py" "$what" "$URL" "$@"
		return
	done
	echo 'no pika: make deps' >&2
	return 1
}
# queue [ARGS]: a queue of this test's own, empty; its name is in Q.
queue() {
	Q=q$BATS_TEST_NUMBER
	amqp queue "$Q" "$@"
}
has_messages() { [ "$(amqp count "$1")" -ge "$2" ]; } # QUEUE N
bodies() { jq -r .body64 "$@" | while read -r b; do base64 -d <<<"$b"; echo; done; }
one() { echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"n":1}}'; }

# source_into TO ARGS ...: ce-src-rabbitmq ARGS | TO in the background; end_source ends
# the source by SIGTERM and waits for all of it.
source_into() {
	local to=$1

	shift
	rm -f p.src
	spawn_sh "{ echo \$BASHPID >p.src; exec ce-src-rabbitmq $*; } | $to"
}
end_source() {
	wait_for test -s p.src
	kill -TERM "$(cat p.src)"
	ended "$PID"
}

# broker_kill, broker_start: of the server that this file runs.  It writes down that
# there is a queue some seconds later: broker_sync, before it may be killed.
broker_sync() { "$DIR/ctl" eval 'mnesia:sync_log().' 3>&-; }
broker_pid() { head -n 1 "$DIR/pid"; }
broker_kill() {
	local p

	p=$(broker_pid)
	kill -9 "$p"
	wait_for gone "$p"
}
broker_start() { "$DIR/start" 3>&-; }
