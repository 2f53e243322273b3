# jq.bats -- ce-jq: a jq program between a source and a sink
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016 # status is what bats' run sets; programs are jq's
load help
setup() { [ -x "$B/bin/ce-jq" ] || skip "ce-jq was not built: no libjq"; }

ONE='{"specversion":"1.0","id":"a\"b","source":"/s","type":"t","x":15,"data":{"a":[1,2,3],"b":"x"}}'
one() { timeout 10 ce-jq "$@" <<<"$ONE"; }
gives() { # WANT ARGS...: data of what comes out
	local want=$1

	shift
	one "$@" | jq -c .data | cmp - <(printf '%s\n' "$want") && return 0
	echo "$*: $(one "$@" 2>&1)"
	return 1
}
refuses() { # WHAT ARGS...: 65, nothing printed
	local what=$1

	shift
	run one "$@"
	[ "$status" = 65 ] && [[ $output == ce-jq:*"$what"* ]] && [ "${#lines[@]}" = 1 ] && return 0
	echo "$*: $status: $output"
	return 1
}
wrong() { # WHAT ARGS...: 64, one line
	local what=$1

	shift
	run one "$@"
	[ "$status" = 64 ] && [[ $output == *"$what"* ]] && [ "${#lines[@]}" = 1 ] && return 0
	echo "$*: $status: $output"
	return 1
}

@test "data is replaced, all else is byte for byte" {
	echo '{ "type" : "t" , "data":{"n":1},"id":"1",	"source":"\/s","x":15,"none":null,"specversion":"1.0" }' |
		ce-jq '.n + 1' | cmp - <(echo '{ "type" : "t" , "data":2,"id":"1",	"source":"\/s","x":15,"none":null,"specversion":"1.0" }')
	gives '[3,2,1]' '.a|reverse'
	events 200 >in
	ce-jq . <in | jq -c . | cmp - <(jq -c . in)
	ce-jq --event . <in | cmp - <(jq -c . in)
}

@test "no output drops, several outputs are several events" {
	[ -z "$(one empty)" ]
	one '.a[]' | jq -r '"\(.id) \(.data)"' | cmp - <(printf '%s\n' 'a"b-1 1' 'a"b-2 2' 'a"b-3 3')
	one --event '.data.a[] as $n | .data = $n' | jq -r '"\(.id) \(.data)"' | cmp - <(printf '%s\n' 'a"b-1 1' 'a"b-2 2' 'a"b-3 3')
	one .b | jq -r .id | cmp - <(echo 'a"b')
	# an id of its own stays, one that lacks is the first's
	one --event '(.id = "z"), ., {specversion,type,source}' | ids | cmp - <(printf '%s\n' z 'a"b-2' 'a"b-3')
	one --event '.type = "u"' | jq -r '.id + .type' | cmp - <(echo 'a"bu')
	events 100 | ce-jq --event 'select(.id | tonumber % 2 == 0)' | wc -l | grep -qx 50
}

@test "kinds of data: JSON, text, bytes, none" {
	e='"specversion":"1.0","id":"1","source":"/s","type":"t"'
	{
		echo "{$e,\"datacontenttype\":\"text/plain\",\"data\":\"abc\"}"
		echo "{$e,\"datacontenttype\":\"text/plain\",\"data\":\"12\"}"
		echo "{$e,\"data_base64\":\"AP8=\"}"
		echo "{$e,\"datacontenttype\":\"application/json\",\"data_base64\":\"eyJhIjoxfQ==\"}"
		echo "{$e}"
		echo "{$e,\"data\":null}"
	} >in
	ce-jq . <in | cmp - <(sed 's/"data_base64":"eyJ.*"/"data":{"a":1}/' in)
	ce-jq -- '[type, .]' <in | jq -c '[.datacontenttype, .data, .data_base64]' | cmp - <(
		echo '["application/json",["string","abc"],null]'
		echo '["application/json",["string","12"],null]'
		echo '["application/json",["string","AP8="],null]'
		echo '["application/json",["object",{"a":1}],null]'
		echo '[null,["null",null],null]'
		echo '[null,["null",null],null]'
	)
	ce-jq 'if type == "string" then . + "====" else . end' <in | sed -n 3p | jq -c '[.data, .data_base64]' | cmp - <(echo '["AP8=====",null]')
	sed -n 3p in | ce-jq '"AAAA"' | jq -c '[.data, .data_base64]' | cmp - <(echo '[null,"AAAA"]')
	sed -n 1p in | ce-jq 'ascii_upcase' | jq -c '[.datacontenttype, .data]' | cmp - <(echo '["text/plain","ABC"]')
}

