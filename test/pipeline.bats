# pipeline.bats -- nothing is lost in a plain pipe: test/torture, a few rounds of each
# SPDX-License-Identifier: Apache-2.0
load help

# rounds N SOURCE SINK KIND...: N rounds with each middle; fewer events, shorter
# stops than make torture has.
rounds() {
	local n=$1 source=$2 sink=$3

	shift 3
	if [ -n "${SANITIZED:-}" ]; then set -- "$@" -n 300; fi
	"$HERE/torture" "$n" -s "$source" -d "$sink" --pause 0.4 "$@"
}

@test "file to file: kill -9 of one stage" { rounds 4 file file -k one; }
@test "file to file: kill -9 of all" { rounds 3 file file -k all; }
@test "file to file: SIGTERM of the source, no duplicates" { rounds 2 file file -k term; }
@test "file to file: a sink that is stopped for a while" { rounds 1 file file -k stop; }
@test "file to http: kill -9 of one stage" { rounds 3 file http -k one; }
@test "file to http: kill -9 of all" { rounds 2 file http -k all; }
@test "file to http: SIGTERM of the source, no duplicates" { rounds 1 file http -k term; }
@test "file to http: a receiver that is stopped for a while" { rounds 1 file http -k stop; }
@test "http to file: kill -9 of one stage" { rounds 3 http file -k one; }
@test "http to file: kill -9 of all" { rounds 2 http file -k all; }
@test "http to file: SIGTERM of the source" { rounds 1 http file -k term; }
@test "http to http: kill -9 of one stage" { rounds 2 http http -k one; }
@test "http to http: kill -9 of all" { rounds 1 http http -k all; }
@test "http to http: a receiver that is stopped for a while" { rounds 1 http http -k stop; }

@test "a filter that keeps everything back until the end of its input is waited for" {
	for filter in 'jq -c .' 'awk "{print; fflush()}"' 'tac | tac'; do
		events 5 >in
		rm -f state out
		spawn_sh "ce-src-file --as events --state state --until-end in | $filter | ce-sink-file out"
		DEADLINE=9 ended "$PID" # --ack-wait is 10 s
		[ "$RC" = 0 ]
		[ "$(ids <out | sort | tr '\n' ' ')" = '1 2 3 4 5 ' ]
		# And they count as finished: nothing comes again.
		[ -z "$(ce-src-file --as events --state state --until-end --ack none in)" ]
	done
}

@test "what a filter removed at the very end is finished when all stages ended well" {
	# Only a kernel from 6.15 on tells how a process ended that is no child.
	printf '%s\n' 6.15 "$(uname -r)" | sort -VC || return 0
	events 99 >in
	spawn_sh 'ce-src-file --as events --state state --until-end in | grep -v "\"id\":\"[5-9]" | ce-sink-file out'
	DEADLINE=9 ended "$PID"
	[ "$RC" = 0 ]
	[ "$(wc -l <out)" = 44 ]
	[ -z "$(ce-src-file --as events --state state --until-end --ack none in)" ]
}

@test "a filter that is killed before it let anything through has finished nothing" {
	events 5 >in
	mkfifo never
	# shellcheck disable=SC2016
	spawn_sh 'set -o pipefail; ce-src-file --as events --state state --until-end in |
		{ echo $BASHPID >filter.pid; exec bash -c "mapfile -t all; touch has-all; read -r _ <never"; } | ce-sink-file out'
	pid=$PID
	DEADLINE=5 wait_for test -e has-all || : # it may still wait for the end of its input
	kill -9 "$(cat filter.pid)"
	ended "$pid"
	[ "$RC" != 0 ]
	[ "$(ce-src-file --as events --state state --until-end --ack none in | wc -l)" = 5 ]
}

