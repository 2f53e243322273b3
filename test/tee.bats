# tee.bats -- ce-tee: several branches, each acknowledged on its own
# SPDX-License-Identifier: Apache-2.0
load help
bats_require_minimum_version 1.5.0

left() { ce-src-file --as events --state state --until-end --ack none in; } # what is not finished
rounds() { test -x "$HERE/torture" && "$HERE/torture" "$1" -s "$2" -d "$3" -m "${4:-none}" "${@:5}" --pause 1; }

@test "two branches, killed each" { rounds 8 file tee2 none -n 20000 -k one; }
@test "five branches, killed each" { rounds 5 file tee5 none -n 20000 -k one; }
@test "two branches behind a server, killed each" { rounds 3 http tee2 none -k one; }
@test "two branches, all killed" { rounds 3 file tee2 none -n 20000 -k all; }
@test "two branches, SIGTERM: no duplicates" { rounds 2 file tee2 none -n 20000 -k term; }

@test "every branch gets every line, byte for byte" {
	events 3000 >in
	ce-src-file --as events --state state --until-end in |
		ce-tee 'ce-sink-file a' 'ce-sink-file b' 'cat >/dev/null; exit 0' 2>said
	cmp in a
	cmp in b
	ce-tee 'cat >c' 'cat >d' <in
	cmp in c
	cmp in d
}

@test "nothing is finished before the slowest branch has finished it" {
	events 50 >in
	mkfifo hold
	spawn_sh 'ce-src-file --as events --state state --commit-every 10ms in -f |
		ce-tee "ce-sink-file a" "cat hold >&2; ce-sink-file b"'
	exec {GATE}<>hold
	wait_for lines a 50
	wait_for lines state 1
	cp state before
	[ "$(ce-src-file --as events --state before --until-end --ack none in | wc -l)" = 50 ]
	exec {GATE}>&-
	wait_for lines b 50
	kill -TERM -- "-$PID"
	wait_for empty_group "$PID"
	[ -z "$(left)" ]
}

@test "what a branch filters out is finished there" {
	events 200 >in
	ce-src-file --as events --state state --until-end in |
		ce-tee 'grep -v x | ce-sink-file a' 'jq -c "select(.id == \"7\")" | ce-sink-file b' 'ce-sink-file c'
	[ -z "$(left)" ]
	cmp in c
	[ "$(ids <b)" = 7 ]
}

@test "a branch that dies ends the whole with its code, and its events come again" {
	events 2000 >in
	spawn_sh 'set -o pipefail; ce-src-file --as events --state state --until-end in 2>said |
		{ ce-tee "ce-sink-file a" "head -n 5 >b; exit 3" 2>tee; echo $? >code; }'
	ended "$PID"
	[ "$RC" != 0 ]
	[ "$(cat code)" = 3 ]
	grep -q '^ce-tee: branch 2 (head -n 5 >b; exit 3) has ended with 3$' tee
	[ "$(left | wc -l)" -gt 1990 ]
	padded 20000 200 >in # more than a pipe holds
	run -74 ce-tee 'head -n 1 >b' <in
	mkfifo all fifo # all of it is read, and kept for a branch that leaves off only then
	exec {w}<>fifo
	spawn_sh "ce-tee 'until [ -e go ]; do read -r line <fifo; done; head -n 1 >b' <all 2>tee"
	cat in >all
	touch go
	echo >&"$w"
	ended "$PID"
	[ "$RC" = 74 ]
	exec {w}>&-
	grep -q 'has ended with 0$' tee
	run -137 ce-tee 'kill -9 $$' <in
}

@test "--keep-going: a dead branch's events go to the dead letters" {
	events 300 >in
	ce-src-file --as events --state state --until-end in |
		{ rc=0; ce-tee -k --dead-letter dead 'ce-sink-file a' 'head -n 3 >b; exit 9' 2>said || rc=$?; [ $rc = 9 ]; }
	cmp in a
	[ -z "$(left)" ]
	[ "$(ids <dead)" = "$(ids <in)" ]
	[ "$(jq -r .deadreason dead | sort -u)" = 'branch 2 (head -n 3 >b; exit 9) has ended with 9' ]
	jq -c 'del(.deadreason, .deadstage, .deadtime, .deadattempts)' dead | diff - <(jq -c . in)
	run -64 ce-tee -k 'cat' <in
}

@test "a stopped branch holds the others up only by the buffer and the window" {
	padded 40000 500 >in
	mkfifo gate
	# shellcheck disable=SC2016
	spawn_sh 'exec ce-tee --buffer 4M "cat >a" "echo \$\$ >slow; read -r go <gate; cat >b" <in'

	wait_for lines slow 1
	# 4 MB and what the pipe holds: more than 8000 events, and not all of them
	wait_for lines a 8000
	[ -n "${SANITIZED:-}" ] || [ "$(awk '/^VmHWM/ { print $2 }' "/proc/$PID/status")" -lt 20000 ]
	echo >gate
	ended "$PID"
	[ "$RC" = 0 ]
	cmp in a
	cmp in b
	run -0 wc -l a
}

