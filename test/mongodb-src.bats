#!/usr/bin/env bats
# mongodb-src.bats -- ce-src-mongodb against SecantusDB, which is not mongod.
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
teardown_file() { unserve; }

src() { timeout 60 ce-src-mongodb -u "$URL" -d t -c "$C" "$@"; }
sink() { ce-sink-mongodb -u "$URL" -d t -c "$C"; }
# begin: a position before anything.
begin() { src --state pos --until-end "$@" | ce-sink-file none; }

@test "10,000 nasty events, through a collection, byte for byte" {
	events 10000 >sent
	begin
	[ -s pos ]
	sink <sent
	src --state pos --until-end | ce-sink-file out
	cmp out sent
	src --state pos --until-end | ce-sink-file more
	[ ! -s more ]
}

@test "changes of documents that are no events: insert, update, replace, delete" {
	begin
	mongo "d.$C.insert_one({'_id': 'k', 'n': 1})
d.$C.update_one({'_id': 'k'}, {'\$set': {'n': 2}})
d.$C.replace_one({'_id': 'k'}, {'m': 3})
d.$C.delete_one({'_id': 'k'})
from bson import ObjectId, Int64, Decimal128
import datetime
d.$C.insert_one({'_id': ObjectId('507f1f77bcf86cd799439011'), 'l': Int64(5), 'dec': Decimal128('1.10'), 'b': b'\x00', 't': datetime.datetime(2026, 1, 2)})
d.$C.insert_one({'_id': {'a': 1}})"
	src --state pos --until-end --wrap | ce-sink-file out
	[ "$(jq -r .type out | paste -sd,)" = insert,update,replace,delete,insert,insert ]
	[ "$(jq -r .subject out | paste -sd,)" = 'k,k,k,k,507f1f77bcf86cd799439011,{"a":1}' ]
	jq -es "all(.source == \"$URL/t/$C\" and (.time | fromdateiso8601? // 1) > 0)" out
	[ "$(jq -r .id out | sort -u | wc -l)" = 6 ]
	[ "$(sed -n 2p out | jq -c .data.updateDescription.updatedFields)" = '{"n":2}' ]
	[ "$(sed -n 5p out | jq -c .data.fullDocument)" = \
		'{"_id":{"$oid":"507f1f77bcf86cd799439011"},"l":5,"dec":{"$numberDecimal":"1.10"},"b":{"$binary":{"base64":"AA==","subType":"00"}},"t":{"$date":"2026-01-02T00:00:00Z"}}' ]
	# from a token: what follows it, and the same ids and lines again; canonical
	src --from "$(sed -n 2p out | jq -r .id)" --until-end --wrap | cmp - <(sed 1,2d out)
	[ "$(src --from "$(sed -n 4p out | jq -r .id)" --until-end --json canonical | head -n 1 | jq -c .data.fullDocument.l)" = '{"$numberLong":"5"}' ]
}

@test "full document, a pipeline, a whole database" {
	begin
	src --from now --until-end >none
	mongo "d.$C.insert_many([{'_id': i, 'n': i} for i in range(4)])
d.$C.update_one({'_id': 2}, {'\$set': {'x': 1}})
c.t['${C}other'].insert_one({'_id': 'o'})"
	[ "$(src --state pos --until-end --full-document | tail -n 1 | jq -c .data.fullDocument)" = '{"_id":2,"n":2,"x":1}' ]
	rm pos
	src --from 2020-01-01T00:00:00Z --until-end --pipeline '[{"$match":{"operationType":"insert","fullDocument.n":{"$gte":2}}}]' >out
	[ "$(jq -r .subject out | paste -sd,)" = 2,3 ]
	ce-src-mongodb -u "$URL/t" --from 2020-01-01T00:00:00Z --until-end >all
	grep -c "\"source\":\"$URL/t/${C}other\"" all
}

