# kafka.bash -- what the tests of Kafka share.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154

# topic NAME PARTITIONS: makes it.
topic() {
	tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$URL" --create --topic "$1" --partitions "$2" >/dev/null
}
tool() { "$DIR/tool" "$@" 2>/dev/null; } # CLASS ARGS
# values TOPIC [KCAT ARGS ...]: of all records
values() { timeout 30 kcat -b "$URL" -C -t "$1" -e -q "${@:2}"; }
has_values() { [ "$(values "$1" | wc -l)" -ge "$2" ]; } # TOPIC N
one() { echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"n":1}}'; }
# firsts: of lines that may be repeated, the first of each, in their order.
firsts() { awk '!seen[$0]++'; }
# committed GROUP TOPIC: what the group has committed, a line "PARTITION OFFSET" each
committed() {
	tool org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --bootstrap-server "$URL" --describe --group "$1" --timeout 60000 |
		awk -v t="$2" '$2 == t { print $3, $4 }'
}
# broker_kill, broker_start: of the broker that this file runs.
broker_kill() {
	local p

	p=$(<"$DIR/server")
	kill -9 "$p"
	wait_for gone "$p"
}
broker_start() { "$DIR/start" 3>&-; }
