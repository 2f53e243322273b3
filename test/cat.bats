# cat.bats -- ce-cat: several inputs, whole lines, nobody waits for another
# SPDX-License-Identifier: Apache-2.0
load help

@test "each line byte for byte, each input in its order" {
	events 3000 >a
	events 3000 5001 | sed 's/}[ \t]*$/, "b" : 1 }  /' >b
	ce-cat a | cmp - a
	ce-cat - <a | cmp - a
	ce-cat /dev/stdin <a | cmp - a
	for how in 'a b' '<(cat a) <(cat b)' 'a <(cat b)' '- /dev/fd/7' '/proc/self/fd/7 -'; do
		eval "ce-cat $how" <a 7<b >out
		grep '"b" : 1' out | cmp - b
		grep -v '"b" : 1' out | cmp - a
	done
	[ -z "$(ce-cat /dev/null /dev/null a b </dev/null >/dev/null)" ]
	printf '\357\273\277{"x":1}\n' >bom
	ce-cat bom bom | cmp - <(printf '{"x":1}\n{"x":1}\n')
}

@test "a last line without a newline gets one, an empty input gives nothing" {
	printf 'a\nb' >a
	printf 'c' >b
	: >empty
	ce-cat a empty b | sort | cmp - <(printf 'a\nb\nc\n')
	printf '\n\n' | ce-cat - | cmp - <(printf '\n\n')
	[ -z "$(ce-cat empty)" ]
}

@test "long lines of several writers are not mixed" {
	writer() { for _ in $(seq 40); do head -c "$2" /dev/zero | tr '\0' "$1"; echo; done; }
	ce-cat <(writer a 300000) <(writer b 70000) <(writer c 1) <(writer d 999999) >out
	for k in 'a 300000' 'b 70000' 'c 1' 'd 999999'; do
		[ "$(grep -cE "^${k% *}+$" out)" = 40 ]
		grep -E "^${k% *}+$" out | awk -v n="${k#* }" 'length($0) != n { exit 1 }'
	done
	[ "$(wc -l <out)" = 160 ]
}

@test "FIFOs: none is waited for, and none is over before its first writer" {
	mkfifo x y z
	seq 3 >a
	spawn_sh 'ce-cat x y a z >out 2>said; echo $? >code'
	wait_for lines out 3
	exec 7>z
	echo late >&7
	wait_for lines out 4
	exec 7>&-
	ce_cat=$(pgrep -g "$PID" -x ce-cat)
	wait_for resting "$ce_cat"
	exec 7>x 8>y
	printf half >&8
	echo one >&7
	wait_for lines out 5
	exec 7>&-
	echo way >&8
	wait_for lines out 6
	[ ! -e code ]
	exec 8>&-
	wait_for test -s code
	[ "$(cat code)" = 0 ] && [ ! -s said ]
	[ "$(tail -n 3 out | tr '\n' ' ')" = 'late one halfway ' ]
}

@test "an endless input starves nobody" {
	mkfifo go
	spawn_sh 'ce-cat <(yes busy) <(yes hurry) <(read -r _ <go; seq 5) | awk "/^[1-5]/ { print; fflush(); if (++n == 5) exit }" >out'
	pid=$PID
	echo now >go
	wait_for lines out 5
	wait_for empty_group "$pid"
}

@test "the reader goes: so does ce-cat, and so do its sources, busy or not" {
	spawn_sh 'ce-cat <(yes) <(yes no) 2>said | head -n 1 >out'
	wait_for lines said 1 # before that there may be no group yet
	wait_for empty_group "$PID"
	[ "$(wc -l <said)" = 1 ]
	mkfifo quiet leave
	exec 7<>quiet
	spawn_sh '{ ce-cat quiet <(echo x) 2>said2; echo $? >code; } | { read -r _; read -r _ <leave; }'
	echo go >leave
	wait_for test -s code
	exec 7>&-
	[ "$(cat code)" = 74 ]
	grep -q '^ce-cat: cannot write standard output: ' said2 && [ "$(wc -l <said2)" = 1 ]
}

@test "an input that cannot be read is named, the others go through, 74" {
	seq 5 >a
	mkdir d
	rc=0
	ce-cat nix d a /dev/fd/99 /dev/fd/3 >out 2>said 3<&- || rc=$?
	[ $rc = 74 ]
	cmp a out
	[ "$(wc -l <said)" = 4 ]
	grep -qx 'ce-cat: cannot read nix: No such file or directory' said
	grep -qx 'ce-cat: cannot read d: Is a directory' said
	grep -q '^ce-cat: cannot read /dev/fd/99: ' said
	rc=0
	ce-cat a out >>out 2>said || rc=$?
	[ $rc = 74 ] && grep -q 'it is the output' said
	rc=0
	ce-cat - <&- 2>said || rc=$?
	[ $rc = 74 ] && grep -q '^ce-cat: cannot read standard input: ' said
}

@test "wrong use is 64: no input, one pipe twice" {
	mkfifo f
	seq 3 >a
	for o in '' '- -' '- /dev/stdin' 'f f' '/dev/fd/7 /proc/self/fd/7' '--nonsense a'; do
		# shellcheck disable=SC2086 # words
		run timeout 5 bash -c "seq 3 | ce-cat $o 7<a"
		[ "$status" = 64 ] || { echo "$o: $status $output"; return 1; }
	done
	ce-cat a a | sort | uniq -c | awk '$1 != 2 { exit 1 }'
}

