# wrap.bats -- ce-wrap and ce-unwrap: anything in, the same bytes out
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status is what bats' run sets
load help

wrap() { timeout 30 ce-wrap --source /s --type t --time none "$@"; }
valid() { jq -se 'length > 0 and all(.specversion == "1.0" and .source == "/s" and .type == "t" and (.id | length > 0))' "$1" >/dev/null; }
refuses() { # WHAT ARGS...: ce-wrap of standard input says WHAT and ends with 65
	local what=$1

	shift
	run wrap "$@"
	[ "$status" = 65 ] && [[ $output == *"$what"* ]] && return 0
	echo "status $status: $output"
	return 1
}
exists() { [ -e "$1" ]; }

@test "lines: bytes in are bytes out" {
	printf 'a\n\n  b\tc "q" \\ \n\303\244\342\202\254\r\nx' >in
	wrap <in >ev
	valid ev
	[ "$(wc -l <ev)" = 5 ]
	ce-unwrap <ev | cmp - <(cat in; echo)
	[ "$(jq -r '.datacontenttype' ev | sort -u)" = text/plain ]
}

@test "lines: random bytes, NUL and what is not UTF-8 included" {
	head -c 200000 /dev/urandom >in
	echo >>in
	wrap <in >ev
	valid ev
	ce-unwrap <ev | cmp - in
	printf 'a\000b\n\355\240\200\n' | wrap | ce-unwrap | cmp - <(printf 'a\000b\n\355\240\200\n')
}

@test "nul: records hold newlines" {
	printf 'a\nb\0\0c' >in
	wrap --as nul <in >ev
	[ "$(wc -l <ev)" = 3 ]
	ce-unwrap -0 <ev | cmp - <(printf 'a\nb\0\0c\0')
}

@test "whole: all of it, one event, text or not" {
	printf 'a\nb\n' | wrap --as whole >ev
	[ "$(jq -r '.datacontenttype, .data' ev)" = $'text/plain\na\nb' ]
	head -c 300000 /dev/urandom >in
	wrap --as whole <in | ce-unwrap --frame length | cmp - <(printf '300000:'; cat in; printf ,)
	wrap --as whole </dev/null | jq -e '.data == ""' >/dev/null
	wrap --as whole --content-type image/png <in | jq -e '.datacontenttype == "image/png" and has("data_base64")' >/dev/null
}

@test "a 16 MiB line; a longer one is refused, the next is not" {
	head -c 16000000 /dev/zero | tr '\0' x >in
	echo >>in
	wrap --max-event 17M <in | ce-unwrap --max-event 17M | cmp - in
	{ head -c 3000000 /dev/zero | tr '\0' y; echo; echo next; } >long
	wrap --max-event 1M --dead-letter dead <long | ce-unwrap | cmp - <(echo next)
	jq -r .deadreason dead | grep -q max-event
	refuses 'line 1' --max-event 1M <long
	# What fits as bytes may not fit as an event.
	head -c 1000 /dev/zero >zeros
	refuses 'longer than --max-event' --max-event 2k <zeros
}

@test "records longer than --max-event are passed over in bounded memory" {
	for as in lines json csv whole; do
		mkfifo "p.$as"
		spawn bash -c "exec ce-wrap --source /s --type t --as $as --max-event 100k --dead-letter dead.$as <p.$as >out.$as"
		{
			printf 'h\n"'
			head -c 50000000 /dev/zero | tr '\0' x
			while ! exists "go.$as"; do read -rt 0.02 -u "$NAP" || :; done
			printf '"\nend\n'
		} >"p.$as" 3>&- &
		wait_for bash -c "[ \$(awk '/^rchar/ { print \$2 }' /proc/$PID/io) -gt 50000000 ]"
		kb=$(rss "$PID")
		touch "go.$as"
		ended "$PID"
		[ "$RC" = 0 ]
		[ "$kb" -lt 10240 ] || [ -n "${SANITIZED:-}" ] || { echo "$as: $kb kB"; return 1; }
		jq -r .deadreason "dead.$as" | grep -q 'max-event'
	done
	[ "$(jq -r .data.h out.csv)" = end ]
	[ "$(jq -r .data out.lines | tr '\n' ' ')" = 'h end ' ]
}