@test "values come out as jq prints them" {
	printf '%s\n' 0 -0 1 -1 1.5 1e3 1e17 123456789012345 1234567890123456 1e-7 0.1 1e308 3.0 -1e15 999999999999999 true false null \
		'"a\u0000\u001f\"\\\/\u00e4\ud83d\ude00\n\t"' '[]' '{}' '[[],{},[1,{"a":[]}]]' '{"b":1,"a":2,"":3}' >values
	ce-wrap --as json -s /s -t t <values | ce-jq . | jq -c .data | cmp - <(jq -c . values)
	jq -nc '[range(200)] | reduce .[] as $i (0; [.])' | ce-wrap --as json -s /s -t t | ce-jq '[[.]]' | ce-unwrap | tr -d '0\n' | wc -c | grep -qx 404
	gives 'null' nan
	gives '1.7976931348623157e+308' infinite
}

@test "an error refuses the event, and none of its outputs is given" {
	refuses bad '.a[] | if . == 3 then error("bad") else . end'
	refuses 'Cannot index number' '.a[0].x'
	refuses '{"a":1}' '{a:1} | error'
	refuses oh '"oh\n" | halt_error'
	refuses 'no event: source' --event '{type,data,specversion}'
	refuses 'no object' --event .data.b
	refuses 'output 2 is no event' --event '., (.time = "now")'
	refuses 'longer than --max-event' --max-event 4k '"x" * 5000'
	refuses 'longer than --max-event' --max-event 4k 'range(1e9)'
	refuses '\x1b[31m' 'error("\u001b[31m")'
	{ events 3; echo "$ONE"; events 2 4; } | ce-jq --dead-letter dead 'if type == "object" and has("b") then error("why") else . end' | ids | cmp - <(seq 5)
	jq -e '.deadreason == "why" and .deadstage and .data.b == "x"' dead >/dev/null
	# deeper than jq goes
	printf '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":%s%s}\n' "$(printf '[%.0s' {1..300})" "$(printf ']%.0s' {1..300})" >deep
	run ce-jq . <deep
	[ "$status" = 65 ]
}

@test "what breaks jq itself refuses that event, and the next is taken" {
	# what a broken jq has cannot be freed
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	printf '%s\n' 0 1e20 60 1e20 120 | ce-wrap --as json -s /s -t t | ce-jq --dead-letter dead todate 2>/dev/null | jq -r .data | cmp - <(
		printf '1970-01-01T00:0%s:00Z\n' 0 1 2)
	[ "$(wc -l <dead)" = 2 ]
}

@test "--arg, --argjson, -f, -L, import, include" {
	gives '"v=1"' --arg x v=1 '$x'
	gives '"v"' --arg x=v '$x'
	gives '["first","{}",{}]' --arg x first --arg x second --arg s '{}' --argjson j '{}' '[$x,$s,$j]'
	gives '{"x":"y","j":[1]}' --arg x y --argjson j '[1]' '$ARGS.named'
	printf '#!/usr/bin/jq -f\n# sum\n.a\n| add\n' >sum.jq
	gives 6 -f sum.jq
	gives 6 --from-file sum.jq
	mkdir lib
	echo 'def f: "from m";' >lib/m.jq
	echo '{"k":7}' >lib/d.json
	gives '"from m"' -L lib 'import "m" as m; m::f'
	gives '"from m"' -Llib 'include "m"; f'
	gives 7 -L lib 'import "d" as $d; $d[0].k'
	echo 'include "m" {search: "./lib"}; f' >main.jq
	gives '"from m"' -f main.jq
	wrong 'is no JSON' --argjson j '{' .
	wrong 'NAME=VALUE' --arg= .
	wrong 'no program'
	wrong 'which' -f sum.jq .
	wrong 'nothere' -f nothere
	wrong 'module not found' 'import "nothere" as n; .'
}

@test "a mistake in the program: what jq says, in one line, and 64" {
	wrong 'syntax error' '.foo |'
	wrong 'foo/1 is not defined' 'foo(1)'
	wrong '$nope is not defined' '$nope'
	wrong 'line 2' $'.a\n| ]'
}

@test "what a program may see: its event, and no secrets" {
	export PASSWORD=hunter2 GREETING=hi
	run one '$ENV, env | tostring'
	[ "$status" = 0 ]
	[[ $output != *hunter2* && $output != *PASSWORD* && $output != *GREETING* ]]
	gives '["hi","hi",null]' --env GREETING '[$ENV.GREETING, env.GREETING, $ENV.PASSWORD]'
	gives '[]' '[inputs]'
	refuses break input
	gives '[0,null]' '[input_line_number, input_filename]'
	gives 1 '1, halt, 2'
	one '.b | debug' 2>said >/dev/null
	grep -q '^ce-jq: .*x' said
	one --quiet '.b | debug' 2>said >/dev/null
	[ ! -s said ]
}

