# filter.bats -- ce-filter: what meets the condition passes, byte for byte; what does
# not is told to the source; CESQL itself is tested in unit/cesql.c
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status is what bats' run sets
load help

filter() { timeout 30 ce-filter "$@"; }
passes() { # IDS ARGS...: of the events of in, these pass, and nothing is said
	local want=$1

	shift
	filter "$@" <in >out 2>said
	[ "$(ids <out | tr '\n' ' ')" = "$want${want:+ }" ] && [ ! -s said ] && return 0
	echo "$*: $(ids <out | tr '\n' ' '), not $want; said: $(cat said)"
	return 1
}
# refused CODE WHAT ARGS...: says WHAT, ends with CODE, prints nothing
refused() {
	local code=$1 what=$2

	shift 2
	run filter "$@" </dev/null
	[ "$status" = "$code" ] && [[ $output == *"$what"* ]] && [[ $output != *$'\e'* ]] && return 0
	echo "$*: $status: $output"
	return 1
}
dialect() { # IDS JSON
	printf '%s' "$2" >rules
	passes "$1" --dialect rules
}
wrong() { # WHAT JSON
	printf '%s' "$2" >rules
	refused 64 "$1" --dialect rules
}

@test "what passes is byte for byte what came, in order" {
	events 1000 >in
	filter 'EXISTS id' <in | cmp - in
	filter "type LIKE '%.plain' OR source = '/test/i'" <in >out
	grep -e '"type":"org.test.plain"' -e '"source":"/test/i"' in | cmp - out
	filter -v "type LIKE '%.plain' OR source = '/test/i'" <in >out
	grep -v -e '"type":"org.test.plain"' -e '"source":"/test/i"' in | cmp - out
	filter -v 'EXISTS id' <in >out
	[ ! -s out ]
	printf %s "$(events 1)" | filter 'true' | cmp - <(events 1)
}

@test "expressions over what is in an event" {
	events 10 >in
	passes '7' "EXISTS count AND count < 0"
	passes '7' "EXISTS flag AND flag"
	passes '1 2 3 4 5 10' "INT(id) IN (10, 1, 2, 3, 4, 5)"
	passes '10' "id = 10"
	passes '6' "EXISTS subject AND subject LIKE 'Gr__e _ 100\\% \"q\"'"
	passes '6' $'EXISTS subject\n\tAND LEFT(subject, 2) = "Gr"'
	passes '8' "EXISTS datacontenttype AND datacontenttype = 'application/json'"
}

@test "DATA looks into JSON data" {
	events 10 >in
	filter "DATA('/n') = 10" <in 2>said | ids | cmp - <(echo 10)
	filter "DATA('/a/b/1')" <in 2>/dev/null | ids | cmp - <(echo 4)
	filter "DATA('') = 'a JSON string'" <in 2>/dev/null | ids | cmp - <(echo 8)
	grep -q 'missingAttribute: the event has no JSON data for "/n"\|missingAttribute: the data has no "/n"' said
	[ "$(wc -l <said)" = 1 ]
}

@test "short forms: all must hold, and the expression, too" {
	events 10 >in
	passes '7' --exact type=org.test.full
	passes '7' --exact count=-7 --exact flag=true
	passes '2 5' --prefix type=org.test. --suffix source=f
	passes '7' --prefix source=// "id = '7'"
	passes '' --prefix source=// "id = '5'"
	passes '1 2 3 4 5 6 8 9 10' -v --exact flag=true
	passes '' --exact no=x
	passes '2' --exact 'source=/test/c?q=1#f'
	refused 64 'NAME=VALUE' --exact type
	refused 64 'must not be empty' --prefix type=
	refused 64 '--suffix =x' --suffix =x
	refused 64 '--exact Type=x' --exact Type=x
	refused 64 '--exact data=x: ' --exact data=x
	refused 64 '--exact ackto=x: ' --exact ackto=x
}

