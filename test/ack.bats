# ack.bats -- the protocol of ce-ack(5), spoken by hand, and a sink in another language
# SPDX-License-Identifier: Apache-2.0
load help
export BATS_TEST_TIMEOUT=60

# source_of_5 ARGS...: ce-src-file over the five events of in, what it writes in
# lines; SRC is the pipeline, src.pid the source's number, TOKEN its address.  The
# reader of the pipe ends badly: what is not acknowledged was not just removed.
source_of_5() {
	events 5 >in
	# shellcheck disable=SC2016
	spawn bash -c '{ echo $BASHPID >src.pid; exec ce-src-file --as events --state state --until-end "$@" in 2>said; } |
		perl -e "syswrite(STDOUT, \$b) while sysread(STDIN, \$b, 65536); exit 1" >lines
		exit ${PIPESTATUS[0]}' - "$@"
	SRC=$PID
	wait_for lines lines 5
	TOKEN=$(head -n 1 lines | jq -r '.ackto | sub("\\.1$"; "")')
}
# speak: a connection to the source; what is said to it goes to &$S, what it says is in heard.
speak() {
	rm -f say
	mkfifo say
	spawn_sh "exec socat 'UNIX-CONNECT:$CE_RUNTIME_DIR/ack-$TOKEN' - <say >heard"
	exec {S}>say
}
hush() { exec {S}>&-; }
hello() {
	speak
	echo "hello sink test" >&"$S"
	wait_for has heard welcome
}
# left: the ids that a restart gives again.
left() { ce-src-file --as events --state state --until-end --ack none in | ids | tr '\n' ' '; }
ended_with() {
	ended "$SRC"
	[ "$RC" = "$1" ] && return 0
	echo "the source ended with $RC, not $1: $(cat said)"
	return 1
}

@test "each event is stamped with TOKEN.SEQ, as its last member, SEQ from 1" {
	source_of_5
	for i in 1 2 3 4 5; do
		[ "$(sed -n "${i}p" lines)" = "$(sed -n "${i}s/ *}\$/,\"ackto\":\"$TOKEN.$i\"}/p" in)" ] ||
			sed -n "${i}p" lines | grep -q ",\"ackto\":\"$TOKEN\.$i\" *}\$"
	done
	[[ $TOKEN =~ ^[a-z0-9]{1,32}$ ]]
	[ -S "$CE_RUNTIME_DIR/ack-$TOKEN" ]
	[ "$(stat -c %a "$CE_RUNTIME_DIR")" = 700 ]
}

@test "an ack of all: the source commits, ends with 0, and its address goes" {
	source_of_5
	hello
	[ "$(cat heard)" = 'welcome order' ]
	echo 'ack 1 5' >&"$S"
	ended_with 0
	[ -z "$(left)" ]
	[ -z "$(ls "$CE_RUNTIME_DIR")" ]
}

@test "order: an ack finishes everything below it" {
	source_of_5
	hello
	echo 'ack 3 3' >&"$S"
	hush
	ended_with 75
	[ "$(left)" = '4 5 ' ]
}

@test "a connection that closes takes nothing with it" {
	source_of_5
	hello
	hush
	ended_with 75
	grep -q 'not acknowledged' said
	[ "$(left)" = '1 2 3 4 5 ' ]
}

@test "exact: only what was named is finished" {
	source_of_5 --ack-count exact
	hello
	[ "$(cat heard)" = 'welcome exact' ]
	echo 'ack 2 3' >&"$S"
	echo 'ack 1 1' >&"$S"
	echo 'ack 5 5' >&"$S"
	hush
	ended_with 75
	[ "$(left)" = '4 5 ' ]
}

@test "exact: in pieces, in any order, some twice" {
	source_of_5 --ack-count exact
	hello
	for i in '5 5' '2 2' '2 2' '1 3' '4 4'; do echo "ack $i" >&"$S"; done
	ended_with 0
	[ -z "$(left)" ]
}

@test "a filter's drop finishes; its ack is not its to give" {
	source_of_5 --ack-count exact
	speak
	echo 'hello filter test' >&"$S"
	wait_for has heard welcome
	echo 'drop 1 2' >&"$S"
	echo 'ack 3 5' >&"$S"
	hello
	hush
	ended_with 75
	[ "$(left)" = '3 4 5 ' ]
}

