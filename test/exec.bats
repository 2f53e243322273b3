# exec.bats -- ce-exec: any command as a sink or a filter
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # what is in quotes is for the command; status is what bats' run sets
load help
load exec

# exits CODE WHAT ARGS...: ce-exec ends with CODE and says WHAT.
exits() {
	local code=$1 what=$2

	shift 2
	run timeout 30 ce-exec "$@" <in
	[ "$status" = "$code" ] && [[ $output == *"$what"* ]] && return 0
	echo "status $status, not $code: $output"
	return 1
}
children() { pgrep -P "$1" >/dev/null; }

@test "each event to a command of its own, byte for byte, in order" {
	events 60 >in
	ce-exec -- sh -c 'cat >>out' <in
	cmp in out
	rm out
	ce-exec --batch 7 -- sh -c 'cat >>out; echo x >>runs' <in
	cmp in out
	[ "$(grep -c x runs)" = 9 ]
	# Standard output and standard error of a sink are ours.
	ce-exec -- sh -c 'cat; echo said >&2' <in >out 2>err
	cmp in out
	[ "$(sort err | uniq -c | tr -s ' ')" = ' 60 said' ]
}

@test "attributes in the environment, and nothing that was there before" {
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","runtimedir":"/evil","path":"/evil","ldpreload":"x","n":7,"data":1}' >in
	export CE_SUBJECT=stale CE_EXEC_RETRIES=0
	ce-exec -- sh -c 'env >env; echo "$CE_TYPE|$CE_ID|$CE_SOURCE|$CE_N|${CE_SUBJECT-none}"' <in >out
	[ "$(cat out)" = 't|1|/s|7|none' ]
	grep -qx "CE_RUNTIME_DIR=$CE_RUNTIME_DIR" env
	grep -qx 'CE_RUNTIMEDIR=/evil' env
	grep -qx 'CE_EXEC_RETRIES=0' env
	grep -qx 'CE_PATH=/evil' env
	not grep -q '^LD_PRELOAD\|^PATH=/evil' env
	# A program of ours as the command is not led astray.
	ce-exec -- ce-sink-file out2 <in
	cmp in out2
	# Several events have no attributes in common.
	cat in in >two
	ce-exec --batch 2 -- sh -c 'env | grep "^CE_[A-Z0-9]*=" || echo none' <two >out
	[ "$(cat out)" = none ]
	ce-exec -p -- sh -c 'env | grep "^CE_[A-Z0-9]*=" >&2; while read -r _; do echo ok; done' <in 2>err
	[ ! -s err ]
}

@test "what does not fit in the environment is refused, and nothing else" {
	{
		events 1
		printf '{"specversion":"1.0","id":"2","source":"/s","type":"t","x":"%s"}\n' "$(head -c 200000 /dev/zero | tr '\0' v)"
		events 1 3
	} >in
	ce-exec --dead-letter dead -- sh -c 'cat >>out' <in
	sed 2d in | cmp - out
	jq -e '.deadreason | test("environment")' dead
	rm out
	ce-exec --batch 3 -- sh -c 'cat >>out' <in
	cmp in out
}

@test "nothing of an event is read by a shell" {
	jq -cn --arg x '$(touch evil); `touch evil` "; touch evil #' \
		'{specversion: "1.0", id: $x, source: "/s", type: $x, subject: $x, ext: $x, data: $x}' >in
	ce-exec -- sh -c 'printf "%s\n" "$CE_SUBJECT" >got; cat >>out' a '$(touch evil)' '{subject}' <in
	ce-exec -- sh -c 'printf "%s\n" "$@" >args' a '$(touch evil)' '{subject}' '' <in
	cmp in out
	[ "$(cat got)" = '$(touch evil); `touch evil` "; touch evil #' ]
	[ "$(cat args)" = $'$(touch evil)\n{subject}' ]
	[ ! -e evil ]
}

