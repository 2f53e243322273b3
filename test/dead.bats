# dead.bats -- ce-dead: what is in a file of dead letters, and out of it again
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status is what bats' run sets
load help
bats_require_minimum_version 1.5.0

is() { [ "$1" = "$2" ] || { printf 'got:  %s\nwant: %s\n' "$1" "$2"; return 1; }; }
# letters N [FIRST]: N dead letters with ids FIRST (1) and up, as lib/dead.c writes them.
letters() {
	events "$1" "${2:-1}" | sed 's/}[ \t\r]*$/,"deadreason":"no room","deadstage":"ce-sink-x","deadtime":"2026-11-24T10:00:00.5Z","deadattempts":1}/'
}
bare() { sed 's/,"deadreason":.*/}/'; }
# replay ARGS...: into "out" through a sink that acknowledges.
replay() { timeout 60 ce-dead replay dead "$@" 2>said | ce-sink-file out; }
empty() { [ -e "$1" ] && [ ! -s "$1" ]; }

@test "list: a line each, in columns, safe on a terminal" {
	letters 12 >dead
	echo 'torn {"specver' >>dead
	printf '%s\n' '{"specversion":"1.0","id":"ab","source":"/s","type":"\u00e4\u00f6","deadreason":"x y","deadattempts":12}' >>dead
	printf '{"\x1b[31m\xc2\x9b":1,"\\u001b[32m":1,"specversion":"1.0","id":"1","source":"/s","type":"t"}\n' >>dead
	printf '\n   \n' >>dead
	run timeout 20 ce-dead list dead
	[ "$status" = 0 ]
	is "${#lines[@]}" 15
	[[ ${lines[0]} == ' 1  2026-11-24T10:00:00Z  ce-sink-x   1  '* ]] || { echo "${lines[0]}"; return 1; }
	# Every column begins at the same place: the reason of all twelve.
	for i in 0 5 11; do is "${lines[$i]: -7}" 'no room'; is "${#lines[$i]}" "${#lines[0]}"; done
	[[ ${lines[12]} == '13  - '*'(no event: invalid JSON at byte 2: expected a value)' ]] || { echo "${lines[12]}"; return 1; }
	[[ ${lines[13]} == '14  - '*'12  äö'*'ab'*'x y' ]] || { echo "${lines[13]}"; return 1; }
	[[ ${lines[14]} == '15  - '*'no event'* ]] || { echo "${lines[14]}"; return 1; }
	ce-dead show dead >>shown
	not grep -qP '\x1b|\xc2\x9b' shown <(echo "$output")
	: >none
	is "$(ce-dead list none)" ''
}

@test "show: all, by position, by id; JSON keeps its numbers and escapes" {
	{
		letters 3
		printf '%s\n' '{"specversion":"1.0","id":"x y","source":"/s","type":"t","data":{"a":[1.50,{},[ ],"q\"\u0001"],"e":1e400},"deadreason":"no"}'
		printf '%s\n' '{"specversion":"1.0","id":"five","source":"/s","type":"t","datacontenttype":"text/plain","data":"one\n\u001btwo"}'
		printf '%s\n' '{"specversion":"1.0","id":"six","source":"/s","type":"t","data_base64":"AAEC"}'
		echo 'no event'
	} >dead
	is "$(ce-dead show dead 4)" 'letter 4
  deadreason       no
  specversion      1.0
  id               x y
  source           /s
  type             t
  data:
    {
      "a": [
        1.50,
        {},
        [],
        "q\"\u0001"
      ],
      "e": 1e400
    }'
	is "$(ce-dead show dead five six | tail -n +7)" '  data:
    one
    \x1btwo

letter 6
  specversion      1.0
  id               six
  source           /s
  type             t
  data, 3 bytes in base64:
    AAEC'
	is "$(ce-dead show dead 7)" 'letter 7
  no event: invalid JSON at byte 2: expected a value
    no event'
	is "$(ce-dead show dead | grep -c '^letter ')" 7
	is "$(ce-dead show dead 'x y' | head -n 1)" 'letter 4'
	run timeout 20 ce-dead show dead 2 99 nobody
	[ "$status" = 65 ]
	[[ $output == *'no letter 99 in dead'*'no letter nobody in dead'* && $output == *'letter 2'* ]]
}

