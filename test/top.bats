# top.bats -- ce-top: what runs, joined, measured; on a terminal of any size
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status and output are what bats' run sets
load help
bats_require_minimum_version 1.5.0

teardown() {
	[ ! -S "$T/tmux" ] || tm kill-server 2>/dev/null || :
	reap
}
tm() { tmux -S "$T/tmux" -f /dev/null "$@"; }
# pipeline NAME [FILTER]: follows the file NAME into NAME.out; its group is in PID.
pipeline() {
	touch "$1"
	spawn_sh "ce-src-file -f --state $1.pos $1 ${2:+| $2 }| ce-sink-file --sync none $1.out"
	wait_for running "$1"
}
running() { ce-top --json -i 0 | jq -e --arg n "$1" '[.pipelines[].stages[].pid] | length > 0' >/dev/null && stages $((${STAGES:-0} + 2)); }
# stages N: so many of ours run.
stages() { [ "$(find "$CE_RUNTIME_DIR" -name 'stat-*' | wc -l)" = "$1" ]; }
json() { ce-top --json -i 0 >j && jq -e "$@" j; }
is() { json "$@" >/dev/null; } # for wait_for
prom() { python3 "$HERE/data/prom.py" "$@"; }
# fakes SPEC...: statistics of stages that are not there.
fakes() {
	mkdir -m 700 "$CE_RUNTIME_DIR"
	spawn_sh 'exec python3 "$0" "$@" >ready' "$HERE/data/stages.py" "$CE_RUNTIME_DIR" "$@"
	wait_for lines ready 1
}
spawn_sh() { spawn bash -c "$@"; }

@test "none: said, 0, in each form" {
	run -0 --separate-stderr ce-top
	[ "$output" = 'no stages are running' ]
	[ -z "$stderr" ]
	run -0 ce-top -1
	[ "$output" = 'no stages are running' ]
	ce-top --json | jq -e '.pipelines == []' >/dev/null
	ce-top -1 --textfile prom >/dev/null
	prom <prom
	[ "$(grep -c '^ce_' prom)" = 0 ]
}

@test "wrong use: 64; a directory that cannot be used: 78; a full disk: 74" {
	for a in '-1 --json' '-1 --metrics 127.0.0.1:0' '--json --metrics 127.0.0.1:0' \
		'--interval 0 --metrics 127.0.0.1:0' '--metrics nonsense' '--interval -1' 'argument'; do
		# shellcheck disable=SC2086
		run -64 timeout 10 ce-top $a </dev/null
		[[ $output == ce-top:* ]] || [[ ${lines[0]} == ce-top:* ]]
	done
	touch file
	CE_RUNTIME_DIR=$T/file run -78 ce-top
	run -74 ce-top -1 --textfile /nonexistent/x
	[[ $output == *"cannot write /nonexistent/x: No such file"* ]]
	rc=0
	ce-top >/dev/full 2>said || rc=$?
	[ $rc = 74 ]
}

@test "stages are joined by their pipes, foreign ones between them too" {
	pipeline log 'grep --line-buffered -v nothing | jq --unbuffered -c .'
	seq 100 >>log
	wait_for lines log.out 100
	wait_for is '.pipelines[0].stages[0].finished == 100'
	json '.pipelines | length == 1'
	json '.pipelines[0].pipeline == "ce-src-file|grep|jq|ce-sink-file"'
	json '[.pipelines[0].stages[] | .foreign] == [false, true, true, false]'
	json '.pipelines[0].stages as $s | [range(3) | $s[.].to == [$s[. + 1].pid]] | all'
	json '.pipelines[0].stages | .[3].to == [] and .[0].role == "source" and .[3].role == "sink"'
	json '.pipelines[0].stages | [.[0, 3] | .events] == [100, 100] and .[0].bytes_out > .[3].bytes_in / 2'
	json '.pipelines[0].stages | [.[0, 3] | .open, .dead, .retried] == [0, 0, 0, 0, 0, 0]'
	json '[.pipelines[0].stages[] | .resident_bytes > 500000] | all'
	wait_for is '[.pipelines[0].stages[0, 3] | .waits] == ["input", "input"]' # of the time since the start
	wait_for is '[.pipelines[0].stages[] | .bottleneck] | any | not'
	for s in $(jq '.pipelines[0].stages[].pid' j); do [ -d "/proc/$s" ]; done
	# As text: a line each, in that order.
	ce-top -1 -i 100ms >text
	[ "$(awk 'NR > 1 { print $1 }' text | xargs)" = 'ce-src-file grep jq ce-sink-file' ]
	[ "$(wc -l <text)" = 5 ]
}

