#!/usr/bin/env bats
# mongodb-sink.bats -- ce-sink-mongodb against SecantusDB, which is not mongod.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load mongodb
bats_require_minimum_version 1.5.0

setup_file() { serve mongodb; }
setup() {
	served
	C=c$BATS_TEST_NUMBER
}
# One test that fails in the middle does not take the others with it.
teardown() {
	reap
	[ -n "$NOSERVER" ] || ! gone "$(<"$DIR/server")" || restart
}
teardown_file() { unserve; }

sink() { ce-sink-mongodb -u "$URL" -d t "$@"; }
ids_in() { mongo "print('\n'.join(x['id'] for x in d['$1'].find()))"; }
quick=(--backoff 20ms --backoff-max 100ms)

@test "attributes are fields, data is BSON, in the order of the events" {
	events 1000 >sent
	sink -c $C <sent
	ids_in $C | cmp - <(ids <sent)
	mongo "show(d.$C.find({'id': {'\$in': ['3', '6', '7', '10']}}, {'_line': 0}))" >got
	[ "$(sed -n 1p got | jq -c .data)" = '{"$binary":{"base64":"AAH/gMMo8A==","subType":"00"}}' ]
	[ "$(sed -n 2p got | jq -r .subject)" = 'Größe 😀 100% "q"' ]
	[ "$(sed -n 3p got | jq -c '[.count, .flag, .time]')" = '[{"$numberInt":"-7"},true,"2026-11-23T14:58:01.123456789+05:30"]' ]
	[ "$(sed -n 4p got | jq -c '[._id, .data]')" = '["/test/a 10",{"n":{"$numberInt":"10"}}]' ]
	# the line only where the fields would not give it back
	mongo "print('\n'.join(x['_line'] for x in d.$C.find({'_line': {'\$exists': 1}})))" >lines
	cmp lines <(grep -E 'spaced|escapes|twice|full' sent)
}

@test "numbers, and Extended JSON in data, become what they stand for" {
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"i":2147483647,"l":2147483648,"d":1.5,"big":1e30,"o":{"$oid":"507f1f77bcf86cd799439011"},"t":{"$date":"2026-01-01T00:00:00Z"},"dec":{"$numberDecimal":"1.10"},"bad":[1,{"x":{"$ref":"a","$id":1}}]}}' >sent
	sink -c $C <sent
	mongo "x = d.$C.find_one(); print([type(x['data'][k]).__name__ for k in ('i', 'l', 'd', 'big', 'o', 't', 'dec')])" >got
	[ "$(cat got)" = "['int', 'Int64', 'float', 'float', 'ObjectId', 'datetime', 'Decimal128']" ]
	# what only looks like it, or is too deep, stays text beside the line
	jq -cn '{specversion: "1.0", id: "2", source: "/s", type: "t", data: {a: {"$oid": "no"}}}' >sent
	jq -cn '{specversion: "1.0", id: "3", source: "/s", type: "t", data: (reduce range(95) as $i (1; [.]))}' >>sent
	sink -c ${C}b <sent
	mongo "print('\n'.join(x['_line'] for x in d.${C}b.find()))" | cmp - sent
	mongo "print(type(d.${C}b.find_one()['data']).__name__)" | grep str
}

@test "what comes again is no second document, and is delivered" {
	events 500 >sent
	sink -c $C <sent
	sed -n 200,500p sent >again
	events 100 501 >>again
	sink -c $C <again
	[ "$(count $C)" = 600 ]
	cat again again | sink -c $C --unordered
	[ "$(count $C)" = 600 ]
}

@test "upsert, replace, delete, by a key and by what the event says" {
	state() { echo "{\"specversion\":\"1.0\",\"id\":\"$1\",\"source\":\"/s\",\"type\":\"$2\",\"subject\":\"k\",\"data\":{\"n\":$1}}"; }
	state 1 upsert | sink -c $C -k '{subject}' -o upsert
	state 2 upsert | sink -c $C -k '{subject}' -o '{type}'
	[ "$(mongo "print([(x['_id'], x['data']['n']) for x in d.$C.find()])")" = "[('k', 2)]" ]
	{ state 3 replace; state 4 delete; state 5 replace; state 6 insert; state 7 upsert; } | sink -c $C -k '{subject}' -o '{type}'
	[ "$(mongo "print([(x['_id'], x['data']['n']) for x in d.$C.find()])")" = "[('k', 7)]" ]
	# another document under the same key is no repetition
	run -65 sink -c $C -k '{subject}' < <(state 8 insert)
	[[ $output = *'another document has its _id'* ]]
	state 7 upsert | sink -c $C -k '{subject}'
	run -65 sink -c $C -o '{type}' < <(state 9 destroy)
	[[ $output = *'"destroy"'* ]]
}

