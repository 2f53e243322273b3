# buf.bats -- ce-buf: on disk before it is acknowledged, off the disk when it is delivered
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016 # status is what bats' run sets; lines for other shells
load help

teardown() {
	reap
	[ ! -d "$T/small" ] || umount "$T/small" 2>/dev/null || :
}

# small SIZE: a tmpfs of that size at $T/small.
small() {
	mkdir -p "$T/small"
	mount -t tmpfs -o "size=$1" tmpfs "$T/small" 2>/dev/null || skip "no tmpfs can be mounted here (needs root)"
}
held() { cat "$1"/*.spool 2>/dev/null | wc -c; }      # DIR: bytes in it
holds() { [ "$(held "$1")" -ge "$2" ]; }              # DIR BYTES
whole() { echo $(($(wc -c <"$1") + 19 * $(wc -l <"$1"))); } # FILE: bytes that its events take there
empty() { [ "$(ls "$1")" = position ]; }              # DIR: nothing is left in it
same() { cmp -s "$1" "$2"; }
# keep FILE DIR [ARGS...]: the events of FILE into the spool, and nobody takes them.
keep() {
	local file=$1 dir=$2 n

	n=$(($(held "$dir") + $(whole "$file")))
	rm -f nobody
	mkfifo nobody
	exec {HOLD}<>nobody
	spawn bash -c 'in=$1; shift; exec ce-buf -d "$@" <"$in" >nobody 2>kept' - "$file" "$dir" "${@:3}"
	wait_for holds "$dir" "$n"
	kill -KILL "$PID"
	ended "$PID"
	exec {HOLD}>&-
}
# behind IN ARGS...: ce-buf, and behind it a sink that is stopped until go_on.
behind() {
	rm -f sinkpid codes
	spawn bash -c 'in=$1; shift
		{ echo $BASHPID >bufpid; exec ce-buf -d D --ack require "$@" <"$in"; } 2>err |
			{ echo $BASHPID >sinkpid; kill -STOP $BASHPID; exec ce-sink-file out; }
		echo "${PIPESTATUS[@]}" >codes' - "$@"
	wait_for test -s sinkpid
	wait_for stopped "$(cat sinkpid)"
}
go_on() { kill -CONT "$(cat sinkpid)"; }
codes() { ended "$PID" && { [ "$(cat codes)" = "$1" ] || { echo "exit codes: $(cat codes)"; return 1; }; }; } # of ce-buf and the sink, at their end
# arrived IN OUT: every event of IN is in OUT, maybe twice, and nothing else.
arrived() { cmp <(sort -u "$1") <(sort -u "$2"); }

@test "lines come out byte for byte, in order; the spool is empty then" {
	events 5000 >in
	ce-src-file --as events --state st --until-end in | ce-buf -d D | ce-sink-file out
	cmp in out
	empty D
	ce-buf -d D --segment-size 4k <in | ce-sink-file out2
	cmp in out2
	empty D
	ce-buf --dir D <in >out3
	cmp in out3
	empty D
}

@test "what nobody took is there at the next start, in order, over many segments" {
	events 3000 >in
	head -n 1000 in >one
	tail -n +1001 in >two
	keep one D --segment-size 8k
	keep two D --segment-size 8k
	[ "$(find D -name '*.spool' | wc -l)" -gt 20 ]
	[ "$(find D -name '*.spool' -size +8192c | wc -l)" = 0 ]
	ce-buf -d D </dev/null | ce-sink-file out
	cmp in out
	empty D
}

@test "an upstream return address does not come out" {
	printf '{"specversion":"1.0","id":"1","ackto":"zzzz.1","source":"/s", "type":"t" }\n' | ce-buf -d D >out
	printf '{"specversion":"1.0","id":"1","source":"/s", "type":"t" }\n' | cmp - out
}

@test "a 16 MiB event" {
	padded 1 16700000 >in
	events 3 >>in
	ce-buf -d D --max-event 17M <in | ce-sink-file --max-event 17M out
	cmp in out
	empty D
}

@test "it is acknowledged after its sync, and the name of its file after that of the directory" {
	need strace
	events 50 >in
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	export ASAN_OPTIONS
	ce-src-file --as events --state st --until-end in |
		strace -f -o trace -e trace=openat,pwritev,fdatasync,fsync,sendto ce-buf -d D | ce-sink-file out
	awk '/openat.*spool".*O_CREAT/ { o = NR } /pwritev/ { w = NR } w && / fdatasync\(/ && !s { s = NR } s && / fsync\(/ && !d { d = NR }
		/"ack 1 / && !a { a = NR } END { exit !(o && o < w && w < s && s < d && d < a) }' trace
}

@test "a second process on the same directory: 75, and the first goes on" {
	mkfifo fifo
	spawn_sh 'exec ce-buf -d D <fifo >out 2>err'
	exec {w}>fifo
	wait_for test -e D/position
	events 1 >&"$w"
	wait_for lines out 1
	run timeout 10 ce-buf -d D </dev/null
	[ "$status" = 75 ]
	[[ $output == *"D/position: another process holds it"* ]]
	events 1 2 >&"$w"
	exec {w}>&-
	ended "$PID"
	[ "$RC" = 0 ]
	[ "$(wc -l <out)" = 2 ]
}

@test "what is wrong with the directory is said: 64, 78" {
	run ce-buf </dev/null
	[ "$status" = 64 ]
	touch file
	run ce-buf -d file </dev/null
	[ "$status" = 78 ] && [[ $output == *"file: Not a directory"* ]]
	run ce-buf -d no/where </dev/null
	[ "$status" = 78 ] && [[ $output == *"no/where"* ]]
	mkdir -p D/position
	run ce-buf -d D </dev/null
	[ "$status" = 78 ]
	run ce-buf -d E --segment-size 1k </dev/null
	[ "$status" = 64 ]
}

# in_memory: where many small spools may be made in little time.
in_memory() { mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "$T")"; }

@test "cut at every length, each byte flipped: what is whole comes out" {
	for i in 1 2 3; do printf '{"specversion":"1.0","id":"%d","source":"s","type":"t"}\n' $i; done >in
	keep in D
	MEM=$(in_memory) timeout 100 python3 - <<-'END' && rc=0 || rc=$?
		import concurrent.futures, os, shutil, subprocess, threading
		seg = open("D/0000000001.spool", "rb").read()
		lines = open("in", "rb").read().splitlines()
		ends, off = [], 0
		for l in lines:
		    off += 20 + len(l)
		    ends.append(off)
		assert off == len(seg), (off, len(seg))

		def out_of(data, what, want, silent):
		    d = "%s/%d" % (os.environ["MEM"], threading.get_ident())
		    shutil.rmtree(d, ignore_errors=True)
		    os.mkdir(d)
		    open(d + "/0000000001.spool", "wb").write(data)
		    p = subprocess.run(["ce-buf", "-d", d, "--ack", "none"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
		    assert p.returncode == 0, (what, p)
		    got = p.stdout.splitlines()
		    assert got == want, (what, got, want, p.stderr)
		    said = p.stderr.decode()
		    assert (said == "") == silent, (what, said)
		    assert silent or (d + "/0000000001.spool" in said and "offset" in said and "bytes" in said), (what, said)
		    left = sorted(os.listdir(d))
		    assert left in (["position"], ["0000000001.spool.damaged", "position"]), (what, left)

		with concurrent.futures.ThreadPoolExecutor(4) as pool:
		    todo = []
		    def see(*a):
		        todo.append(pool.submit(out_of, *a))
		    for n in range(0, len(seg) + 1):
		        see(seg[:n], "cut at %d" % n, [l for l, e in zip(lines, ends) if e <= n], n in [0] + ends)
		    for n in range(0, len(seg)):
		        hit = sum(e <= n for e in ends)
		        flipped = bytearray(seg)
		        flipped[n] ^= 1 << n % 8 if n % 3 else 0xff
		        see(bytes(flipped), "flipped at %d" % n, lines[:hit] + lines[hit + 1:], False)
		    # Bytes put in and taken out, a block of zeros at the end.
		    for e in [0] + ends:
		        see(seg[:e] + b"\0ce\1" * 9 + seg[e:], "put in at %d" % e, lines, False)
		    see(seg + bytes(5000), "zeros", lines, False)
		    see(seg[:ends[0] + 30] + seg[ends[1] - 5:], "torn out", lines[:1] + lines[2:], False)
		    see(os.urandom(70000), "noise", [], False)
		    for t in todo:
		        t.result()
		shutil.rmtree(os.environ["MEM"])
	END
	[ "$rc" = 0 ]
}

@test "each byte of the position flipped, and cut: every event still comes" {
	events 6 >in
	head -n 3 in >one
	tail -n 3 in >two
	ce-buf -d D <one >/dev/null
	keep two D
	MEM=$(in_memory) timeout 100 python3 - <<-'END' && rc=0 || rc=$?
		import os, shutil, subprocess
		pos = open("D/position", "rb").read()
		two = open("two", "rb").read()
		assert len(pos) == 1024
		places = [n for n in range(1024) if pos[n] != 10 or n % 64 == 0]
		assert len(places) > 20
		d = os.environ["MEM"] + "/E"

		def out_of(data, what):
		    shutil.rmtree(d, ignore_errors=True)
		    shutil.copytree("D", d)
		    open(d + "/position", "wb").write(data)
		    p = subprocess.run(["ce-buf", "-d", d, "--ack", "none"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
		    assert p.returncode == 0, (what, p)
		    assert p.stdout == two, (what, p)
		    assert os.listdir(d) == ["position"], what

		for n in places:
		    out_of(pos[:n] + bytes([pos[n] ^ 1]) + pos[n + 1:], "flipped at %d" % n)
		for n in list(range(0, 40)) + list(range(510, 550)):
		    out_of(pos[:n], "cut at %d" % n)
		shutil.rmtree(os.environ["MEM"])
	END
	[ "$rc" = 0 ]
}

@test "other files are left alone, and a missing segment is said" {
	events 600 >in
	keep in D --segment-size 16k
	[ "$(find D -name '*.spool' | wc -l)" -ge 4 ]
	echo mine >D/notes
	echo mine >D/12.spool
	mkdir D/0000000099.spool
	rm D/0000000002.spool
	ce-buf -d D </dev/null >out 2>err
	has err 'D/notes: not of this spool, left alone'
	has err 'D/12.spool: not of this spool, left alone'
	has err 'D/0000000099.spool: not of this spool, left alone'
	has err '0000000003.spool: 1 segments before this one are missing'
	[ "$(wc -l <err)" = 4 ]
	[ "$(ls D | tr '\n' ' ')" = '0000000099.spool 12.spool notes position ' ]
	grep -vxFf out in >lost
	[ "$(wc -l <lost)" = $((600 - $(wc -l <out))) ]
	[ "$(wc -c <lost)" -le 16384 ]
	# The name of the next segment is not that directory's.
	ce-buf -d D <in >out 2>/dev/null
	cmp in out
}

@test "what is finished is not sent again; what is not, is" {
	events 1000 >in
	mkfifo fifo
	spawn_sh 'exec ce-buf -d D --segment-size 1M <fifo 2>err | ce-sink-file out'
	exec {w}>fifo
	cat in >&"$w"
	wait_for lines out 1000
	# The position follows within a second, and so does a kill lose nothing of it.
	wait_for grep -qa "^[1-9][0-9]* 1 $(whole in) " D/position
	killed "$PID"
	exec {w}>&-
	ce-buf -d D </dev/null >again
	[ ! -s again ]
	empty D
}

@test "any stage killed at any moment, or all: everything arrives, twice only what was open" {
	local i n p window=300 rounds=8

	padded 40000 300 >in
	touch out
	for ((i = 1; i <= rounds; i++)); do
		rm -f p1 p2 p3
		spawn_sh "{ echo \$BASHPID >p1; exec ce-src-file --as events --state st --until-end --window $window in; } 2>>err |
			{ echo \$BASHPID >p2; exec ce-buf -d D --window $window --segment-size 100k; } 2>>err |
			{ echo \$BASHPID >p3; exec ce-sink-file out; } 2>>err"
		n=$(($(wc -l <out 2>/dev/null || echo 0) + RANDOM % 4000 + 1))
		wait_for lines out $n || wait_for gone_or_zombie "$PID"
		case $((i % 4)) in
		0) kill -KILL -- "-$PID" 2>/dev/null || : ;;
		*) kill -KILL "$(cat p$((i % 4)))" 2>/dev/null || : ;;
		esac
		ended "$PID"
		reap
		for p in p1 p2 p3; do # one that takes long to die has the state still
			wait_for gone_or_zombie "$(cat $p)"
		done
	done
	ce-src-file --as events --state st --until-end in | ce-buf -d D 2>>err | ce-sink-file out
	arrived in out
	[ "$(wc -l <out)" -le $((40000 + 2 * window * (rounds + 1))) ] || { wc -l out; return 1; }
	not grep -q 'lost' err
	not grep -q BUG err
	empty D
}

@test "a small --window does not wait for the clock" {
	padded 3000 100 >in
	t0=$SECONDS
	ce-src-file --as events --state st --until-end in | ce-buf -d D --window 20 | ce-sink-file out
	[ $((SECONDS - t0)) -lt 60 ] # 150 windows, a commit each second if nothing else
	cmp in out
	# Nor does what is left, when no input wakes it.
	keep in E
	timeout 60 ce-buf -d E --window 20 </dev/null | ce-sink-file out2
	cmp in out2
}

@test "disk full: later, nothing is lost, goes on when there is room" {
	small 512k
	padded 2000 1000 >in
	ln -s small/D D
	mkdir small/D
	behind in --segment-size 32k
	wait_for has err 'No space left on device'
	has err 'will retry'
	# The reader comes back: what it takes makes room, though the disk stays full.
	go_on
	codes '0 0'
	cmp in out
	empty small/D
}

@test "disk full from the start, by others: 75, or later" {
	small 64k
	mkdir small/D
	head -c 1M /dev/zero >small/ballast 2>/dev/null || :
	events 100 >in
	run timeout 10 ce-buf -d small/D <in
	[ "$status" = 75 ] && [[ $output == *"No space left"* ]]
	rm small/ballast
	ce-buf -d small/D </dev/null
	head -c 1M /dev/zero >small/ballast 2>/dev/null || :
	spawn_sh 'exec ce-buf -d small/D <in >out 2>err'
	wait_for has err 'No space left on device'
	rm small/ballast
	ended "$PID"
	[ "$RC" = 0 ]
	cmp in out
}

@test "--max-bytes: no more is taken than that, and it goes on" {
	padded 5000 1000 >in
	behind in --max-bytes 1M
	wait_for has err 'the spool is full: --max-bytes'
	[ "$(held D)" -le 1048576 ]
	[ "$(held D)" -gt 700000 ]
	go_on
	codes '0 0'
	cmp in out
	empty D
}

@test "--max-bytes smaller than an event: one at a time" {
	padded 5 10000 >in
	ce-buf -d D --max-bytes 4k <in 2>err | ce-sink-file out
	cmp in out
	empty D
}

@test "a stopped sink does not hold ce-src-http up: it answers" {
	need curl
	http_source 'exec ce-buf -d D | { echo $BASHPID >sinkpid; exec ce-sink-file out; }' --quiet
	wait_for test -s sinkpid
	wait_for grep -qs ce-sink-file "/proc/$(cat sinkpid)/comm"
	kill -STOP "$(cat sinkpid)"
	padded 3000 1000 >in
	# More than all pipes hold, and then one by one.
	head -n 2950 in | jq -cs . >body
	curl -sS -m 20 -o answer -w '%{http_code}\n' -H 'Content-Type: application/cloudevents-batch+json' --data-binary @body "$URL" >code
	[[ $(cat code) == 20? ]]
	tail -n 50 in | while read -r l; do
		curl -sS -m 20 -o answer -w '%{http_code}\n' -H 'Content-Type: application/cloudevents+json' --data-binary "$l" "$URL" || exit 1
	done >codes
	[ "$(grep -c '^20.$' codes)" = 50 ]
	not lines out 1
	kill -CONT "$(cat sinkpid)"
	wait_for lines out 3000
	ids <out | cmp - <(ids <in)
}

@test "a source at its end has its acknowledgements, though the sink is stopped" {
	padded 4000 1000 >in
	mkfifo fifo
	behind fifo
	ce-src-file --as events --state st --until-end in >fifo
	not lines out 1
	go_on
	codes '0 0'
	cmp in out
}

@test "SIGTERM with a stopped sink: bounded, 0, and the rest comes at the next start" {
	padded 4000 1000 >in
	mkfifo fifo
	exec {w}<>fifo
	behind fifo --ack-wait 500ms
	cat in >fifo
	wait_for holds D "$(whole in)"
	kill -TERM "$(cat bufpid)"
	DEADLINE=15 wait_for gone "$(cat bufpid)"
	has err 'bytes stay in the spool'
	go_on
	codes '0 75' # the last line that the sink has is torn
	exec {w}>&-
	ce-buf -d D </dev/null >rest
	cat out rest >all
	arrived in all
	empty D
}

@test "a backlog of some MB comes out without anything that wakes it" {
	padded 4000 1000 >in
	mkfifo fifo
	exec {w}<>fifo # nobody reads it
	spawn_sh 'exec ce-buf -d D <in >fifo'
	wait_for holds D "$(whole in)"
	kill -9 "$PID"
	exec {w}>&-
	for i in 1 2 3 4 5 6; do
		rm -rf E
		cp -r D E
		timeout 20 ce-buf -d E </dev/null >rest
	done
	[ "$(wc -l <rest)" -gt 3000 ]
}

@test "a reader that goes away: 74 soon, what was acknowledged is on disk" {
	events 400 >in # one write to a pipe
	mkfifo fifo
	spawn_sh 'ce-buf -d D <fifo 2>err | head -n 3 >out; exit ${PIPESTATUS[0]}'
	exec {w}>fifo
	cat in >&"$w"
	DEADLINE=10 ended "$PID"
	exec {w}>&-
	[ "$RC" = 74 ]
	[ "$(grep -c 'nobody reads it any more' err)" = 1 ]
	ce-buf -d D </dev/null >rest
	cmp in rest
}

@test "a spool far behind: memory stays small, input goes on meanwhile" {
	[ -z "${SANITIZED:-}" ] || skip "sanitized memory"
	padded 60000 1000 >in
	behind in --segment-size 4M
	wait_for holds D "$(whole in)"
	[ "$(rss "$(cat bufpid)")" -lt 12000 ] || { rss "$(cat bufpid)"; return 1; }
	go_on
	wait_for lines out 20000
	r=$(rss "$(cat bufpid)" || echo 0)
	[ "$r" -lt 12000 ] || { echo "$r"; return 1; }
	codes '0 0'
	cmp in out
}