# The reader of the pipe is alive and does not notice that the sink is not: it has
# nothing to write.  So nobody answers, and that must not pass for delivered.
@test "a sink that died before its first word, behind a filter that does not notice" {
	events 1000 >in
	spawn_sh 'ce-src-file --as events --state state --until-end --window 100 --ack-wait 3s in 2>said |
		grep --line-buffered . | head -n 100 >/dev/null'
	DEADLINE=15 ended "$PID" || kill -TERM -- "-$PID"
	ended "$PID"
	ce-src-file --as events --state state --until-end --ack none in >left
	cmp in left
}

@test "a sink that is started only when all other stages have ended" {
	events 5 >in
	cat >late.py <<-'END'
	import subprocess
	P = subprocess.PIPE
	src = subprocess.Popen(["ce-src-file", "--as", "events", "--state", "state", "--until-end", "in"], stdout=P)
	one = subprocess.Popen(["ce-map", "--remove", "nosuch"], stdin=src.stdout, stdout=P)
	src.stdout.close()
	assert one.wait() == 0
	sink = subprocess.Popen(["ce-sink-file", "out"], stdin=one.stdout)
	one.stdout.close()
	assert (sink.wait(), src.wait()) == (0, 0)
	END
	timeout 60 python3 late.py
	cmp in out
}

@test "an address is not mistaken for something that grep looks for" {
	for i in $(seq 20); do echo "{\"specversion\":\"1.0\",\"id\":\"$i\",\"source\":\"s\",\"type\":\"t\"}"; done >in
	for i in $(seq 30); do
		ce-src-file --as events --state "state.$i" --until-end in | grep --line-buffered -v '[xqzwghljmbfXQ_%]' | ce-sink-file "out.$i"
		cmp in "out.$i"
	done
}

@test "many pipelines side by side in one runtime directory" {
	events 300 >in
	for i in $(seq 100); do
		spawn_sh "ce-src-file --as events --state state.$i --until-end in | ce-sink-file out.$i"
		echo "$PID" >>pids
	done
	while read -r p; do
		DEADLINE=60 ended "$p"
		[ "$RC" = 0 ]
	done <pids
	for i in $(seq 100); do cmp in "out.$i"; done
	[ -z "$(ls "$CE_RUNTIME_DIR")" ]
}

@test "a reader that stops reading holds the source up, in bounded memory" {
	padded 60000 1000 >in
	head -n 2000 in >log
	# shellcheck disable=SC2016
	spawn_sh 'ce-src-file -f --as events --state state log | { echo $BASHPID >sink.pid; exec ce-sink-file out; }'
	pid=$PID
	wait_for lines out 2000
	sink=$(cat sink.pid)
	kill -STOP "$sink"
	wait_for stopped "$sink"
	sed 1,2000d in >>log # more than is on its way at a time
	source=$(pgrep -g "$pid" -x ce-src-file)
	wait_for has_read "$source" 2600000 # the first 2000 are 2.1 MB
	wait_for still "$source"
	[ -n "${SANITIZED:-}" ] || [ "$(rss "$source")" -le 10240 ]
	not lines out 60000
	kill -CONT "$sink"
	wait_for lines out 60000
	kill -TERM "$source"
	ended "$pid"
	[ "$RC" = 0 ]
	cmp in out
}
has_read() { [ "$(awk '/^rchar/ { print $2 }' "/proc/$1/io")" -gt "$2" ]; } # PID BYTES
still() { # PID reads no more
	local a b

	a=$(awk '/^rchar/ { print $2 }' "/proc/$1/io")
	read -rt 0.3 -u "$NAP" || :
	b=$(awk '/^rchar/ { print $2 }' "/proc/$1/io")
	[ "$a" = "$b" ]
}

@test "a full disk delays and loses nothing" {
	[ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=64k none small 2>/dev/null || skip "cannot mount a small tmpfs here"
	padded 200 1000 >in
	spawn_sh 'ce-src-file --as events --state state --until-end in | ce-sink-file --backoff 50ms small/out 2>said'
	pid=$PID
	wait_for grep -qsi 'no space' said
	mount -o remount,size=1m small
	ended "$pid" || :
	cp small/out out || :
	umount -l small
	[ "$RC" = 0 ]
	cmp in out
}
