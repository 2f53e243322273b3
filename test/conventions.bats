# conventions.bats -- what is alike in every program, by loop over all that were built
# SPDX-License-Identifier: Apache-2.0
load help

# minimal PROGRAM: in A, the arguments with which it starts: where to, and what
# must be said.  A new program that needs one fails here until it has its line.
minimal() {
	A=()
	case $1 in
	ce-buf) A=(--dir "$T/spool") ;;
	ce-src-http) A=(--listen 127.0.0.1:0) ;;
	ce-sink-file) A=("$T/sunk") ;;
	ce-sink-http)
		# Something that takes every event.
		[ -n "${TAKER:-}" ] || http_source 'cat >/dev/null' --ack none
		TAKER=${TAKER:-$URL}
		A=("$TAKER")
		;;
	ce-*-kafka) A=(-b "$KAFKA" -t t) ;; # does not end by itself, nor do other sources
	ce-*-mongodb) A=(-u "$MONGODB/t" -c c) ;;
	ce-src-rabbitmq) A=(-u "$RABBITMQ" -q ready) ;;
	ce-sink-rabbitmq) A=(-u "$RABBITMQ" -r q --unroutable drop) ;;
	ce-*-redis) A=(-u "$REDIS" -s s) ;;
	ce-tee) A=('cat >/dev/null') ;;
	ce-top) A=(--textfile "$T/metrics") ;; # does not end by itself
	ce-jq) A=(.) ;;
	ce-wrap) A=(--source /test --type t) ;;
	ce-dead)
		: >>"$T/none"
		A=(list "$T/none")
		;;
	ce-rate) A=(--per-second 100000) ;;
	ce-cat) A=(-) ;;
	ce-filter) A=(true) ;;
	ce-exec) A=(-- cat) ;;
	esac
}
# One server of each for all tests; without it its programs are left out.
setup_file() {
	local s

	export WITHOUT='-' SERVERS=''
	for s in kafka mongodb rabbitmq redis; do
		[ -x "$B/bin/ce-src-$s" ] || continue
		serve "$s"
		export "${s^^}=$URL"
		[ -z "$NOSERVER" ] || WITHOUT+="|$s"
		SERVERS+=" $DIR"
	done
}
teardown_file() {
	for DIR in $SERVERS; do unserve; done
}
programs() { (cd "$B/bin" && printf '%s\n' ce-*) | grep -vE -- "-($WITHOUT)\$" | tr '\n' ' '; }
# Those that take events on standard input, and those that read anything.
takers() { among 'ce-sink-* ce-unwrap ce-buf ce-dedup ce-exec ce-filter ce-jq ce-map ce-rate ce-tee ce-validate'; }
readers() { among 'ce-src-file ce-wrap ce-sink-* ce-unwrap ce-buf ce-cat ce-dedup ce-exec ce-filter ce-jq ce-map ce-rate ce-validate'; }
# To standard output write:
printers() { among 'ce-src-file ce-wrap ce-unwrap ce-buf ce-cat ce-dedup ce-filter ce-jq ce-map ce-rate ce-validate'; }
among() { # PATTERNS: the programs that match one of them
	local p g

	for p in $(programs); do
		for g in $1; do
			# shellcheck disable=SC2053
			[[ $p != $g ]] || echo "$p"
		done
	done
}
input() { # what PROGRAM reads, N of it
	case $1 in
	ce-src-file | ce-wrap) seq "${2:-3}" ;;
	*) events "${2:-3}" ;;
	esac
}
# try CODE PROGRAM ARGS...: it ends with CODE; what it said is in $T/said.
try() {
	local want=$1 rc=0

	shift
	timeout 20 "$@" >"$T/out" 2>"$T/said" || rc=$?
	[ "$rc" = "$want" ] && return 0
	echo "$*: exit code $rc, not $want; said: $(cat "$T/said")"
	return 1
}
# said_once PROGRAM: one line, which begins with its name and holds no control byte.
said_once() {
	[ "$(wc -l <"$T/said")" = 1 ] && grep -q "^$1: ." "$T/said" && ! grep -q '[[:cntrl:]]' "$T/said" && return 0
	echo "$1 did not say it in one line of its own: $(cat -v "$T/said")"
	return 1
}