@test "an event that was changed in the collection is printed as it is now" {
	echo '{ "specversion":"1.0","id":"1","source":"/s","type":"t","data":{"n":1}}' | sink
	mongo "d.$C.update_one({}, {'\$set': {'data.n': 2}})"
	[ "$(src --snapshot --until-end | jq -c .data)" = '{"n":2}' ]
}

@test "what comes while it waits is printed soon, and it rests meanwhile" {
	spawn_sh "ce-src-mongodb -u $URL -d t -c $C --state pos 2>said | ce-sink-file out"
	wait_for test -s pos
	for i in 1 2 3; do
		events 1 "$i" | sink
		wait_for lines out "$i"
	done
	for p in $(ps -o pid= --ppid "$PID"); do DEADLINE=5 wait_for resting "$p"; done
	wait_for committed
}
committed() { [ -z "$(src --state pos.copy --until-end 2>&1 <<<"$(cp pos pos.copy)")" ]; }

@test "a snapshot, then changes, without a gap; again from within it" {
	events 3000 >sent
	sink <sent
	spawn_sh "ce-src-mongodb -u $URL -d t -c $C --snapshot --state pos | ce-sink-file out"
	wait_for lines out 1
	events 50 3001 | sink
	wait_for lines out 3050
	kill -TERM "$(ps -o pid= --ppid "$PID" | head -n 1)"
	ended "$PID"
	firsts <out | sort | cmp - <(events 3050 | sort)
	src --snapshot --state pos2 --count 1000 | ce-sink-file half
	[ "$(wc -l <half)" = 1000 ]
	has pos2 snapshot
	src --snapshot --state pos2 --until-end | ce-sink-file half
	firsts <half | sort | cmp - <(events 3050 | sort)
	[ "$(wc -l <half)" = 3050 ]
}

@test "a collection that is dropped: invalidate, and on" {
	begin --wrap
	events 3 | sink
	mongo "d.$C.drop()"
	events 2 4 | sink
	src --state pos --until-end --wrap | ce-sink-file out
	[ "$(jq -r .type out | paste -sd,)" = insert,insert,insert,drop,invalidate,insert,insert ]
	src --state pos --until-end --wrap | ce-sink-file more
	[ ! -s more ]
}

@test "a capped collection is followed" {
	mongo "d.create_collection('$C', capped=True, size=1000000)"
	events 20 | sink
	src --tail --state pos --until-end | ce-sink-file out
	events 20 21 | sink
	src --tail --state pos --until-end | ce-sink-file out
	cmp out <(events 40)
	spawn_sh "ce-src-mongodb -u $URL -d t -c $C --tail --state pos | ce-sink-file out"
	events 5 41 | sink
	wait_for lines out 45
	cmp out <(events 45)
}

@test "a query, by a field that grows" {
	mongo "d.$C.insert_many([{'_id': 9 - i, 'at': i, 'ok': i % 2} for i in range(9)])"
	src --query '{"ok":1}' --by at --state pos --until-end | ce-sink-file out
	[ "$(jq -r .id out | paste -sd,)" = 8@1,6@3,4@5,2@7 ]
	spawn_sh "ce-src-mongodb -u $URL -d t -c $C --query '{\"ok\":1}' --by at --every 100ms --state pos | ce-sink-file out"
	mongo "d.$C.insert_one({'_id': 20, 'at': 20, 'ok': 1}); d.$C.update_one({'_id': 8}, {'\$set': {'at': 21}})"
	wait_for lines out 6
	[ "$(jq -r .id out | tail -n 2 | paste -sd,)" = 20@20,8@21 ]
	[ "$(jq -r .type out | sort -u)" = found ]
}

@test "kill -9 of source, sink or both, five times: nothing lost, order kept" {
	local c="ce-src-mongodb -u $URL -d t -c $C --state pos --window 200 --until-end"

	begin
	events 8000 >sent
	sink <sent
	for who in src sink 'src sink' src sink; do
		spawn_sh "sh -c 'echo \$\$ >p.src; exec $c' | jq -c --unbuffered . | sh -c 'echo \$\$ >p.sink; exec ce-sink-file out'"
		# shellcheck disable=SC2086
		strike $who
	done
	$c | jq -c --unbuffered . | ce-sink-file out
	ids <out | firsts | cmp - <(ids <sent)
	[ "$(wc -l <out)" -le 9000 ]
}

