#!/usr/bin/env bats
# file-follow.bats -- ce-src-file -f: files that grow, rotate, come and go.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2154

load help
load file

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

@test "-f: a directory that is not there yet" {
	follows later
	wait_for has err 'waiting for it'
	mkdir later
	echo 1 >later/a
	got 1
	rm -r later
	mkdir later
	echo 2 >later/a
	got 1 2
}

@test "-f: a second name of the same file" {
	echo 1 >a
	ln a b
	ln -s b c
	follows a b c
	got 1
	rm a
	wait_for idle "$PID"
	echo 2 >>b
	mv b b.1
	echo 3 >>b.1
	echo 4 >b
	got 1 2 3 4
}

@test "-f: the state file in the directory that is read, and the output" {
	mkdir d
	echo 1 >d/a
	spawn bash -c 'cd d && exec ce-src-file -f --state ./st --commit-every 10ms --dead-letter dead . >out 2>../err'
	wait_for lines d/out 1
	echo 2 >>d/a
	wait_for has d/st ' 4 '
	[ "$(data d/out | paste -sd' ')" = '1 2' ]
	grep -q 'it is the output' err
}

@test "-f: ends when nobody reads any more" {
	seq 3 >a
	spawn bash -c 'ce-src-file -f a 2>err | head -n 1 >out; exit "${PIPESTATUS[0]}"'
	ended "$PID"
	[ "$(data out)" = 1 ]
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
	echo 1 >log
	chmod 000 log
	spawn "${less[@]}" bash -c 'exec ce-src-file -f log >out 2>err'
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

@test "-f --as whole: files that came with their directory" {
	follows --as whole 'q*/x'
	wait_for idle "$PID"
	mkdir new
	echo 1 >new/x
	mv new q1
	wait_for lines out 1
	[ "$(jq -r .data out)" = 1 ]
}

@test "-f --done: a spool directory" {
	mkdir in moved
	echo 1 >in/a
	spawn bash -c 'ce-src-file -f --done moved --commit-every 50ms --state st in 2>err | ce-sink-file --sync none out'
	wait_for test -e moved/a
	{
		echo 2
		wait_for has out '"2"'
		[ -e in/b ]
		printf 3
	} >in/b
	wait_for test -e moved/b
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

@test "many files at once: more than the hard limit: they take turns, said once" {
	mkdir d
	for i in $(seq -w 300); do echo "$i" >"d/$i"; done
	spawn bash -c 'ulimit -n 80; exec ce-src-file -f --as whole --state st d >out 2>err'
	wait_for lines out 300
	data out | grep . | sort | diff <(seq -w 300) -
	[ "$(grep -c 'ulimit -n' err)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	echo 301 >d/301
	wait_for lines out 301
	wait_for lines st 302
}
