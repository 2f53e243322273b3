#!/usr/bin/env bats
# file-src.bats -- ce-src-file: what is read, what is followed, where it goes on.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016

load help

data() { jq -r 'if has("data") then (.data | if type == "string" then . else tojson end) else "b64:" + .data_base64 end' "$@"; }
quiet() { "$@" 2>/dev/null; }

# follows [ARGS...]: starts ce-src-file -f, its events to the file out.
follows() { spawn bash -c 'exec ce-src-file -f "$@" >>out 2>>err' - "$@"; }

# got LINES...: exactly these data arrive in out, in this order.
got() {
	printf '%s\n' "$@" >want
	wait_for lines out "$#" || { cat out err >&2; return 1; }
	data out | diff want - >&2
}
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
idle() { [ "$(awk '{ print $3 }' "/proc/$1/stat")" = S ]; }
# to_end CMD...: its standard output reaches a sink that acknowledges, in out.
to_end() { ce-src-file "$@" 2>>err | ce-sink-file --sync none out; return "${PIPESTATUS[0]}"; }

@test "lines: data, type, source, id, subject, content type" {
	printf 'one\n\ntwo\tx \n' >"a b%c"
	ce-src-file "a b%c" >out
	data out | diff <(printf 'one\n\ntwo\tx \n') -
	jq -r .type out | uniq | diff <(echo file.line) -
	jq -r .datacontenttype out | uniq | diff <(echo text/plain) -
	jq -r .subject out | uniq | diff <(echo 'a b%c') -
	[ "$(jq -r .source out | sort -u)" = "file://$(pwd -P | sed 's/ /%20/g')/a%20b%25c" ]
	[ "$(jq -r .id out | sort -u | wc -l)" = 3 ]
	jq -r .time out | grep -qE '^2[0-9]{3}-..-..T..:..:..(\.[0-9]+)?Z$'
}

@test "reading again gives the same events, byte for byte" {
	seq 1000 >a
	ce-src-file a >one
	ce-src-file a >two
	cmp one two
	cat a | ce-src-file | ids >three
	cat a | ce-src-file | ids | cmp three -
	[ "$(sort -u three | wc -l)" = 1000 ]
	jq -r .source two | uniq | grep -q "^file:///.*/a$"
}

@test "a file that grew keeps its ids; another content has others" {
	printf 'head\nsame\n' >a
	ce-src-file a | ids >before
	echo more >>a
	ce-src-file a | ids | head -n 2 | diff before -
	printf 'HEAD\nsame\n' >a
	[ "$(ce-src-file a | ids | sort - before | uniq -d | wc -l)" = 0 ]
}

@test "bytes that are no UTF-8 go to data_base64, NUL and CR are data" {
	printf 'a\xff\nb\0c\r\n' >a
	ce-src-file a >out
	[ "$(sed -n 1p out | jq -r .data_base64)" = Yf8= ]
	[ "$(sed -n 2p out | jq -r '.data|@json')" = '"b\u0000c\r"' ]
}

@test "an unfinished last line is an event where the file is not followed" {
	printf 'a\nlast' >a
	[ "$(ce-src-file a | data)" = $'a\nlast' ]
	: >empty
	[ -z "$(ce-src-file empty)" ]
}

@test "--as json: JSON where the line is JSON, text elsewhere" {
	printf '{"a": [1, 2.50]}\nno\n"s"\n12\n{"a":\n' >a
	ce-src-file --as json a >out
	[ "$(jq -r .datacontenttype out | paste -sd' ')" = 'application/json text/plain application/json application/json text/plain' ]
	grep -qF '"data":{"a": [1, 2.50]}' out
	[ "$(sed -n 3p out | jq -c .data)" = '"s"' ]
	ce-src-file --as json --content-type application/x+json a | sed -n 1p | grep -qF '"application/x+json"'
	run ce-src-file --as json --content-type text/csv a
	[ "$status" = 64 ]
}

