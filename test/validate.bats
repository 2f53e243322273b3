# validate.bats -- ce-validate: every broken rule is named, the rest passes as it came
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status is what bats' run sets
load help

ev() { printf '{"specversion":"1.0","id":"%s","source":"/s","type":"t"%s}\n' "$1" "${2:-}"; }
# says ARGS...: what ce-validate says of "in", without its name, is what comes on
# standard input; the exit code is in $rc.
says() {
	cat >want
	rc=0
	timeout 20 ce-validate "$@" <in >out 2>said || rc=$?
	sed 's/^ce-validate: //' said | diff -u - want
}
# extension MEMBERS: what is said of an event with them, one rule a line.
extension() {
	ev 1 ",$1" >in
	timeout 20 ce-validate "${@:2}" <in 2>&1 >/dev/null | sed 's/^ce-validate: line 1: //' || :
}
is() { [ "$1" = "$2" ] || { printf 'got:  %s\nwant: %s\n' "$1" "$2"; return 1; }; }

@test "good ones pass byte for byte, bad ones are named with line and rule, 65" {
	{
		events 40
		echo '{"id":7,"time":"2018-04-05T17:31:00","my_ext":1.5,"specversion":"0.3","type":"","type":"t"}'
		echo 'no JSON'
		echo '   '
		events 40 100
		echo '{}'
		printf '{ "id" : "x" ,"specversion":"1.0", "type":"t","source":"a b","ext":{},"data":1,"data_base64":"?"}\r\n'
		events 2 200
	} >in
	{ events 40; events 40 100; events 2 200; } >good
	says <<-'END'
		line 41: id: must be a string
		line 41: time: not an RFC 3339 timestamp
		line 41: extension "my_ext": name must be a-z and 0-9 only
		line 41: extension "my_ext": must be an integer, without fraction or exponent
		line 41: specversion: unsupported version, must be "1.0"
		line 41: type: must not be empty
		line 41: source: required, but missing
		line 41: type: given twice
		line 42: invalid JSON at byte 2: expected a value
		line 84: id: required, but missing
		line 84: source: required, but missing
		line 84: specversion: required, but missing
		line 84: type: required, but missing
		line 85: source: not a URI-reference (RFC 3986 4.1)
		line 85: extension "ext": must not be an object or an array
		line 85: data_base64: not base64 (RFC 4648 4)
		line 85: data and data_base64: only one of them may be present
	END
	[ $rc = 65 ]
	cmp good out
}

@test "only good ones: 0, and nothing is said" {
	events 1000 >in
	says </dev/null
	[ $rc = 0 ]
	cmp in out
	ce-validate --strict <in 2>/dev/null | cmp in
}

