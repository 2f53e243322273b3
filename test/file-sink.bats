# file-sink.bats -- ce-sink-file: whole lines, durable, in the right file
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status is what bats' run sets
load help

teardown() {
	reap
	[ ! -d "$T/small" ] || umount "$T/small" 2>/dev/null || :
}

# event ID [MEMBERS]: one line.
event() { printf '{"specversion":"1.0","id":"%s","source":"/s","type":"t"%s}\n' "$1" "${2:+,$2}"; }
# small SIZE: a tmpfs of that size at $T/small.
small() {
	mkdir -p "$T/small"
	mount -t tmpfs -o "size=$1" tmpfs "$T/small" 2>/dev/null || skip "no tmpfs can be mounted here (needs root)"
}
# sink IN ARGS...: ce-sink-file in the background; what it says is in err.  (A
# background process of a function has no standard input but /dev/null.)
sink() {
	# shellcheck disable=SC2016
	spawn bash -c 'in=$1; shift; exec ce-sink-file "$@" <"$in" 2>err' - "$@"
}
is_empty() { [ ! -s "$1" ]; }
same() { cmp -s "$1" "$2"; }
exists() { [ -e "$1" ]; }
# traced OUT CMD...: under strace, what changes or syncs files.
# (The leak checker of make asan cannot work under ptrace.)
traced() { ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -o "$1" -e trace=openat,write,writev,pwrite64,fdatasync,fsync,rename,renameat2,ftruncate,close "${@:2}"; }

@test "lines arrive byte for byte, in order" {
	events 5000 >in
	ce-sink-file out <in
	cmp in out
}

@test "appends to what is there" {
	events 10 >in
	head -n 4 in | ce-sink-file out
	tail -n +5 in | ce-sink-file out
	cmp in out
}

@test "a 16 MiB line" {
	padded 1 16700000 >in
	ce-sink-file --max-event 17M out <in
	cmp in out
}

@test "the last line without its newline gets one" {
	event 1 | tr -d '\n' | ce-sink-file out
	[ "$(wc -l <out)" = 1 ]
}

@test "the file is there from the start, its directories too" {
	ce-sink-file a/b/c/out </dev/null
	[ -f a/b/c/out ]
	(umask 027 && event 1 | ce-sink-file p/q/out)
	[ "$(stat -c %a p)" = 750 ]
	[ "$(stat -c %a p/q/out)" = 640 ]
}

@test "a template chooses the file" {
	{ event 1 '"subject":"a"'; event 2 '"subject":"b"'; event 3 '"subject":"a"'; } >in
	ce-sink-file 'out/{type}/{subject}.ndjson' <in
	sed -n '1p;3p' in | cmp - out/t/a.ndjson
	sed -n 2p in | cmp - out/t/b.ndjson
}

@test "a template with the time" {
	event 1 '"time":"2026-03-04T23:59:59-01:00"' | ce-sink-file 'out/{time:%Y-%m-%d}.ndjson'
	[ -s out/2026-03-05.ndjson ]
}