@test "ids: the same input has the same ids, every record its own" {
	yes same | head -n 500 >in
	wrap <in | ids >a
	wrap <in | ids >b
	cmp a b
	[ "$(sort -u a | wc -l)" = 500 ]
	if cmp -s a <(ce-wrap --source /other --type t <in | ids); then return 1; fi
	wrap --id uuid <in | ids >u
	[ "$(sort -u u | wc -l)" = 500 ]
	[ "$(grep -cE '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' u)" = 500 ]
	echo '[1,1,1]' | wrap --as json --each | ids | sort -u | grep -c . | cmp - <(echo 3)
}

@test "templates: id, subject, extensions, time" {
	echo '{"n":7,"who":"J \"x\" \\ ä","at":"2026-01-02T03:04:05Z"}' >in
	ce-wrap --source /s --type t --as json --id 'o-{data.n}' --subject '{data.who}' \
		--ext 'kind={type}/{source}' --ext fixed=yes --ext 'none={data.zip|}' --time '{data.at}' <in >ev
	jq -e '.id == "o-7" and .subject == "J \"x\" \\ ä" and .kind == "t//s" and .fixed == "yes" and
		(has("none") | not) and .time == "2026-01-02T03:04:05Z" and .data.n == 7' ev >/dev/null
	ce-unwrap <ev | cmp - in
	refuses 'it has no data.zip' --as json --subject '{data.zip}' <in
	refuses 'line 1' --as json --ext 'when={data.zip}' <in
	run timeout 5 ce-wrap --source /s --type t --as json --time '{data.who}' <in
	[ "$status" = 65 ]
	refuses 'the id is empty' --id '{data|}' <<<''
	# dataschema has a syntax of its own
	wrap --ext dataschema=http://x/y <<<a | jq -e '.dataschema == "http://x/y"' >/dev/null
	refuses 'line 1' --ext dataschema=nothing <<<a
	ce-wrap --source /s --type t <<<a | jq -e '.time | fromdate? // test("^20")' >/dev/null
}

@test "attributes with control bytes still make valid events" {
	printf 'a\001b\033[31m\377\n' | wrap --subject '{data}' --ext 'x={data}' >ev
	valid ev
	ce-sink-file out <ev
	[ -s out ]
}

@test "wrong use is 64" {
	for o in '--type t' '--source /s' '--source %zz --type t' '--source s --type=' '--source s --type t --ext a' \
		'--source s --type t --ext A=1' '--source s --type t --ext id=1' '--source s --type t --ext ackto=1' \
		'--source s --type t --ext a=1 --ext a=2' '--source s --type t --id {' '--source s --type t --content-type x' \
		'--source s --type t --delimiter ab' '--source s --type t --each' '--source s --type t --as xml'; do
		# shellcheck disable=SC2086 # words
		run timeout 5 ce-wrap $o </dev/null
		[ "$status" = 64 ] || { echo "$o: $status $output"; return 1; }
	done
	run timeout 5 ce-wrap --source 'a b' --type t </dev/null
	[ "$status" = 64 ]
}

@test "json: pretty-printed, side by side, with anything between" {
	printf '\357\273\277{"a": 1}{"b":\n  [1,\n 2]}\n\n[ ]  "s\\"x" 12 -1.5e3,true\036null\036{"z":{}}\000{"e":"}{"}' >in
	wrap --as json <in >ev
	valid ev
	ce-unwrap <ev >out
	printf '%s\n' '{"a": 1}' '{"b":   [1,  2]}' '[ ]' '"s\"x"' 12 -1.5e3 true null '{"z":{}}' '{"e":"}{"}' | cmp - out
	jq -n '[range(1000) | {a: ., b: [., {c: "x\n\(.)"}]}]' >big
	jq '.[]' big | wrap --as json | jq -s 'map(.data)' | cmp - big
	wrap --as json --each <big | jq -s 'map(.data)' | cmp - big
	wrap --as json <big | jq .data | cmp - big
}

@test "json: the same records whatever the size of the reads" {
	printf '{"a":"\\u00e4 \\"}{","n":[1,{"b":2}]} 17\n[true]"x"\n{"d":\n1}' >in
	wrap --as json <in >want
	[ "$(wc -l <want)" = 5 ]
	python3 -c 'import os, sys
for b in open("in", "rb").read(): os.write(1, bytes([b])); os.sched_yield()' | wrap --as json | cmp - want
}

@test "json: number spelling, key order and duplicate keys stay" {
	echo '{"b":1.50,"a":1E5,"a":"\u0041\/"}' | wrap --as json | ce-unwrap | cmp - <(echo '{"b":1.50,"a":1E5,"a":"\u0041\/"}')
}