@test "an event is answered for when all its outputs were finished" {
	seq 20 | ce-wrap -s /s -t t --id '{data}' >in
	spawn_sh 'ce-src-file --as events --state pos --until-end in | ce-jq "., ., ." --ack require | head -n 10 >out'
	ended "$PID"
	spawn_sh 'set -o pipefail; ce-src-file --as events --state pos --until-end in | ce-jq "., ., ." | ce-sink-file got'
	ended "$PID"
	[ "$RC" = 0 ]
	ids <got | cmp - <(for i in $(seq 20); do printf '%s\n' "$i-1" "$i-2" "$i-3"; done)
	[ -z "$(ce-src-file --as events --state pos --until-end --ack none in)" ]
}

@test "more outputs than the window; a long run of events that give none" {
	{ echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":5000}'; events 5000 2; } >in
	spawn_sh 'set -o pipefail; ce-src-file --as events --state pos --window 100 --until-end in |
		ce-jq --window 100 "numbers | range(.)" | ce-sink-file --sync none out'
	ended "$PID"
	[ "$RC" = 0 ]
	ids <out | cmp - <(seq -f '1-%g' 5000)
	[ -z "$(ce-src-file --as events --state pos --until-end --ack none in)" ]
}

# Each stage killed at random; every output of every event arrives.
mayhem() { # ROUNDS WHO...
	local round n=$1 victims

	shift
	seq 3000 | ce-wrap -s /s -t t --as json --id '{data}' >in
	for ((round = 0; round < n; round++)); do
		spawn_sh '{ echo $BASHPID >p.src; exec ce-src-file --as events --state pos --window 100 --until-end in; } |
			{ echo $BASHPID >p.jq; exec ce-jq --window 150 "range(. % 4) as \$k | {n: ., \$k}"; } |
			{ echo $BASHPID >p.sink; exec ce-sink-file --sync none out; }'
		victims=("${@}")
		[ "$1" != any ] || victims=("$(shuf -n 1 -e src jq sink)")
		strike "${victims[@]}"
	done
	spawn_sh 'set -o pipefail; ce-src-file --as events --state pos --until-end in | ce-jq "range(. % 4) as \$k | {n: ., \$k}" | ce-sink-file out'
	ended "$PID"
	[ "$RC" = 0 ]
	# one output keeps the id; copies have the same content as the first
	jq -r '"\(.id) \(.data.n) \(.data.k)"' out | sort -u >got
	awk 'BEGIN { for (i = 1; i <= 3000; i++) for (k = 0; k < i % 4; k++) print (i % 4 == 1 ? i : i "-" k + 1), i, k }' | sort | cmp - got
	echo "$(($(wc -l <out) - 4500)) twice"
	[ "$(wc -l <out)" -le $((4500 + n * 350)) ]
}
@test "kill -9 of any stage: every output of every event arrives" { mayhem 25 any; }
@test "kill -9 of ce-jq" { mayhem 15 jq; }
@test "kill -9 of all stages" { mayhem 15 sink src jq; }
@test "in the pipelines of test/torture" {
	"$HERE/torture" 4 -s file -d file -m ce-jq --pause 0.4 ${SANITIZED:+-n 300}
	"$HERE/torture" 2 -s http -d file -m ce-jq --pause 0.4 ${SANITIZED:+-n 300}
}

@test "memory does not grow, nothing leaks" {
	[ -z "${SANITIZED:-}" ] || return 0
	mkfifo fifo
	spawn_sh 'exec ce-jq --dead-letter /dev/null "if type == \"object\" then error(.) else ., [.] end" <fifo >out 2>/dev/null'
	exec {w}>fifo
	events 2000 >in
	for _ in $(seq 5); do cat in; done >&"$w"
	wait_for lines out 13900
	kb=$(rss "$PID")
	for _ in $(seq 40); do cat in; done >&"$w"
	wait_for lines out 125900
	echo "$kb kB, then $(rss "$PID") kB"
	[ "$(rss "$PID")" -le $((kb + 500)) ]
	[ "$(rss "$PID")" -le 10240 ]
	exec {w}>&-
	ended "$PID"
	need valgrind
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
		ce-jq --arg x y --dead-letter dead 'if type == "object" then error(.) elif type == "array" then .[] else ., [.] end' < <(head -n 100 in) >/dev/null 2>said || { tail -n 50 said; false; }
}