@test "two pipelines are two; a shell that only holds a pipe is no stage" {
	pipeline a
	STAGES=2 pipeline b '{ jq --unbuffered -c .; }'
	spawn_sh 'ce-src-file -f c | { timeout 60 grep --line-buffered x | ce-unwrap; } >c.out; :'
	touch c
	wait_for stages 6
	wait_for is '[.pipelines[].pipeline] | sort == ["ce-src-file|ce-sink-file", "ce-src-file|grep|ce-unwrap", "ce-src-file|jq|ce-sink-file"]'
	ce-top -1 -i 0 >text
	[ "$(grep -c '^$' text)" = 2 ]
}

@test "a fan-out is one pipeline, its branches set in" {
	touch log
	spawn_sh 'ce-src-file -f log --ack none | tee >(ce-sink-file one) >(ce-unwrap >two) >/dev/null'
	wait_for stages 3
	wait_for is '.pipelines | length == 1 and (.[0].stages | length == 4 and (.[1].to | length) == 2)'
	ce-top -1 -i 0 >text
	grep -q '^ ce-src-file' text
	grep -q '^ tee' text
	grep -q '^   ce-sink-file' text
	grep -q '^   ce-unwrap' text
}

@test "rates are those of the interval, the oldest unfinished event has its age" {
	pipeline log
	seq 50 >>log
	wait_for lines log.out 50
	wait_for is '.pipelines[0].stages[0].finished == 50'
	# Nothing in this interval; the averages since the start are another thing.
	ce-top --json -i 200ms >j
	jq -e '[.pipelines[0].stages[] | .events_per_second] == [0, 0]' j
	jq -e '.interval_seconds >= 0.2 and .interval_seconds < 5' j
	json '.pipelines[0].stages[0].events_per_second > 0 and .interval_seconds == 0'
	spawn_sh 'exec {nap}<> <(:); while :; do seq 10; read -rt 0.02 -u "$nap"; done >>log'
	wait_for flows
	kill -KILL -- "-$PID"
	wait_for is '.pipelines[0].stages | [.[0, 1] | .open, .oldest_seconds] == [0, null, 0, null]'
	# The sink stands still: the source has open events, older and older.
	sink=$(jq '.pipelines[0].stages[1].pid' j)
	kill -STOP "$sink"
	seq 10 >>log
	wait_for is '.pipelines[0].stages[0] | .open == 10 and .oldest_seconds >= 0'
	wait_for is '.pipelines[0].stages[0] | .open == 10 and .oldest_seconds > 1'
	json '.pipelines[0].stages[0].oldest_seconds < 15'
	json '.pipelines[0].stages[1] | .waits == "stopped" and .bottleneck'
	seq 200000 >>log
	wait_for is '.pipelines[0].stages[0].open > 10'
	ce-top --json -i 300ms >j
	jq -e '.pipelines[0].stages | .[0].bottleneck == false and .[1].bottleneck' j
	wait_for waits output
	ce-top -1 -i 0 | grep -q '^\*ce-sink-file.* stopped '
	kill -CONT "$sink"
	wait_for is '.pipelines[0].stages[0].oldest_seconds == null'
}
flows() { ce-top --json -i 300ms | jq -e '[.pipelines[0].stages[] | .events_per_second > 20 and .events_per_second < 10000] | all' >/dev/null; }
waits() { ce-top --json -i 200ms | jq -e --arg w "$1" '.pipelines[0].stages[0] | .waits == $w and .share[$w] > 0.9' >/dev/null; }

@test "the service that a sink waits for is the sink's own" {
	http_source 'cat >/dev/null' --ack none
	to=$PID
	touch log
	spawn_sh "ce-src-file -f --state pos log | ce-sink-http $URL"
	wait_for stages 3
	seq 3 >>log
	wait_for is '[.pipelines[].stages[] | select(.stage == "ce-sink-http") | .events == 3 and .open == 0] | any'
	kill -KILL -- "-$to"
	seq 5 >>log
	wait_for held_up || { cat j; return 1; }
}
held_up() {
	ce-top --json -i 300ms >j
	jq -e '.pipelines[].stages[] | select(.stage == "ce-sink-http") |
		.retried > 0 and .waits == "service" and .bottleneck and .share.service > 0.8' j >/dev/null
}