@test "there are programs" { [ -x "$B/bin/ce-src-file" ] && [ "$(programs | wc -w)" -gt 1 ]; }

@test "--help: standard output, 0, nothing on standard error" {
	for p in $(programs); do
		try 0 "$p" --help
		[ ! -s said ]
		grep -q "^usage: $p" out || { echo "$p: no usage line"; return 1; }
		"$p" --options | while IFS=$'\t' read -r _ name _; do
			grep -q -- "--$name\b" out || { echo "$p --help lacks --$name"; exit 1; }
		done
	done
}

@test "--options: five columns, sorted by name, each letter and name once" {
	for p in $(programs); do
		try 0 "$p" --options
		[ ! -s said ]
		awk -F'\t' -v p="$p" 'function bad(why) { print p ": line " NR ": " why ": " $0; exit 1 }
			NF != 5 { bad("not five columns") }
			$1 !~ /^(-|[a-zA-Z0-9])$/ { bad("letter") }
			$2 !~ /^[a-z][a-z0-9-]*$/ { bad("name") }
			$1 != "-" && letter[$1]++ { bad("letter twice") }
			$2 <= last { bad("not sorted") }
			$5 !~ /^[a-z0-9A-Z]/ || $5 ~ /\.$/ { bad("help") }
			{ last = $2 }
			END { if (NR == 0) print p ": no options" }' out >bad || { cat bad; return 1; }
		[ ! -s bad ]
		for o in help version options verbose quiet; do
			cut -f 2 out | grep -qx "$o" || { echo "$p lacks --$o"; return 1; }
		done
	done
}

@test "--version: name and number" {
	for p in $(programs); do
		try 0 "$p" --version
		grep -qxE "$p [0-9]+\.[0-9]+\.[0-9]+" out || { cat out; return 1; }
		[ ! -s said ]
	done
}

@test "an unknown option, a missing value, a value out of range, an argument too many: 64" {
	for p in $(programs); do
		minimal "$p"
		try 64 "$p" --no-such-option
		said_once "$p" || [ "$(head -n 1 said | grep -c "^$p: ")" = 1 ]
		grep -q -- no-such-option said
		try 64 "$p" $'--bad\e[31m\noption'
		not grep -q $'\e' said
		"$p" --options | awk -F'\t' '$3 != "-" { print $2; exit }' >name
		try 64 "$p" "--$(cat name)"
		grep -q -- "--$(cat name)" said
		n=$("$p" --options | awk -F'\t' '$2 == "max-event" || $2 == "window" { print $2; exit }')
		[ -z "$n" ] || try 64 "$p" "--$n" minus
		[ -z "$n" ] || try 64 "$p" "--$n=99999999999999999999"
	done
	for p in ce-wrap ce-unwrap ce-top ce-validate ce-filter; do
		minimal "$p"
		try 64 $p "${A[@]}" one argument too many
	done
}

@test "an option may come from the environment, and what is wrong there is named" {
	for p in $(programs); do
		minimal "$p"
		v=CE_$(echo "${p##*-}" | tr a-z A-Z)_MAX_EVENT
		"$p" --options | cut -f 2 | grep -qx max-event || continue
		try 64 env "$v=nonsense" "$p" "${A[@]}"
		grep -q "$v\|max-event" said
	done
}

@test "standard output closed: 74, said once" {
	for p in $(printers); do
		minimal "$p"
		input "$p" >in
		rc=0
		timeout 20 "$p" "${A[@]}" <in >&- 2>said || rc=$?
		[ $rc = 74 ] || { echo "$p: $rc"; cat said; return 1; }
		said_once "$p"
	done
}