@test "--route: to the first that takes it, to all, or to the rest" {
	events 100 >in
	ce-tee -r 'INT(id) < 10' 'cat >a' -r 'INT(id) < 20' 'cat >b' 'cat >c' <in
	[ "$(ids <a | wc -l) $(ids <b | wc -l) $(ids <c | wc -l)" = '9 10 81' ]
	ce-tee -a -r 'INT(id) < 10' 'cat >a' -r 'INT(id) < 20' 'cat >b' 'cat >c' <in
	[ "$(ids <a | wc -l) $(ids <b | wc -l) $(ids <c | wc -l)" = '9 19 81' ]
	# What no branch takes is finished.
	ce-src-file --as events --state state --until-end in |
		ce-tee -r "id = '5'" 'ce-sink-file d' -r "id = '6'" 'ce-sink-file e'
	[ "$(ids <d) $(ids <e)" = '5 6' ]
	[ -z "$(left)" ]
	run -64 ce-tee -r 'id = ' 'cat' <in
	[[ $output == *'--route'* ]]
	run -64 ce-tee -r 'TRUE' -r 'TRUE' 'cat' <in
	run -64 ce-tee -r 'TRUE' cat cat cat <in
	run -64 ce-tee -a cat <in
	ce-tee -r 'INT(nosuch) = 1' 'cat >a' 'cat >b' <in 2>said
	cmp in b
	[ "$(grep -c missingAttribute said)" = 1 ]
}

@test "--spread: one of several copies, the same for the same key" {
	events 1000 | jq -c --unbuffered '.subject = (.id | tonumber % 7 | tostring)' >in
	ce-src-file --as events --state state --until-end in | ce-tee -s key '{subject}' 3 'ce-sink-file out$CE_BRANCH'
	[ -z "$(left)" ]
	cat out? | sort | cmp - <(sort in)
	# no subject is in two files, and each file has them in their order
	[ "$(for f in out?; do jq -r .subject "$f" | sort -u; done | sort | uniq -d)" = '' ]
	for f in out?; do ids <"$f" | sort -nc; done
	rm out?
	ce-tee -s roundrobin 4 'cat >out$CE_BRANCH' <in
	cat out? | sort | cmp - <(sort in)
	[ "$(wc -l <out1)" = 250 ]
	for a in '-s key 3 cat' '-s roundrobin x cat' '-s roundrobin 0 cat' '-s roundrobin 2 cat cat' \
		'-s key {subject 2 cat' '-s key {id} 2 -r TRUE cat'; do
		# shellcheck disable=SC2086
		run -64 ce-tee $a <in
	done
}

@test "a copy of --spread that dies leaves its share to the others, with --keep-going" {
	events 400 >in
	# shellcheck disable=SC2016
	ce-src-file --as events --state state --until-end in |
		{ rc=0; ce-tee -k --dead-letter dead -s roundrobin 3 'test $CE_BRANCH != 2 || exit 5; ce-sink-file out$CE_BRANCH' 2>said || rc=$?; [ $rc = 5 ]; }
	[ -z "$(left)" ]
	touch dead
	cat out? <(jq -c 'del(.deadreason, .deadstage, .deadtime, .deadattempts)' dead) | ids | sort -n | cmp - <(ids <in)
}

@test "several sinks of a branch, and a tee in a tee" {
	events 500 >in
	ce-src-file --as events --state state --until-end in |
		ce-tee 'ce-tee "ce-sink-file a" "ce-sink-file b"' 'ce-sink-file c'
	for f in a b c; do cmp in "$f"; done
	[ -z "$(left)" ]
	[ -z "$(ls run)" ]
}

@test "a branch has its own pipe and none of the others" {
	events 3 >in
	for more in '' cat 'cat cat'; do
		# shellcheck disable=SC2086
		ce-tee $more 'ls -l /proc/self/fd | grep -c pipe: >pipes; cat >/dev/null' $more <in >out
		cat pipes
	done | uniq >counts
	[ "$(wc -l <counts)" = 1 ]
}

@test "a branch that closes its input and lives on is given up after a second, however busy it is" {
	events 1 >one
	mkfifo gate
	# An event now and then, so that there is always something else to do.
	spawn_sh 'for i in $(seq 400); do cat one || exit; read -rt 0.02 <> <(:); done | { rc=0
		timeout 15 ce-tee "exec <&-; read -r go <gate" "cat >/dev/null" 2>said || rc=$?; exit $rc; }'
	ended "$PID"
	[ "$RC" = 74 ]
	has said 'branch 1 (exec <&-; read -r go <gate) reads no more'
}