@test "json: --each takes arrays apart, no deeper" {
	printf '[1,[2,3],{"a":[4]}] [] {"x":[5]}' | wrap --as json --each | ce-unwrap | cmp - <(printf '1\n[2,3]\n{"a":[4]}\n{"x":[5]}\n')
}

@test "json: what is none is refused with its line, the rest is taken" {
	refuses 'line 2' --as json < <(printf '{"a":1}\nfoo\n{"b":2}\n')
	while IFS='|' read -r bad; do
		printf '{"first":1}\n%b\n{"last":1}\n' "$bad" >in
		rm -f dead
		wrap --as json --dead-letter dead <in | ce-unwrap >out
		grep -q first out && grep -q last out || { echo "$bad: $(cat out)"; return 1; }
		[ "$(grep -c . out)" = 2 ] || { echo "$bad: $(cat out)"; return 1; }
		[ -s dead ]
	done <<-'END'
		foo
		{bad}
		{"a":"x\\n"b":2}
		{"a":1
		{"a":1,}
		{"a":1]
		}
		]
		{"a":"\\377"}
		{"a":01}
		{"a" 1}
		:
		"open
		tru
	END
	refuses 'ends inside' --as json < <(printf '{"a":')
	refuses 'line 1' --as json < <(printf '"abc')
}

@test "csv: the header makes objects" {
	printf 'id,name\r\n1,"a, ""b""\r\nc"\r\n"2",\n,\n3,ä' | wrap --as csv >ev
	valid ev
	jq -c .data ev | cmp - <(printf '%s\n' '{"id":"1","name":"a, \"b\"\r\nc"}' '{"id":"2","name":""}' '{"id":"","name":""}' '{"id":"3","name":"ä"}')
}

@test "csv: whatever Python's csv writes comes back" {
	python3 - <<-'END'
		import csv, json, random
		random.seed(4)
		alphabet = 'ab",\r\n\té€ ;'
		rows = [["".join(random.choice(alphabet) for _ in range(random.randrange(9))) for _ in range(4)] for _ in range(3000)]
		for name, kw in (("a.csv", {}), ("b.csv", {"delimiter": ";"}), ("c.csv", {"delimiter": "\t", "quoting": csv.QUOTE_ALL})):
		    with open(name, "w", newline="") as f:
		        w = csv.writer(f, **kw)
		        w.writerow(["one", 'tw"o', "th,ree", ""])
		        w.writerows(rows)
		with open("want", "w") as f:
		    for r in rows:
		        f.write(json.dumps(dict(zip(["one", 'tw"o', "th,ree", ""], r)), ensure_ascii=False, separators=(",", ":")) + "\n")
	END
	wrap --as csv <a.csv | ce-unwrap | jq -c . | cmp - <(jq -c . want)
	wrap --as csv --delimiter ';' <b.csv | ce-unwrap | jq -c . | cmp - <(jq -c . want)
	wrap --as csv --delimiter '\t' <c.csv | ce-unwrap | jq -c . | cmp - <(jq -c . want)
	wrap --as csv --delimiter $'\t' <c.csv >ev && wrap --as csv --delimiter ';' <b.csv | wc -l | cmp - <(wc -l <ev)
}

@test "csv: --no-header makes arrays; a byte order mark and blank lines are no data" {
	printf '\357\273\277a,b\n\n1,2\n' | wrap --as csv --no-header | ce-unwrap | cmp - <(printf '["a","b"]\n["1","2"]\n')
	printf '\357\273\277a,b\n\n1,2\n' | wrap --as csv | ce-unwrap | cmp - <(echo '{"a":"1","b":"2"}')
	printf 'a\nx\n\ny' | wrap --as csv | ce-unwrap | cmp - <(printf '{"a":"x"}\n{"a":""}\n{"a":"y"}\n')
	[ -z "$(printf 'a,b\n' | wrap --as csv)" ]
	[ -z "$(wrap --as csv </dev/null)" ]
}

