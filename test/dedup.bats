# dedup.bats -- ce-dedup: copies are left out, and nothing else ever is
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status is what bats' run sets
load help

ev() { printf '{"specversion":"1.0","id":"%s","source":"%s","type":"%s","data":{"n":%s}}\n' "$1" "${2:-/s}" "${3:-t}" "${4:-1}"; }
if [ -x "$B/bin/ce-jq" ]; then JQ=1; else JQ=; fi

@test "copies are left out, the rest is byte for byte" {
	events 500 >in
	ce-dedup <in | cmp in -
	cat in in in | ce-dedup | cmp in -
	awk '{ print; print }' in | ce-dedup | cmp in -
}

@test "the same is: source and id, in any spelling" {
	{
		ev 1 /a; ev 1 /b; ev 2 /a; ev 11 /; ev 1 /1
		ev 1 /a u 2
		echo '{"data":7,"id":"\u0031","source":"\/a","specversion":"1.0","type":"x"}'
	} | ce-dedup >out
	[ "$(jq -r '.source + " " + .id' out | tr '\n' ,)" = '/a 1,/b 1,/a 2,/ 11,/1 1,' ]
}

@test "--key" {
	{ ev 1 /a t 1; ev 2 /a t 2; ev 3 /a t 1; ev 1 /a t 3; } | ce-dedup --key '{data.n}' | ids | cmp - <(printf '1\n2\n1\n')
	{ ev 1 /a t; ev 2 /a u; ev 3 /b t; } | ce-dedup -k '{type}' | ids | cmp - <(printf '1\n2\n')
	# shellcheck disable=SC2031
	rc=0
	{ ev 1; events 1 5; ev 2; } | ce-dedup -k '{data.n}' >out 2>said || rc=$?
	[ $rc = 65 ]
	grep -q 'data.n' said
	[ "$(ids <out)" = 1 ]
	{ ev 1; events 1 5; ev 2 /s t 2; } | ce-dedup -k '{data.n}' --dead-letter dead | ids | cmp - <(printf '1\n2\n')
	jq -e '.deadreason | test("data.n")' dead >/dev/null
}

@test "--window N: the last N are remembered, exactly" {
	{ for i in 1 2 3 4 1 2; do ev $i; done; } | ce-dedup --window 3 | ids | tr '\n' , | grep -qx '1,2,3,4,1,2,'
	{ for i in 1 2 3 4 1 2; do ev $i; done; } | ce-dedup -w 4 | ids | tr '\n' , | grep -qx '1,2,3,4,'
	{ for i in 1 2 1 2 3 1 3; do ev $i; done; } | ce-dedup -w 1 | ids | tr '\n' , | grep -qx '1,2,1,2,3,1,3,'
	events 20000 >in
	{ cat in; head -n 10000 in | tail -n 5000; head -n 20000 in | tail -n 15000; } | ce-dedup -w 15000 | wc -l >n
	# 5001-10000 are remembered, and stay as old as they were
	[ "$(cat n)" = 20000 ]
	[ "$(cat in in | ce-dedup -w 19999 | wc -l)" = 40000 ]
	[ "$(cat in in | ce-dedup -w 20000 | wc -l)" = 20000 ]
}

@test "--window TIME: for so long" {
	mkfifo fifo
	spawn_sh 'ce-dedup --window 300ms <fifo >out'
	exec {w}>fifo
	{ ev 1; ev 1; ev 2; } >in
	cat in >&"$w"
	wait_for lines out 2
	read -rt 0.5 -u "$NAP" || :
	{ ev 1; ev 1; } >in
	cat in >&"$w"
	wait_for lines out 3
	exec {w}>&-
	ended "$PID"
	[ "$(ids <out | tr '\n' ,)" = 1,2,1, ]
	events 3000 | { cat; events 3000; } | ce-dedup --window 1h --max-ids 100 | wc -l | grep -qx 6000
}

@test "wrong use" {
	for w in 0 x 5x -1 16000001 '' 1.5; do
		run timeout 5 ce-dedup --window "$w" </dev/null
		[ "$status" = 64 ] || { echo "$w: $status"; return 1; }
	done
	run timeout 5 ce-dedup --key '{' </dev/null
	[ "$status" = 64 ]
	run timeout 5 ce-dedup file </dev/null
	[ "$status" = 64 ]
}

@test "--state: remembered from run to run, and made anew for another window" {
	events 3000 >in
	head -n 1000 in | ce-dedup --ack none --state seen | cmp - <(head -n 1000 in)
	export CE_DEDUP_ACK=none
	ce-dedup --state seen <in | cmp - <(tail -n 2000 in)
	[ -z "$(ce-dedup --state seen <in)" ]
	[ -z "$(ce-dedup --state seen --window 5000 <in)" ]
	ce-dedup --state seen --window 100 <in >out
	[ "$(wc -l <out)" -ge 2900 ]
	[ -z "$(tail -n 100 in | ce-dedup --state seen --window 1h)" ]
	ce-dedup --state other --window 1 <in | cmp - in
	{ events 10 7001; events 10 7001; } | ce-dedup --state seen --window 1h | cmp - <(events 10 7001)
	[ "$(stat -c %a seen)" = 600 ]
}

