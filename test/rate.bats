# rate.bats -- ce-rate: how fast, until when, and what becomes of what is held
# SPDX-License-Identifier: Apache-2.0
load help

E='{"specversion":"1.0","source":"/s"'

# took CMD...: it succeeds; in MS how long that took.
took() {
	local t0=${EPOCHREALTIME/./}

	"$@" || return 1
	MS=$(((${EPOCHREALTIME/./} - t0) / 1000))
	echo "$* took $MS ms"
}
pass() { ce-rate "${@:2}" <"$1" >out; } # FILE OPTIONS...

@test "so many a second, in order, byte for byte" {
	events 120 >in
	took pass in --per-second 100
	cmp in out
	[ "$MS" -ge 1150 ] && [ "$MS" -le 6000 ]
	events 40000 >in
	took pass in --per-second 50000
	cmp in out
	[ "$MS" -ge 760 ] && { [ -n "${SANITIZED:-}" ] || [ "$MS" -le 4000 ]; }
	events 3 >in
	took pass in --per-second 2.5
	[ "$MS" -ge 790 ]
}

@test "--burst: so many at once, then one by one" {
	events 30 >in
	took pass in --per-second 10 --burst 20
	[ "$MS" -ge 990 ] && [ "$MS" -le 5000 ]
	took pass in --per-second 0.001 --burst 30
	[ "$MS" -le 3000 ]
}

@test "--key: a rate of its own for each value" {
	for i in $(seq 50); do for k in a b c d e f; do echo "$E,\"id\":\"$i\",\"type\":\"$k\"}"; done; done >in
	took pass in --per-second 50 --key '{type}'
	cmp in out
	[ "$MS" -ge 970 ] && [ "$MS" -le 5500 ]
	rc=0
	ce-rate --per-second 50 --key '{subject}' <in 2>said || rc=$?
	[ $rc = 65 ]
	grep -q 'cannot tell its rate: the event has no subject' said
	ce-rate --per-second 50000 --key '{subject|none}' <in | cmp - in
}

@test "--key: memory follows from the keys that are active" {
	n=${SANITIZED:+20000}
	n=${n:-400000}
	awk -v n="$n" 'BEGIN { for (i = 0; i < n; i++) printf "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/s\",\"type\":\"t\"}\n", i }' >in
	# shellcheck disable=SC2016
	spawn_sh 'ce-rate --drop --per-second 0.001 --key {id} <in >out; touch over; read -r _'
	wait_for test -e over
	[ "$(wc -l <out)" = 32768 ] || [ -n "${SANITIZED:-}" ]
	[ -n "${SANITIZED:-}" ] || (ulimit -v 30000; ce-rate --per-second 1000 --burst 100 --key '{id}' <in | cmp - in)
}

@test "--drop: what is too much is dropped, and that is acknowledged" {
	events 1000 >in
	ce-src-file --as events --state st --until-end in | ce-rate --verbose --drop --per-second 0.001 --burst 10 2>said | ce-sink-file out
	head -n 10 in | cmp - out
	grep -q '990 events were dropped' said
	[ -z "$(ce-src-file --as events --state st --until-end --ack none in)" ]
}

@test "--delay-until: a time, seconds, a delay; order kept" {
	at=$(($(date +%s%3N) + 900))
	{
		echo "$E,\"id\":\"1\",\"type\":\"t\",\"time\":\"2001-01-01T00:00:00Z\"}"
		echo "$E,\"id\":\"2\",\"type\":\"t\",\"time\":\"$(date -u -d "@${at%???}.${at: -3}" +%FT%T.%3NZ)\"}"
		echo "$E,\"id\":\"3\",\"type\":\"t\",\"time\":\"1999-01-01T00:00:00+05:30\"}"
	} >in
	took pass in --delay-until '{time}'
	cmp in out
	[ "$(date +%s%3N)" -ge "$at" ] && [ "$MS" -le 5000 ]
	took pass in --delay-until '{time}+1s'
	[ "$(date +%s%3N)" -ge $((at + 1000)) ]
	took pass in --delay-until "${at%???}.${at: -3}"
	[ "$MS" -le 2000 ]
	took pass in --delay-until '{nothing|}'
	[ "$MS" -le 2000 ]
	for t in '{nothing}' noon '{type}' '{time}+5'; do
		rc=0
		ce-rate --delay-until "$t" --dead-letter dead <in >out 2>said || rc=$?
		[ $rc = 0 ] && [ ! -s out ]
	done
	[ "$(wc -l <dead)" = 12 ]
	jq -r .deadreason dead | grep -qx 'cannot hold it until "noon": that is no time'
}

@test "while one is held those before it are acknowledged, and SIGTERM leaves it: 75, it comes again" {
	events 5 >in
	sed -i 's/}[ \t]*$/,"until":"0"}/; 4,5s/"until":"0"/"until":"99999999999"/' in
	# shellcheck disable=SC2016
	spawn_sh 'set -o pipefail; ce-src-file --as events --state st -f --commit-every 20ms in |
		{ echo $BASHPID >pid; exec ce-rate --delay-until "{until}" 2>said; } | ce-sink-file out'
	pid=$PID
	wait_for lines out 3
	rate=$(cat pid)
	wait_for acked_three
	wait_for resting "$rate"
	kill -TERM "$rate"
	ended "$pid"
	[ "$RC" = 75 ]
	[ "$(wc -l <out)" = 3 ]
	grep -qx 'ce-rate: leaving with 1 event untaken: it is held until its time' said
	[ "$(wc -l <said)" = 1 ]
	ce-src-file --as events --state st --until-end --ack none in | cmp - <(tail -n 2 in)
}
# The state names the byte behind the third line.
acked_three() { grep -qs "$(head -n 3 in | wc -c)" st; }

@test "held with input waiting: no processor time, nothing said" {
	events 20000 >in
	# shellcheck disable=SC2016
	spawn_sh '{ echo $BASHPID >pid; exec ce-rate --per-second 0.001 <in 2>said; } | { read -r _; touch read; read -r _ <stop; }'
	pid=$PID
	wait_for test -e read
	wait_for resting "$(cat pid)"
	[ ! -s said ]
	switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$(cat pid)/status"; }
	a=$(switches)
	read -rt 1 -u "$NAP" || :
	[ $(($(switches) - a)) -le 3 ]
}

@test "the end of the input: what is held still goes, at its rate" {
	events 30 >in
	took pass in --per-second 50
	cmp in out
	[ "$MS" -ge 570 ]
}

@test "wrong use is 64" {
	for o in '' '--drop' '--key {type}' '--per-second 0' '--per-second -1' '--per-second x' '--per-second 1e3' '--per-second 1.2.3' \
		'--per-second inf' '--per-second 9999999999' '--per-second 5 --burst 0' '--per-second 5 --key {' '--delay-until {' '--drop --delay-until 5'; do
		# shellcheck disable=SC2086 # words
		run timeout 5 ce-rate $o </dev/null
		[ "$status" = 64 ] || { echo "$o: $status $output"; return 1; }
	done
}

@test "kill -9 of any stage while events are held: nothing is lost" {
	"$HERE/torture" 4 -s file -d file -m ce-rate -k one -k all ${SANITIZED:+-n 300}
	"$HERE/torture" 1 -s http -d file -m ce-rate -k one ${SANITIZED:+-n 300}
}