@test "dialects: all of them, nested" {
	events 10 >in
	dialect '1 2 3 4 5 6 7 8 9 10' '[]'
	dialect '7' '[{"exact":{"type":"org.test.full"}}]'
	dialect '7' '[{"exact":{"type":"org.test.full","partitionkey":"k1"}}]'
	dialect '' '[{"exact":{"type":"org.test.full","partitionkey":"k2"}}]'
	dialect '7' '{"exact":{"flag":"true","count":"-7"}}'
	dialect '5 6' '[{"prefix":{"source":"/test/"}},{"any":[{"suffix":{"type":".bare"}},{"suffix":{"type":".unicode"}}]}]'
	dialect '10' '[{"all":[{"sql":"id > 3"},{"suffix":{"type":"plain"}},{"not":{"exact":{"id":"3"}}}]}]'
	dialect '5' '[{"cesql":"id = '"'5'"'"}]'
	dialect '1 2 3 4 5 6 8 9 10' '[{"not":{"prefix":{"partitionkey":"k"}}}]'
	dialect '7' '[{"not":{"not":{"sql":"EXISTS time"}}}]'
	passes '' --dialect rules "id = '5'"
	passes '7' --dialect rules "id = '7'"
}

@test "dialects: SQL with an error does not hold, whatever is around it" {
	events 10 >in
	echo '[{"not":{"sql":"flag"}}]' >rules
	filter --dialect rules <in 2>said | ids | tr '\n' ' ' | cmp - <(printf '1 2 3 4 5 6 8 9 10 ')
	[ "$(wc -l <said)" = 1 ]
	grep -q missingAttribute said
}

@test "dialects: a mistake is told with its place" {
	wrong 'rules: at the top: must be a filter' '{}'
	wrong 'rules: at the top: must be a filter' '{"exact":{"a":"b"},"prefix":{"a":"b"}}'
	wrong '/0: must be a filter' '["x"]'
	wrong '/0/like: no dialect of that name' '[{"like":{"a":"b"}}]'
	wrong '/1/exact/type: its value must not be empty' '[{"sql":"true"},{"exact":{"type":""}}]'
	wrong '/0/exact/: ' '[{"exact":{"":"x"}}]'
	wrong '/0/exact/A~1~0: ' '[{"exact":{"A/~":"x"}}]'
	wrong '/0/prefix/n: must be a string' '[{"prefix":{"n":1}}]'
	wrong '/0/suffix: must be an object' '[{"suffix":[]}]'
	wrong '/0/exact: must be an object' '[{"exact":{}}]'
	wrong '/0/all: must be an array of filters, one at least' '[{"all":[]}]'
	wrong '/0/any/1/not: must be a filter' '[{"any":[{"sql":"true"},{"not":[]}]}]'
	wrong '/0/sql: must be a string' '[{"sql":{}}]'
	wrong 'rules: line 1, column' '{"exact":{"a":"1","a":"2"}}'
	wrong 'rules: line 1, column' '[{"exact"'
	wrong 'NUL' '[{"exact":{"a":"x\u0000y"}}]'
	wrong '/0/sql, line 1, column 3: equality is one =' '[{"sql":"a == 1"}]'
	[[ $output == *$'\nce-filter:     ^' ]]
	refused 78 'cannot open none' --dialect none
	refused 78 'cannot read' --dialect .
}

@test "a mistake in the expression: the line, a caret, what was expected, 64" {
	refused 64 'the expression, line 2, column 10: expected a value' $'type = 1\n AND\tid ='
	[[ $output == *$'\nce-filter:    AND id =\nce-filter:            ^' ]]
	refused 64 'there is nothing' ''
	refused 64 'an expression is missing'
	refused 64 'no UTF-8' $'a = "\xff"'
	refused 64 'nested too deeply' "$(printf '(%.0s' $(seq 1000))"
	refused 64 '--on-error dead needs --dead-letter' --on-error dead true
	refused 64 '' true false
}

