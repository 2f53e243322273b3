# bytes.bats -- a line that only passes on comes out as it went in
# SPDX-License-Identifier: Apache-2.0
load help

# Key order, white space, number spelling, escapes, duplicate keys, lone
# surrogates, NUL, base64, null, extensions of all types.
nasty() {
	cat <<'END'
{"type":"t", "id" : "1","source":"/s","specversion":"1.0","data":{"a":1,"a":2,"n":1.0e+5,"m":-0.0,"s":"\u0041\ud800\/"},"zz":true,"yy":-5,"subject":"\u00e9\ud83d\ude00"}
{"specversion":"1.0","id":"2","source":"/s","type":"t","data_base64":"AAECAwT/"}
{"specversion":"1.0","id":"3","source":"/s","type":"t","datacontenttype":"text/plain","data":"a\u0000b\ud800"}
{"specversion":"1.0","id":"4","source":"/s","type":"t","data":null}
{"specversion":"1.0","id":"5","source":"/s","type":"t","nothing":null}
{"specversion":"1.0","id":"6","source":"/s","type":"t","datacontenttype":"text/plain","data":"\u00e9\t\n\"é😀"}
END
}
# A line of N bytes.
long() {
	local head='{"specversion":"1.0","id":"7","source":"/s","type":"t","datacontenttype":"text/plain","data":"'

	printf '%s' "$head"
	head -c $(($1 - ${#head} - 2)) /dev/zero | tr '\0' x
	printf '"}\n'
}
# through MODE: in goes by HTTP, stamped on both ways, into out.
through() {
	rm -f out state
	http_source 'ce-sink-file out'
	ce-src-file --as events --state state in | ce-sink-http --mode "$1" "$URL"
	pkill_group TERM
	ended "$PID"
}
pkill_group() { kill -"$1" -- "-$PID"; }

@test "nasty lines: file to file, and over HTTP structured and in batches" {
	nasty >in
	ce-src-file --as events --state state in | ce-sink-file out
	cmp in out
	for mode in structured batch; do
		through $mode
		cmp in out
	done
}

@test "nasty lines: binary mode keeps the bytes of the data" {
	nasty | grep -v ud800 >in
	through binary
	ce-unwrap --frame length <in >want
	ce-unwrap --frame length <out | cmp want -
	# Text that no bytes can hold goes structured instead.
	nasty | grep '"3"' >in
	through binary
	cmp in out
}

@test "text with a lone surrogate is refused where only bytes can be written" {
	nasty | grep '"3"' >in
	rc=0
	ce-unwrap <in 2>said >out || rc=$?
	[ $rc = 65 ]
	grep -q 'lone surrogate' said
	[ ! -s out ]
	rc=0
	ce-sink-file --data out2 <in 2>said || rc=$?
	[ $rc = 65 ]
	grep -q 'lone surrogate' said
}

@test "lines of exactly --max-event, stamped on the way" {
	long 16777216 >in
	nasty >>in
	ce-src-file --as events --state state in | ce-sink-file out
	cmp in out
	for mode in structured batch binary; do
		nasty | grep -v -e ud800 -e nothing >rest
		{ long 16777216 && grep '"2"' rest; } >in
		through $mode
		cmp in out
	done
}

@test "a line of one byte more is refused, stamped or not" {
	long 16777217 >in
	for stamp in none require; do
		rc=0
		ce-src-file --as events --max-event 20M --ack $stamp in | ce-sink-file out 2>said || rc=$?
		[ $rc = 65 ]
		grep -q 'longer than --max-event' said
	done
}