@test "count: by reason, stage, type or any attribute, most first" {
	{ letters 5 | sed 's/no room/full/'; letters 9 10; letters 5 30 | sed 's/no room/asleep/; s/"type":"t"/"type":"u"/'; } >dead
	is "$(ce-dead count dead)" '9  no room
5  asleep
5  full'
	is "$(ce-dead count --by stage dead)" '19  ce-sink-x'
	is "$(ce-dead count dead --by nosuch)" '19  -'
	is "$(ce-dead count dead --by id | wc -l)" 19
	is "$(ce-dead count --by attempts dead)" '19  1'
	letters 20000 >dead
	is "$(ce-dead count --by id dead | wc -l)" 20000
	: >none
	is "$(ce-dead count none)" ''
}

@test "replay: the events byte for byte, and the file is empty" {
	letters 500 >dead
	bare <dead >want
	chmod 640 dead
	replay
	cmp want out
	empty dead
	is "$(stat -c %a dead)" 640
	replay
	cmp want out
	[ ! -e dead.tmp ]
	# A letter that a program of ours has written.
	rm -f out
	# shellcheck disable=SC2016
	printf '%s\n' ' { "type":"t" , "specversion":"1.0","id":"1","source":"/s", "sampledrate":0, "data":{"a" :1.0} }' >in
	ce-validate --dead-letter dead <in 2>/dev/null
	replay
	cmp in out
	empty dead
}

@test "replay --take: those are gone, the others stay as they were, links and modes too" {
	letters 50 >real
	ln -s real dead
	chmod 604 real
	head -n 20 real | bare >want
	tail -n 30 real >left
	replay --take 20
	cmp want out
	cmp left dead
	[ -L dead ]
	is "$(stat -c %a real)" 604
	rm out
	replay --count 30
	bare <left | cmp - out
	empty real
}

@test "what is no letter stays, is named, and the exit code is 65" {
	{ letters 3; echo 'torn {'; letters 2 10; printf 'cut'; } >dead
	run -65 --separate-stderr bash -c 'set -o pipefail; ce-dead replay dead | ce-sink-file out'
	[[ $stderr == *'cannot send letter 4: invalid JSON'*'(it stays in dead)'*'letter 7'* ]] || { echo "$stderr"; return 1; }
	is "$(wc -l <out)" 5
	is "$(cat dead)" $'torn {\ncut'
}

@test "a refused line: sent as the event it is, or as the letter that holds it" {
	padded 1 3000 >long
	{ cat long; echo 'no event'; } | ce-validate --max-event 2k --dead-letter dead 2>/dev/null
	jq -r .type dead | sort | uniq -c | grep -q '2 ce.refused'
	replay
	# Of the line that was too long only a beginning was kept.
	is "$(jq -r '.type + " " + .subject' out)" $'ce.refused line 1\nce.refused line 2'
	not grep -q '"dead' out
	is "$(tail -n 1 out | jq -r .data)" 'no event'
	rm out
	# One that is an event now.
	jq -nc --rawfile l long '{specversion: "1.0", id: "x", source: "ce-x", type: "ce.refused", datacontenttype: "text/plain", data: ($l | rtrimstr("\n")), deadreason: "longer than --max-event"}' >dead
	replay
	cmp long out
	empty dead
}

@test "not acknowledged, not removed: a sink that gives up, a reader that leaves, standard output closed" {
	letters 100 >dead
	cp dead was
	run -65 bash -c 'set -o pipefail; ce-dead replay dead | sed -u "5s/\"id\":\"[^\"]*\",*//" | ce-sink-file out'
	is "$(wc -l <out)" 4
	tail -n +5 was | cmp - dead
	cp was dead
	ce-dead replay --ack require dead 2>/dev/null | head -n 3 >/dev/null || :
	cmp was dead
	run -74 bash -c 'ce-dead replay dead >&-'
	run -74 bash -c 'ce-dead replay dead >/dev/full'
	cmp was dead
}