@test "each kind of extension" {
	while IFS='|' read -r members want; do
		is "$(extension "$members" | paste -sd';')" "$want" || { echo "of $members"; return 1; }
	done <<-'END'
		"partitionkey":""|partitionkey: must not be empty
		"partitionkey":5|partitionkey: must be a string
		"partitionkey":"a"|
		"sequence":"001","sequencetype":"Integer"|
		"sequence":"x","sequencetype":"Other"|
		"sequence":"x","sequencetype":"Integer"|sequence: must be an integer of 32 bits, as sequencetype says
		"sequence":"2147483648","sequencetype":"Integer"|sequence: must be an integer of 32 bits, as sequencetype says
		"sequence":"-2147483648","sequencetype":"Integer"|
		"sequencetype":"Integer"|sequence: required beside sequencetype, but missing
		"sequence":""|sequence: must not be empty
		"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"|
		"traceparent":"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what"|
		"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what"|traceparent: not a W3C traceparent: too long
		"traceparent":"00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"|traceparent: not a W3C traceparent (00-TRACE-PARENT-FLAGS in lower-case hex)
		"traceparent":"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"|traceparent: version ff is not allowed (W3C Trace Context)
		"traceparent":"00-00000000000000000000000000000000-00f067aa0ba902b7-01"|traceparent: the trace id must not be all zeros (W3C Trace Context)
		"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"|traceparent: the parent id must not be all zeros (W3C Trace Context)
		"tracestate":"a=1"|traceparent: required beside tracestate, but missing
		"dataref":"http://x/y z"|dataref: not a URI-reference (RFC 3986 4.1)
		"dataref":""|dataref: must not be empty
		"dataref":"../x"|
		"expirytime":"tomorrow"|expirytime: not an RFC 3339 timestamp
		"recordedtime":5|recordedtime: must be a timestamp
		"recordedtime":"2026-01-01T00:00:00Z"|
		"sampledrate":30|
		"sampledrate":"30"|
		"sampledrate":0|sampledrate: must be greater than 0
		"sampledrate":-3|sampledrate: must be greater than 0
		"sampledrate":"030"|sampledrate: must be an integer of 32 bits
		"sampledrate":true|sampledrate: must be an integer of 32 bits
		"severitynumber":9,"severitytext":"INFO"|
		"severitynumber":-1|severitynumber: must not be negative
		"severitytext":"INFO"|severitynumber: required beside severitytext, but missing
		"severitynumber":1,"severitytext":""|severitytext: must not be empty
		"authtype":"user","authid":"","authclaims":"{\"a\":1}"|
		"authid":"x"|authtype: required beside authid, but missing
		"authtype":"user","authclaims":"a"|authclaims: must hold JSON
		"bampid":"p","bamtxid":"t","bamptxid":"x","bamptxsid":"s","bamptxcompleted":true|
		"bampid":"p"|bamtxid: required beside bampid, but missing;bamptxid: required beside bampid, but missing;bamptxsid: required beside bampid, but missing
		"bampid":"p","bamtxid":"t","bamptxid":"x","bamptxsid":"","bamptxcompleted":"no"|bamptxsid: must not be empty;bamptxcompleted: must be true or false
		"deprecated":true,"deprecationfrom":"2024-10-11T00:00:00Z","deprecationsunset":"2024-10-11T02:00:00+02:00"|
		"deprecated":"true","deprecationmigration":"https://example.org/new"|
		"deprecated":false|deprecated: must be true where it is present
		"deprecationfrom":"2024-10-11T00:00:00Z"|deprecated: required beside deprecationfrom, but missing
		"deprecated":true,"deprecationfrom":"2024-10-11T00:00:00Z","deprecationsunset":"2024-10-10T23:59:59Z"|deprecationsunset: must not be before deprecationfrom
		"deprecated":true,"deprecationmigration":"new"|deprecationmigration: not an absolute URI (RFC 3986 4.3)
		"dataclassification":"public","dataregulation":"GDPR , HIPAA","datacategory":"phi"|
		"dataclassification":"public","dataregulation":"GD PR"|dataregulation: an entry must not hold spaces
		"datacategory":"phi"|dataclassification: required beside datacategory, but missing
		"correlationid":"","causationid":""|correlationid: must not be empty;causationid: must not be empty
		"opcuametadatamajorversion":1,"opcuametadataminorversion":2,"opcuastatus":0|
		"opcuametadatamajorversion":1,"dataschema":"urn:x"|dataschema: must not stand beside the versions of OPC UA metadata
		"dssematerial":"AAA"|dssematerial: not base64 (RFC 4648 4)
		"dssematerial":"AAAA"|
		"sampledrate":null,"traceparent":null|
		"sampledrate":1.5,"Bad":1|extension "sampledrate": must be an integer, without fraction or exponent;extension "Bad": name must be a-z and 0-9 only;sampledrate: must be an integer of 32 bits
	END
}