@test "--as events: byte for byte, ackto only where it stamps" {
	events 500 >a
	ce-src-file --as events a | cmp a -
	ce-src-file --as events <a | cmp a -
	echo '{"specversion":"1.0","ackto":"old.1","id":"1","source":"/s","type":"t"}' >b
	ce-src-file --as events --state st b | ce-sink-file --sync none out
	[ "$(cat out)" = '{"specversion":"1.0","id":"1","source":"/s","type":"t"}' ]
}

@test "--as events: what is no event is said, or goes to the dead letters" {
	events 4 | sed '2s/.*/{"id":1}/' >a
	ce-src-file --as events a >out 2>err || rc=$?
	[ "$rc" = 65 ]
	head -n 1 a | cmp - out
	grep -q "$(pwd -P)/a" err
	ce-src-file --as events --dead-letter dead a >out
	sed 2d a | cmp - out
	[ "$(wc -l <dead)" = 1 ]
	: >empty
	printf '\xff\xfe\0\n' | quiet ce-src-file --as events || rc=$?
	[ "$rc" = 65 ]
}

@test "--as whole: each file an event, its type guessed or given" {
	mkdir d
	printf '{\n "a": 1\n}\n' >d/1.json
	printf 'two\nlines\n' >d/2.txt
	printf 'x\xff' >d/3.bin
	: >d/4.empty
	ce-src-file --as whole d >out
	[ "$(jq -r '.datacontenttype|tostring' out | paste -sd' ')" = 'application/json text/plain null text/plain' ]
	[ "$(jq -r .subject out | paste -sd' ')" = '1.json 2.txt 3.bin 4.empty' ]
	[ "$(sed -n 1p out | jq -c .data)" = '{"a":1}' ]
	[ "$(sed -n 2p out | jq -r '.data|@json')" = '"two\nlines\n"' ]
	[ "$(sed -n 3p out | jq -r .data_base64)" = eP8= ]
	[ "$(sed -n 4p out | jq -r '.data|@json')" = '""' ]
	ce-src-file --as whole --content-type text/csv d/2.txt | grep -qF '"datacontenttype":"text/csv"'
	printf x | ce-src-file --as whole | grep -qF '"data":"x"'
}

@test "--as nul: records end with NUL, newlines are data" {
	printf 'a\nb\0\0c' | ce-src-file --as nul >out
	[ "$(jq -c .data out | paste -sd' ')" = '"a\nb" "" "c"' ]
}

@test "--type --source --subject --ext" {
	echo '{"n":7,"s":"x y"}' >a
	ce-src-file --as json --type my.t --source /over --subject 's-{data.n}' \
		-e plain=v -e n='{data.s}/{type}' -e miss='{nothing}' -e or='{nothing|else}' a >out
	[ "$(jq -rc '[.type, .source, .subject, .plain, .n, .miss, .or]' out)" = '["my.t","/over","s-7","v","x y/my.t",null,"else"]' ]
	for bad in 'Upper=x' 'a-b=x' '=x' 'id=x' 'data=x' 'ackto=x' 'novalue' 'x={'; do
		run ce-src-file --ext "$bad" a
		[ "$status" = 64 ]
	done
	run ce-src-file -e a=1 -e a=2 a
	[ "$status" = 64 ]
	for bad in --type= --source= '--source=a b' --content-type=nonsense; do
		run ce-src-file "$bad" a
		[ "$status" = 64 ]
	done
	for option in --type=x --source=/x --subject=x --ext=a=b --content-type=text/plain; do
		run ce-src-file --as events "$option" a
		[ "$status" = 64 ]
	done
}

@test "a line longer than --max-event is refused with its first bytes" {
	{ echo ok; head -c 5000 /dev/zero | tr '\0' y; echo; echo after; } >a
	rc=0
	ce-src-file --max-event 4k a >out 2>err || rc=$?
	[ "$rc" = 65 ]
	[ "$(data out)" = ok ]
	grep -q 'max-event' err
	ce-src-file --max-event 4k --dead-letter dead a >out
	[ "$(data out)" = $'ok\nafter' ]
	head -c 4000 /dev/zero | tr '\0' '\1' >b # six bytes each in JSON
	rc=0
	quiet ce-src-file --max-event 4k b || rc=$?
	[ "$rc" = 65 ]
	rc=0
	quiet ce-src-file --max-event 4k --as whole a || rc=$?
	[ "$rc" = 65 ]
}

