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
	events 5 >in
	spawn_sh 'ce-src-file --as events --state state --until-end in | jq -c . | ce-sink-file out'
	ended "$PID"
	[ "$RC" = 0 ]
	[ "$(ids <out | tr '\n' ' ')" = '1 2 3 4 5 ' ]
	# And they count as finished: nothing comes again.
	ce-src-file --as events --state state --until-end in | ce-sink-file again
	[ ! -s again ]
}

@test "an address is not mistaken for something that grep looks for" {
	events 20 | grep -v x >in
	for _ in $(seq 30); do
		rm -f state out
		ce-src-file --as events --state state --until-end in | grep --line-buffered -v '[xqzwghjklmb]' | ce-sink-file out &
		wait $!
		[ "$(cat in | grep -cv '[qzwghjklmb]' || :)" = "$(wc -l <out)" ]
	done
}

@test "many pipelines side by side in one runtime directory" {
	events 300 >in
	for i in $(seq 40); do
		spawn_sh "ce-src-file --as events --state state.$i --until-end in | ce-sink-file out.$i"
		echo "$PID" >>pids
	done
	while read -r p; do
		DEADLINE=60 ended "$p"
		[ "$RC" = 0 ]
	done <pids
	for i in $(seq 40); do cmp in "out.$i"; done
	[ -z "$(ls "$CE_RUNTIME_DIR")" ]
}

@test "a reader that stops reading holds the source up, and memory stays" {
	padded 60000 1000 >in
	mkfifo fifo
	spawn_sh 'exec ce-src-file --as events --state state --until-end in >fifo'
	pid=$PID
	exec {r}<fifo
	wait_for catches_up "$pid"
	[ -n "${SANITIZED:-}" ] || [ "$(rss "$pid")" -le 12000 ]
	cat <&"$r" >out &
	exec {r}<&-
	ended "$pid" || :
	wait
	sed 's/,"ackto":"[^"]*"//' out | cmp - in || :
}
catches_up() { # it waits for its reader
	grep -qs 'pipe_write\|poll\|epoll' "/proc/$1/wchan" || [ "$(awk '{ print $3 }' "/proc/$1/stat")" = S ]
}

@test "a full disk delays and loses nothing" {
	[ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=64k none small 2>/dev/null || skip "cannot mount a small tmpfs here"
	padded 200 1000 >in
	dd if=/dev/zero of=small/ballast bs=1k count=30 2>/dev/null
	spawn_sh 'ce-src-file --as events --state state --until-end in | ce-sink-file --backoff 50ms small/out 2>said'
	pid=$PID
	wait_for grep -qsi 'no space' said
	for _ in 1 2 3 4 5; do
		mount -o remount,size=1m small && break
	done
	ended "$pid"
	umount -l small
	[ "$RC" = 0 ]
}