@test "to a terminal nothing is removed" {
	need script
	letters 3 >dead
	cp dead was
	script -qec 'ce-dead replay dead' /dev/null >seen </dev/null
	grep -q 'nothing is taken out of dead' seen
	is "$(grep -c specversion seen)" 3
	cmp was dead
}

@test "two at a time: the second says so, 75" {
	letters 10 >dead
	mkfifo fifo
	spawn_sh 'ce-dead replay --ack require dead >fifo'
	pid=$PID
	exec {r}<fifo
	read -r _ <&"$r"
	run -75 timeout 20 ce-dead replay dead
	[[ $output == *'cannot replay dead: another process does'* ]]
	kill -TERM -- "-$pid"
	exec {r}<&-
	ended "$pid"
	is "$(wc -l <dead)" 10
}

@test "SIGTERM: what was sent is finished, the rest stays; 0" {
	letters 3000 >dead
	# shellcheck disable=SC2016
	spawn_sh '{ echo $BASHPID >p; exec ce-dead replay --window 50 dead; } | { while read -r l; do printf "%s\n" "$l"; done; } |
		ce-sink-file out; echo "${PIPESTATUS[*]}" >codes'
	wait_for lines out 100
	kill -TERM "$(cat p)" 2>/dev/null || : # it may be through
	ended "$PID"
	is "$(cat codes)" '0 0 0'
	[ "$(cat out <(bare <dead) | wc -l)" = 3000 ]
	letters 3000 | bare | cmp - <(cat out; bare <dead)
}

@test "letters that die again stay one each, and come with a new date" {
	for i in $(seq 200); do echo "{\"specversion\":\"1.0\",\"id\":\"$i\",\"source\":\"/s\",\"type\":\"t\",\"sampledrate\":0}"; done >in
	ce-validate --dead-letter dead <in 2>/dev/null
	for _ in 1 2 3; do ce-dead replay --window 10 dead | ce-validate --dead-letter dead 2>/dev/null; done
	is "$(wc -l <dead)" 200
	is "$(ids <dead | sort -nu | wc -l)" 200
	bare <dead | sort >got
	sort in | cmp - got
}

@test "--max-attempts: counted over replays, given up into a second file" {
	for i in $(seq 20); do echo "{\"specversion\":\"1.0\",\"id\":\"$i\",\"source\":\"/s\",\"type\":\"t\",\"sampledrate\":0}"; done >in
	ce-validate --dead-letter dead <in 2>/dev/null
	again() { ce-dead replay --max-attempts 3 "$@" dead 2>said | ce-validate --dead-letter dead 2>/dev/null >>out; }
	again # the second attempt
	is "$(wc -l <dead)" 20
	[ -s dead.attempts ]
	again --take 5 # a third one for five of them
	is "$(wc -l <dead)" 20
	again # those are given up, the others get their third
	is "$(wc -l <dead.given-up)" 5
	is "$(jq -r .deadattempts dead.given-up | sort -u)" 3
	is "$(wc -l <dead)" 15
	grep -q 'gave up 5 letters: in dead.given-up' said
	again --give-up other
	is "$(wc -l <other)" 15
	empty dead
	again
	[ ! -e dead.attempts ]
	[ ! -s out ]
	# What was given up can be sent as well.
	cat other dead.given-up >dead
	sed 's/,"deadreason.*/}/' dead | sort -V >a
	ce-dead replay dead | ce-sink-file sunk
	sort -V sunk | cmp a
	echo nonsense >dead.attempts
	letters 1 >dead
	run -78 timeout 20 ce-dead replay --max-attempts 3 dead
}