@test "--count stops after so many" {
	seq 100 >a
	[ "$(ce-src-file --count 3 a | data | paste -sd' ')" = '1 2 3' ]
	to_end --state st --count 3 a
	to_end --state st --count 2 a
	[ "$(data out | paste -sd' ')" = '1 2 3 4 5' ]
}

@test "directories: regular files by name, hidden ones and subdirectories not" {
	mkdir -p d/sub
	echo b >d/b
	echo a >d/a
	echo h >d/.h
	echo s >d/sub/s
	mkfifo d/fifo
	[ "$(ce-src-file d | data | paste -sd' ')" = 'a b' ]
	mkdir nothing
	ce-src-file nothing
}

@test "patterns, also in directories; a file of that name comes first" {
	mkdir x1 x2
	echo 1 >x1/a.log
	echo 2 >x2/b.log
	echo n >x2/b.txt
	[ "$(ce-src-file 'x?/*.log' | data | paste -sd' ')" = '1 2' ]
	echo star >'*'
	[ "$(ce-src-file '*' | data)" = star ]
	rc=0
	ce-src-file 'none*' 2>err || rc=$?
	[ "$rc" = 74 ]
	grep -q 'none\*' err
}

@test "the same file twice is read once; links are followed" {
	echo one >a
	ln a hard
	ln -s a soft
	[ "$(ce-src-file a ./a hard soft . | data)" = one ]
	ln -s gone dangling
	rc=0
	ce-src-file dangling soft >out 2>err || rc=$?
	[ "$rc" = 74 ]
	[ "$(data out)" = one ]
}

@test "standard input: -, /dev/stdin, from where it stands" {
	printf 'a\nb\n' >a
	[ "$(echo x | ce-src-file a - | data | paste -sd' ')" = 'a b x' ]
	[ "$(echo x | ce-src-file /dev/stdin | data)" = x ]
	[ "$({ read -r _; ce-src-file; } <a | data)" = a ] || [ "$({ head -c 2 >/dev/null; ce-src-file; } <a | data)" = b ]
	ce-src-file <a | jq -r .source | uniq | grep -q '/a$'
	ce-src-file <&- && return 1 || [ $? = 74 ]
}

@test "a FIFO is read as cat does: its writer is waited for" {
	mkfifo p
	spawn bash -c 'exec ce-src-file p >out'
	wait_for idle "$PID"
	printf 'a\nb' >p
	ended "$PID"
	[ "$RC" = 0 ]
	[ "$(data out | paste -sd' ')" = 'a b' ]
}

@test "SIGTERM ends the wait for a FIFO's writer, exit 0" {
	mkfifo p
	spawn bash -c 'exec ce-src-file p >out'
	wait_for idle "$PID"
	kill "$PID"
	ended "$PID"
	[ "$RC" = 0 ]
}

@test "what cannot be read is said, the others are read, exit 74" {
	need setpriv
	mkdir d
	echo a >d/a
	echo no >d/no
	echo z >d/z
	chmod 000 d/no
	chmod 755 . d
	as=()
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups env CE_RUNTIME_DIR=/nonexistent/ce)
	if [ -n "${as[*]}" ] && ! "${as[@]}" test -r "$PWD/d/a"; then skip "nobody may not read here"; fi
	rc=0
	"${as[@]}" "$B/bin/ce-src-file" d/a d/no gone d/z >out 2>err || rc=$?
	[ "$rc" = 74 ]
	[ "$(data out | paste -sd' ')" = 'a z' ]
	grep -q 'cannot open d/no: Permission denied' err
	grep -q 'cannot open gone: No such file' err
}

