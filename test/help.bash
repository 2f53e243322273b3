# help.bash -- what every test file loads: events, waiting, processes, servers.
# A test has its own runtime directory, so that no address of another is seen;
# what it starts with spawn ends with it.  A file with a teardown of its own
# calls reap there.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=${HERE%/test}
: "${B:=$ROOT/build}"
PATH=$B/bin:$PATH
export HERE ROOT B PATH PID RC URL LC_ALL=C.UTF-8
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-150}
unset "${!CE_@}" "${!http_proxy@}" "${!HTTP_PROXY@}" "${!https_proxy@}" "${!HTTPS_PROXY@}" "${!all_proxy@}"
T=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-/nonexistent}}
export CE_RUNTIME_DIR=$T/run
exec {NAP}<> <(:) # nothing ever comes from it: a pause without a process
if [ -d "$T" ]; then cd "$T" || exit; fi

teardown() { reap; }

# events N [FIRST]: N valid events with ids FIRST (1) and up, in the spellings
# that a careless program breaks: escapes, number forms, duplicate keys in data,
# every member order, base64, no data at all.  Some lines hold an x, some do not.
events() { awk -v n="$1" -v first="${2:-1}" -f "$HERE/data/events.awk"; }

# padded N BYTES: N events whose data is a string of BYTES bytes.
padded() {
	awk -v n="$1" -v bytes="$2" 'BEGIN {
		pad = "p"; while (length(pad) < bytes) pad = pad pad
		pad = substr(pad, 1, bytes)
		for (i = 1; i <= n; i++)
			printf "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/pad\",\"type\":\"t\",\"data\":\"%s\"}\n", i, pad
	}'
}

# ids: the id of each event on standard input.
ids() { jq -r .id; }

# wait_for CMD...: until it succeeds; fails after $DEADLINE seconds (20); sanitizers
# make everything slower.
wait_for() {
	local end=$((SECONDS + ${DEADLINE:-20} * (${SANITIZED:-0} ? 3 : 1)))

	until "$@"; do
		if ((SECONDS >= end)); then
			echo "waited ${DEADLINE:-20} s in vain for: $*" >&2
			return 1
		fi
		read -rt 0.02 -u "$NAP" || :
	done
}

# still PID [CMD...]: it stands still for 10 s, and until CMD is true.
still() {
	local p=$1 again=$((SECONDS + 10)) rc=0

	shift
	kill -STOP "$p"
	[ $# = 0 ] || wait_for "$@" || rc=1
	passed() { ((SECONDS >= again)); }
	wait_for passed
	kill -CONT "$p"
	return $rc
}

# Conditions for wait_for.
lines() { [ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; } # FILE N: it has N lines or more
has() { grep -qs -- "$2" "$1"; }                          # FILE TEXT
gone() { ! kill -0 "$1" 2>/dev/null; }                    # PID
stopped() { [ "$(awk '/^State/ { print $2 }' "/proc/$1/status")" = T ]; }

# spawn CMD...: in the background, as a process group of its own; its number is
# in PID.  spawn_sh 'a | b' does the same with a line of shell.
spawn() {
	setsid "$@" 3>&- &
	PID=$!
	echo "$PID" >>"$T/spawned"
}
spawn_sh() { spawn bash -c "$1"; }

# ended PID: waits for a spawned process; its exit code is in RC.
ended() {
	wait_for gone_or_zombie "$1" || return 1
	RC=0
	wait "$1" || RC=$?
}
gone_or_zombie() {
	local s

	s=$(awk '/^State/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
	[ -z "$s" ] || [ "$s" = Z ]
}

# killed PID: kill -9 of a whole group, and nobody of it is left: one that takes long
# to die has its state still.  What no shell waits for may stay a zombie for a while.
killed() {
	kill -KILL -- "-$1" 2>/dev/null || : # it may be through
	wait_for empty_group "$1"
	ended "$1"
}
empty_group() {
	local p

	for p in $(pgrep -g "$1"); do gone_or_zombie "$p" || return 1; done
}

# resting PID: it uses no processor time for a while.
resting() {
	local a b

	a=$(cut -d' ' -f14,15 "/proc/$1/stat")
	read -rt 0.5 -u "$NAP" || :
	b=$(cut -d' ' -f14,15 "/proc/$1/stat")
	[ "$a" = "$b" ]
}

# strike WHO...: kill -9 of those stages of the pipeline in PID, at a random moment;
# each has written its number to p.WHO.  Then all of it has ended.
strike() {
	local who

	read -rt "0.0$((RANDOM % 9))$((RANDOM % 10))" -u "$NAP" || :
	for who; do
		wait_for test -s "p.$who"
		kill -9 "$(cat "p.$who")" 2>/dev/null || :
	done
	ended "$PID"
	rm -f p.*
}

reap() {
	local p

	[ -e "$T/spawned" ] || return 0
	while read -r p; do
		kill -CONT -- "-$p" 2>/dev/null || :
		kill -KILL -- "-$p" 2>/dev/null || :
		wait "$p" 2>/dev/null || :
	done <"$T/spawned"
	rm -f "$T/spawned"
}

# http_source TO [ARGS...]: ce-src-http on a free port, its standard output piped
# into the shell line TO ("cat >>out").  Its address is in URL once it listens,
# the number of the group in PID.
http_source() {
	rm -f "$T/ready"
	# shellcheck disable=SC2016
	spawn bash -c 'to=$1 ready=$2; shift 2
		ce-src-http --listen 127.0.0.1:0 --ready-fd 4 "$@" 4>"$ready" | eval "$to"' - "$1" "$T/ready" "${@:2}"
	wait_for lines "$T/ready" 1 || return 1
	read -r URL <"$T/ready"
	case $URL in *://*) ;; *) URL=http://$URL ;; esac
}

# free_port: a TCP port that nobody has now; prefer port 0 and --ready-fd.
free_port() { "$HERE/server/ports" 1; }

# In setup_file: serve NAME [ARGS...] starts test/server/NAME in a directory of
# its own (DIR); URL is what it printed once it answered.  In setup: served
# skips when there is no such server here.  In teardown_file: unserve.
serve() {
	local rc=0

	export DIR=$BATS_FILE_TMPDIR/$1 URL='' NOSERVER=''
	mkdir -p "$DIR"
	URL=$("$HERE/server/$1" "$DIR" "${@:2}" 2>"$DIR/why" 3>&-) || rc=$?
	case $rc in
	0) ;;
	77) NOSERVER=$(tail -n 1 "$DIR/why") ;;
	*)
		cat "$DIR/why" >&2
		return 1
		;;
	esac
}
served() { [ -z "$NOSERVER" ] || skip "$NOSERVER"; }
unserve() {
	local p

	[ -e "$DIR/pid" ] || return 0
	while read -r p; do
		kill -CONT "$p" 2>/dev/null || :
		kill -KILL "$p" 2>/dev/null || :
		wait_for gone "$p"
	done <"$DIR/pid"
}

# need CMD...: skips when one of the commands is missing.
need() {
	local c

	for c; do
		command -v "$c" >/dev/null || skip "no $c: make deps"
	done
}

# rss PID: resident memory in kB.
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# not CMD...: it fails.  (A test does not stop at "! CMD".)
not() {
	"$@" || return 0
	echo "should have failed: $*" >&2
	return 1
}