@test "--match: for all of them; what it does not match stays" {
	{ letters 5 | sed 's/no room/full/'; echo 'no event'; letters 9 10; letters 5 30 | sed 's/no room/asleep/'; } >dead
	is "$(ce-dead list dead -m "deadreason = 'full'" | wc -l)" 5
	is "$(ce-dead count dead --match "deadreason LIKE '%e%'")" '5  asleep'
	is "$(ce-dead show dead -m "id = '12'" | grep -c ^letter)" 1
	grep -v '"deadreason":"full"' dead >left
	grep '"deadreason":"full"' dead | bare >want
	replay -m "deadreason = 'full' AND deadattempts = 1"
	[ ! -s said ]
	cmp want out
	cmp left dead
	replay -m 'nosuch = 1'
	cmp left dead
	rm out
	replay -m "NOT (id = '30')" --take 9
	is "$(wc -l <out)" 9
	is "$(wc -l <dead)" 6
	run -64 timeout 20 ce-dead list dead -m 'id = '
	[[ $output == *match* ]]
}

@test "wrong use: 64" {
	letters 1 >dead
	for a in 'frob dead' 'list' '' 'list dead 1' 'count dead x' 'list --by x dead' 'show --take 3 dead' 'replay --by id dead' \
		'replay --give-up x dead' 'replay --max-attempts 2 --give-up dead dead' 'replay --max-attempts -1 dead' 'list --max-attempts 3 dead'; do
		# shellcheck disable=SC2086
		run timeout 20 ce-dead $a
		is "$status" 64 || { echo "of: $a"; return 1; }
	done
	run -74 ce-dead list nowhere
	run -74 ce-dead replay .
	# shellcheck disable=SC2086
	is "$(wc -l <dead)" 1
}

@test "a sink notices that the file was replaced, and that its end is torn" {
	mkfifo fifo
	spawn_sh 'ce-validate --dead-letter dead <fifo >/dev/null 2>&1'
	pid=$PID
	exec {w}>fifo
	bad() { echo "{\"specversion\":\"1.0\",\"id\":\"$1\",\"source\":\"/s\",\"type\":\"t\",\"sampledrate\":0}" >&"$w"; }
	bad a
	wait_for lines dead 1
	letters 2 >new
	mv new dead
	bad b
	wait_for lines dead 3
	printf torn >>dead
	bad c
	wait_for lines dead 5
	rm dead
	bad d
	wait_for lines dead 1
	exec {w}>&-
	ended "$pid"
	is "$(ids <dead)" d
}

# kills N WHO...: N times a replay into a sink, of which one is killed.
kills() {
	local i pid who n=$1

	shift
	for ((i = 0; i < n; i++)); do
		rm -f p.replay p.sink
		# shellcheck disable=SC2016
		spawn_sh '{ echo $BASHPID >p.replay; exec ce-dead replay --window 64 --commit-every 5ms --take 1500 dead; } 2>/dev/null |
			{ echo $BASHPID >p.sink; exec ce-sink-file out; } 2>/dev/null'
		pid=$PID
		who=$((RANDOM % $# + 1))
		wait_for test -s "p.${!who}"
		read -rt "0.0$((RANDOM % 6))$((RANDOM % 10))" -u "$NAP" || :
		kill -9 "$(cat "p.${!who}")" 2>/dev/null || :
		ended "$pid"
	done
}

@test "kill -9 of the replay or of the sink, again and again: every event arrives, the file is empty" {
	letters 30000 >dead
	ids <dead | sort >want
	kills 25 replay sink
	replay
	ids <out | sort -u | cmp want
	empty dead
	[ ! -e dead.tmp ]
}

@test "a sink that appends meanwhile loses no letter, kills or not" {
	letters 2000 >dead
	for i in $(seq 600); do echo "{\"specversion\":\"1.0\",\"id\":\"new$i\",\"source\":\"/s\",\"type\":\"t\",\"sampledrate\":0}"; done >fresh
	{ ids <dead; ids <fresh; } | sort >want
	spawn_sh 'while read -r l; do printf "%s\n" "$l"; read -rt 0.002 <> <(:); done <fresh | ce-validate --dead-letter dead 2>/dev/null; touch over'
	pid=$PID
	until [ -e over ]; do kills 1 replay sink; done
	ended "$pid"
	while [ -s dead ]; do replay; done
	ids <out | sort -u | cmp want
	empty dead
}