@test "a directory as a pattern's match is passed over; reading one is impossible" {
	mkdir -p d/e
	echo 1 >d/f
	[ "$(ce-src-file 'd/*' | data)" = 1 ]
}

@test "--state: goes on where everything is finished, exit 0" {
	seq 10 >a
	to_end --state st a
	seq 11 20 >>a
	to_end --state st a
	data out | diff <(seq 20) -
	to_end --state st a
	[ "$(wc -l <out)" = 20 ]
}

@test "--state: the file was renamed meanwhile, and a new one has its name" {
	seq 5 >log
	to_end --state st log
	ce-src-file log | ids >all
	seq 6 8 >>log
	ce-src-file log | tail -n 3 | ids >want
	mv log log.1
	seq 101 103 >log
	: >out
	to_end --state st log
	[ "$(data out | paste -sd' ')" = '6 7 8 101 102 103' ]
	head -n 3 out | ids | diff want -
	[ "$(head -n 1 out | jq -r .source)" = "file://$(pwd -P)/log" ]
}

@test "--state: the same under --follow" {
	seq 5 >log
	to_end --state st log
	seq 6 8 >>log
	mv log log.1
	seq 101 103 >log
	rm out
	follows --state st log
	got 6 7 8 101 102 103
	echo 104 >>log
	echo 9 >>log.1
	wait_for lines out 8
	data out | sort -n | tail -n 2 | diff <(printf '103\n104\n') -
}

@test "--state: shorter than the position: truncated, from its start" {
	seq 100 >a
	to_end --state st a
	rm out
	seq 3 >a
	to_end --state st a
	data out | diff <(seq 3) -
}

@test "--state: another content in the same inode starts anew" {
	seq 100 >a
	to_end --state st a
	rm out
	seq 201 400 | dd of=a conv=notrunc status=none
	to_end --state st a
	data out | diff <(seq 201 400) -
}

@test "--state: a second instance is refused with 75" {
	seq 3 >a
	follows --state st a
	wait_for lines out 3
	run ce-src-file --state st a
	[ "$status" = 75 ]
}

@test "--state: a damaged file is exit 78 and one clear line" {
	seq 3 >a
	to_end --state st a
	cp st good
	for edit in '1s/1/2/' '2s/^/x/' '2s/ / -/' '2s/ [^ ]*$/ relative/' '2s/$/%4/' '2p' '2s/[0-9]* /99999999999999999999999 /2' '2d;1s/.*/junk/'; do
		sed "$edit" good >st
		rm -f out
		run ce-src-file --state st a
		[ "$status" = 78 ] || { echo "$edit: $status" >&2; return 1; }
		[ "${#lines[@]}" = 1 ]
	done
	printf '%s' "$(cat good)" >st
	run ce-src-file --state st a
	[ "$status" = 78 ]
	{ cat good; printf '\0\n'; } >st
	run ce-src-file --state st a
	[ "$status" = 78 ]
}

@test "--state: entries of files that are gone go" {
	seq 3 >a
	seq 3 >b
	to_end --state st a b
	[ "$(wc -l <st)" = 3 ]
	rm b
	echo 4 >>a
	quiet to_end --state st a b || :
	[ "$(wc -l <st)" = 2 ]
}

@test "kill -9 and restart: nothing lost, in order" {
	seq 20000 >a
	for _ in 1 2 3; do
		spawn bash -c 'ce-src-file --state st --commit-every 20ms --window 500 a | ce-sink-file --sync none out'
		wait_for has_grown
		kill -9 -- "-$PID"
		ended "$PID"
	done
	to_end --state st a
	data out | sort -nu | diff <(seq 20000) -
}
has_grown() {
	local n

	n=$(wc -l <out 2>/dev/null) && [ "$n" -gt "${grown:-0}" ] && grown=$n
}

