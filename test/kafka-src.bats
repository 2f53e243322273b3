#!/usr/bin/env bats
# kafka-src.bats -- ce-src-kafka against a Kafka broker of its own.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load kafka

setup_file() { serve kafka; }
setup() {
	served
	need ce-src-kafka ce-sink-kafka kcat jq
	export CE_KAFKA_BROKERS=$URL
	Q=q$BATS_TEST_NUMBER
}
teardown_file() { unserve; }

@test "10,000 nasty events come back byte for byte, and the group has committed all" {
	events 10000 >sent
	ce-sink-kafka -t "$Q" <sent
	ce-src-kafka -g "$Q" -t "$Q" --until-end | ce-sink-file --sync none got
	cmp sent got
	[ "$(committed "$Q" "$Q")" = '0 10000' ]
	ce-src-kafka -g "$Q" -t "$Q" --until-end | ce-sink-file again
	[ ! -s again ]
}

@test "a small queue of librdkafka, which fills again and again, does not stop it each time" {
	padded 100000 500 >sent
	topic queue 4
	ce-sink-kafka -t queue <sent
	spawn_sh "ce-src-kafka -g queue -t queue --until-end -X queued.min.messages=1000 -X fetch.message.max.bytes=200000 |
		ce-sink-file --sync none got"
	DEADLINE=30 ended "$PID"
	cmp <(sort got) <(sort sent)
}

@test "binary mode comes back with the same attributes and data" {
	events 200 >sent
	ce-sink-kafka -t "$Q" -m binary <sent
	ce-src-kafka -t "$Q" --until-end --ack none | jq -cS 'del(.datacontenttype)' >got
	cmp <(jq -c '[.id, .source, .type, .subject, .data_base64]' got) <(jq -c '[.id, .source, .type, .subject, .data_base64]' sent)
	cmp <(jq -cS .data got) <(jq -cS .data sent)
}