@test "data only: the document is the data, with its own _id" {
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"507f1f77bcf86cd799439011","data":{"n":1,"_id":{"$oid":"507f1f77bcf86cd799439012"}}}' >sent
	sink -c $C --data-only <sent
	sink -c $C --data-only <sent
	sink -c $C --data-only -k '{{"$oid":"{subject}"}}' <sent
	jq -c 'del(.data._id)' sent | sink -c $C --data-only
	[ "$(mongo "print([(str(x['_id']), x['n']) for x in d.$C.find()])")" = \
		"[('507f1f77bcf86cd799439012', 1), ('507f1f77bcf86cd799439011', 1), ('/s 1', 1)]" ]
	run -65 sink -c $C --data-only < <(jq -c '.data = "text"' sent)
	[[ $output = *'no object'* ]]
}

@test "collections and databases by a template" {
	events 40 >sent
	sink -c "$C.{id}" <sent
	[ "$(count $C.7)" = 1 ]
	ce-sink-mongodb -u "$URL/u" -c "$C.{id}" --unordered <sent
	[ "$(mongo "print(len(c.u.list_collection_names()))")" = 40 ]
	one | sink -c '{subject}' --dead-letter dead 2>said
	[[ $(jq -r .deadreason dead) = *'needs subject'* ]]
	one | sink -c "a\$b{id}" --dead-letter dead 2>said
	one | ce-sink-mongodb -u "$URL" -d 'a.{id}' -c a --dead-letter dead 2>said
	[ "$(wc -l <dead)" = 3 ]
}

@test "validation refuses one document, not its batch: dead letter, or 65; order kept" {
	mongo "d.create_collection('$C', validator={'data': {'\$exists': True}})"
	events 25 >sent # 5, 15, 25 have no data
	sink -c $C --dead-letter dead <sent 2>said
	[ "$(jq -r .id dead | paste -sd,)" = 5,15,25 ]
	[[ $(head -n 1 dead | jq -r .deadreason) = "cannot write to t.$C: Document failed validation (121)" ]]
	ids_in $C | cmp - <(grep -v bare sent | ids)
	mongo "d.$C.delete_many({})"
	sink -c $C --unordered --dead-letter dead2 <sent 2>said
	[ "$(jq -r .id dead2 | paste -sd,)" = 5,15,25 ]
	mongo "d.$C.delete_many({})"
	run -65 sink -c $C <sent
	[ "${#lines[@]}" = 1 ]
	ids_in $C | cmp - <(seq 4)
}

@test "another index that is unique: refused" {
	mongo "d.$C.create_index('type', unique=True)"
	{ one; one | jq -c '.id = "2"'; one; } >sent
	sink -c $C --dead-letter dead <sent 2>said
	[ "$(jq -r .id dead)" = 2 ]
	[ "$(count $C)" = 1 ]
}

@test "more than 16 MiB: refused, with its neighbours taken" {
	{ events 1; padded 1 $((17 << 20)) | jq -c '.id = "long"'; events 1 2; } >sent
	sink -c $C --max-event 32M --dead-letter dead <sent 2>said
	ids_in $C | cmp - <(seq 2)
	[[ $(jq -r .deadreason dead) = *'16 MiB'* ]]
}