@test "without an acknowledgement the position stays" {
	seq 5 >a
	rc=0
	ce-src-file --state st --ack require --ack-wait 100ms a 2>err | head -c 1 >/dev/null || rc=$?
	to_end --state st a
	data out | diff <(seq 5) -
}

@test "-f: appended lines, an unfinished one waits for its newline" {
	printf 'a\nb' >a
	follows a
	got a
	printf 'c\nd' >>a
	got a bc
	printf '\n' >>a
	got a bc d
}

@test "-f: idle costs nothing" {
	seq 5 >a
	mkdir d
	follows a d 'g*' missing/x
	wait_for lines out 5
	wait_for idle "$PID"
	before=$(cpu "$PID")
	switches=$(awk '/^voluntary/ { print $2 }' "/proc/$PID/status")
	read -rt 1.5 -u "$NAP" || :
	[ "$(cpu "$PID")" = "$before" ]
	[ "$(awk '/^voluntary/ { print $2 }' "/proc/$PID/status")" -le $((switches + 3)) ]
	echo 6 >>a
	got 1 2 3 4 5 6
}

@test "-f: rename and create, the old one is read to its end first" {
	seq 3 >log
	follows log
	got 1 2 3
	kill -STOP "$PID"
	wait_for stopped "$PID"
	seq 4 5000 >>log
	mv log log.1
	seq 5001 5005 >log
	kill -CONT "$PID"
	mapfile -t all < <(seq 5005)
	got "${all[@]}"
	echo late >>log.1
	echo new >>log
	wait_for has out late
	wait_for has out new
}

@test "-f: copytruncate, also when the file is as long as before at once" {
	seq 3 >log
	follows log
	got 1 2 3
	cp log log.1
	: >log
	wait_for has err truncated
	echo 4 >>log
	got 1 2 3 4
	kill -STOP "$PID"
	wait_for stopped "$PID"
	: >log
	seq 11 30 >>log
	kill -CONT "$PID"
	got 1 2 3 4 $(seq 11 30)
	[ "$(ids <out | sort -u | wc -l)" = 24 ]
}

@test "-f: deletion, and a new file of that name" {
	seq 3 >log
	follows log
	got 1 2 3
	rm log
	echo 4 >log
	got 1 2 3 4
	rm log
	wait_for idle "$PID"
	echo 5 >tmp
	mv tmp log
	got 1 2 3 4 5
}

@test "-f: a file that is not there yet, in a directory that is not there yet" {
	follows new/dir/log
	wait_for has err 'waiting for it'
	mkdir -p new/dir
	echo 1 >new/dir/log
	got 1
	mv new old
	mkdir -p new/dir
	echo 2 >new/dir/log
	got 1 2
}

@test "-f: files that appear in a directory, or match a pattern later" {
	mkdir d g1
	echo 0 >d/old
	follows d 'g?/*.log'
	got 0
	echo 1 >d/a
	got 0 1
	echo no >d/.hidden
	echo 2 >g1/x.log
	got 0 1 2
	echo no >g1/x.txt
	mkdir g2
	echo 3 >g2/y.log
	got 0 1 2 3
	mv d/a d/b # the same file
	echo 4 >>d/b
	got 0 1 2 3 4
	rm -r g1
	mkdir g1
	echo 5 >g1/x.log
	got 0 1 2 3 4 5
}

@test "-f: a symbolic link that is turned to another file" {
	echo 1 >one
	echo 2 >two
	ln -s one current
	follows current
	got 1
	ln -s two tmp
	mv -T tmp current
	got 1 2
	echo 3 >>two
	got 1 2 3
	mkdir other
	echo 4 >other/x
	ln -sfn other/x current
	got 1 2 3 4
	mv other/x other/y
	echo 5 >other/x # behind the link, not beside it
	got 1 2 3 4 5
}

@test "-f: a directory reached through a link that is turned" {
	mkdir r1 r2
	echo 1 >r1/log
	echo 2 >r2/log
	ln -s r1 now
	follows now/log
	got 1
	ln -s r2 tmp
	mv -T tmp now
	got 1 2
}