@test "verdicts: 0, 75 and 69, others, signals" {
	events 2 >in
	exits 0 '' -- true
	exits 69 'sh: exit status 75: not now' --retries 0 -- sh -c 'echo one >&2; echo not now >&2; exit 75'
	exits 69 'exit status 69' --retries 1 --backoff 1ms -- sh -c 'exit 69'
	exits 65 'cannot take event 1: sh: exit status 1: no such order' -- sh -c 'echo no such order >&2; exit 1'
	exits 65 'exit status 127' -- sh -c 'exit 127'
	exits 69 'killed by SIGKILL' --retries 0 -- sh -c 'kill -9 $$'
	exits 65 'killed by SIGSEGV' -- sh -c 'kill -SEGV $$'
	# Whoever started us may have had no interest in how processes end.
	exits 65 'exit status 3' -- sh -c 'exit 3'
	run python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execvp("ce-exec", ["ce-exec", "--", "sh", "-c", "exit 3"])' <in
	[ "$status" = 65 ]
	# Later is later: the same event again, then the next.
	ce-exec --backoff 1ms -- sh -c 'cat >>out; [ "$(wc -l <out)" != 1 ] || exit 75' <in
	head -n 1 in | cat - in | cmp - out
	# The dead letter has what the command said last.
	ce-exec --dead-letter dead -- sh -c '[ "$CE_ID" = 2 ] || { printf "first\nlast\n\n" >&2; exit 3; }' <in
	[ "$(jq -r '.id + " " + .deadreason' dead)" = '1 sh: exit status 3: last' ]
}

@test "a batch that is refused is tried event by event" {
	events 20 >in
	bad='"id":"7"'
	ce-exec --batch 10 --dead-letter dead -- sh -c 'cat >this; ! grep -q "$0" this || exit 1; cat this >>out' "$bad" <in
	grep -v "$bad" in | cmp - out
	[ "$(jq -r .id dead)" = 7 ]
	# Later concerns the batch as a whole.
	rm out
	ce-exec --batch 10 --backoff 1ms -- sh -c 'cat >>out; [ -e once ] || { touch once; exit 75; }' <in
	{ head -n 10 in; cat in; } | cmp - out
}

@test "what cannot be run is said at the start" {
	events 1 >in
	exits 78 'cannot run no-such-command: No such file' -- no-such-command
	exits 78 'cannot run ./nothing: No such file' ./nothing
	exits 77 'cannot run ./in: Permission denied' ./in
	exits 77 'cannot run /: ' /
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	exits 78 'interpreter' ./script
	exits 78 'interpreter' -p ./script
	echo 'echo "$1" >ran' >script # as a shell runs it
	exits 0 '' ./script yes
	[ "$(cat ran)" = yes ]
	for args in '-p -d' '-f --batch 2' '-p --batch 2' '-d --batch 2' '--inflight 3' '--batch 1000000 -j 1000'; do
		# shellcheck disable=SC2086
		exits 64 ce-exec: $args true
	done
	exits 64 COMMAND
}

@test "a command need not read, nor read all; big events do not deadlock" {
	padded 1 16000000 >big
	timeout 30 ce-exec -- true <big
	timeout 30 ce-exec -- head -c 100000 <big >out
	[ "$(wc -c <out)" = 100000 ]
	timeout 30 ce-exec -- sh -c 'exec <&-; exit 0' <big
	# Much in while much comes out.
	timeout 30 ce-exec --filter -- cat <big | cmp big -
	timeout 30 ce-exec --filter -p -- cat <big | cmp big -
	timeout 30 ce-exec --filter --data -- cat <big | cmp big -
	# The output of a filter is bounded.
	run timeout 30 ce-exec --filter --max-event 1M -- sh -c 'head -c 50000000 /dev/zero' <<<"$(events 1)"
	[ "$status" = 65 ]
	[[ $output == *'longer than --max-event'* ]]
}

@test "--jobs: at the same time, the output of a filter in order" {
	events 40 >in
	# Each waits until another one runs.
	timeout 60 ce-exec -j 2 -- sh -c 'mkdir -p here; touch "here/$CE_ID"
		while [ "$(ls here | wc -l)" -lt 2 ]; do :; done' <in
	timeout 60 ce-exec -j 8 --filter -- sh -c 'i=$(( (41 - CE_ID) * 200 )); while [ $i -gt 0 ]; do i=$((i - 1)); done; cat' <in >out
	cmp in out
	timeout 60 ce-exec -j 3 -p --filter -- cat <in >out
	cmp in out
	timeout 60 ce-exec -j 3 --batch 4 -- sh -c 'cat >"out.$$"' <in
	cat out.* | sort | cmp - <(sort in)
	# One at a time for each key.
	padded 40 10 >same
	timeout 60 ce-exec -j 8 --order-by '{type}' -- sh -c 'mkdir lock || exit 1; cat >>ordered; rmdir lock' <same
	cmp same ordered
}