@test "a state file is for one process, and must be one" {
	mkfifo fifo
	spawn_sh 'ce-dedup --state seen <fifo >out'
	exec {w}>fifo
	ev 1 >&"$w"
	wait_for lines out 1
	run timeout 5 ce-dedup --state seen </dev/null
	[ "$status" = 75 ]
	exec {w}>&-
	ended "$PID"
	events 20 >precious
	cp precious copy
	run timeout 5 ce-dedup --state precious </dev/null
	[ "$status" = 78 ]
	cmp precious copy
	run timeout 5 ce-dedup --state . </dev/null
	[ "$status" = 78 ]
}

@test "a damaged state file is used as far as it is good" {
	events 1000 >in
	ce-dedup --state seen <in >/dev/null
	n=$(stat -c %s seen)
	for at in 0 1 7 8 20 511 512 513 5000 $((n - 1)) $n; do
		cp seen cut
		truncate -s $at cut
		ce-dedup --state cut <in >out
		[ "$(wc -l <out)" -ge $((1000 - at / 512 * 38)) ]
		[ "$(wc -l <out)" -le $((1000 - (at / 512) * 38 + 38)) ] || [ $at -ge $((n - 512)) ]
		cp seen flip
		printf '\377' | dd of=flip bs=1 seek=$((at < n ? at : 0)) conv=notrunc status=none
		ce-dedup --state flip <in >out
		[ "$(wc -l <out)" -le 38 ]
	done
	head -c 100000 /dev/zero >zeros
	ce-dedup --state zeros <in >out
	cmp in out
}

@test "what was not finished downstream is not remembered" {
	events 100 >in
	# nobody acknowledges, and the sink takes ten
	spawn_sh 'ce-src-file --as events --state pos --until-end in | ce-dedup --state seen --ack require 2>said | head -n 10 >out'
	wait_for lines out 10
	ended "$PID"
	ce-src-file --as events --state pos --until-end in | ce-dedup --state seen | ce-sink-file got
	cmp in got
}

@test "a sink that refuses: that event and those behind it come again" {
	{ events 5; ev bad; events 5 6; ev bad; events 5; } >in
	sink='ce-sink-file --max-event 1k --backoff 10ms got'
	sed -i "s/\"bad\"/\"bad\",\"pad\":\"$(printf %1500s x)\"/" in
	for _ in 1 2; do
		spawn_sh "set -o pipefail; ce-src-file --as events --state pos --until-end in | ce-dedup --state seen | $sink 2>>said"
		ended "$PID"
		[ "$RC" != 0 ]
		cmp got <(events 5)
	done
	spawn_sh "set -o pipefail; ce-src-file --as events --state pos --until-end in | ce-dedup --state seen | $sink --dead-letter dead"
	ended "$PID"
	[ "$RC" = 0 ]
	cmp got <(events 10)
	[ "$(wc -l <dead)" = 1 ]
}

@test "a sink that dies while nothing comes in ends the relay, and so the pipeline" {
	events 3 >in
	for p in ce-dedup ${JQ:+"ce-jq ."}; do
		rm -f pos out sink.pid
		spawn_sh "ce-src-file -f --as events --state pos in | $p 2>said | { echo \$BASHPID >sink.pid; exec ce-sink-file out; }"
		wait_for lines out 3
		kill -9 "$(cat sink.pid)"
		DEADLINE=8 wait_for has said 'nobody reads it any more'
		echo '{"specversion":"1.0","id":"x","source":"/s","type":"t"}' >>in
		DEADLINE=8 ended "$PID"
	done
}

@test "a copy is acknowledged when the first is, not before" {
	{ ev 1; for i in $(seq 50); do ev 1; done; ev 2; } >in
	mkfifo never
	spawn_sh 'ce-src-file --as events --state pos --until-end in | ce-dedup --ack require | { read -r l; echo "$l" >first; exec cat never; }'
	wait_for lines first 1
	read -rt 0.3 -u "$NAP" || :
	killed "$PID"
	ce-src-file --as events --state pos --until-end in | ce-dedup | ce-sink-file got
	[ "$(ids <got | tr '\n' ,)" = 1,2, ]
}