@test "-f: a FIFO has one writer after the other" {
	mkfifo p
	follows p
	wait_for idle "$PID"
	echo 1 >p
	got 1
	echo 2 >p
	got 1 2
}

@test "-f: standard input that is a pipe ends" {
	[ "$(echo 1 | ce-src-file -f | data)" = 1 ]
}

@test "-f: a permission that comes later" {
	need setpriv
	[ "$(id -u)" = 0 ] || skip "must be root to be somebody else"
	chmod 755 .
	echo 1 >log
	chmod 000 log
	setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$PWD" || skip "nobody may not read here"
	spawn bash -c 'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$B/bin/ce-src-file" -f "$PWD/log" >out 2>err'
	wait_for has err 'Permission denied'
	chmod 644 log
	got 1
}

@test "-f --until-end: to the end, the unfinished line is for the next time" {
	printf '1\n2\n3' >a
	to_end -f --until-end --state st a
	[ "$(data out | paste -sd' ')" = '1 2' ]
	printf '4\n' >>a
	to_end -f --until-end --state st a
	[ "$(data out | paste -sd' ')" = '1 2 34' ]
}

@test "-f --from end: what is there is passed over, what appears is not" {
	printf '1\n2' >a
	mkdir d
	echo old >d/old
	follows --from end a d
	wait_for idle "$PID"
	printf '3\n' >>a
	got 23
	echo new >d/new
	got 23 new
	echo more >>d/old
	got 23 new more
}

@test "--from end --state: a restart goes on at the position" {
	seq 3 >log
	ce-src-file -f --until-end --from end --state st log
	seq 4 5 >>log
	mv log log.1
	echo 6 >log
	to_end -f --until-end --from end --state st log
	[ "$(data out | paste -sd' ')" = '4 5 6' ]
}

@test "-f --as whole: complete files of a directory, once each" {
	mkdir in
	printf 'a\nb' >in/1
	follows --as whole in
	wait_for lines out 1
	{
		printf 'half'
		wait_for idle "$PID"
		printf 'full'
	} >in/2
	wait_for lines out 2
	echo moved >tmp
	mv tmp in/3
	echo linked >tmp
	ln tmp in/4
	wait_for lines out 4
	printf 'again' >in/1
	wait_for lines out 5
	[ "$(jq -c .data out | paste -sd' ')" = '"a\nb" "halffull" "moved\n" "linked\n" "again"' ]
	chmod 600 in/2
	touch in/5
	wait_for lines out 6
	[ "$(wc -l <out)" = 6 ]
}

@test "--as whole --state: each file once" {
	mkdir in
	echo 1 >in/1
	: >in/0
	to_end --as whole --state st in
	echo 2 >in/2
	to_end --as whole --state st in
	[ "$(jq -r .subject out | paste -sd' ')" = '0 1 2' ]
	echo changed >in/1
	to_end --as whole --state st in
	[ "$(wc -l <out)" = 4 ]
}

@test "--done delete and --done DIR: when all is finished, never over another" {
	mkdir in done
	seq 3 >in/a
	: >in/empty
	echo first >done/a
	to_end --done done in
	[ "$(data out | paste -sd' ')" = '1 2 3' ]
	[ -z "$(ls in)" ]
	[ "$(cat done/a)" = first ]
	seq 3 | cmp - done/a.1
	[ -e done/empty ]
	seq 4 5 >in/a
	to_end --done delete --state st in
	[ -z "$(ls in)" ]
	[ "$(wc -l <st)" = 1 ]
	run ce-src-file --done nowhere in
	[ "$status" = 78 ]
}

@test "--done: not before it is acknowledged" {
	mkdir in
	seq 3 >in/a
	rc=0
	ce-src-file --done delete --ack-wait 60s in 2>err | { read -r _; kill -9 "$BASHPID"; } || :
	[ -e in/a ]
	to_end --done delete in
	[ ! -e in/a ]
}

