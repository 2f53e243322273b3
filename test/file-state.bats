#!/usr/bin/env bats
# file-state.bats -- ce-src-file --state and --done: what is finished, and what then.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016

load help
load file

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
	sed -i '2s/ [0-9]* \([^ ]*\)$/ 1000 \1/' st # seen long ago, but there
	echo 5 >>a
	to_end --state st a
	data out | tail -n 1 | diff <(echo 5) -
	{ cat st; echo '1:2 3 4 0 0123456789abcdef 1000 /elsewhere/x'; } >old
	cp old st
	echo 6 >>a
	to_end --state st a
	[ "$(wc -l <st)" = 2 ]
}

@test "kill -9 and restart: nothing lost, in order" {
	seq 200000 >a
	for _ in 1 2 3; do
		spawn bash -c 'ce-src-file --state st --commit-every 20ms --window 500 a | ce-sink-file --sync none out'
		wait_for has_grown
		killed "$PID"
	done
	to_end --state st a
	data out | sort -nu | diff <(seq 200000) -
}
has_grown() {
	local n

	n=$(wc -l <out 2>/dev/null) && [ "$n" -gt "${grown:-0}" ] && grown=$n
}

@test "without an acknowledgement the position stays" {
	seq 5 >a
	set -o pipefail
	ce-src-file --state st --ack require --commit-every 10ms a | cat >seen || rc=$?
	set +o pipefail
	[ "${rc-0}" = 75 ]
	wait_for lines seen 5
	to_end --state st a
	data out | diff <(seq 5) -
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
	mkdir in moved
	seq 3 >in/a
	: >in/empty
	echo first >moved/a
	to_end --done moved in
	[ "$(data out | paste -sd' ')" = '1 2 3' ]
	[ -z "$(ls in)" ]
	[ "$(cat moved/a)" = first ]
	seq 3 | cmp - moved/a.1
	[ -e moved/empty ]
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