@test "--explain prints the tree and reads nothing" {
	run filter --explain "NOT hop = 3 AND type LIKE 'a%'" </dev/null
	[ "$status" = 0 ]
	[ "${lines[0]}" = 'AND: Boolean' ] && [ "${lines[1]}" = '  =: Boolean' ]
	run filter --explain --exact type=x --dialect <(echo '[{"any":[{"sql":"a"},{"prefix":{"b":"c"}}]}]') 'true'
	[ "$output" = 'all
  exact type "x"
  any
    sql
      attribute a: as the event has it
    prefix b "c"
  sql
    true: Boolean' ] || { echo "$output"; return 1; }
	rc=0
	filter --explain true >/dev/full 2>said || rc=$?
	[ $rc = 74 ]
}

@test "--on-error drop: once for each kind, dropped, also with -v" {
	events 100 >in
	filter "hop = 1 OR INT(id) / 0 = 1" <in >out 2>said
	[ ! -s out ]
	[ "$(wc -l <said)" = 2 ]
	grep -q '^ce-filter: event 1: missingAttribute: the event has no attribute "hop" (column 1) (dropped; ' said
	grep -q '^ce-filter: event 1: math: division by zero (column 20) (dropped; ' said
	filter -v "hop = 1" <in >out 2>said
	[ ! -s out ] && [ "$(wc -l <said)" = 1 ]
	filter "NOSUCH(id)" <in >out 2>said
	[ ! -s out ] && grep -q 'missingFunction: "NOSUCH" is no function' said
	filter "LEFT(id, -1) = id" <in >out 2>said
	[ ! -s out ] && grep -q 'functionEvaluation' said
	filter "type + 1 = 1" <in >out 2>said
	[ ! -s out ] && grep -q 'cast: "org.test.spaced" is no Integer' said
	filter "type" <in >out 2>said
	[ ! -s out ] && grep -q 'generic: the result is no Boolean but a String' said
	filter "1 + 1" <in >out 2>said
	[ ! -s out ] && grep -q 'never a Boolean' said
}

@test "--on-error pass: passed as it came" {
	events 100 >in
	filter --on-error pass "hop = 1" <in 2>said | cmp - in
	[ "$(wc -l <said)" = 1 ]
	filter --on-error pass "flag AND count = 1" <in 2>/dev/null | cmp - <(grep -v '"flag"' in)
}

@test "--on-error dead: to the dead letters, with the reason" {
	events 100 >in
	filter --on-error dead --dead-letter dead "NOT flag" <in >out 2>/dev/null
	[ ! -s out ]
	[ "$(wc -l <dead)" = 90 ]
	jq -se 'all(.deadreason == "missingAttribute: the event has no attribute \"flag\" (column 5)" and .deadstage == "ce-filter")' dead >/dev/null
	ce-src-file --as events --state state --until-end in |
		timeout 30 ce-filter --quiet --on-error dead --dead-letter dead2 "flag" 2>/dev/null | ce-sink-file got
	[ "$(wc -l <dead2)" = 90 ]
	not grep -q ackto dead2
	cmp got <(grep '"flag":true' in)
	[ -z "$(ce-src-file --as events --state state --until-end --ack none in)" ]
}

@test "with acks: what was dropped is finished, what passed when it was delivered" {
	events 5000 >in
	spawn_sh "ce-src-file --as events --state state --until-end --window 100 in |
		ce-filter \"id = '4999'\" | ce-filter 'EXISTS id' | ce-sink-file out"
	DEADLINE=20 ended "$PID"
	[ "$RC" = 0 ]
	sed -n 4999p in | cmp - out
	[ -z "$(ce-src-file --as events --state state --until-end --ack none in)" ]
}

@test "with acks counted exactly: a long run of removals holds nothing up" {
	events 5000 >in
	spawn_sh "ce-src-file --as events --state state --until-end --window 100 --ack-count exact in |
		ce-filter \"id = '4999'\" | ce-sink-file out"
	DEADLINE=20 ended "$PID"
	[ "$RC" = 0 ]
	sed -n 4999p in | cmp - out
}

@test "kill -9 of the filter, again and again, alone and three deep: nothing is lost" {
	local f was kills=0 stages=('ce-filter "id NOT LIKE '"'%3'"'"' 'ce-filter -v --suffix id=5')

	events 8000 >in
	grep -v -e '"id":"[0-9]*[35]"' in >want
	for f in one three; do
		rm -f state out
		: >out
		pipe="${stages[0]} | ${stages[1]}"
		[ $f = three ] && pipe="$pipe | ce-filter 'EXISTS source'"
		for round in $(seq 8); do
			was=$(wc -l <out)
			# slow enough to be killed in the middle
			spawn_sh "ce-src-file --as events --state state --until-end --window 50 --commit-every 20ms in 2>/dev/null |
				$pipe 2>/dev/null | ce-sink-file out 2>/dev/null"
			pid=$PID
			[ "$round" -ge 8 ] || {
				wait_for moved
				victim=$(pgrep -g "$pid" -x ce-filter | shuf -n 1) || :
				[ -z "$victim" ] || ! kill -9 "$victim" 2>/dev/null || kills=$((kills + 1))
			}
			DEADLINE=30 ended "$pid"
		done
		[ "$RC" = 0 ]
		sort -u out | cmp - <(sort -u want)
	done
	echo "$kills kills"
	[ $kills -ge 6 ]
}
moved() { lines out $((was + 40)) || gone_or_zombie "$pid"; }

@test "a rejected line, and one that is too long: not passed, not lost in silence" {
	{ events 1; echo 'no event'; events 1 2; } >in
	run filter true <in
	[ "$status" = 65 ] && [[ $output == *'line 2'* ]]
	filter --quiet --dead-letter dead true <in >out
	[ "$(ids <out | tr '\n' ' ')" = '1 2 ' ]
	[ "$(wc -l <dead)" = 1 ]
}

@test "runs of lines that pass, of every length, in chunks of every size" {
	local runs=$HERE/data/runs.py

	for seed in 1 2 3 4 5 6; do
		python3 "$runs" make "$seed" >in
		grep '"t":"y"' in >want
		python3 "$runs" chop "$seed" <in | ce-filter "t = 'y'" | ce-map --remove nosuch |
			python3 "$runs" sip "$seed" | cmp - want
		rm -f state
		grep . in >lines
		# what comes stamped, and is to be told of what does not pass
		ce-src-file --as events --state state --until-end lines | python3 "$runs" sip "$seed" |
			ce-filter "t = 'y'" | ce-map --remove nosuch | python3 "$runs" sip "$seed" |
			ce-sink-file --sync none out
		tr -d '\r' <want | cmp - <(tr -d '\r' <out)
		rm out
	done
}

@test "what comes while the output waits for its reader does not lie there once it reads" {
	padded 1080 1000 >in
	events 10 >late
	mkfifo from to
	spawn_sh 'exec ce-filter true <from >to'
	exec {w}>from {r}<to
	cat in >&"$w"
	wait_for resting "$PID"
	cat late >&"$w"
	wait_for resting "$PID"
	spawn_sh "exec cat <&$r >out"
	exec {r}<&-
	wait_for lines out 1090
	cat in late | cmp - out
	exec {w}>&-
}

@test "memory stays what it is, whatever flows through" {
	[ -z "${SANITIZED:-}" ] || return 0
	padded 100000 500 >in
	for e in "LOWER(DATA('')) LIKE 'p%'" "CONCAT(type, id) <> UPPER(source)"; do
		rm -f fifo out
		mkfifo fifo
		# shellcheck disable=SC2016
		spawn bash -c 'exec ce-filter "$1" <fifo >out' - "$e"
		pid=$PID
		exec {w}>fifo
		cat in >&"$w"
		wait_for lines out 99000
		[ "$(rss "$pid")" -le 10240 ] || { rss "$pid"; return 1; }
		exec {w}>&-
		ended "$pid"
		cmp in out
	done
}

@test "it ends when its reader has gone, also when there is nothing to write" {
	events 3 >in
	spawn_sh 'ce-src-file -f --as events --state s --ack-wait 1h in 2>said | ce-filter true 2>first | ce-filter true 2>second | head -n 3 >out'
	ended "$PID"
	[ "$(wc -l <out)" = 3 ]
	[ "$(<second)" = 'ce-filter: cannot write standard output: nobody reads it any more' ]
}