@test "--done: to another file system" {
	[ -w /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d .)" ] || skip "no second file system: /dev/shm"
	away=$(mktemp -d /dev/shm/ce-file-src.XXXXXX)
	mkdir in
	seq 3 >in/a
	touch -d '2020-01-02 03:04:05' in/a
	echo first >"$away/a"
	to_end --done "$away" in
	ls -A "$away" >names
	seq 3 | cmp - "$away/a.1"
	[ "$(stat -c %y "$away/a.1" | cut -c1-4)" = 2020 ]
	rm -r "$away"
	diff <(printf 'a\na.1\n') names
	[ ! -e in/a ]
}

@test "--done: refused lines keep the file" {
	mkdir in
	echo junk >in/a
	rc=0
	to_end --as events --done delete in || rc=$?
	[ "$rc" = 65 ]
	[ -e in/a ]
	to_end --as events --done delete --dead-letter dead in
	[ ! -e in/a ]
	[ "$(wc -l <dead)" = 1 ]
}

@test "-f --done: a spool directory" {
	mkdir in done
	echo 1 >in/a
	spawn bash -c 'ce-src-file -f --done done --commit-every 50ms --state st in 2>err | ce-sink-file --sync none out'
	wait_for test -e done/a
	{
		echo 2
		wait_for has out '"2"'
		[ -e in/b ]
		printf 3
	} >in/b
	wait_for test -e done/b
	got 1 2 3
	wait_for test_empty in
}
test_empty() { [ -z "$(ls -A "$1")" ]; }

@test "inotify at its limit: said once, looked at once a second instead" {
	unshare -Ur true 2>/dev/null || skip "no user namespaces"
	echo 1 >a
	spawn unshare -Ur bash -c 'echo 0 >/proc/sys/user/max_inotify_instances && exec ce-src-file -f a "b*" >>out 2>err'
	got 1
	[ "$(grep -c 'once a second' err)" = 1 ]
	echo 2 >>a
	echo 3 >b1
	got 1 2 3
	mv a a.1
	echo 4 >a
	got 1 2 3 4
	[ "$(grep -c 'once a second' err)" = 1 ]
}

@test "many files at once: more than the soft limit of descriptors" {
	mkdir d
	for i in $(seq -w 300); do echo "$i" >"d/$i"; done
	spawn bash -c 'ulimit -Sn 100; exec ce-src-file -f d >out 2>err'
	wait_for lines out 300
	data out | sort | diff <(seq -w 300) -
	[ ! -s err ]
	echo more >>d/007
	wait_for has out more
}

@test "memory stays where it is, whatever flows through" {
	[ -z "${SANITIZED:-}" ] || skip "sanitizers take memory of their own"
	padded 200000 400 >a
	spawn bash -c 'exec ce-src-file -f --as events a b >out'
	PID1=$PID
	wait_for lines out 200000
	[ "$(rss "$PID1")" -le 10240 ]
}

@test "valgrind finds nothing" {
	need valgrind
	[ -z "${SANITIZED:-}" ] || skip "sanitized already"
	seq 50 >a
	mkdir d done
	printf '{"a":1}\nx' >d/j
	vg() { valgrind -q --error-exitcode=99 --leak-check=no "$B/bin/ce-src-file" "$@"; }
	vg --state st -e x='{id}' a d | cat >/dev/null || [ "${PIPESTATUS[0]}" != 99 ]
	vg --as whole --done done --ack none d >/dev/null
	events 20 | vg --as events >/dev/null
	spawn valgrind -q --error-exitcode=99 --log-file=vg "$B/bin/ce-src-file" -f --count 56 a 'l*'
	wait_for has_fd "$PID" "$PWD/a"
	cp a l1
	mv a l2
	seq 3 >a
	: >l1
	echo 1 >>l1
	seq 3 >>l1
	kill "$PID"
	ended "$PID"
	[ "$RC" != 99 ]
	[ ! -s vg ]
}
has_fd() { ls -l "/proc/$1/fd" 2>/dev/null | grep -q -- "-> $2$"; }