@test "--strict warns, and lets pass" {
	while IFS='|' read -r members want; do
		printf '{"specversion":"1.0","id":"1","source":"http://x/","type":"a.b",%s}\n' "$members" >in
		is "$(ce-validate --strict <in 2>&1 >out | sed 's/^ce-validate: line 1: //' | paste -sd';')" "$want" || { echo "of $members"; return 1; }
		cmp in out || { echo "of $members"; return 1; }
		[ -z "$(ce-validate <in 2>&1 >/dev/null)" ]
	done <<-'END'
		"subject":"x"|
		"opcuametadatamajorversion":1|warning: extension "opcuametadatamajorversion": name is longer than 20
		"9a":1|warning: extension "9a": name should begin with a letter
		"time":"2018-04-05t17:31:00z"|warning: time: t and z should be capitals
		"time":"2018-04-05T17:31:00-00:00"|warning: time: -00:00 says that the time zone is not known
		"time":"2018-04-05T17:31:60.1234567891Z"|warning: time: finer than a nanosecond;warning: time: a leap second
		"dataschema":"HTTP://x/%c3#f"|warning: dataschema: an absolute URI has no fragment (RFC 3986 4.3);warning: dataschema: the scheme should be in lower case;warning: dataschema: percent-encoding should be in capitals
		"data":"{\"a\":1}"|warning: data: a JSON document inside of a string
		"data":"{a"|
		"datacontenttype":"text/plain","data":5|warning: data: not a string, though datacontenttype is not JSON
		"datacontenttype":"application/cloudevents+json","data":{}|warning: datacontenttype: an event as data should be application/json
		"time":"2026-01-02T00:00:00Z","expirytime":"2026-01-01T00:00:00Z","recordedtime":"2026-01-01T00:00:00Z"|warning: expirytime: before time;warning: recordedtime: before time
		"authtype":"king"|warning: authtype: none of the listed types
		"severitynumber":25,"severitytext":"Warn"|warning: severitynumber: above 24, where the scale of OpenTelemetry ends;warning: severitytext: not in upper case
	END
	ev 1 >in
	says --strict <<-'END'
		line 1: warning: type: should begin with a reverse-DNS name
		line 1: warning: source: should be an absolute URI
	END
	[ $rc = 0 ]
	echo '{"specversion":"1.1","id":"1","source":"urn:x","type":"a.b","time":"2018-04-05T17:31:00"}' >in
	says --strict <<-'END'
		line 1: specversion: unsupported version, must be "1.0"
		line 1: time: not an RFC 3339 timestamp
		line 1: warning: specversion: unknown here; what was checked are the rules of 1.0
		line 1: warning: time: it has no time zone, Z or +hh:mm
	END
	[ $rc = 65 ]
	padded 1 70000 | ce-validate --strict 2>&1 >/dev/null | grep -q 'longer than 64 KiB'
}

@test "--quiet: nothing but the count" {
	{ events 7; echo x; ev 8 ',"time":1,"sampledrate":0'; } >in
	run timeout 20 ce-validate --quiet <in
	[ "$status" = 65 ]
	is "$output" '9 lines, 2 bad, 3 violations, 0 warnings'
	run timeout 20 ce-validate -q < <(events 3)
	[ "$status" = 0 ]
	is "$output" '3 lines, 0 bad, 0 violations, 0 warnings'
	ce-validate -v <in 2>&1 >/dev/null | grep -q '9 lines, 2 bad'
}

@test "a line that is too long, one of many faults, hostile bytes: bounded" {
	{ events 1; padded 1 5000; events 1 3; } >in
	says --max-event 1k <<<'line 2: longer than --max-event'
	[ $rc = 65 ]
	[ "$(wc -l <out)" = 2 ]
	awk 'BEGIN { printf "{\"specversion\":\"1.0\""; for (i = 0; i < 5000; i++) printf ",\"A%d\":1.5", i; print "}" }' >in
	ce-validate <in 2>said || [ $? = 65 ]
	[ "$(wc -l <said)" = 101 ]
	tail -n 1 said | grep -q 'line 1: and more of the kind'
	printf '{"\\u001b[31m":1,"\x1b":2}\n{"specversion":"\\u0000\xc2\x9b"}\n' >in
	rc=0
	ce-validate <in 2>said || rc=$?
	[ $rc = 65 ]
	not grep -qP '\x1b|\xc2\x9b' said
}