@test "what a killed stage left is not shown" {
	pipeline log
	cp -r run kept
	kill -KILL -- "-$PID"
	wait "$PID" 2>/dev/null || :
	[ "$(find run -name 'stat-*' | wc -l)" = 2 ]
	wait_for is '.pipelines == []'
	run -0 ce-top
	[ "$output" = 'no stages are running' ]
	# Nor what is no such file.
	: >run/stat-empty
	head -c 300 /dev/urandom >run/stat-noise
	mkfifo run/stat-fifo
	mkdir run/stat-dir
	ln -s /dev/zero run/stat-link
	run -0 timeout 10 ce-top
	[ "$output" = 'no stages are running' ]
}

@test "foreign bytes are made visible and bounded, wrong figures do no harm" {
	fakes '{"hex": "1b5b324a0d0a2263650722207c5c"}' '{"hex": "'"$(printf 'e29c93%.0s' {1..12})"'"}' \
		'{"big": 18446744073709551615, "open": 18446744073709551615, "oldest": -9223372036854775808, "started": -9223372036854775808, "role": -5, "blocked": 99}' \
		'{"oldest": 9223372036854775807, "open": 1, "started": 9223372036854775807, "pid": 1}' \
		'{"pid": -1}' '{"pid": 2147483647}' '{"size": 100}' '{"size": 152, "name": "ce-short"}' '{"in": 7, "out": 7}' '{"pid": 4242}' '{"pid": 4242}'
	ce-top -1 -i 0 >text
	[ "$(LC_ALL=C grep -c '[^ -~]' text)" = 0 ]
	[ "$(awk 'length > 220' text)" = '' ]
	grep -qF '\x1b[2J\x0d\x0a"ce\x07"\x20' text
	[ "$(grep -c ce-short text)" = 1 ]
	[ "$(grep -c ce-fake text)" = 5 ]
	ce-top --json -i 0 | jq -e '[.pipelines[].stages[]] | length == 8' >/dev/null
	ce-top -1 -i 200ms --textfile prom >/dev/null
	prom <prom
}

@test "without /proc stages are joined by what they wrote down" {
	fakes '{"name": "a", "out": 4000000001, "role": 0}' '{"name": "b", "in": 4000000001, "out": 4000000002}' \
		'{"name": "c", "in": 4000000002, "role": 1}' '{"name": "ring", "in": 4000000009, "out": 4000000008}' \
		'{"name": "gnir", "in": 4000000008, "out": 4000000009}'
	ce-top --json -i 0 >j
	jq -e '[.pipelines[].pipeline] | index("a|b|c") != null and length == 2' j
}