@test "fail: the source stops with 65 and the reason" {
	source_of_5
	hello
	echo 'ack 1 2' >&"$S"
	echo "fail 3 the table is gone"$'\e[31m' >&"$S"
	ended_with 65
	grep -q 'the table is gone' said
	not grep -q $'\e' said
	[ "$(left)" = '3 4 5 ' ]
}

# What no sink would say: the connection is closed, nothing is finished by it, and
# the source listens to others.
@test "nonsense instead of hello is not listened to, and finishes nothing" {
	source_of_5
	long=$(head -c 5000 /dev/zero | tr '\0' 9)
	for line in '' 'hello' 'hello sinker' 'hello sink\' 'HELLO SINK x' 'ack 1 5' 'GET / HTTP/1.1' "$long" \
		$'ack 1 5\nhello sink t' $'\x01\x02\xff' 'welcome order'; do
		speak
		printf '%s\n' "$line" >&"$S"
		wait_for gone_or_zombie "$PID"
		hush
		kill -0 "$(cat src.pid)"
	done
	hello
	echo 'ack 1 2' >&"$S"
	hush
	ended_with 75
	[ "$(left)" = '3 4 5 ' ]
}

@test "nonsense after hello: the sink is not listened to any more, nothing is finished by it" {
	long=$(head -c 5000 /dev/zero | tr '\0' 9)
	for line in 'ack 3 1' 'ack 0 5' 'ack 3 6' 'ack 3 5 5' 'ack 3 99999999999999999999999' 'ack 3 18446744073709551618' \
		'ack -1 5' 'hello sink t' 'ack 3' 'ack three five' 'fail' 'drop 3 6' 'ack 3 5x' '' "ack 3 5$long" "$long"; do
		rm -f state said lines
		source_of_5
		hello
		printf 'ack 1 2\n%s\n' "$line" >&"$S"
		wait_for gone_or_zombie "$PID"
		hush
		ended_with 75
		[ "$(left)" = '3 4 5 ' ] || { echo "believed: $line"; return 1; }
	done
}

@test "a line in pieces is a line; half of one is none" {
	source_of_5
	speak
	for c in h e l l o ' ' s i n k ' ' x $'\n'; do printf %s "$c" >&"$S"; done
	wait_for has heard welcome
	printf 'ack 1' >&"$S"
	printf ' 2\nack 1 5' >&"$S"
	hush
	ended_with 75
	[ "$(left)" = '3 4 5 ' ]
}

@test "many connections that say nothing do not hold up the one that does" {
	source_of_5
	for _ in $(seq 30); do spawn socat -u "UNIX-CONNECT:$CE_RUNTIME_DIR/ack-$TOKEN" -; done
	hello
	echo 'ack 1 5' >&"$S"
	ended_with 0
}

@test "a window that is full of what needs no acknowledgement does not hold the source up" {
	events 1000 >in
	timeout 20 ce-src-file --as events --until-end --window 200 in | cat | cmp - in
	timeout 20 ce-src-file --as events --until-end --window 200 --state state --ack none in | cat | cmp - in
}

@test "more connections than descriptors: the source rests, and hears again when there is room" {
	events 5 >in
	cat >test.py <<-'END'
	import crowd, glob, socket, sys, time
	p = crowd.start(24, "ce-src-file", "--as", "events", "--state", "state", "-f", "in",
	    stderr=open("said", "w"))
	for i in range(5):
	    line = p.stdout.readline()
	path = glob.glob("run/ack-*")[0]
	def connect():
	    s = socket.socket(socket.AF_UNIX)
	    s.settimeout(20)
	    s.connect(path)
	    return s
	many = [connect() for i in range(40)]
	def said(text):
	    end = time.monotonic() + 20
	    while text not in open("said").read():
	        assert time.monotonic() < end, text
	        time.sleep(0.02)
	said("cannot hear who acknowledges")
	crowd.rests(p)
	for s in many:
	    s.close()
	s = connect()
	s.sendall(b"hello sink test\nack 1 5\n")
	assert s.recv(100) == b"welcome order\n"
	p.terminate()
	sys.exit(p.wait())
	END
	PYTHONPATH=$HERE/data python3 -B test.py
	[ -z "$(left)" ]
}

