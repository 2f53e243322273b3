#!/usr/bin/env bats
# file-src.bats -- ce-src-file: what is read, and the events that it makes.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016

load help
load file

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
	mkdir d
	echo a >d/a
	echo no >d/no
	echo z >d/z
	chmod 000 d/no
	rc=0
	unprivileged ce-src-file d/a d/no gone d/z d/a/b >out 2>err || rc=$?
	[ "$rc" = 74 ]
	[ "$(data out | paste -sd' ')" = 'a z' ]
	grep -q 'cannot open d/no: Permission denied' err
	grep -q 'cannot open gone: No such file' err
	grep -q 'cannot open d/a/b: Not a directory' err
	rc=0
	chmod 000 d
	unprivileged ce-src-file d 2>err || rc=$?
	chmod 755 d
	[ "$rc" = 74 ]
	grep -q 'd: Permission denied' err
}

@test "a directory as a pattern's match is passed over; reading one is impossible" {
	mkdir -p d/e
	echo 1 >d/f
	[ "$(ce-src-file 'd/*' | data)" = 1 ]
}

@test "memory stays where it is, whatever flows through" {
	padded 200000 400 >a
	spawn bash -c 'exec ce-src-file -f --as events a b >out'
	PID1=$PID
	wait_for lines out 200000
	[ -n "${SANITIZED:-}" ] || [ "$(rss "$PID1")" -le 10240 ]
}

@test "valgrind finds nothing" {
	seq 50 >a
	mkdir d moved
	printf '{"a":1}\nx' >d/j
	vg=(valgrind -q --error-exitcode=99 --log-file=vg.%p)
	[ -z "${SANITIZED:-}" ] || vg=()
	[ -n "${SANITIZED:-}" ] || need valgrind
	vg() { "${vg[@]}" "$B/bin/ce-src-file" "$@"; }
	vg --state st -e x='{id}' a d | cat >/dev/null
	vg --state st a d | cat >/dev/null
	vg --as whole --done moved --ack none d >/dev/null
	events 20 | vg --as events >/dev/null
	spawn "${vg[@]}" "$B/bin/ce-src-file" -f --state st a 'l*' moved >out
	wait_for has_fd "$PID" "$PWD/a"
	cp a l1
	wait_for lines out 50
	mv a l2
	seq 3 >a
	: >l1
	echo 1 >>l1
	rm l2
	seq 3 >moved/n
	wait_for lines out 57
	kill "$PID"
	ended "$PID"
	[ "$RC" = 0 ]
	not grep -h "^==" vg.*
}
has_fd() { find "/proc/$1/fd" -lname "$2" 2>/dev/null | grep -q .; }