@test "wrong use is named, 64" {
	run -64 sink </dev/null
	[[ $output = *--coll* ]]
	run -64 ce-sink-mongodb -u "$URL" -c a </dev/null
	[[ $output = *--db* ]]
	run -64 sink -c a -o destroy </dev/null
	run -64 ce-sink-mongodb -u http://localhost -d t -c a </dev/null
	[[ $output = *mongodb://* ]]
	run -64 ce-sink-mongodb -u "mongodb://me:hunter2@localhost" -d t -c a </dev/null
	[[ $output = *--password* && $output != *hunter2* ]]
	run -64 ce-sink-mongodb -u "$URL/?w=0" -d t -c a </dev/null
	[[ $output = *'w=0'* ]]
	run -64 ce-sink-mongodb -u "mongodb://localhost/?no%zzsense" -d t -c a </dev/null
	[ "${#lines[@]}" = 1 ]
}

@test "not primary, stepped down: later, in order, nothing lost" {
	events 3000 >sent
	fail_point '{"times":3}' '{"failCommands":["insert"],"errorCode":10107}'
	sink -c $C "${quick[@]}" <sent 2>said
	ids_in $C | cmp - <(ids <sent)
	has said 'goes on after'
	fail_point '{"times":4}' '{"failCommands":["insert"],"errorCode":91,"errorLabels":["RetryableWriteError"]}'
	sink -c ${C}b "${quick[@]}" <sent 2>said
	ids_in ${C}b | cmp - <(ids <sent)
	spawn_sh "ce-sink-mongodb -u $URL -d t -c ${C}c --backoff 20ms <sent 2>said"
	wait_for holds ${C}c 1000
	mongo "c.admin.command('replSetStepDown', 1, force=True)" || :
	ended "$PID"
	[ "$RC" = 0 ]
	ids_in ${C}c | cmp - <(ids <sent)
}

@test "a reply that is lost: written again, no duplicates" {
	events 3000 >sent
	fail_point '{"times":5}' '{"failCommands":["insert"],"closeConnection":true}'
	ce-sink-mongodb -u "$URL/?retryWrites=false" -d t -c $C "${quick[@]}" <sent 2>said
	ids_in $C | cmp - <(ids <sent)
	has said 'will retry'
}

@test "errors of the write concern: asked for again" {
	events 10 >sent
	fail_point '{"times":2}' '{"failCommands":["insert"],"writeConcernError":{"code":64,"errmsg":"waiting for replication timed out"}}'
	sink -c $C "${quick[@]}" <sent 2>said
	[ "$(count $C)" = 10 ]
	has said 'not as was asked for: waiting for replication timed out'
	has said 'goes on after'
}

@test "the write concern is that of the URL" {
	for q in 'w=majority&journal=true' 'w=1&journal=true&wtimeoutMS=500'; do
		one | ce-sink-mongodb -u "$URL/?$q" -d t -c $C
	done
	[ "$(count $C)" = 1 ]
	for q in w=3 w=nosuch; do
		run -69 ce-sink-mongodb -u "$URL/?$q&wtimeoutMS=300" -d t -c $C --retries 1 "${quick[@]}" <<<"$(one)"
		[[ $output = *"cannot write to t.$C: written, but not as was asked for: "*'will retry'* ]]
	done
	[ "$(count $C)" = 1 ]
}

@test "the server is killed and restarted: nothing lost, no duplicates" {
	events 20000 >sent
	mkfifo in
	spawn_sh "ce-sink-mongodb -u $URL -d t -c $C ${quick[*]} <in 2>said"
	exec {half}>in
	head -n 5000 sent >&"$half"
	wait_for holds $C 2000
	murder
	sed 1,5000d sent >&"$half" &
	exec {half}>&-
	wait_for has said 'will retry'
	restart
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ]
	ids_in $C | cmp - <(ids <sent)
}

@test "what is confirmed is in the journal: a server that is killed at once has it" {
	local i

	for i in 1 2 3; do
		events 37 >sent
		sink -c $C$i <sent
		murder
		restart
		ids_in $C$i | cmp - <(ids <sent)
	done
}

@test "the server stands still: what has no answer in time is written again" {
	events 20000 >sent
	mkfifo in
	spawn_sh "ce-sink-mongodb -u $URL -d t -c $C --timeout 500ms --connect-timeout 500ms --batch 200 ${quick[*]} <in 2>said"
	exec {half}>in
	head -n 5000 sent >&"$half"
	wait_for holds $C 1000
	kill -STOP "$(<"$DIR/server")"
	sed 1,5000d sent >&"$half" &
	exec {half}>&-
	still "$(<"$DIR/server")" has said 'will retry'
	DEADLINE=60 ended "$PID"
	[ "$RC" = 0 ]
	ids_in $C | sort -n | cmp - <(ids <sent)
}

@test "kill -9 of the sink, five times: with its source, nothing is lost" {
	events 5000 >sent
	for _ in 1 2 3 4 5; do
		spawn_sh "ce-src-file --as events --state pos --until-end --window 500 sent |
			sh -c 'echo \$\$ >p.sink; exec ce-sink-mongodb -u $URL -d t -c $C --batch 100'"
		strike sink
	done
	ce-src-file --as events --state pos --until-end --window 500 sent | sink -c $C
	ids_in $C | sort -n | cmp - <(ids <sent)
}

@test "SIGTERM: what was read is delivered, 0" {
	events 2000 >sent
	spawn_sh "{ cat sent; cat <> <(:); } | { echo \$BASHPID >pid; exec ce-sink-mongodb -u $URL -d t -c $C; }"
	wait_for holds $C 2000
	kill -TERM "$(cat pid)"
	wait_for gone "$(cat pid)"
	ids_in $C | cmp - <(ids <sent)
}

@test "wrong host: 69 after the retries, one line" {
	run -69 ce-sink-mongodb -u mongodb://127.0.0.1:1 -d t -c c --retries 0 < <(one)
	[ "${#lines[@]}" = 1 ]
	[[ $output = *"connection refused"*"'127.0.0.1:1'"* ]]
	run -69 ce-sink-mongodb -u mongodb://no.such.host.invalid -d t -c c --retries 0 < <(one)
	[ "${#lines[@]}" = 1 ]
}