@test "a sink whose address no longer exists, or is none, just delivers" {
	for a in nosuchtoken.1 nosuchtoken.0 nosuchtoken x.y ../../etc/passwd.1 .1 '' 'a.99999999999999999999'; do
		printf '{"specversion":"1.0","id":"1","source":"s","type":"t","ackto":"%s"}\n' "$a" | ce-sink-file sunk
	done
	echo '{"specversion":"1.0","ackto":7,"id":"1","source":"s","type":"t"}' | ce-sink-file sunk
	[ "$(wc -l <sunk)" = 9 ]
	[ "$(sort -u sunk)" = '{"specversion":"1.0","id":"1","source":"s","type":"t"}' ]
}

@test "a replayed copy is stamped anew" {
	source_of_5
	kill -9 -- "-$SRC"
	ce-src-file --as events --state other --until-end lines | ce-sink-file sunk
	cmp in sunk
}

@test "wherever the address stands, and whatever is like one, the line comes out without it" {
	local e='"specversion":"1.0","id":"1","source":"/s","type":"t"'
	cat >in <<-END
	{$e,"ackto":"abc.1"}
	{$e,"ackto":"abc.1"}\r
	{ "ackto" : "abc.1", $e }
	{$e , "ackto":"abc.1" }
	{$e,"ackto":"a b"}
	{$e,"ackto":""}
	{$e,"ackto":null}
	{$e,"data":"\\",\\"ackto\\":\\"abc.1"}
	{$e,"data":{"x":1,"ackto":"abc.1"}}
	{$e,"ackto":"abc.99999999999999999999"}
	END
	sed -i 's/\\r$/\r/' in
	ce-sink-file out <in
	cat >want <<-END
	{$e}
	{$e}\r
	{ $e }
	{$e  }
	{$e}
	{$e}
	{$e}
	{$e,"data":"\\",\\"ackto\\":\\"abc.1"}
	{$e,"data":{"x":1,"ackto":"abc.1"}}
	{$e}
	END
	sed -i 's/\\r$/\r/' want
	diff want out
	printf '{%s,"ackto":"abc.1","ackto":"abc.2"}\n' "$e" >in
	run ce-sink-file out <in
	[ "$status" = 65 ]
	[[ $output = *'ackto: given twice'* ]]
}

@test "what is refused is told and kept without its address, whole" {
	events 3 >in
	ce-src-file --as events --state state in | jq -c 'del(.type)' | ce-sink-file --dead-letter dead out
	ce-src-file --as events in | jq -c 'del(.type)' >want
	ce-unwrap <dead | diff want -
	rm state
	ce-src-file --as events --state state in | jq -c '{ackto} + del(.type)' | ce-sink-file --dead-letter dead2 out
	ce-unwrap <dead2 | diff want -
	[ ! -s out ]
	[ -z "$(left)" ]
}

@test "two sinks announced: nothing is finished before both have it" {
	events 500 >in
	ce-src-file --as events --state state --until-end --ack-sinks 2 in | tee >(ce-sink-file a; echo $? >rc) | ce-sink-file b
	wait_for lines rc 1
	cmp in a
	cmp in b
	[ -z "$(left)" ]
}

@test "two sinks announced, one of them slow: the slower decides" {
	source_of_5 --ack-sinks 2
	hello
	echo 'ack 1 5' >&"$S"
	first=$S
	hello
	echo 'ack 1 2' >&"$S"
	hush
	exec {first}>&-
	ended_with 75
	[ "$(left)" = '3 4 5 ' ]
}

@test "two sinks announced and only one there: nothing is finished" {
	source_of_5 --ack-sinks 2
	hello
	echo 'ack 1 5' >&"$S"
	hush
	ended_with 75
	[ "$(left)" = '1 2 3 4 5 ' ]
}

@test "with two sinks a drop is not counted" {
	source_of_5 --ack-sinks 2
	speak
	echo 'hello filter test' >&"$S"
	wait_for has heard welcome
	echo 'drop 1 5' >&"$S"
	hello
	hush
	ended_with 75
	[ "$(left)" = '1 2 3 4 5 ' ]
}

@test "a second sink that was not announced: a warning, and the slower decides" {
	source_of_5
	hello
	first=$S
	hello
	wait_for has said 'second sink'
	echo 'ack 1 5' >&"$S"
	echo 'ack 1 3' >&"$first"
	wait_for has said 'ack-sinks 2'
	hush
	exec {first}>&-
	ended_with 75
	[ "$(left)" = '4 5 ' ]
}