@test "--timeout: TERM, then it is later; what the command started goes with it" {
	events 1 >in
	exits 69 'no end after 300 ms' --timeout 300ms --retries 0 -- sh -c 'cat /dev/zero >/dev/null & echo $! >pid; wait'
	wait_for gone_or_zombie "$(cat pid)"
	# An exit status 0 that comes too late counts for nothing.
	exits 69 'no end after 300 ms' --timeout 300ms --retries 0 -- bash -c 'trap "exit 0" TERM; while :; do read -rt 1 <> <(:); done'
	exits 69 'no answer in time' -p --timeout 300ms --retries 0 -- sh -c 'cat >/dev/null'
}

@test "--timeout: KILL for one that does not hear" {
	events 1 >in
	exits 69 'killed by SIGKILL' --timeout 2s --retries 0 -- bash -c 'trap "" TERM; while :; do :; done'
}

@test "a filter: changed, dropped, refused" {
	events 6 >in
	ce-exec -f -- sh -c '[ "$CE_ID" = 3 ] || jq ".subject = \"s\""' <in >out
	[ "$(jq -r '.id + .subject' out | tr '\n' ' ')" = '1s 2s 4s 5s 6s ' ]
	exits 65 'its output is refused' -f -- echo '{"specversion":"1.0"}'
	exits 65 'its output is refused' -f -- sh -c 'cat; echo more'
	exits 65 'exit status 3' -f -- sh -c 'cat; exit 3'
	printf 'a\nB' | ce-wrap -s /s -t t --as whole | ce-exec -f -d -- tr a-zA-Z A-Za-z | ce-unwrap >out
	[ "$(cat out)" = $'A\nb' ]
	head -c 3000 /dev/urandom >bytes
	ce-wrap -s /s -t t --as whole <bytes | ce-exec -f -d -- rev -z >/dev/null 2>&1 || :
	ce-wrap -s /s -t t --as whole <bytes | ce-exec -f -d -- xxd -p | ce-unwrap | cmp - <(xxd -p <bytes; echo) || ! command -v xxd
	ce-wrap -s /s -t t --as whole <bytes | ce-exec -d -- cat | cmp - bytes
}

@test "a command that stays: its answers are the verdicts" {
	events 4 >in
	keeper
	ce-exec -p -- python3 keeper out <in
	cmp in out
	exits 65 'cannot take event 1: sed: no such thing' -p -- sed -u 's/.*/never no such thing/'
	exits 69 'sed: db is down' -p --retries 0 -- sed -u 's/.*/later db is down/'
	exits 69 'that is no answer: yes' -p --retries 0 -- sed -u 's/.*/yes/'
	exits 69 'that is no answer' -p --retries 0 -- cat
	exits 69 'ended without an answer: exit status 3: oh' -p --retries 0 -- sh -c 'read -r _; echo oh >&2; exit 3'
	exits 0 'what was not asked' -p -- sh -c 'read -r _; printf "ok\nok\nok\nok\nok\n"; cat >/dev/null'
	# An answer without its newline is none.
	exits 69 'ended without an answer' -p --retries 0 -- sh -c 'read -r _; printf ok'
	# It is started again, and only once for all that comes after.
	ce-exec -p --backoff 1ms -- sh -c 'echo x >>starts; n=0; while read -r _; do n=$((n + 1)); [ $n -lt 3 ] || exit 1; echo ok; done' <in
	[ "$(wc -l <starts)" = 2 ]
}

@test "a filter that stays: passed, changed, dropped, refused, in order" {
	events 500 >in
	ce-exec -f -p -- sed -u '/"id":"[0-9]*5"/s/.*//' <in >out
	grep -v '"id":"[0-9]*5"' in | cmp - out
	ce-exec -f -p -- sed -u 's/.*/ok/' <in | cmp in -
	ce-exec -f -p --dead-letter dead -- sed -u '/"id":"7"/s/.*/{"id":"7"}/; /"id":"9"/s/.*/never no/' <in >out
	[ "$(jq -r .id dead | tr '\n' ' ')" = '7 9 ' ]
	[ "$(wc -l <out)" = 498 ]
	# Later does not change the order of what leaves.
	ce-exec -f -p --backoff 10ms -- python3 -c '
import sys
first = True
for line in sys.stdin:
    if first and "\"id\":\"7\"" in line:
        first = False
        line = "later\n"
    sys.stdout.write(line)
    sys.stdout.flush()' <in >out 2>/dev/null
	cmp in out
}