@test "--metrics: what Prometheus takes, and nothing else is answered" {
	need curl
	pipeline log
	seq 20 >>log
	wait_for lines log.out 20
	spawn_sh 'exec ce-top --metrics 127.0.0.1:0 2>said'
	top=$PID
	wait_for has said listening
	url=$(grep -o 'http://[^ ]*' said)
	curl -sSf -D head "$url" >prom
	grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8' head
	prom 'ce_events_total{stage=ce-src-file}' 'ce_events_total{stage=ce-sink-file,pipeline=ce-src-file|ce-sink-file}' <prom >got
	[ "$(xargs <got)" = '20 20' ] || { cat got prom; return 1; }
	prom 'ce_waited_seconds_total{stage=ce-sink-file,on=input}' <prom >got
	awk '{ exit !($1 > 0 && $1 < 1000) }' got
	prom 'ce_resident_memory_bytes{}' <prom | awk '$1 < 500000 { exit 1 }'
	pid=$(ce-top --json -i 0 | jq '.pipelines[0].stages[1].pid')
	[ "$(prom "ce_events_in_total{pid=$pid}" <prom)" = 20 ]
	if command -v promtool >/dev/null; then promtool check metrics <prom; fi
	# Again, and the counters have gone on.
	seq 5 >>log
	wait_for lines log.out 25
	wait_for more "$url"
	code() { curl -s -o body -w '%{http_code}' "$@"; }
	[ "$(code -I "$url")" = 200 ]
	[ "$(code "$url?x=y")" = 200 ]
	[ "$(code "${url%metrics}")" = 404 ]
	[ "$(code -d x "$url")" = 405 ]
	[ "$(code -H "X: $(head -c 20000 /dev/zero | tr '\0' a)" "$url")" = 431 ]
	at=${url#http://}
	at=${at%/*}
	printf 'nonsense\r\n\r\n' | timeout 10 socat -t 5 - "TCP:$at" | grep -q '^HTTP/1.1 400 '
	# Those who say nothing do not keep the others out.
	for _ in $(seq 20); do exec {fd}<>"/dev/tcp/${at%:*}/${at#*:}"; done
	[ "$fd" -gt 20 ]
	curl -sSf --max-time 10 "$url" | prom
	kill "$top"
	ended "$top"
	[ "$RC" = 0 ]
	run -69 ce-top --metrics 192.0.2.1:1
	spawn_sh 'exec ce-top --metrics unix:sock 2>said'
	wait_for has said 'unix:sock'
	curl -sSf --unix-socket sock http://x/metrics | prom
	kill "$PID"
	ended "$PID"
	[ ! -e sock ]
}
more() { [ "$(curl -s "$1" | prom 'ce_events_total{stage=ce-sink-file}')" = 25 ]; }

@test "--textfile: always whole, at each interval; gone on when it can be written again" {
	pipeline log
	mkdir dir
	spawn_sh 'exec ce-top --textfile dir/ce.prom -i 100ms 2>said'
	top=$PID
	wait_for test -s dir/ce.prom
	seq 7 >>log
	for _ in $(seq 10); do prom <dir/ce.prom >/dev/null; done
	wait_for written 7
	[ "$(ls -A dir)" = ce.prom ] || wait_for test "$(ls -A dir)" = ce.prom
	mv dir dir2
	wait_for has said 'cannot write dir/ce.prom'
	mv dir2 dir
	seq 2 >>log
	wait_for written 9
	[ "$(wc -l <said)" = 1 ]
	kill "$top"
	ended "$top"
	[ "$RC" = 0 ]
	[ "$(ls -A dir)" = ce.prom ]
}
written() { [ "$(prom 'ce_events_total{stage=ce-sink-file}' <dir/ce.prom)" = "$1" ]; }

@test "at rest it costs nothing but its interval" {
	[ -z "${SANITIZED:-}" ] || return 0
	pipeline log
	spawn_sh 'exec ce-top --metrics 127.0.0.1:0 2>said'
	wait_for has said listening
	wait_for idle "$PID"
	strace -f -qq -e trace=all -o trace -p "$PID" &
	tracer=$!
	wait_for has /proc/"$PID"/status 'TracerPid:.[1-9]'
	read -rt 2 -u "$NAP" || :
	kill "$tracer"
	wait "$tracer" || :
	[ "$(grep -vc 'resum\|poll' trace)" = 0 ] || { cat trace; return 1; }
	[ "$(rss "$PID")" -lt 10000 ]
}
idle() { [ "$(awk '{ print $3 }' "/proc/$1/stat")" = S ]; }

# ---- on a terminal ----------------------------------------------------------

# screen COLUMNS ROWS [ARGS...]: ce-top in a terminal of that size.
screen() {
	need tmux
	tm new-session -d -x "$1" -y "$2" -e "PATH=$PATH" -e "CE_RUNTIME_DIR=$CE_RUNTIME_DIR" -e "LC_ALL=$LC_ALL" \
		"cd '$T'; PS1='PROMPT> ' exec bash --norc -i" 3>&-
	tm set-option -g history-limit 0
	wait_for shows PROMPT
	tm send-keys "stty -a >before; ce-top -i 200ms ${*:3}; echo left \$?" Enter
	wait_for shows 'q quits\|ce-top [0-9]'
}
capture() { tm capture-pane -p >cap; }
shows() { capture && grep -q -- "$1" cap; }
# fits COLUMNS ROWS: nothing is cut off at the right, nor wrapped.
fits() {
	awk -v w="$1" -v h="$2" 'length > w || NR > h { print "too large: " $0; exit 1 }' cap
}
many() { # ten pipelines of two stages
	local i

	touch log
	for ((i = 0; i < 10; i++)); do
		spawn_sh 'ce-src-file -f log | ce-sink-file --sync none "$0"' "out$i"
	done
	wait_for stages 20
}
twenty() { # of names
	capture
	[ "$(grep -c "^[ *]$1" cap)" = "$2" ]
}

@test "a terminal of 24 columns" {
	pipeline log
	screen 24 10
	wait_for shows 'src-file'
	wait_for shows 'sink-file'
	fits 24 10
	grep -q 'STAGE.*EV/S WAITS' cap
	grep -q '^ src-file  *0 input' cap
	tm send-keys q
	wait_for shows 'left 0'
}

@test "a terminal of 200 columns" {
	pipeline log
	seq 1000 >>log
	wait_for lines log.out 1000
	screen 200 24
	wait_for shows 'ce-sink-file .* 1000 '
	fits 200 24
	for h in STAGE ROLE PID EV/S B/S OUT/S TOTAL BYTES OPEN OLDEST RETRY DEAD WAITS IN% OUT% SVC% ACK% WORK% CPU% MEM; do
		grep -qF -- "$h" cap || { echo "no $h"; cat cap; return 1; }
	done
	awk '/ce-src-file/ { n = NF } END { exit n != 20 }' cap
	tm send-keys q
	wait_for shows 'left 0'
}

@test "a terminal that changes its size meanwhile" {
	pipeline log
	screen 200 24
	wait_for shows 'WORK%'
	tm resize-window -x 24 -y 6
	wait_for shows 'sink-file'
	wait_for without 'WORK%\|TOTAL'
	fits 24 6
	tm resize-window -x 80 -y 24
	wait_for shows 'TOTAL.*OPEN.*OLDEST'
	fits 80 24
	tm resize-window -x 200 -y 24
	wait_for shows 'WORK%'
	tm resize-window -x 5 -y 2
	wait_for without 'sink'
	tm resize-window -x 80 -y 24
	wait_for shows 'ce-sink-file'
	tm send-keys q
	wait_for shows 'left 0'
}
without() { capture && ! grep -q -- "$1" cap; }

@test "twenty stages, on a high and on a low terminal" {
	many
	screen 80 40
	wait_for twenty ce- 20
	shows '20 stages  10 pipelines'
	fits 80 40
	tm resize-window -x 24 -y 34
	wait_for twenty 's[ri][cn]' 20
	fits 24 34
	tm resize-window -x 60 -y 8
	wait_for twenty ce- 4
	for _ in $(seq 40); do tm send-keys j; done
	wait_for twenty ce- 4
	shows STAGE
	for _ in $(seq 40); do tm send-keys Up; done
	wait_for twenty ce- 4
	tm send-keys q
	wait_for shows 'left 0'
}

@test "none on a terminal; one that comes is shown, one that goes is not" {
	screen 40 8
	wait_for shows 'no stages are running'
	pipeline log
	wait_for shows 'sink-file'
	reap
	wait_for shows 'no stages are running'
	tm send-keys q
	wait_for shows 'left 0'
}

# sane: the shell's own screen is back, and the terminal is as it was.
sane() {
	wait_for shows "$1"
	shows PROMPT
	not grep -q 'STAGE\|no stages' cap
	tm send-keys 'stty -a >after; echo compared' Enter
	wait_for shows '^compared'
	diff before after
	[ "$(tm display-message -p '#{cursor_flag} #{alternate_on}')" = '1 0' ]
}
# The ce-top that the terminal runs.
top_pid() { pgrep -t "$(tm display-message -p '#{pane_tty}' | sed 's|/dev/||')" -x ce-top; }

@test "whichever way it ends, the terminal is sane" {
	for how in q C-c C-\\ TERM SEGV ABRT HUP; do
		[ $how != SEGV ] || [ -z "${SANITIZED:-}" ] || continue # it would be reported
		rm -f before after
		screen 60 10
		case $how in
		q | C-*) tm send-keys "$how" ;;
		*) kill "-$how" "$(top_pid)" ;;
		esac
		case $how in
		q | C-c | TERM | HUP) sane '^left 0' ;;
		C-\\) sane 'left 131' ;;
		SEGV) sane 'left 139' ;;
		ABRT) sane 'left 134' ;;
		esac
		tm kill-server
		wait_for not_there tmux
	done
}
not_there() { ! tm list-sessions 2>/dev/null; }

@test "stopped with ^Z it gives the terminal back; in the foreground it takes it again" {
	screen 60 10
	wait_for shows 'no stages'
	tm send-keys C-z
	wait_for shows Stopped
	not grep -q 'no stages' cap
	tm send-keys 'stty -a >stopped; fg' Enter
	wait_for shows 'no stages'
	diff before stopped
	tm send-keys q
	sane '^left'
}