@test "foreign records are wrapped, and nothing of them is dropped" {
	printf 'k1:h\303\251\n' | kcat -b "$URL" -P -t "$Q" -K: -H a=1 -H a=2
	printf '{"x": [1]}\n' | kcat -b "$URL" -P -t "$Q"
	printf '\377\376' >bytes
	kcat -b "$URL" -P -t "$Q" -H content-type=image/x -k "$(printf 'b\001')" bytes
	printf 'gone:\n' | kcat -b "$URL" -P -t "$Q" -K: -Z
	one | kcat -b "$URL" -P -t "$Q"
	ce-src-kafka -t "$Q" --until-end >got
	[ "$(jq -r .id got | paste -sd ' ')" = '0/0 0/1 0/2 0/3 1' ]
	[[ $(sed -n 1p got | jq -r .source) == kafka://?*/$Q ]]
	[ "$(sed -n 1p got | jq -c '[.type, .data, .datacontenttype, .partitionkey, .kafkatopic, .kafkapartition, .kafkaoffset, (.kafkaheaders | fromjson)]')" = \
		'["org.apache.kafka.record","hé","text/plain","k1","'"$Q"'",0,"0",[["a","1"],["a","2"]]]' ]
	sed -n 1p got | jq -e '.time | fromdateiso8601? // (sub("\\.[0-9]+"; "") | fromdateiso8601) > 1700000000'
	[ "$(sed -n 2p got | jq -c '[.data, .datacontenttype]')" = '[{"x":[1]},"application/json"]' ]
	[ "$(sed -n 3p got | jq -c '[.data_base64, .datacontenttype, .kafkakey64]')" = '["//4=","image/x","YgE="]' ]
	[ "$(sed -n 4p got | jq -c '[.partitionkey, has("data"), has("data_base64")]')" = '["gone",false,false]' ]
	[ "$(sed -n 5p got)" = "$(one)" ]
	ce-src-kafka -t "$Q" --until-end --envelope -o 4 | jq -e '.kafkaoffset == "4" and .kafkapartition == 0 and .data.n == 1'
}

@test "a broken event: dead letter, or the end" {
	echo '{"id":1}' | kcat -b "$URL" -P -t "$Q" -H content-type=application/cloudevents+json
	echo x | kcat -b "$URL" -P -t "$Q" -H ce_specversion=1.0 -H ce_id=1 -H ce_type=t
	printf 'x\n' | kcat -b "$URL" -P -t "$Q" -H ce_specversion=1.0 -H ce_id=1 -H ce_type=t -H ce_source=/s -H ce_time=noon
	one | ce-sink-kafka -t "$Q"
	run ce-src-kafka -g "$Q" -t "$Q" --ack none
	[ "$status" = 65 ]
	[[ $output == *"topic $Q, partition 0, offset 0"* ]]
	ce-src-kafka -g "$Q" -t "$Q" --until-end --dead-letter dead --ack none >got
	[ "$(wc -l <dead)" = 3 ]
	has dead 'header ce_source: is required'
	has dead 'header ce_time'
	[ "$(cat got)" = "$(one)" ]
	[ "$(committed "$Q" "$Q")" = '0 4' ]
}

@test "without a group: partitions, offsets, times" {
	topic "$Q" 3
	for p in 0 1 2; do seq $((p * 10)) $((p * 10 + 9)) | kcat -b "$URL" -P -t "$Q" -p $p; done
	get() { ce-src-kafka -t "$Q" --until-end "$@" | jq -r .data | paste -sd ' '; }
	[ "$(get -p 1)" = '10 11 12 13 14 15 16 17 18 19' ]
	[ "$(get -p 1 -o 7)" = '17 18 19' ]
	[ "$(get -p 2 -o -2)" = '28 29' ]
	[ "$(get -o end)" = '' ]
	[ "$(get | tr ' ' '\n' | sort -n | paste -sd ' ')" = "$(seq 0 29 | paste -sd ' ')" ]
	[ "$(get -p 0 -p 1 -o -1 | tr ' ' '\n' | sort -n | paste -sd ' ')" = '9 19' ]
	[ "$(get -p 1 --count 3)" = '10 11 12' ]
	read -rt 0.05 -u "$NAP" || :
	now=$(date +%s%3N)
	echo late | kcat -b "$URL" -P -t "$Q" -p 1
	[ "$(get -p 1 -o "@$now")" = late ]
	[ "$(get -p 1 -o @2100-01-01T00:00:00Z)" = '' ]
	run ce-src-kafka -t "$Q" -p 3
	[ "$status" = 78 ]
	run ce-src-kafka -t "$Q" -p 0 -o 11
	[ "$status" = 65 ]
	[[ $output == *'the records there are gone'* ]]
}

@test "--state: goes on where it was finished, also from the end; a damaged one is refused" {
	topic "$Q" 2
	seq 100 | kcat -b "$URL" -P -t "$Q" -p 0
	seq 101 150 | kcat -b "$URL" -P -t "$Q" -p 1
	ce-src-kafka -t "$Q" --state s --count 70 | ce-sink-file --sync none got
	ce-src-kafka -t "$Q" --state s --until-end | ce-sink-file --sync none got
	[ "$(jq -r .data got | sort -n)" = "$(seq 150)" ]
	[ "$(head -n 1 s)" = 'ce-src-kafka state 1' ]
	[ "$(sed 1d s | sort)" = "$(printf '%s 0 100\n%s 1 50' "$Q" "$Q")" ]
	ce-src-kafka -t "$Q" --state e -o end --until-end
	[ "$(sed 1d e | sort)" = "$(printf '%s 0 100\n%s 1 50' "$Q" "$Q")" ]
	echo "$Q 0" >>s
	run ce-src-kafka -t "$Q" --state s
	[ "$status" = 78 ]
	[[ $output == *'line 4 is damaged'* ]]
}

@test "topics by a pattern, one that comes later too" {
	seq 3 | kcat -b "$URL" -P -t "$Q.a"
	seq 4 6 | kcat -b "$URL" -P -t "$Q.b"
	spawn_sh "ce-src-kafka -g $Q -t '^$Q\\.[ac]' -X topic.metadata.refresh.interval.ms=300 | ce-sink-file got"
	wait_for lines got 3
	seq 7 9 | kcat -b "$URL" -P -t "$Q.c"
	wait_for lines got 6
	kill -TERM -- "-$PID"
	ended "$PID"
	[ "$(jq -r .data got | sort -n | paste -sd ' ')" = '1 2 3 7 8 9' ]
}

@test "only what was committed is read, unless it is asked for" {
	events 20 >sent
	{ head -n 10 sent; padded 1 1500000; } | ce-sink-kafka -t "$Q" --transactional-id "$Q" -X message.max.bytes=5000000 --dead-letter dead
	ce-src-kafka -g "$Q" -t "$Q" --until-end | ce-sink-file got
	cmp got <(head -n 10 sent)
	[ "$(ce-src-kafka -t "$Q" --until-end --read-uncommitted | wc -l)" -ge 10 ]
}

@test "wrong host, credentials, topic, options: a line each, and its exit code" {
	check() { # STATUS TEXT ARGS
		local want=$1 text=$2

		shift 2
		run ce-src-kafka "$@"
		[ "$status" = "$want" ] || { echo "$status: $*: $output"; return 1; }
		[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
		[ "${#lines[@]}" = 1 ] || { echo "$output"; return 1; }
	}
	echo wrong-password >pw
	check 69 'Connection refused' -b 127.0.0.1:1 -t t --timeout 1s
	check 69 'Failed to resolve' -b nosuch.invalid -t t --timeout 1s
	check 77 'Invalid username or password' -b "127.0.0.1:$(<"$DIR/sasl")" -t t --user alice --password file:pw
	check 77 'verify that security.protocol' -b "127.0.0.1:$(<"$DIR/sasl")" -t t
	check 78 'cannot read topic nosuch: Broker: Unknown topic' -t nosuch
	check 78 'cannot read topic nosuch: Broker: Unknown topic' -g g -t nosuch
	check 64 'which --topic' -g g
	check 64 'have no meaning with --group' -g g -t t -p 0
	check 64 'can only be beginning or end' -g g -t t -o 3
	check 64 'needs --group' -t '^t'
	check 64 'neither beginning' -t t -o nowhere
	check 64 'the program sets it' -t t -X enable.auto.commit=true
}
