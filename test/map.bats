# map.bats -- ce-map through the pipe; its cases one by one are in test/unit/map.c
# SPDX-License-Identifier: Apache-2.0
load help

E='{"specversion":"1.0","id":"1","source":"/s","type":"t"'

@test "what no option names leaves byte for byte" {
	events 2000 >in
	ce-map <in | cmp - in
	ce-map --remove nix1 --rename none=something <in | cmp - in
	ce-map --set 'zz={id}' <in | sed 's/,"zz":"[0-9]*"\([ \t]*}\)$/\1/' | cmp - in
	# There and back again.
	ce-map --set zz=1 <in | ce-map --remove zz | cmp - in
}

@test "attributes, data and id as jq sees them" {
	echo "$E"',"x":5,"b":true,"datacontenttype":"application/json","data":{"order":{"id":7,"who":"J \"x\""}}}' >in
	ce-map --set 'subject=order/{data.order.id}' --rename x=n --rename b=flag --remove nix \
		--data @/order --id hash --time now <in >out
	jq -e '.subject == "order/7" and .n == 5 and .flag == true and (has("x") or has("b") | not)
		and .data == {"id":7,"who":"J \"x\""} and (.id | test("^[0-9a-f]{32}$")) and (.time | test("^20.*Z$"))' out >/dev/null
	ce-map --id hash --set source=/all <in | jq -r .id | cmp - <(jq -r .id out)
	ce-map --data '{{"to":"{data.order.who}","all":{data.order},"n":{x}}}' <in |
		jq -ce .data | cmp - <(echo '{"to":"J \"x\"","all":{"id":7,"who":"J \"x\""},"n":5}')
	ce-map --data 'Dear {data.order.who}' --datacontenttype text/plain <in | ce-unwrap | cmp - <(echo 'Dear J "x"')
	ce-map --datacontenttype text/plain <in | ce-unwrap | cmp - <(ce-unwrap <in)
	ce-map --remove data <in | jq -e 'has("data") | not' >/dev/null
}

@test "bytes stay the bytes when the type changes" {
	head -c 300 /dev/urandom >random
	for f in random <(echo 'text') <(printf '{"a": [1, 2.50]}'); do
		cat "$f" >bytes
		for t in text/plain application/octet-stream; do
			ce-wrap -s /s -t t --as whole <bytes | ce-map --datacontenttype $t | ce-unwrap --frame null | tr -d '\0' | cmp - <(tr -d '\0' <bytes)
		done
	done
}

@test "an event that would be none is refused, with its reason, and the others go on" {
	{ echo "$E,\"n\":1}"; echo "$E}"; echo "$E,\"n\":2}"; } >in
	rc=0
	ce-map --set 'subject={n}' <in >out 2>said || rc=$?
	[ $rc = 65 ]
	[ "$(jq -r .subject out)" = 1 ]
	grep -qx 'ce-map: cannot take event 1: cannot set subject: the event has no n' said
	ce-map --set 'subject={n}' --dead-letter dead <in 2>said | jq -r .subject | cmp - <(printf '1\n2\n')
	[ "$(wc -l <dead)" = 1 ]
	jq -e '.deadreason == "cannot set subject: the event has no n" and .deadstage == "ce-map"' dead >/dev/null
	# As it came, so that it can be sent again.
	jq -c 'del(.deadreason, .deadstage, .deadtime, .deadattempts)' dead | cmp - <(sed -n 2p in)
}

@test "what has become longer than --max-event is refused, by a byte" {
	padded 1 2000 >in
	n=$(($(wc -c <in) - 1 + 9)) # ,"x":"yy"
	ce-map --max-event $n --set x=yy <in | wc -c | cmp - <(echo $((n + 1)))
	run ce-map --max-event $((n - 1)) --set x=yy <in
	[ "$status" = 65 ]
	[[ "$output" = *--max-event* ]]
	# The return address does not count.
	ce-src-file --as events --state st --until-end in | ce-map --max-event $n --set x=yy | ce-sink-file --max-event $n out
	[ "$(wc -c <out)" = $((n + 1)) ]
}

@test "wrong use is 64 and says what" {
	while IFS=';' read -r want args; do
		run timeout 5 bash -c "ce-map $args </dev/null"
		[ "$status" = 64 ] || { echo "$args: $status $output"; return 1; }
		[[ "$output" = *"$want"* ]] || { echo "$args: $output"; return 1; }
	done <<-'END'
		ackto;--set ackto=x
		ackto;--remove ackto
		a-z and 0-9;--set A=1
		without id;--remove id
		without type;--rename type=x
		twice;--set a=1 --set a=2
		twice;--time now --set time=
		set, too;--set a=1 --remove a
		RFC 3339;--time noon
		media type;--datacontenttype nonsense
		begins with /;--data @x
		none of keep|hash;--id other
	END
}

@test "the return address stays, at the end of the line, and acks are right" {
	events 3000 >in
	ce-src-file --as events --state st --until-end in | ce-map --set x1=y --remove subject >stamped || [ $? = 75 ]
	[ "$(grep -cE ',"ackto":"[a-z0-9]+\.[0-9]+"[ \t]*}$' stamped)" = 3000 ]
	rm -f st
	ce-src-file --as events --state st --until-end in | ce-map --set 'x1={id}' | ce-map --remove x1 | ce-sink-file out
	cmp in out
	[ -z "$(ce-src-file --as events --state st --until-end --ack none in)" ]
}

@test "kill -9 of any stage, with ce-map three deep: nothing is lost" {
	"$HERE/torture" 6 -s file -d file -m ce-map -k one -k all -k term ${SANITIZED:+-n 300}
	"$HERE/torture" 2 -s http -d file -m ce-map -k one -k all ${SANITIZED:+-n 300}
}