@test "SIGTERM: no duplicates, 0" {
	begin
	events 8000 >sent
	sink <sent
	: >out
	spawn_sh "{ echo \$BASHPID >pid; exec ce-src-mongodb -u $URL -d t -c $C --state pos; } | ce-sink-file out"
	wait_for lines out 100
	kill -TERM "$(cat pid)"
	ended "$PID"
	[ "$RC" = 0 ]
	src --state pos --until-end | ce-sink-file out
	cmp out sent
}

@test "the server is killed and restarted: nothing lost, nothing twice" {
	begin
	events 2000 >sent
	spawn_sh "{ echo \$BASHPID >pid; exec ce-src-mongodb -u $URL -d t -c $C --state pos; } 2>said | ce-sink-file out"
	head -n 1000 sent | sink
	wait_for lines out 1000
	murder
	wait_for has said 'will retry'
	restart
	sed 1,1000d sent | sink
	DEADLINE=40 wait_for lines out 2000
	cmp out sent
	has said 'goes on'
	kill -TERM "$(cat pid)"
	ended "$PID"
	[ "$RC" = 0 ]
}

@test "the server stands still: it goes on when that does; SIGTERM ends it all the same" {
	begin
	events 500 >sent
	spawn_sh "{ echo \$BASHPID >pid; exec ce-src-mongodb -u $URL -d t -c $C --state pos; } 2>said | ce-sink-file out"
	head -n 250 sent | sink
	wait_for lines out 250
	still "$(<"$DIR/server")"
	sed 1,250d sent | sink
	DEADLINE=40 wait_for lines out 500
	kill -STOP "$(<"$DIR/server")"
	kill -TERM "$(cat pid)"
	DEADLINE=10 ended "$PID" || { kill -CONT "$(<"$DIR/server")"; false; }
	kill -CONT "$(<"$DIR/server")"
	[ "$RC" = 0 ]
	src --state pos --until-end | ce-sink-file out
	cmp out sent
}

@test "not primary, a broken connection: later; no rights: 77" {
	begin
	events 300 >sent
	spawn_sh "ce-src-mongodb -u $URL -d t -c $C --state pos 2>said | ce-sink-file out"
	fail_point '{"times":4}' '{"failCommands":["getMore","aggregate"],"errorCode":10107,"errorLabels":["ResumableChangeStreamError"]}'
	sink <sent
	wait_for lines out 300
	fail_point '{"times":4}' '{"failCommands":["getMore","aggregate"],"closeConnection":true}'
	events 300 301 | sink
	wait_for lines out 600
	cmp out <(events 600)
	fail_point '{"times":4}' '{"failCommands":["getMore","aggregate"],"errorCode":13}'
	ended "$PID"
	fail_off
	tail -n 1 said | grep "cannot read t.$C"
}

@test "wrong host, pipeline, token, state: one line and its code" {
	run -69 ce-src-mongodb -u mongodb://127.0.0.1:1 -d t
	[[ $output = *'connection refused'* && ${#lines[@]} = 1 ]]
	run -78 src --pipeline '[{"$nonsense":1}]'
	[[ $output = *nonsense* && ${#lines[@]} = 1 ]]
	run -78 src --from 00112233445566778899
	[ "${#lines[@]}" = 1 ]
	begin
	C=other run -78 src --state pos
	[[ $output = *'no position in t.other'* ]]
	for wrong in '--pipeline {}' '--query []' '--tail --snapshot' '--from yesterday' '--tail --from now'; do
		# shellcheck disable=SC2086
		run -64 src $wrong
	done
	run -64 ce-src-mongodb -u "$URL"
	run -64 ce-src-mongodb -u "$URL/t" --snapshot
	run -64 ce-src-mongodb -u mongodb://me:hunter2@localhost/t
	[[ $output = *--password* && $output != *hunter2* ]]
}