@test "1000 files, 8 of them open, order kept in each" {
	need strace
	seq 5000 | jq -c '{specversion:"1.0",id:"\(.)",source:"/s",type:"t",subject:"\(. % 1000)"}' >in
	traced trace ce-sink-file --max-open 8 --sync none 'out/{subject}' <in
	[ "$(find out -type f | wc -l)" = 1000 ]
	cat out/* | sort | cmp - <(sort in)
	grep -h -c '' out/* | sort -u | cmp - <(echo 5)
	ids <out/7 | cmp - <(printf '%s\n' 7 1007 2007 3007 4007)
	# Never more open than the 8 and what the program itself has.
	awk '/openat.*"out\// && !/= -1/ { n++; split($NF, a); open[$NF] = 1 } /close\(/ { match($0, /close\([0-9]+/); delete open[substr($0, RSTART + 6, RLENGTH - 6)] }
		{ k = 0; for (i in open) k++; if (k > most) most = k } END { exit !(n >= 1000 && most <= 10) }' trace
}

@test "no value leaves the directory" {
	mkdir in.d
	python3 - <<-'END' >in
		import json
		for i, s in enumerate(["../../x", "/etc/passwd", ".hidden", "..", ".", "a/b", "a\\b", "%2e%2e", "-rf", "~", "x" * 200, "\u202e", "\u00e4"]):
		    print(json.dumps({"specversion": "1.0", "id": str(i), "source": "/s", "type": "t", "subject": s}))
		print(json.dumps({"specversion": "1.0", "id": "c", "source": "/s", "type": "t", "data": {"n": "a\u0000b\nc\u001b[31m\u007f"}}))
	END
	(cd in.d && ce-sink-file --each 'out/{subject|none}' <../in)
	(cd in.d && ce-sink-file 'app/{subject|none}/f' <../in)
	(cd in.d && tail -n 1 ../in | ce-sink-file 'ctl/{data.n}')
	[ "$(find . -name x)" = '' ]
	[ "$(cd in.d && find . -mindepth 1 -maxdepth 1 | sort | tr '\n' ' ')" = './app ./ctl ./out ' ]
	[ "$(find in.d/out -type f | wc -l)" = 14 ]
	[ "$(find in.d/out -name '.*' | wc -l)" = 0 ]
	[ -f in.d/out/%2Ehidden ]
	[ -f in.d/out/..%2F..%2Fx ] || [ -f in.d/out/%2E.%2F..%2Fx ]
	[ "$(find in.d/ctl -type f -printf '%f\n' | LC_ALL=C grep -c '[[:cntrl:]]')" = 0 ]
	find in.d/app -name f | grep -c . | cmp - <(echo 14)
}

@test "values too long for a name make short ones, one for each value" {
	long=$(printf 'x%.0s' {1..300})
	{ event 1 '"subject":"a"'; event 2 "\"subject\":\"${long}1\""; event 3 "\"subject\":\"${long}2\""; } >in
	ce-sink-file 'out/{subject}' <in
	[ "$(find out -type f | wc -l)" = 3 ]
	ce-sink-file --each 'out2/{subject}' <in
	[ "$(find out2 -type f ! -name '.*' | wc -l)" = 3 ]
	cat out2/* | sort | cmp - <(sort in)
}

@test "a name that is too long by itself is refused" {
	event 1 >in
	run timeout 10 ce-sink-file "$(printf 'x%.0s' {1..300}){id}" <in
	[ "$status" = 65 ] && [[ $output == *"File name too long"* ]]
	run timeout 10 ce-sink-file --each "$(printf 'x%.0s' {1..300}){id}" <in
	[ "$status" = 65 ]
	run timeout 10 ce-sink-file "$(printf 'x%.0s' {1..300})" <in
	[ "$status" = 78 ]
	[ "$(find . -name '.ce-*' | wc -l)" = 0 ]
}

@test "an event without the attribute is refused" {
	event 1 >in
	run ce-sink-file 'out/{subject}' <in
	[ "$status" = 65 ]
	[[ $output == *"no subject"* ]]
	ce-sink-file 'out/{subject|none}' <in
	cmp in out/none
}

@test "what cannot be a file is said at once" {
	run ce-sink-file "$T" </dev/null
	[ "$status" = 78 ] && [[ $output == *"Is a directory"* ]]
	touch plain
	run ce-sink-file plain/out </dev/null
	[ "$status" = 78 ] && [[ $output == *"Not a directory"* ]]
	run ce-sink-file '' </dev/null
	[ "$status" = 64 ]
	run ce-sink-file 'out/{' </dev/null
	[ "$status" = 64 ]
	run ce-sink-file </dev/null
	[ "$status" = 64 ]
}

@test "a template place that is a directory is refused, not waited for" {
	mkdir -p out/a
	event 1 '"subject":"a"' >in
	run timeout 10 ce-sink-file 'out/{subject}' <in
	[ "$status" = 65 ]
	run timeout 10 ce-sink-file --each 'out/{subject}' <in
	[ "$status" = 65 ]
}

@test "options that contradict each other" {
	for o in '--null x' '--each x' '--each --null --data {id}' '--each --rotate-size 1 {id}' '--each --rotate-every 1h {id}' '--sync maybe x' '--max-open 0 x'; do
		# shellcheck disable=SC2086 # words
		run ce-sink-file $o </dev/null
		[ "$status" = 64 ] || { echo "$o: $status"; return 1; }
	done
}

@test "--data writes the bytes of the data" {
	{
		event 1 '"datacontenttype":"text/plain","data":"a\tb\u00e4"'
		event 2
		event 3 '"data":{"n": 1.0}'
		event 4 '"data_base64":"AAH/"'
		event 5 '"datacontenttype":"text/plain","data":""'
		event 6 '"datacontenttype":"text/plain","data":"x\ny"'
	} >in
	ce-sink-file --data out <in
	printf 'a\tb\303\244\n{"n": 1.0}\n\000\001\377\n\nx\ny\n' | cmp - out
	ce-sink-file --data -0 out0 <in
	printf 'a\tb\303\244\000{"n": 1.0}\000\000\001\377\000\000x\ny\000' | cmp - out0
}

@test "--data of large and small events keeps the order" {
	python3 - <<-'END'
		import json, random
		random.seed(1)
		with open("in", "w") as i, open("want", "w") as w:
		    for n in range(400):
		        d = chr(97 + n % 26) * random.choice([1, 100, 40000, 300000])
		        i.write(json.dumps({"specversion": "1.0", "id": str(n), "source": "/s", "type": "t", "datacontenttype": "text/plain", "data": d}) + "\n")
		        w.write(d + "\n")
	END
	ce-sink-file --data out <in
	cmp want out
	ce-sink-file out2 <in
	cmp in out2
}

@test "--each: a file each, complete, synced before its name" {
	need strace
	events 20 >in
	traced trace ce-sink-file --each 'out/{id}.json' <in
	[ "$(find out -type f | wc -l)" = 20 ]
	while read -r line; do
		printf '%s\n' "$line" | cmp - "out/$(jq -r '.id | gsub("/"; "%2F")' <<<"$line").json"
	done <in
	[ "$(find out -name '.*' | wc -l)" = 0 ]
	[ "$(grep -c 'fdatasync(.*= 0' trace)" -ge 20 ]
	# Each rename comes after an fdatasync; the directory is synced after the last.
	awk '/fdatasync\(/ { s++ } /rename\("out/ { r++; if (s < r) bad = 1 } /fsync\(/ && !/fdatasync/ { d = r } END { exit !(r == 20 && d == 20 && !bad) }' trace
}

@test "--each: the same name again is replaced, data is exactly the data" {
	event 1 '"datacontenttype":"text/plain","data":"first, and longer"' | ce-sink-file --each --data 'out/{id}'
	event 1 '"datacontenttype":"text/plain","data":"second"' | ce-sink-file --each --data 'out/{id}'
	printf second | cmp - out/1
	event 2 | ce-sink-file --each --data 'out/{id}'
	[ ! -e out/2 ]
}

@test "--each: killed at any moment, no file is half" {
	padded 400 100000 >in
	for i in 1 2 3 4 5; do
		sink in --each --sync none "out/{id}"
		wait_for exists "out/$((i * 60))" || :
		kill -KILL "$PID" 2>/dev/null || :
		ended "$PID"
		find out -type f ! -name '.*' -size -100000c | grep . && return 1
	done
	ce-sink-file --each --sync none 'out/{id}' <in
	[ "$(find out -type f ! -name '.*' | wc -l)" = 400 ]
	[ "$(find out -name '.*' | wc -l)" = 0 ]
	[ "$(cat out/* | wc -c)" = "$(wc -c <in)" ]
}

@test "--sync: batch syncs once, each for each, none never; a new name's directory too" {
	need strace
	events 50 >in
	traced t1 ce-sink-file out1 <in
	[ "$(grep -c fdatasync t1)" = 1 ]
	awk '/"out1"/ { at = 1 } at && / fsync\(/ { found = 1 } END { exit !found }' t1
	traced t2 ce-sink-file --sync each out2 <in
	[ "$(grep -c fdatasync t2)" = 50 ]
	traced t3 ce-sink-file --sync none out3 <in
	awk '/"out3"/ { at = 1 } at && /fdatasync|fsync/ { exit 1 }' t3
	cmp out1 out3
}

@test "an event is acknowledged after its sync" {
	need strace
	events 50 >in
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	strace -f -o trace -e trace=fdatasync,writev,sendto,sendmsg,write ce-src-file --as events --state st in 2>/dev/null |
		strace -f -o trace2 -e trace=fdatasync,sendto,sendmsg,write,writev ce-sink-file out 2>/dev/null
	awk '/fdatasync/ { s = NR } /"ack / || /ack 1/ { if (!a) a = NR } END { exit !(s && a && s < a) }' trace2
}

@test "a torn last line is cut off before appending" {
	events 3 >in
	{ head -n 2 in; sed -n 3p in | head -c 40; } >out
	tail -n 1 in | ce-sink-file out 2>err
	cmp in out
	has err 'cut an unfinished record of 40 bytes'
	printf 'torn' >only
	ce-sink-file only <in
	cmp in only
	{ cat in; head -c 70000 /dev/zero; } >zeros
	ce-sink-file zeros </dev/null
	cmp in zeros
}

@test "a torn record of --data -0 is cut back to the last NUL" {
	printf 'a\0b\nc' >out
	event 1 '"datacontenttype":"text/plain","data":"d"' | ce-sink-file --data -0 out
	printf 'a\0d\0' | cmp - out
}

@test "a tail that is longer than any event is not ours to cut" {
	head -c 300000 /dev/zero | tr '\0' x >big
	run ce-sink-file --max-event 100k big </dev/null
	[ "$status" = 78 ]
	[ "$(wc -c <big)" = 300000 ]
}

@test "/dev/full: later, and after the retries the end" {
	event 1 >in
	run ce-sink-file --retries 1 --backoff 10ms /dev/full <in
	[ "$status" = 69 ]
	[[ $output == *"No space left on device"* ]]
	ce-sink-file --retries 0 --dead-letter dead /dev/full <in
	[ "$(ids <dead)" = 1 ]
}

@test "/dev/null, /dev/stdout and - take events" {
	events 20 >in
	ce-sink-file /dev/null <in
	ce-sink-file /dev/stdout <in | cmp in -
	ce-sink-file - <in | cmp in -
	ce-sink-file - <in >out
	cmp in out
	ce-sink-file --rotate-size 100 /dev/stdout <in >>out
	[ "$(wc -l <out)" = 40 ]
	python3 -c 'import socket, subprocess
a, b = socket.socketpair()
p = subprocess.Popen(["ce-sink-file", "-"], stdin=open("in"), stdout=b); b.close()
got = b""
while (x := a.recv(65536)): got += x
assert p.wait() == 0 and got == open("in", "rb").read()'
}

@test "a FIFO: waits for a reader, and for the next when that one goes" {
	padded 2000 100 >in
	mkfifo pipe
	sink in --backoff 20ms --backoff-max 50ms pipe
	wait_for has err 'No such device' # nobody has opened it for reading
	timeout 20 cat pipe >out
	ended "$PID"
	[ "$RC" = 0 ]
	cmp in out
	sink in --backoff 20ms --backoff-max 50ms --batch 10 pipe
	timeout 20 head -n 10 pipe >/dev/null
	wait_for has err 'Broken pipe'
	timeout 20 cat pipe >rest # whole lines from the first to the last
	ended "$PID"
	[ "$RC" = 0 ]
	tail -n "$(wc -l <rest)" in | cmp - rest
}

@test "disk full: whole lines only, goes on when there is room" {
	small 256k
	head -c 100000 /dev/zero >small/ballast
	padded 300 1000 >in
	sink in --backoff 50ms --backoff-max 100ms small/out
	wait_for has err 'No space left on device'
	[ "$(tail -c 1 small/out | od -An -c | tr -d ' ')" = '\n' ]
	head -c "$(wc -c <small/out)" in | cmp - small/out
	[ "$(wc -l <small/out)" -gt 50 ]
	rm small/ballast
	mount -o remount,size=2m small
	ended "$PID"
	[ "$RC" = 0 ]
	cmp in small/out
}

@test "disk full: several files, each in its order" {
	small 256k
	seq 1000 | jq -c '{specversion:"1.0",id:"\(.)",source:"/s",type:"t",subject:"\(. % 3)",data:("x"*500)}' >in
	sink in --backoff 20ms --backoff-max 50ms 'small/{subject}'
	wait_for has err 'No space left on device'
	mount -o remount,size=4m small
	ended "$PID"
	[ "$RC" = 0 ]
	for i in 0 1 2; do jq -c --arg i $i 'select(.subject == $i)' in | cmp - small/$i; done
}

@test "disk full: --each leaves no half files and goes on" {
	small 256k
	padded 300 1000 >in
	sink in --each --backoff 20ms --backoff-max 50ms 'small/{id}'
	wait_for has err 'No space left on device'
	find small -type f ! -name '.*' -size -1000c | grep . && return 1
	mount -o remount,size=4m small
	ended "$PID"
	[ "$RC" = 0 ]
	[ "$(find small -type f | wc -l)" = 300 ]
}

@test "SIGTERM while the disk is full: 75, what was written is whole" {
	small 64k
	padded 300 1000 >in
	sink in small/out
	wait_for has err 'No space left on device'
	kill -TERM "$PID"
	ended "$PID"
	[ "$RC" = 75 ]
	head -c "$(wc -c <small/out)" in | cmp - small/out
	jq -e . small/out >/dev/null
}

@test "read-only: later, with the reason" {
	small 1m
	mount -o remount,ro small
	event 1 >in
	sink in --backoff 20ms --backoff-max 50ms small/out
	wait_for has err 'Read-only file system'
	mount -o remount,rw small
	ended "$PID"
	[ "$RC" = 0 ]
	cmp in small/out
}

@test "a file size limit is said and leaves whole lines" {
	padded 100 1000 >in
	run bash -c 'ulimit -f 16; ce-sink-file --retries 0 out <in'
	[ "$status" = 69 ]
	[[ $output == *"File too large"* ]]
	head -c "$(wc -c <out)" in | cmp - out
	[ "$(wc -l <out)" -ge 10 ]
}

@test "few descriptors: more files than the system lets open" {
	seq 300 | jq -c '{specversion:"1.0",id:"\(.)",source:"/s",type:"t"}' >in
	(ulimit -n 40 && ce-sink-file --sync none --retries 0 'out/{id}' <in)
	[ "$(find out -type f | wc -l)" = 300 ]
}

@test "--rotate-size: whole lines, no file over the size, nothing lost" {
	events 2000 >in
	ce-sink-file --rotate-size 20k out <in
	[ "$(find . -name 'out.2*' | wc -l)" -ge 5 ]
	find . -name 'out*' -size +20480c | grep . && return 1
	find . -name 'out.2*' | grep -vE '/out\.[0-9]{8}T[0-9]{6}(\.[0-9]+)?$' && return 1
	find . -name 'out*' -exec cat {} + | sort | cmp - <(sort in)
	ls -v out.2* >names
	xargs cat <names | cat - out | cmp in -
}

@test "--rotate-size: one event larger than the size has a file of its own" {
	padded 3 5000 >in
	ce-sink-file --rotate-size 1k out <in
	[ "$(find . -name 'out*' | wc -l)" = 3 ]
}

@test "--rotate-every: an old file at start, and in time without an event" {
	event 1 >out
	touch -d '2 days ago' out
	event 2 | ce-sink-file --rotate-every 1d out
	[ "$(ids <out)" = 2 ]
	[ "$(cat out.2* | ids)" = 1 ]
	rm out*
	mkfifo pipe
	sink pipe --rotate-every 1s out
	exec 7>pipe
	event 3 >&7
	wait_for exists out
	wait_for bash -c 'cat out.2* 2>/dev/null | grep -q .'
	wait_for is_empty out
	event 4 >&7
	wait_for bash -c 'cat out.2* out 2>/dev/null | grep -q "\"id\":\"4\""'
	exec 7>&-
	ended "$PID"
	[ "$RC" = 0 ]
	cat out.2* out | ids | sort -u | cmp - <(printf '3\n4\n')
}

@test "SIGHUP reopens; a file that was renamed or removed is made again" {
	mkfifo pipe
	sink pipe out
	exec 7>pipe
	event 1 >&7
	wait_for lines out 1
	mv out out.1
	kill -HUP "$PID"
	wait_for exists out
	event 2 >&7
	wait_for lines out 1
	mv out out.2 # without a signal
	event 3 >&7
	wait_for lines out 1
	rm out
	event 4 >&7
	wait_for lines out 1
	: >out # copytruncate
	event 5 >&7
	wait_for lines out 1
	exec 7>&-
	ended "$PID"
	[ "$RC" = 0 ]
	[ "$(cat out.1 out.2 out | ids | tr '\n' ' ')" = '1 2 5 ' ]
}

@test "several sinks share a file: whole lines, all of them" {
	for i in 1 2 3 4; do
		padded 500 $((i * 700)) | sed "s/pad/p$i/" >"in$i"
		sink "in$i" --batch 7 --sync none out
		pids+=("$PID")
	done
	for p in "${pids[@]}"; do
		ended "$p"
		[ "$RC" = 0 ]
	done
	sort out | cmp - <(cat in? | sort)
}

@test "several sinks share a file that is rotated" {
	for i in 1 2 3; do
		padded 300 700 | sed "s/pad/p$i/" >"in$i"
		sink "in$i" --batch 5 --sync none --rotate-size 30k out
		pids+=("$PID")
	done
	for p in "${pids[@]}"; do
		ended "$p"
		[ "$RC" = 0 ]
	done
	cat out* | sort | cmp - <(cat in? | sort)
}

@test "a file that another process has locked is waited for" {
	need flock
	event 1 >in
	touch out
	mkfifo hold
	spawn flock out cat hold
	wait_for bash -c '! flock -n out true'
	sink in out
	sinkpid=$PID
	wait_for has err 'in use by another process'
	is_empty out
	: >hold
	ended "$sinkpid"
	[ "$RC" = 0 ]
	cmp in out
}

@test "kill -9 of the sink at any moment, restarted: every event, no torn line" {
	events 3000 >in
	for i in 1 2 3 4 5 6 7 8; do
		spawn_sh "ce-src-file --as events --state st --window 200 in | ce-sink-file --batch 20 out"
		wait_for lines out $((i * 300)) || :
		pid=$(pgrep -s "$PID" -x ce-sink-file || :)
		[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
		ended "$PID"
	done
	ce-src-file --as events --state st --until-end in | ce-sink-file out
	jq -e . out >/dev/null
	sort -u out | cmp - <(sort -u in)
	[ "$(wc -l <out)" -le $((3000 + 8 * 220)) ]
}

@test "invalid lines: 65, or dead letters and the rest written" {
	{ event 1; echo 'no event'; event 2; } >in
	run ce-sink-file out <in
	[ "$status" = 65 ]
	[ "$(ids <out)" = 1 ]
	ce-sink-file --dead-letter dead out2 <in
	[ "$(ids <out2 | tr '\n' ' ')" = '1 2 ' ]
	[ "$(jq -r .data dead)" = 'no event' ]
}

@test "memory stays small over many files and large batches" {
	seq 60000 | jq -c '{specversion:"1.0",id:"\(.)",source:"/s",type:"t",subject:"\(. % 500)",data:("x"*200)}' >in
	mkfifo pipe
	sink pipe --sync none 'out/{subject}'
	{ cat in; read -r _ <hold; } >pipe 3>&- &
	mkfifo hold
	# shellcheck disable=SC2016
	wait_for bash -c '[ "$(cat out/* 2>/dev/null | wc -l)" = 60000 ]'
	kb=$(rss "$PID")
	: >hold
	ended "$PID"
	[ "$kb" -lt 10240 ] || [ -n "${SANITIZED:-}" ] || { echo "$kb kB"; return 1; }
}

@test "a line that is too long: the beginning that fits is a dead letter that can be sent again" {
	local fill

	for fill in a '"' 'xé' $'\xff'; do
		rm -f dead
		{
			head -c 20000 /dev/zero | LC_ALL=C sed "s/\\x00/$(printf %s "$fill" | sed 's/[\\&/]/\\&/g')/g"
			echo
			events 1
		} >in
		ce-sink-file --max-event 4k --dead-letter dead out <in
		ce-src-file --as events --max-event 4k dead | cmp dead -
		[ "$(ce-unwrap <dead | wc -c)" -gt 1000 ]
		cmp -n 1000 in <(ce-unwrap <dead)
	done
}