@test "of many under way only the one that kills the command is refused" {
	events 50 >in
	cat >frail <<'END'
import sys
for line in sys.stdin:
    if '"id":"7"' in line:
        sys.exit(1)
    print("ok", flush=True)
END
	timeout 60 ce-exec -p --inflight 50 --backoff 1ms --retries 4 --dead-letter dead -- python3 frail <in
	[ "$(jq -r .id dead)" = 7 ]
}

@test "the children: no descriptor of ours, signals as we got them, a group of their own, no zombies" {
	events 3 >in
	ce-exec -- sh -c 'ls -l /proc/self/fd | grep -c "socket\|stat-\|eventfd\|pidfd" >>fds; grep SigIgn /proc/self/status >>sig
		grep SigBlk /proc/self/status >>sig' <in 3>&-
	[ "$(sort -u fds)" = 0 ]
	[ "$(sort -u sig)" = "$(grep -h 'Sig\(Ign\|Blk\)' /proc/self/status | sort -u)" ] # as for us
	spawn_sh 'exec ce-exec -- sh -c "[ \$CE_ID != 3 ] || touch third; until [ -e go ] || [ \$CE_ID != 3 ]; do :; done" <in'
	pid=$PID
	wait_for test -e third
	child=$(pgrep -P "$pid") # zombies would be here too
	[ "$(wc -l <<<"$child")" = 1 ]
	[ "$(ps -o pgid= "$child" | tr -d ' ')" != "$(ps -o pgid= "$pid" | tr -d ' ')" ]
	touch go
	ended "$pid"
	[ "$RC" = 0 ]
}

@test "kill -9 of ce-exec takes the commands with it" {
	events 8 >in
	mkfifo hold
	for how in '-j 4' '-p -j 2 --inflight 8'; do
		spawn_sh "exec ce-exec $how -- sh -c 'read -r _ <hold' <in"
		pid=$PID
		wait_for children "$pid"
		read -rt 0.1 -u "$NAP" || :
		kids=$(pgrep -P "$pid")
		kill -9 "$pid"
		for k in $kids; do wait_for gone_or_zombie "$k"; done
	done
}

@test "SIGTERM: what was begun is finished, and the command that stays sees its end of input" {
	events 5 >in
	keeper
	mkfifo fifo
	# shellcheck disable=SC2046
	for how in '' '-p'; do
		rm -f out end
		if [ -z "$how" ]; then set -- sh -c 'cat >>out'; else set -- sh -c 'python3 keeper out; echo end >end'; fi
		# shellcheck disable=SC2086
		spawn bash -c 'exec ce-exec '$how' -- "$@" <fifo 2>said' - "$@"
		pid=$PID
		exec {w}>fifo
		cat in >&"$w"
		wait_for lines out 5
		kill -TERM "$pid"
		ended "$pid"
		exec {w}>&-
		[ "$RC" = 0 ] || { echo "$RC"; cat said; return 1; }
		cmp in out
		[ -z "$how" ] || [ "$(cat end)" = end ]
	done
}

@test "SIGTERM: a slow one takes all that is there; what it cannot in ten seconds is 75, and said" {
	events 5 >in
	mkfifo fifo
	for slow in 0.5 4; do
		rm -f out
		spawn_sh "exec ce-exec -- sh -c 'cat >>out; sleep $slow' <fifo 2>said"
		pid=$PID
		exec {w}>fifo
		cat in >&"$w"
		wait_for lines out 1
		kill -TERM "$pid"
		ended "$pid"
		exec {w}>&-
		if [ $slow = 0.5 ]; then
			[ "$RC" = 0 ]
			cmp in out
		else
			[ "$RC" = 75 ]
			has said 'leaving with input that was not taken'
			head -n "$(wc -l <out)" in | cmp - out
			not lines out 5
		fi
	done
}

@test "an idle ce-exec takes no time, a busy one little memory" {
	[ -z "${SANITIZED:-}" ] || return 0
	mkfifo fifo
	spawn_sh 'exec ce-exec -f -p -- cat <fifo >out'
	pid=$PID
	exec {w}>fifo
	padded 30000 500 >&"$w"
	wait_for lines out 30000
	[ "$(rss "$pid")" -le 10240 ]
	a=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
	read -rt 1 -u "$NAP" || :
	[ "$(awk '{ print $14 + $15 }' "/proc/$pid/stat")" -le $((a + 1)) ]
	exec {w}>&-
	ended "$pid"
	[ "$RC" = 0 ]
}