@test "a pipe with a name is a pipe" {
	events 500 >in
	mkfifo pipe
	spawn_sh 'exec ce-sink-file out <pipe'
	rc=0
	ce-src-file --as events --state state --until-end in >pipe || rc=$?
	ended "$PID"
	[ "$rc $RC" = '0 0' ]
	cmp in out
	[ -z "$(left)" ]
}

@test "exact: a pipeline that reorders" {
	events 2000 >in
	ce-src-file --as events --state state --until-end --ack require --ack-count exact in | sort -R | ce-sink-file sunk
	[ "$(sort sunk | sha256sum)" = "$(sort in | sha256sum)" ]
	[ -z "$(left)" ]
}

@test "exact: a pipeline that spreads" {
	events 400 >in
	ce-src-file --as events --state state --until-end --ack-count exact in |
		xargs -d '\n' -P 4 -n 50 sh -c 'printf "%s\n" "$@" | ce-sink-file "sunk.$$"' -
	[ "$(cat sunk.* | sort | sha256sum)" = "$(sort in | sha256sum)" ]
	[ -z "$(left)" ]
}

@test "order: a pipeline that reorders is told so, 65" {
	events 50 >in
	rc=0
	ce-src-file --as events --state state --until-end --ack require in 2>said | tac | ce-sink-file sunk 2>sinksaid || rc=$?
	[ $rc = 65 ]
	grep -q 'ack-count exact' sinksaid
}

@test "auto: when nobody acknowledges, that is said once and written is finished" {
	events 5 >in
	ce-src-file --as events --state state --until-end --ack-wait 200ms in 2>said | cat >lines
	[ "$(grep -c 'nobody acknowledges' said)" = 1 ]
	[ "$(wc -l <lines)" = 5 ]
	[ -z "$(left)" ]
}

@test "auto: a source that has to stop ends, too, when nobody acknowledges" {
	{ events 3; echo no event; } >in
	{ timeout 30 ce-src-file --as events --state state --ack-wait 200ms in 2>said || echo $? >code; } | cat >lines
	[ "$(cat code)" = 65 ]
	[ "$(wc -l <lines)" = 3 ]
	grep -q 'byte' said
}

@test "auto: a reader that died before anybody acknowledged is not nobody" {
	events 5 >in
	ce-src-file --as events --state state --until-end in 2>said | head -c 10 >/dev/null && rc=0 || rc=$?
	[ "${PIPESTATUS[0]}" != 0 ] || [ $rc != 0 ] || :
	[ "$(left)" = '1 2 3 4 5 ' ]
}

@test "require: never without an ack" {
	source_of_5 --ack require --ack-wait 200ms
	ended_with 75
	[ "$(left)" = '1 2 3 4 5 ' ]
}

@test "no stamp: --ack none, into a file, without --state" {
	events 5 >in
	ce-src-file --as events --state s1 --until-end --ack none in | cmp - in
	ce-src-file --as events --state s2 --until-end in >lines
	cmp lines in
	ce-src-file --as events in | cmp - in
	ce-src-file --as events --state s1 --until-end in | cmp - /dev/null
}

# The sink of another language, killed again and again.
@test "a sink in Python from the page alone, at most 40 lines, loses nothing" {
	[ "$(wc -l <"$HERE/data/sink.py")" -le 40 ]
	events 3000 >in
	for i in 1 2 3 4 5 6; do
		spawn_sh 'set -o pipefail; ce-src-file --as events --state state --until-end --window 500 in |
			{ echo $BASHPID >sink.pid; exec python3 "$HERE/data/sink.py" sunk; }'
		pid=$PID
		[ $i = 6 ] || wait_for lines sunk $((i * 450)) || break
		[ $i = 6 ] || kill -9 "$(cat sink.pid)" || :
		ended "$pid"
		[ "$RC" = 0 ] && break
	done
	[ "$RC" = 0 ]
	[ "$(awk '!seen[$0]++' sunk | cmp - in && echo same)" = same ]
	[ "$(wc -l <sunk)" -le $((3000 + 5 * 500)) ]
	[ -z "$(left)" ]
}

@test "a sink in Python, with jq before it" {
	events 200 >in
	spawn_sh 'set -o pipefail; ce-src-file --as events --state state --until-end in | jq -c . | python3 "$HERE/data/sink.py" sunk'
	ended "$PID"
	[ "$RC" = 0 ]
	[ "$(ids <sunk)" = "$(seq 200)" ]
	not grep -q ackto sunk
	[ -z "$(left)" ]
}