@test "csv: what the RFC does not allow is refused with its line" {
	refuses 'line 4: 1 fields where the header has 2' --as csv < <(printf 'a,b\n"1\n2",3\nx\n')
	refuses 'line 2: 3 fields' --as csv < <(printf 'a,b\n1,2,3\n')
	refuses 'line 2: a quote inside' --as csv < <(printf 'a,b\n1,x"y\n3,4\n')
	refuses 'line 2: text behind' --as csv < <(printf 'a,b\n1,"x"y\n')
	refuses 'line 3: a quoted field without' --as csv < <(printf 'a,b\n1,2\n3,"4\n5,6\n')
	refuses 'line 2: is not UTF-8' --as csv < <(printf 'a,b\n1,\377\n')
	refuses 'twice' --as csv < <(printf 'a,a\n1,2\n')
	refuses 'header' --as csv < <(printf 'a,"b\n')
	printf 'a,b\n1,x"y\n3\n5,6\n' | wrap --as csv --dead-letter dead | ce-unwrap | cmp - <(echo '{"a":"5","b":"6"}')
	[ "$(wc -l <dead)" = 2 ]
}

@test "lines with a JSON content type are JSON or refused" {
	echo '{"a": 1}' | wrap --content-type application/json | jq -e '.data.a == 1' >/dev/null
	refuses 'is no JSON' --content-type application/json <<<'{'
	echo '{"a": 1}' | wrap --as json --content-type application/vnd.x+json | jq -e '.datacontenttype == "application/vnd.x+json"' >/dev/null
}

@test "a line is an event at once, without waiting for more" {
	mkfifo pipe
	spawn bash -c 'exec ce-wrap --source /s --type t <pipe >out'
	exec 7>pipe
	echo one >&7
	wait_for lines out 1
	printf two >&7
	printf ' more\n' >&7
	wait_for lines out 2
	[ "$(jq -r .data out | tail -n 1)" = 'two more' ]
	kill -TERM "$PID"
	ended "$PID"
	[ "$RC" = 0 ]
	exec 7>&-
}

@test "closed and full outputs" {
	run bash -c 'seq 10 | ce-wrap --source /s --type t >/dev/full'
	[ "$status" = 74 ]
	run bash -c 'seq 10 | ce-wrap --source /s --type t | ce-unwrap >/dev/full'
	[ "$status" = 74 ]
	run timeout 20 bash -c 'ce-wrap --source /s --type t <&-'
	[ "$status" = 74 ]
	run timeout 20 bash -c 'yes | ce-wrap --source /s --type t | head -n 1 | wc -l'
	[ "$status" = 0 ]
}

@test "unwrap: exact bytes of every kind of data, nothing for none" {
	{
		echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a": 1.0,"b":"\u00e4"}}'
		echo '{"specversion":"1.0","id":"2","source":"/s","type":"t","datacontenttype":"text/plain","data":"x\ny\u0000"}'
		echo '{"specversion":"1.0","id":"3","source":"/s","type":"t","data_base64":"AP8K"}'
		echo '{"specversion":"1.0","id":"4","source":"/s","type":"t"}'
		echo '{"specversion":"1.0","id":"5","source":"/s","type":"t","datacontenttype":"text/plain","data":""}'
	} >ev
	ce-unwrap <ev | cmp - <(printf '{"a": 1.0,"b":"\\u00e4"}\nx\ny\000\n\000\377\n\n\n')
	ce-unwrap -0 <ev | cmp - <(printf '{"a": 1.0,"b":"\\u00e4"}\000x\ny\000\000\000\377\n\000\000')
	ce-unwrap --frame length <ev | cmp - <(printf '23:{"a": 1.0,"b":"\\u00e4"},4:x\ny\000,3:\000\377\n,0:,')
}

@test "unwrap: --format" {
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"a\u00e4","data":{"order":{"id":7},"text":"x\ny"}}' >ev
	[ "$(ce-unwrap --format '{type} {subject} {data.order.id} {{x}}' <ev)" = 't aä 7 {x}' ]
	[ "$(ce-unwrap --format '{data.text}' <ev)" = 'x y' ]
	ce-unwrap -0 --format '{data.text}' <ev | cmp - <(printf 'x\ny\0')
	run ce-unwrap --format '{nothing}' <ev
	[ "$status" = 65 ]
	[ "$(ce-unwrap --format '{nothing|-}' <ev)" = - ]
	run ce-unwrap --format '{' <ev
	[ "$status" = 64 ]
}

@test "unwrap acknowledges what was written, and only that" {
	events 3000 >in
	ce-src-file --as events --state st in | ce-unwrap --format '{id}' | cmp - <(ids <in)
	[ -z "$(ce-src-file --as events --state st in | ce-unwrap --format '{id}')" ]
	ce-src-file --as events --state st2 in | { ce-unwrap >/dev/full || :; } || :
	ce-src-file --as events --state st2 in | ce-unwrap --format '{id}' | cmp - <(ids <in)
}