@test "a line that is too long is refused by its name and number" {
	{ padded 1 10; padded 1 5000; padded 1 20; } >a
	rc=0
	ce-cat --max-event 1k a >out 2>said || rc=$?
	[ $rc = 65 ]
	head -n 1 a | cmp - out
	grep -q '^ce-cat: cannot take line 2 of a: longer than --max-event: {"spec' said
	ce-cat --max-event 1k --dead-letter dead a >out 2>said
	sed 2d a | cmp - out
	[ "$(wc -l <dead)" = 1 ] && jq -e '.deadreason == "longer than --max-event" and .deadstage == "ce-cat"' dead >/dev/null
}

@test "memory: a very long line, and very many inputs" {
	[ -z "${SANITIZED:-}" ] || return 0
	rc=0
	head -c 300M /dev/zero | tr '\0' a | (ulimit -v 60000; exec ce-cat --max-event 1M - >out 2>said) || rc=$?
	[ $rc = 65 ]
	mkfifo $(seq -f f%g 300)
	ulimit -S -n 128
	# shellcheck disable=SC2016
	spawn_sh 'ce-cat $(seq -f f%g 300) >out'
	wait_for pgrep -g "$PID" -x ce-cat >/dev/null
	ce_cat=$(pgrep -g "$PID" -x ce-cat)
	padded 2000 400 >some
	exec 7>f1
	for i in $(seq 300); do cat some >f"$i" & done
	wait_for lines out 300000
	[ "$(rss "$ce_cat")" -le 10240 ] || { rss "$ce_cat"; return 1; }
	exec 7>&-
	ended "$PID"
	[ "$RC" = 0 ] && [ "$(wc -l <out)" = 600000 ]
}

@test "the end of a stage that was killed is no line: 75, it comes again" {
	events 100 >in
	{ sed 's/}[ \t]*$/,"ackto":"abc.1"}/' in; printf '{"specversion":"1.0","id":"half'; } >torn
	rc=0
	ce-cat torn >out 2>said || rc=$?
	[ $rc = 75 ]
	head -n 100 torn | cmp - out
	grep -qx 'ce-cat: the last line of torn is not whole (the stage before has died?)' said
	# A whole event is one without its newline, too.
	printf %s "$(head -n 100 torn)" | ce-cat - | cmp - <(head -n 100 torn)
	# Where no source waits nothing may be left out: the next stage refuses it.
	{ cat in; printf '{"specversion":"1.0","id":"half'; } >torn
	ce-cat torn | cmp - <(cat torn; echo)
}

@test "SIGTERM: the sources drain, 0; without them it leaves with 75" {
	events 2000 >a
	events 2000 3001 >b
	spawn_sh 'set -o pipefail; ce-cat <(exec ce-src-file --as events -f --state sa a) <(exec ce-src-file --as events -f --state sb b) | ce-sink-file out'
	pid=$PID
	wait_for lines out 4000
	pgrep -g "$pid" -x ce-src-file | xargs kill -TERM
	ended "$pid"
	wait_for empty_group "$pid"
	[ "$RC" = 0 ]
	sort out | cmp - <(sort a b)
	[ -z "$(ce-src-file --as events --state sa --until-end --ack none a; ce-src-file --as events --state sb --until-end --ack none b)" ]
	rm sa sb out
	spawn_sh 'set -o pipefail; ce-cat <(exec ce-src-file --as events -f --state sa a) <(exec ce-src-file --as events -f --state sb b) | ce-sink-file out'
	pid=$PID
	wait_for lines out 4000
	kill -TERM "$(pgrep -g "$pid" -x ce-cat)"
	ended "$pid"
	[ "$RC" = 75 ]
	kill -TERM -- "-$pid" 2>/dev/null || :
	wait_for empty_group "$pid"
	sort out | cmp - <(sort a b)
}

@test "two sources with acks: none is lost whoever is killed" {
	local n=30000 victims=(ce-src-file ce-cat ce-sink-file) round pid hit=0

	[ -z "${SANITIZED:-}" ] || n=10000
	events $n >a
	events $n 900001 >b
	for ((round = 0; ; round++)); do
		spawn_sh 'set -o pipefail; ce-cat <(exec ce-src-file --as events --state sa --until-end --window 200 a) \
			<(exec ce-src-file --as events --state sb --until-end --window 200 b) |
			ce-rate --per-second 20000 | ce-sink-file out'
		pid=$PID
		if ((round < 24)); then
			read -rt "0.$((RANDOM % 2))$((RANDOM % 9 + 1))" -u "$NAP" || :
			if ((round % 4 == 3)); then kill -9 -- "-$pid" 2>/dev/null || :
			else pgrep -g "$pid" -x "${victims[round % 4]}" | head -n 1 | xargs -r kill -9 2>/dev/null || :; fi
		fi
		ended "$pid"
		wait_for empty_group "$pid"
		[ "$RC" = 0 ] || hit=$((hit + 1))
		if ((round >= 24)); then
			[ "$RC" = 0 ]
			break
		fi
	done
	sort -u out | cmp - <(sort -u a b)
	echo "$(wc -l <out) lines of $((2 * n)), $hit hit"
	[ "$hit" -ge 2 ]
	[ "$(wc -l <out)" -le $((2 * n + 24 * 400)) ]
	[ -z "$(ce-src-file --as events --state sa --until-end --ack none a; ce-src-file --as events --state sb --until-end --ack none b)" ]
}

@test "filters behind it, ce-map and grep, and acks of both sources" {
	events 2000 >a
	events 2000 3001 >b
	bash -o pipefail -c 'ce-cat <(ce-src-file --as events --state sa --until-end a) <(ce-src-file --as events --state sb --until-end b) |
		ce-map --set by=me | ce-rate --drop --per-second 0.001 --key "{source}{type}" | ce-sink-file out'
	[ -s out ]
	wait_for nothing_left
}
nothing_left() {
	[ -z "$(ce-src-file --as events --state sa --until-end --ack none a 2>/dev/null; ce-src-file --as events --state sb --until-end --ack none b 2>/dev/null)" ]
}