@test "a full disk under the state: it is said, and goes on when there is room" {
	[ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=16k none small 2>/dev/null || skip "cannot mount a small tmpfs here"
	events 5000 >in
	spawn_sh 'ce-src-file --as events --state pos --until-end in | ce-dedup --state small/seen --unfinished 300 --commit-every 50ms 2>said | ce-sink-file out'
	pid=$PID
	wait_for grep -qsi 'no space' said
	mount -o remount,size=2m small
	ended "$pid" || :
	rc=$RC
	left=$(ce-dedup --ack none --state small/seen <in)
	umount -l small
	[ "$rc" = 0 ]
	cmp in out
	[ -z "$left" ]
}

# Every stage killed at random, with copies near and far; each id arrives, and
# more than once only where it was unfinished when something was killed.
mayhem() { # ROUNDS WHO...
	local round n=$1 victims restarts=0

	shift
	awk 'function ev(i) { printf "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/s\",\"type\":\"t\"}\n", i }
		BEGIN { for (i = 1; i <= 4000; i++) { ev(i); if (i > 3) ev(i - 3); if (i > 900 && i % 3 == 0) ev(i - 900) } }' >in
	for ((round = 0; round < n; round++)); do
		spawn_sh '{ echo $BASHPID >p.src; exec ce-src-file --as events --state pos --window 100 --until-end in; } |
			{ echo $BASHPID >p.dedup; exec ce-dedup --state seen --unfinished 100; } |
			{ echo $BASHPID >p.sink; exec ce-sink-file --sync none out; }'
		victims=("${@}")
		[ "$1" != any ] || victims=("$(shuf -n 1 -e src dedup sink)")
		strike "${victims[@]}"
		restarts=$((restarts + 1))
	done
	spawn_sh 'set -o pipefail; ce-src-file --as events --state pos --window 100 --until-end in | ce-dedup --state seen | ce-sink-file out'
	ended "$PID"
	[ "$RC" = 0 ]
	ids <out >got
	sort -u got | cmp - <(seq 4000 | sort)
	echo "$restarts restarts, $(($(wc -l <got) - 4000)) twice"
	[ "$(wc -l <got)" -le $((4000 + restarts * 100)) ]
}
@test "kill -9 of any stage: nothing lost, copies only of the unfinished" { mayhem 25 any; }
@test "kill -9 of ce-dedup" { mayhem 15 dedup; }
@test "kill -9 of all stages" { mayhem 15 sink src dedup; }
@test "written before it is acknowledged, and forced to the disk" {
	need strace
	[ -z "${SANITIZED:-}" ] || return 0
	events 3000 >in
	spawn_sh 'set -o pipefail; ce-src-file --as events --state pos --window 100 --until-end in |
		strace -qq -o trace -e trace=pwrite64,fdatasync,sendto,write ce-dedup --state seen | ce-sink-file out'
	ended "$PID"
	[ "$RC" = 0 ]
	# 38 ids a block: acknowledged up to N, after N/38 blocks were written
	awk -F'[(,) =]+' '/^pwrite64/ { if ($(NF) + $(NF - 1) > end) end = $(NF) + $(NF - 1) }
		/"ack 1? ?[0-9]/ { if (match($0, /ack [0-9]+ [0-9]+/)) { split(substr($0, RSTART, RLENGTH), a, " "); acks++; if (a[3] > end / 512 * 38) bad = a[3] " at " end } }
		/^fdatasync/ { syncs++ }
		END { print acks " acks, " syncs " syncs, " end " bytes"; if (bad != "") print "acknowledged too early: " bad; exit !(acks > 9 && syncs > 0 && bad == "") }' trace
}

@test "three deep, with several outputs in the middle: kill -9 of any stage" {
	[ -n "$JQ" ] || skip "ce-jq was not built: no libjq"
	seq 2000 | awk '{ print } NR > 5 { print $1 - 5 }' | ce-wrap -s /s -t t --as json --id '{data}' >in
	run='{ echo $BASHPID >p.0; exec ce-src-file --as events --state pos --window 100 --until-end in; } |
		{ echo $BASHPID >p.1; exec ce-dedup --state a --unfinished 100; } |
		{ echo $BASHPID >p.2; exec ce-jq --window 100 "., -."; } |
		{ echo $BASHPID >p.3; exec ce-dedup --state b --unfinished 100; } |
		{ echo $BASHPID >p.4; exec ce-sink-file --sync none out; }'
	for _ in $(seq 15); do
		spawn_sh "$run"
		strike $((RANDOM % 5))
	done
	spawn_sh "set -o pipefail; $run"
	ended "$PID"
	[ "$RC" = 0 ]
	ids <out | sort -u | cmp - <(seq 2000 | awk '{ print $1 "-1"; print $1 "-2" }' | sort)
	[ "$(wc -l <out)" -le $((4000 + 15 * 100)) ]
}

@test "in the pipelines of test/torture" {
	"$HERE/torture" 4 -s file -d file -m ce-dedup --pause 0.4 ${SANITIZED:+-n 300}
	"$HERE/torture" 2 -s http -d file -m ce-dedup --pause 0.4 ${SANITIZED:+-n 300}
}

@test "memory is bounded" {
	[ -z "${SANITIZED:-}" ] || return 0
	mkfifo fifo
	spawn_sh 'exec ce-dedup --state seen <fifo >out'
	exec {w}>fifo
	padded 600000 1 >&"$w"
	wait_for lines out 590000
	kb=$(rss "$PID")
	echo "$kb kB"
	[ "$kb" -le 10240 ]
	exec {w}>&-
	ended "$PID"
	[ "$(stat -c %s seen)" -le 2800000 ]
}