@test "/dev/full: 74, said once" {
	for p in $(printers); do
		minimal "$p"
		input "$p" >in
		rc=0
		timeout 20 "$p" "${A[@]}" <in >/dev/full 2>said || rc=$?
		[ $rc = 74 ] || { echo "$p: $rc"; cat said; return 1; }
		said_once "$p"
		grep -qi 'no space' said
	done
	for p in $(programs); do
		minimal "$p"
		for o in --help --version --options; do
			rc=0
			"$p" $o >/dev/full 2>/dev/null || rc=$?
			[ $rc = 74 ] || { echo "$p $o: $rc"; return 1; }
		done
	done
}

@test "a reader that goes away ends a program in silence or in one line, and soon" {
	for p in $(printers); do
		minimal "$p"
		input "$p" 200000 >in
		timeout 20 "$p" "${A[@]}" <in 2>said | head -n 1 >/dev/null
		[ "$(wc -l <said)" -le 1 ]
		not grep -q ERROR: said
	done
}

@test "an invalid line: 65, its number, its reason; what came before is through" {
	for p in $(takers); do
		minimal "$p"
		{ events 2; printf '{"specversion":"1.0","id":\x1b"}\n'; events 1 4; } >in
		try 65 "$p" "${A[@]}" <in
		grep -q "^$p: .*3" said || { cat -v said; return 1; }
		not grep -q $'\e' said
	done
}

@test "an invalid line with --dead-letter: goes on, and the dead letter is an event" {
	for p in $(takers); do
		minimal "$p"
		rm -f dead
		{ events 2; echo 'no event at all'; echo '{"specversion":"1.0","type":"t","source":"s"}'; head -c 100 /dev/zero; echo; events 1 4; } >in
		try 0 "$p" --dead-letter dead "${A[@]}" <in
		[ "$(wc -l <dead)" = 3 ] || { cat -v dead; return 1; }
		jq -e '.deadreason and .deadstage and .deadtime' dead >/dev/null
		ce-src-file --as events --until-end dead >again
		[ "$(wc -l <again)" = 3 ]
	done
}

@test "a line beyond --max-event is one rejected event, not two" {
	for p in $(takers); do
		minimal "$p"
		{ events 1; padded 1 5000; events 1 3; } >in
		try 65 "$p" --max-event 1k "${A[@]}" <in
		grep -q "^$p: .*line 2.*--max-event" said || { cat said; return 1; }
		rm -f dead
		try 0 "$p" --max-event 1k --dead-letter dead "${A[@]}" <in
		[ "$(wc -l <dead)" = 1 ]
		[ "$(wc -c <dead)" -lt 3000 ]
	done
}

@test "a very long line takes bounded memory" {
	[ -z "${SANITIZED:-}" ] || return 0
	for p in $(takers); do
		minimal "$p"
		rc=0
		head -c 300M /dev/zero | tr '\0' a | (
			ulimit -v 400000
			exec timeout 60 "$p" --max-event 1M "${A[@]}" >out 2>said
		) || rc=$?
		[ $rc = 65 ] || { echo "$p: $rc"; cat said; return 1; }
	done
}

@test "random bytes: never a crash" {
	seed=$RANDOM
	for p in $(readers); do
		minimal "$p"
		for n in 1 100 70000; do
			openssl enc -aes-128-ctr -K "$(printf %032x $seed)" -iv "$(printf %032x $n)" -in /dev/zero 2>/dev/null | head -c "$n" >in || :
			rc=0
			timeout 20 "$p" "${A[@]}" <in >out 2>said || rc=$?
			case $rc in 0 | 65) ;; *) echo "$p: seed $seed, $n bytes: exit $rc"; tail -n 3 said; return 1 ;; esac
		done
	done
}

@test "an event at the end without a newline is an event" {
	for p in $(takers); do
		minimal "$p"
		printf %s "$(events 1)" >in
		rm -rf sunk
		try 0 "$p" "${A[@]}" <in
		[ "$p" != ce-sink-file ] || [ "$(wc -l <sunk)" = 1 ]
		[ "$p" != ce-unwrap ] || [ -s out ]
	done
	[ "$(printf 'a\nb' | ce-wrap --source /t --type t | wc -l)" = 2 ]
	[ "$(printf 'a\nb' | ce-src-file | wc -l)" = 2 ]
}