@test "--dead-letter: an event as it came, a line as the data of one; 0" {
	{ ev 1; ev 2 ',"sampledrate":0'; echo 'no JSON'; ev 4 ',"id":"4"'; ev 5; } >in
	run timeout 20 ce-validate --dead-letter dead <in
	[ "$status" = 0 ]
	ce-validate --dead-letter /dev/null <in 2>/dev/null | cmp - <(ev 1; ev 5)
	[ "$(wc -l <dead)" = 3 ]
	is "$(jq -r '[.id, .deadreason, .deadstage, .deadattempts] | join("|")' dead | head -n 1)" '2|sampledrate: must be greater than 0|ce-validate|1'
	is "$(sed -n '2,$p' dead | jq -r '[.type, .subject, .data, .deadreason] | join("|")')" \
		"ce.refused|line 3|no JSON|invalid JSON at byte 2: expected a value
ce.refused|line 4|$(ev 4 ',"id":"4"')|id: given twice"
	sed 's/,"deadreason.*/}/' dead | head -n 1 | cmp - <(ev 2 ',"sampledrate":0')
}

@test "what is refused is dropped for its source, at the end as well, under both counts" {
	{ events 50; for i in $(seq 200); do ev "bad$i" ',"sampledrate":0'; done; events 50 300; for i in $(seq 30); do ev "worse$i" ',"dataref":""'; done; } >in
	{ events 50; events 50 300; } >good
	for count in order exact; do
		rm -f out state
		spawn_sh "ce-src-file --as events --state state --until-end --ack require --ack-count $count --window 20 in |
			ce-validate 2>said | ce-sink-file out; echo \${PIPESTATUS[*]} >codes"
		ended "$PID"
		cmp good out
		is "$(cat codes)" '0 65 0'
		[ -z "$(ce-src-file --as events --state state --until-end --ack none in)" ]
	done
	# With dead letters nothing is lost: all that is not in the one file is in the other.
	rm -f out state
	ce-src-file --as events --state state --until-end --ack require in | ce-validate --dead-letter dead 2>/dev/null | ce-sink-file out
	cmp good out
	[ "$(wc -l <dead)" = 230 ]
	not grep -q ackto dead
}

@test "a line that a stage has spoilt, address and all: told, and kept without the address" {
	events 30 >in
	for count in order exact; do
		rm -f out state dead
		# Every third line loses a quote, every fifth its id.
		spawn_sh "ce-src-file --as events --state state --until-end --ack require --ack-count $count in |
			sed -u '0~3s/\"/#/;0~5s/\"id\":\"[^\"]*\",*//' | ce-validate --dead-letter dead 2>/dev/null | ce-sink-file out; echo \${PIPESTATUS[*]} >codes"
		ended "$PID"
		is "$(cat codes)" '0 0 0 0'
		[ "$(cat out dead | wc -l)" = 30 ]
		not grep -q ackto dead out
		[ -z "$(ce-src-file --as events --state state --until-end --ack none in)" ]
	done
}

@test "kill -9 of any stage, one filter or three: every good event arrives, every bad one is kept" {
	for i in $(seq 3000); do
		if ((i % 7)); then ev "$i"; else ev "$i" ',"dataref":""'; fi
	done >in
	grep -v dataref in | ids | sort >good
	grep dataref in | ids | sort >bad
	for round in $(seq 16); do
		more='cat'
		((round % 2)) || more='ce-validate --dead-letter dead | ce-validate --dead-letter other'
		rm -f p.*
		# shellcheck disable=SC2016
		spawn_sh '{ echo $BASHPID >p.0; exec ce-src-file --as events --state state --until-end --window 100 in; } |
			{ echo $BASHPID >p.1; exec ce-validate --dead-letter dead; } 2>/dev/null | '"$more"' 2>/dev/null |
			{ echo $BASHPID >p.2; exec ce-sink-file out; }'
		pid=$PID
		wait_for test -s "p.$((round % 3))"
		read -rt "0.0$((RANDOM % 5 + 1))" -u "$NAP" || :
		kill -9 "$(cat "p.$((round % 3))")" 2>/dev/null || :
		ended "$pid"
	done
	ce-src-file --as events --state state --until-end --window 100 in | ce-validate --dead-letter dead 2>/dev/null | ce-sink-file out
	[ ! -e other ]
	ids <out | sort -u | cmp good
	ids <dead | sort -u | cmp bad
}