@test "no input at all: 0" {
	for p in $(readers); do
		minimal "$p"
		try 0 "$p" "${A[@]}" </dev/null
		[ ! -s said ]
	done
}

@test "SIGTERM: what was read is finished, 0" {
	for p in $(programs); do
		[ "$p" != ce-dead ] || continue # it reads a file that is there; see dead.bats
		minimal "$p"
		rm -rf fifo sunk out
		mkfifo fifo
		spawn_sh "exec $p ${A[*]} <fifo >out 2>said"
		pid=$PID
		exec {w}>fifo
		input "$p" 3 >&"$w"
		case $p in
		ce-sink-file) wait_for lines sunk 3 ;;
		ce-src-file | ce-wrap | ce-buf | ce-dedup | ce-jq | ce-rate) wait_for lines out 3 ;;
		ce-unwrap | ce-validate | ce-filter) wait_for test -s out ;;
		*) wait_for grep -qs "${p:0:15}" /proc/"$pid"/comm ;; # the kernel keeps so much
		esac
		wait_for catches "$pid"
		kill -TERM "$pid"
		ended "$pid"
		exec {w}>&-
		[ "$RC" = 0 ] || { echo "$p: $RC"; cat said; return 1; }
	done
}
catches() { # SIGTERM is handled by now
	[ $((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status") >> 14 & 1)) = 1 ]
}

@test "a literal secret is refused, a real one is not to be seen" {
	local found=0

	for p in $(programs); do
		minimal "$p"
		for o in $("$p" --options | awk -F'\t' '$3 ~ /env:|secret/ { print $2 }'); do
			found=1
			try 64 "$p" "--$o" hunter2hunter2 "${A[@]}" </dev/null
			grep -q -- "$o" said
			not grep -q hunter2 said || { echo "$p --$o shows it"; return 1; }
			try 78 "$p" "--$o" env:NOT_SET_AT_ALL "${A[@]}" </dev/null
			grep -q NOT_SET_AT_ALL said
		done
	done
	[ $found = 1 ]
	SECRET=hunter2hunter2 spawn_sh 'exec ce-src-http --listen 127.0.0.1:0 --ready-fd 4 --verbose --bearer env:SECRET 4>ready >out 2>said'
	wait_for lines ready 1
	not grep -qa hunter2 "/proc/$PID/cmdline"
	not grep -q hunter2 said
}

@test "a runtime directory that is a file, open to others, or not to be made" {
	events 3 >in
	touch file
	mkdir -m 755 open
	for d in "$T/file" "$T/open" "$T/file/below"; do
		rc=0
		CE_RUNTIME_DIR=$d ce-src-file --as events --state state --until-end in 2>said | cat >out || rc=$?
		rc=${PIPESTATUS[0]:-$rc}
		grep -q "^ce-src-file: .*$d" said || { echo "$d: not named"; cat said; return 1; }
		# A sink only delivers: it needs no directory.
		rm -f sunk
		CE_RUNTIME_DIR=$d ce-sink-file sunk <in
		[ "$(wc -l <sunk)" = 3 ]
	done
}

@test "a runtime directory of somebody else" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir -m 700 other
	chown nobody other
	events 3 >in
	CE_RUNTIME_DIR=$T/other ce-src-file --as events --state state --until-end in 2>said | cat >out || :
	grep -q "^ce-src-file: .*other" said
	CE_RUNTIME_DIR=$T/other ce-sink-file sunk <in
	[ "$(wc -l <sunk)" = 3 ]
}

@test "the table and the man pages agree, both ways" {
	"$HERE/man-options" "$B"/bin/ce-*
}

@test "a program is ready in milliseconds" {
	[ -z "${SANITIZED:-}" ] || return 0
	for p in $(programs); do
		best=1000000
		for _ in $(seq 40); do
			t0=${EPOCHREALTIME/./}
			"$p" --version >/dev/null
			t=$((${EPOCHREALTIME/./} - t0))
			[ "$t" -ge $best ] || best=$t
			[ $best -gt 40000 ] || break
		done
		echo "$p: $best us"
		[ $best -le 40000 ]
	done
}
