#!/usr/bin/env bats
# http-sink.bats -- ce-sink-http against nginx and a scripted receiver.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help

setup() {
	PATH=$PATH:/usr/sbin
	need nginx openssl python3 jq
}

# receiver [PORT]: one of this test; its address is in URL, what it got in $T/log.
receiver() {
	rm -f "$T/url"
	spawn python3 "$HERE/fake/receiver.py" "$T" "$@"
	RECEIVER=$PID
	wait_for lines "$T/url" 1
	read -r URL <"$T/url"
}
answers() { printf '%s\n' "$@" >"$T/answers"; }
log() { jq -r "$@" "$T/log"; }
bodies() { jq -r .body64 "$T/log" | while read -r b; do base64 -d <<<"$b"; echo; done; }
requests() { [ -e "$T/log" ] || { echo 0; return; }; wc -l <"$T/log"; }
hasnt() { [ -e "$1" ] && [ "$(grep -c -- "$2" "$1")" = 0 ]; }
# older SECONDS: the last request came that long ago.
older() { tail -n 1 "$T/log" | jq -e --arg s "$1" 'now - .at > ($s | tonumber)' >/dev/null; }
one() { echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"n":1}}'; }

# certificates: ca, server (localhost, 127.0.0.1), other (wrong name), client, ca2
certificates() {
	local ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
	ca() {
		# shellcheck disable=SC2086
		openssl req -x509 $ec -days 30 -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE \
			-addext keyUsage=critical,keyCertSign,cRLSign -keyout "$1.key" -out "$1.crt"
	}
	leaf() {
		# shellcheck disable=SC2086
		openssl req $ec -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
		printf 'subjectAltName=%s\nextendedKeyUsage=%s\nkeyUsage=digitalSignature\n' "$2" "$3" >"$1.ext"
		openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 \
			-extfile "$1.ext" -out "$1.crt"
	}
	{
		ca ca
		ca ca2
		leaf server DNS:localhost,IP:127.0.0.1 serverAuth
		leaf other DNS:other.test serverAuth
		leaf client DNS:client clientAuth
	} >certs.log 2>&1
}

# nginx_with 'SERVER BLOCKS': starts it; its number is in NGINX.
nginx_with() {
	mkdir -p "$T/ng"
	cat >"$T/ng/conf" <<-END
		daemon off; master_process off; pid $T/ng/pid; error_log $T/ng/error.log; worker_processes 1;
		events { worker_connections 256; }
		http {
			log_format short '\$status \$server_protocol \$ssl_client_s_dn';
			access_log $T/ng/access.log short; keepalive_requests 100000; client_max_body_size 64m;
			client_body_temp_path $T/ng/b; proxy_temp_path $T/ng/p; fastcgi_temp_path $T/ng/f;
			uwsgi_temp_path $T/ng/u; scgi_temp_path $T/ng/s; proxy_http_version 1.1;
			$1
		}
	END
	nginx_start
}
nginx_start() {
	spawn nginx -p "$T/ng" -e "$T/ng/error.log" -c "$T/ng/conf"
	NGINX=$PID
	wait_for nginx_listens
}
nginx_listens() { [ -s "$T/ng/pid" ] && [ -e "$T/ng/access.log" ] && nginx_answers; }
# accessed TEXT N: exactly so many lines; nginx logs a request after its answer.
accessed() { [ "$(grep -c -- "$1" ng/access.log)" = "$2" ]; }
nginx_answers() {
	local port

	port=$(sed -n 's/.*listen 127.0.0.1:\([0-9]*\).*/\1/p' "$T/ng/conf" | head -n 1)
	[ -z "$port" ] || (exec 5<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

@test "structured mode: the lines arrive byte for byte and in order" {
	receiver
	events 60 >sent
	ce-sink-http "$URL/in" <sent
	bodies | cmp - sent
	[ "$(log -r '[.method, .path, .headers["content-type"]] | join(" ")' | sort -u)" = \
		"POST /in application/cloudevents+json" ]
	[ "$(log .port | sort -u | wc -l)" = 1 ] # one connection was kept
	log '.names[]' >names
	has names content-length
	hasnt names '^ce-'
	hasnt names expect
	hasnt names transfer-encoding
}

@test "a structured event of 16 MiB arrives whole" {
	receiver
	padded 1 16700000 >sent
	ce-sink-http "$URL" <sent
	bodies | cmp - sent
}

@test "binary mode: attributes are percent-coded headers, data is the body" {
	receiver
	events 9 >sent
	ce-sink-http -m binary "$URL" <sent
	[ "$(log -s 'length')" = 9 ]
	# 1: JSON without datacontenttype says that it is JSON
	[ "$(sed -n 1p log | jq -r '.headers["content-type"]')" = application/json ]
	[ "$(bodies | sed -n 1p)" = '[ 1.0e+2, -0, 12345678901234567890, 0.10 ]' ]
	# 2: text with NUL
	sed -n 2p log | jq -r .body64 | base64 -d >two
	printf 'tab \t quote " back \\ slash / nul \0 \303\251 \360\237\230\200' | cmp - two
	[ "$(sed -n 2p log | jq -r '.headers["content-type"]')" = text/plain ]
	# 3: bytes
	[ "$(sed -n 3p log | jq -r '.body64 + .headers["content-type"]')" = 'AAH/gMMo8A==application/octet-stream' ]
	# 5: no data: no body, no content type
	[ "$(sed -n 5p log | jq -c '[.size, .headers["content-type"]]')" = '[0,null]' ]
	# 6: percent-coding
	[ "$(sed -n 6p log | jq -r '.headers["ce-subject"]')" = 'Gr%C3%B6%C3%9Fe%20%F0%9F%98%80%20100%25%20%22q%22' ]
	# 7: other types, null absent, time as it was
	[ "$(sed -n 7p log | jq -c '[.headers["ce-count","ce-flag","ce-none","ce-time"]]')" = \
		'["-7","true",null,"2026-11-23T14:58:01.123456789+05:30"]' ]
	[ "$(log '.headers["ce-specversion"]' | sort -u)" = 1.0 ]
	log '.names[]' >names
	has names '^ce-id$'
	hasnt names '^ce-data$'
	hasnt names '^ce-datacontenttype$'
	hasnt names '^ce-ackto$'
}

@test "binary mode: bytes of an unknown type carry no content type" {
	receiver
	echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"AAE="}' |
		ce-sink-http -m binary "$URL"
	[ "$(log -c '[.body64, .headers["content-type"]]')" = '["AAE=",null]' ]
}

@test "batch mode: raw lines in one array, bounded in number and in bytes" {
	receiver
	events 25 >sent
	ce-sink-http -m batch --batch 10 --linger 1s "$URL" <sent
	[ "$(requests)" = 3 ]
	[ "$(log '.headers["content-type"]' | sort -u)" = application/cloudevents-batch+json ]
	bodies | sed -n 1p | cmp - <(printf '[%s]\n' "$(head -n 10 sent | paste -sd,)")
	bodies | jq -c '.[].id' | cmp - <(jq -c .id sent)
	rm log
	ce-sink-http -m batch --batch-bytes 500 --linger 1s "$URL" <sent
	bodies | jq -c '.[].id' | cmp - <(jq -c .id sent)
	[ "$(log -s 'map(select(.size > 500)) | length')" = 0 ]
	[ "$(requests)" -lt 25 ]
}

@test "batch mode: of a refused batch only the bad event is refused" {
	receiver
	{ events 4; echo '{"specversion":"1.0","id":"bad","source":"/s","type":"t"}'; events 4 6; } >sent
	ce-sink-http -m batch --linger 1s --dead-letter dead "$URL/nobad/" <sent
	[ "$(jq -r '.id + " " + .deadreason' dead)" = "bad cannot post to $URL/nobad/: status 422: this is bad" ]
	[ "$(jq -r 'select(.size < 400) | .body64' log | while read -r b; do base64 -d <<<"$b"; done |
		jq -r '.[].id' | grep -v bad | paste -sd' ')" = "1 2 3 4 6 7 8 9" ]
}

@test "batch mode: what the receiver could not take comes again in its order" {
	receiver
	answers '{"status":503}' '{"status":503}' '{"status":503}'
	events 40 >sent
	ce-sink-http -q -m batch --batch 20 --linger 1s --backoff 100ms --backoff-max 200ms "$URL" <sent
	jq -r 'select(.n > 3) | .body64' <(jq -c '. + {n: input_line_number}' log) |
		while read -r b; do base64 -d <<<"$b"; done | jq -r '.[].id' | cmp - <(jq -r .id sent)
}

@test "templates in URL and headers, escaped where they go" {
	receiver
	cat >sent <<'END'
{"specversion":"1.0","id":"a/b c","source":"/s","type":"t","subject":"é\"x","data":{"n":{"m":"l1\r\nX-Evil: 1"}}}
END
	ce-sink-http -X PUT -H 'X-Sub: {subject}' -H 'X-In:{data.n.m}' -H 'X-None: {dataschema|none}' \
		"$URL/{type}/{id}?q={subject}" <sent
	[ "$(log '.method + " " + .path')" = 'PUT /t/a%2Fb%20c?q=%C3%A9%22x' ]
	[ "$(log '.headers["x-in"]')" = 'l1  X-Evil: 1' ]
	[ "$(log '.headers["x-none"]')" = none ]
	log '.names[]' >names
	hasnt names evil
}

@test "an event cannot leave the path, and needs what the URL needs" {
	receiver
	run ce-sink-http "$URL/in/{subject}" < <(one | jq -c '.subject=".."')
	[ "$status" = 65 ]
	run ce-sink-http "$URL/in/{subject}" < <(one)
	[ "$status" = 65 ]
	[[ $output == *"the URL needs subject"* ]]
	run ce-sink-http -H 'X-S: {subject}' "$URL/" < <(one)
	[ "$status" = 65 ]
	[ "$(requests)" = 0 ]
}

@test "2xx is taken; other statuses end or refuse, each with its code" {
	local s rc

	receiver
	answers '{"status":200}' '{"status":201,"body":"x"}' '{"status":202}' '{"status":204}' '{"status":299}'
	for s in 200 201 202 204 299; do one | ce-sink-http "$URL"; done
	[ "$(requests)" = 5 ]
	for s in 304:65 400:65 404:65 405:65 413:65 415:65 422:65 401:77 403:77 407:77 410:69; do
		rm -f log
		receiver
		rm -f log
		answers "{\"status\":${s%:*}}"
		rc=0
		one | ce-sink-http "$URL/x?secret=1" 2>err || rc=$?
		[ $rc = "${s#*:}" ] || { echo "$s: $rc" && false; }
		has err "cannot post to $URL/x"
		has err "status ${s%:*}"
		hasnt err secret
		[ "$(requests)" = 1 ]
	done
}

@test "an answer that ends it is told once, also after the end of input, with several under way" {
	receiver
	answers '{"status":401,"wait":0.3}' '{"status":401,"wait":0.3}' '{"status":401,"wait":0.3}'
	rc=0
	events 3 | ce-sink-http --inflight 3 "$URL" 2>err || rc=$?
	[ $rc = 77 ]
	[ "$(grep -c 'status 401' err)" = 1 ]
}

@test "408, 425, 429 and 5xx come again until they are taken" {
	local s list=()

	receiver
	for s in 408 425 429 500 502 503 504 599; do list+=("{\"status\":$s}"); done
	answers "${list[@]}"
	events 3 >sent
	ce-sink-http --backoff 10ms --backoff-max 50ms "$URL" <sent 2>err
	[ "$(requests)" = 11 ]
	bodies | tail -n 3 | cmp - sent
	bodies | head -n 9 | uniq | cmp - <(head -n 1 sent)
	has err 'status 503 (will retry in'
	has err 'goes on after 8 retries'
}

@test "Retry-After is obeyed, in seconds and as a date" {
	receiver
	answers '{"status":429,"headers":{"Retry-After":"1"}}' \
		"{\"status\":503,\"headers\":{\"Retry-After\":\"$(LC_ALL=C date -u -d '5 seconds' '+%a, %d %b %Y %H:%M:%S GMT')\"}}"
	one | ce-sink-http -q --backoff 1ms --backoff-max 2ms "$URL"
	[ "$(requests)" = 3 ]
	log -s -e '.[1].at - .[0].at >= 0.95 and .[2].at - .[1].at >= 0.5 and .[2].at - .[0].at < 10'
}

@test "after --retries the program ends with 69, with --dead-letter it goes on" {
	receiver
	answers '{"status":503}' '{"status":503}' '{"status":503}' '{"status":503}' '{"status":503}' '{"status":503}'
	run ce-sink-http --retries 2 --backoff 1ms "$URL" < <(one)
	[ "$status" = 69 ]
	[ "$(requests)" = 3 ]
	events 2 | ce-sink-http --retries 2 --backoff 1ms --dead-letter dead "$URL"
	[ "$(jq -r .id dead)" = 1 ]
	[ "$(requests)" = 7 ]
}

@test "dead letters are events: they are sent again, lines that were none as well" {
	receiver
	answers '{}' '{"status":400}'
	{ events 3; echo 'no event'; } >sent
	ce-src-file --as events --state state --dead-letter dead sent 2>/dev/null |
		ce-sink-http --mode structured --dead-letter dead "$URL"
	[ "$(wc -l <dead)" = 2 ]
	rm "$T/log" "$T/answers"
	ce-src-file --as events --state dead.pos dead | ce-sink-http --mode structured "$URL"
	bodies | diff dead -
	[ "$(bodies | ce-unwrap | grep -axc 'no event')" = 1 ]
	ce-src-file --as events --state dead.pos dead | ce-sink-http "$URL"
	[ "$(requests)" = 2 ]
}

@test "a refused event goes to the dead letters and the flow goes on" {
	receiver
	answers '{}' '{"status":400,"headers":{"Content-Type":"application/problem+json"},"body":"{\"title\":\"No good\",\"detail\":\"line 3\\u001b[31m\"}"}'
	events 3 | ce-sink-http --dead-letter dead "$URL"
	[ "$(jq -r '.id + " " + .deadreason' dead)" = "2 cannot post to $URL: status 400: No good: line 3\\x1b[31m" ]
	[ "$(requests)" = 3 ]
}

@test "HTML and binary answers stay out of the message" {
	receiver
	answers '{"status":400,"headers":{"Content-Type":"text/html"},"body":"<html>oops</html>"}'
	run ce-sink-http "$URL" < <(one)
	[[ $output == *"status 400" ]]
}

@test "redirects are not followed, and named without their query" {
	receiver
	answers '{"status":307,"headers":{"Location":"/other?token=abc"}}'
	run ce-sink-http "$URL/in" < <(one)
	[ "$status" = 65 ]
	[[ $output == *"it redirects to $URL/other"*"not followed"* ]]
	[[ $output != *abc* ]]
	[ "$(requests)" = 1 ]
}

@test "--auth-retry: 401 and 403 are temporary" {
	receiver
	answers '{"status":401}' '{"status":403}'
	one | ce-sink-http -q --auth-retry --backoff 10ms "$URL"
	[ "$(requests)" = 3 ]
}

@test "nobody listens, no such host, no HTTP: one clear line" {
	local port

	port=$(free_port)
	run ce-sink-http --retries 0 "http://127.0.0.1:$port/x" < <(one)
	[ "$status" = 69 ]
	[ "$output" = "ce-sink-http: cannot take event 1: cannot post to http://127.0.0.1:$port/x: Connection refused" ]
	run ce-sink-http --retries 0 "http://no.such.host.invalid/" < <(one)
	[ "$status" = 69 ]
	[[ $output == *"Could not resolve host"* ]]
	spawn socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" SYSTEM:'echo hello'
	wait_for eval "(exec 5<>/dev/tcp/127.0.0.1/$port) 2>/dev/null"
	run ce-sink-http --retries 0 --timeout 5s "http://127.0.0.1:$port/" < <(one)
	[ "$status" = 69 ]
}

@test "wrong use ends with 64" {
	local args

	while read -r args; do
		eval "run ce-sink-http $args </dev/null"
		[ "$status" = 64 ] || { echo "$args: $status $output" && false; }
		[ "${#lines[@]}" -ge 1 ]
		[[ $output != *s3cret* ]]
	done <<'END'
ftp://h/
h:80/x
'http://'
http://u:s3cret@h/
'http://h/{nope'
-m xml http://h/
-X 'A B' http://h/
-X GET http://h/
-H nocolon http://h/
-H 'Content-Length: 3' http://h/
-H 'ce-id: 3' http://h/
-H 'Authorization: Bearer s3cret' http://h/
--bearer s3cret http://h/
--user me http://h/
--sign standard-webhooks http://h/
--reply -m batch http://h/
-m batch 'http://h/{type}'
--webhook-origin me 'http://h/{type}'
--webhook-rate 3 http://h/
--oauth-url http://h/token http://h/
--tls-key k http://h/
--proxy http://u:s3cret@h:1/ http://h/
http://h/ http://i/
END
}

@test "an answer that is cut or late is no delivery" {
	receiver
	answers '{"cut":true}' '{"wait":5}'
	one | ce-sink-http --backoff 10ms --timeout 2s "$URL" 2>err
	[ "$(requests)" = 3 ]
	has err 'Empty reply from server'
	has err 'timed out'
}

# The first request goes through libcurl, those that follow on its connection do not.
@test "on a kept connection: every way to end an answer; what is none is no delivery" {
	receiver
	answers '{}' '{"raw":"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n"}' \
		'{"raw":"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}' \
		'{"raw":"HTTP/1.1 503 Busy\r\nX: a\r\n  b\r\nContent-Length: 4\r\n\r\nwait"}' '{}' \
		'{"raw":"HTTP/1.1 200 OK\r\n\r\nup to the end","close":true}' '{}' \
		'{"raw":"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc","close":true}' '{}' \
		'{"raw":"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"}' '{}' \
		'{"raw":"nonsense\r\n\r\n"}' '{}' '{"cut":true}' '{}' \
		'{"raw":"HTTP/1.1 400 Bad\r\nContent-Length: 50\r\n\r\nno such","close":true}'
	run ce-sink-http --backoff 10ms "$URL" < <(events 11)
	[ "$status" = 65 ]
	[[ $output == *"status 503: wait"*"the connection broke within the answer"*"length of the answer is unclear"*"is no HTTP"*"status 400: no such"* ]]
	[[ $output != *"Empty reply"* ]]
	[ "$(requests)" = 16 ]
	[ "$(bodies | uniq | wc -l)" = 11 ]
	log -s -e 'map(.port) | (.[0:6] | unique | length) == 1 and .[5] != .[6] and .[6] == .[7] and .[7] != .[8] and .[13] != .[14]'
	log -s -e 'map(.names | sort) | unique | length == 1'
}

@test "on a kept connection: large bodies, and a server that ends it now and then" {
	local p

	p=$(free_port)
	nginx_with "server { listen 127.0.0.1:$p; keepalive_requests 20; location / { return 204; } }"
	events 2000 | ce-sink-http --inflight 8 "http://127.0.0.1:$p/" 2>err
	[ ! -s err ]
	wait_for accessed '^204 HTTP/1.1' 2000
	receiver
	{ one; jq -nc '{specversion:"1.0",id:"2",source:"/s",type:"t",data:("x" * 8000000)}'; one; } >sent
	ce-sink-http --max-event 16M "$URL" <sent
	bodies | cmp - sent
	log -s -e 'map(.port) | unique | length == 1'
}

@test "kill -9 of the receiver loses nothing and keeps the order" {
	local port

	receiver
	port=$(free_port)
	nginx_with "server { listen 127.0.0.1:$port; location / { proxy_pass $URL; } }"
	events 400 >sent
	spawn_sh "ce-sink-http -q --backoff 20ms --backoff-max 100ms http://127.0.0.1:$port/ <sent"
	sink=$PID
	for n in 60 140 220; do
		wait_for lines "$T/log" $n
		kill -9 "$NGINX"
		wait_for gone_or_zombie "$NGINX"
		nginx_start
	done
	ended "$sink"
	[ "$RC" = 0 ]
	bodies | uniq | cmp - sent
}

@test "a receiver that stops (SIGSTOP) delays events and loses none" {
	receiver
	events 40 >sent
	spawn_sh "ce-sink-http --timeout 300ms --backoff 20ms --backoff-max 100ms $URL/slow/ <sent 2>err"
	sink=$PID
	wait_for lines "$T/log" 10
	kill -STOP "$RECEIVER"
	wait_for stopped "$RECEIVER"
	wait_for has err 'timed out'
	kill -CONT "$RECEIVER"
	ended "$sink"
	[ "$RC" = 0 ]
	bodies | awk '!seen[$0]++' | cmp - sent
}

@test "kill -9 of the sink: what was not acknowledged comes again" {
	need ce-src-file
	receiver
	events 300 >sent
	run_once() { ce-src-file --as events --state state sent | ce-sink-http -q "$URL/"; }
	export -f run_once
	export URL
	for n in 40 110; do
		spawn_sh run_once
		wait_for lines "$T/log" $n
		killed "$PID"
	done
	run_once
	bodies | awk '!seen[$0]++' | cmp - sent
}

@test "TLS: the certificate and its name are checked; HTTP/2 where offered" {
	local p q

	certificates
	p=$(free_port) q=$(free_port)
	# a connection that the server ends after 20 requests is no outage
	nginx_with "server { listen 127.0.0.1:$p ssl http2; ssl_certificate $T/server.crt; ssl_certificate_key $T/server.key;
		keepalive_requests 20; location / { return 204; } }
	server { listen 127.0.0.1:$q ssl; ssl_certificate $T/other.crt; ssl_certificate_key $T/other.key;
		location / { return 204; } }"
	events 500 | ce-sink-http --inflight 8 --tls-ca ca.crt "https://localhost:$p/" 2>err
	[ ! -s err ] || { cat err; false; }
	wait_for lines ng/access.log 500 # or a few more: what was cut off with its connection comes again
	not grep -v '^204 HTTP/2.0' ng/access.log
	run ce-sink-http --retries 0 --tls-ca ca2.crt "https://localhost:$p/" < <(one)
	[ "$status" = 69 ]
	[[ $output == *certificate* ]]
	run ce-sink-http --retries 0 "https://localhost:$p/" < <(one)
	[ "$status" = 69 ]
	run ce-sink-http --retries 0 --tls-ca ca.crt "https://localhost:$q/" < <(one)
	[ "$status" = 69 ]
	[[ $output == *"does not match"* || $output == *"no alternative certificate"* ]]
	one | ce-sink-http --tls-insecure "https://localhost:$q/"
	run ce-sink-http --tls-ca none.crt "https://localhost:$p/" < <(one)
	[ "$status" = 78 ]
	[[ $output == *"cannot read none.crt"* ]]
	echo nonsense >bad.crt
	run ce-sink-http --tls-ca bad.crt "https://localhost:$p/" < <(one)
	[ "$status" = 78 ]
}

@test "TLS: a client certificate is shown" {
	local p

	certificates
	p=$(free_port)
	nginx_with "server { listen 127.0.0.1:$p ssl; ssl_certificate $T/server.crt; ssl_certificate_key $T/server.key;
		ssl_client_certificate $T/ca.crt; ssl_verify_client optional;
		location / { if (\$ssl_client_verify != SUCCESS) { return 403; } return 204; } }"
	one | ce-sink-http --tls-ca ca.crt --tls-cert client.crt --tls-key client.key "https://localhost:$p/"
	wait_for accessed 'CN=client' 1
	run ce-sink-http --tls-ca ca.crt "https://localhost:$p/" < <(one)
	[ "$status" = 77 ]
	run ce-sink-http --tls-ca ca.crt --tls-cert client.crt --tls-key server.key "https://localhost:$p/" < <(one)
	[ "$status" = 78 ]
}

@test "a unix socket instead of a host; a proxy" {
	receiver
	nginx_with "server { listen unix:$T/sock; location / { proxy_pass $URL; } }"
	events 3 | ce-sink-http --unix-socket "$T/sock" http://whatever/in
	[ "$(requests)" = 3 ]
	one | ce-sink-http --proxy "$URL" http://elsewhere.invalid/x
	[ "$(log -s '.[3].path')" = http://elsewhere.invalid/x ]
	one | http_proxy=$URL ce-sink-http http://elsewhere.invalid/y
	[ "$(log -s '.[4].path')" = http://elsewhere.invalid/y ]
}

@test "bearer and basic authentication; wrong credentials end with 77" {
	local p

	p=$(free_port)
	printf 'me:%s\n' "$(openssl passwd -apr1 'p:w d')" >htpasswd
	chmod 755 .
	nginx_with "server { listen 127.0.0.1:$p;
		location /basic { auth_basic x; auth_basic_user_file $T/htpasswd; try_files /none @ok; }
		location /bearer { if (\$http_authorization != 'Bearer tok1') { return 401; } return 204; }
		location @ok { return 204; } }"
	printf 'tok1\n' >token
	one | ce-sink-http --bearer "file:$T/token" "http://127.0.0.1:$p/bearer"
	one | PW='p:w d' ce-sink-http --user me --password env:PW "http://127.0.0.1:$p/basic"
	export BAD=topsecret
	run ce-sink-http --bearer env:BAD "http://127.0.0.1:$p/bearer" < <(one)
	[ "$status" = 77 ]
	[[ $output != *topsecret* ]]
	run ce-sink-http --user me --password env:BAD "http://127.0.0.1:$p/basic" < <(one)
	[ "$status" = 77 ]
	printf 'a\nb\n' >two
	run ce-sink-http --bearer "file:$T/two" "http://127.0.0.1:$p/bearer" < <(one)
	[ "$status" = 78 ]
}

oauth() { SECRET='s3:cret %' ce-sink-http --oauth-url "$URL/token" --oauth-client-id me --oauth-client-secret env:SECRET "$@"; }

@test "OAuth 2: one token for many events, in either way of identification" {
	receiver
	events 20 | oauth --oauth-scope 'a b' --inflight 4 "$URL/oauth/x"
	[ "$(log 'select(.path == "/token") | .body64' | base64 -d)" = 'grant_type=client_credentials&scope=a%20b' ]
	[ "$(log 'select(.path == "/oauth/x") | .headers.authorization' | sort -u)" = 'Bearer tok1' ]
	one | oauth --oauth-auth body "$URL/oauth/x"
	[ "$(requests)" = 23 ]
}

@test "OAuth 2: a token is renewed before it expires, and once more on a 401" {
	receiver
	echo 1.2 >lifetime
	(
		one
		wait_for lines "$T/log" 2 && wait_for older 1.2
		one
	) | oauth "$URL/oauth/x"
	[ "$(log '.path + " " + .headers.authorization' | grep -v token | paste -sd,)" = '/oauth/x Bearer tok1,/oauth/x Bearer tok2' ]
	echo 3600 >lifetime
	rm log
	(
		one
		wait_for lines "$T/log" 2
		touch revoke
		one
	) | oauth "$URL/oauth/x"
	[ "$(log .path | paste -sd' ')" = '/token /oauth/x /oauth/x /token /oauth/x' ]
}

@test "OAuth 2: refused credentials end with 77, an outage is waited out" {
	receiver
	run env X=wrong ce-sink-http --oauth-url "$URL/token" --oauth-client-id me --oauth-client-secret env:X "$URL/" < <(one)
	[ "$status" = 77 ]
	[[ $output == *"cannot get a token from $URL/token: status 401: invalid_client: no such client"* ]]
	rm log
	kill -9 "$RECEIVER"
	wait_for gone_or_zombie "$RECEIVER"
	one >sent
	spawn_sh "SECRET='s3:cret %' ce-sink-http --backoff 50ms --backoff-max 100ms --oauth-url $URL/token --oauth-client-id me --oauth-client-secret env:SECRET $URL/oauth/ <sent 2>err"
	sink=$PID
	wait_for has err 'cannot get a token'
	receiver "${URL##*:}"
	ended "$sink"
	[ "$RC" = 0 ]
	bodies | tail -n 1 | cmp - sent
	# a token that is refused although it is new: no endless loop
	echo 0 >lifetime
	run oauth "$URL/oauth/" < <(one)
	[ "$status" = 77 ]
}

@test "webhook: consent first, the origin in each delivery, the rate kept" {
	local start

	receiver
	start=$EPOCHREALTIME
	echo '{"WebHook-Allowed-Origin":"me.test","WebHook-Allowed-Rate":"300"}' >consent
	events 6 | ce-sink-http --inflight 4 --webhook-origin me.test --webhook-rate 1000 "$URL/hook"
	[ "$(sed -n 1p log | jq -c '[.method,.path,.headers["webhook-request-origin","webhook-request-rate"]]')" = \
		'["OPTIONS","/hook","me.test","1000"]' ]
	[ "$(log 'select(.method == "POST") | .headers["webhook-request-origin"]' | sort | uniq -c | xargs)" = '6 me.test' ]
	# from before the first: a receiver that is late with that one proves nothing
	log -s -e --arg s "$start" '[.[] | select(.method == "POST").at] | .[-1] - ($s | tonumber) >= 0.95'
}

@test "webhook: no consent ends with 77; only the whole origin counts" {
	local c

	receiver
	for c in '{}' '{"WebHook-Allowed-Origin":"me.test.evil"}' '{"WebHook-Allowed-Origin":"me"}'; do
		echo "$c" >consent
		run ce-sink-http --webhook-origin me.test "$URL/hook" < <(one)
		[ "$status" = 77 ]
		[[ $output == *"does not allow deliveries from me.test"* ]]
	done
	hasnt log '"method": "POST"'
	echo '{"WebHook-Allowed-Origin":"*"}' >consent
	one | ce-sink-http --webhook-origin me.test "$URL/hook"
	# no data: a webhook must have content, so it goes structured
	events 5 | ce-sink-http -m binary --webhook-origin me.test "$URL/hook"
	[ "$(sed -n '$p' log | jq -r '.headers["content-type"]')" = application/cloudevents+json ]
}

@test "--reply: the receiver's event goes on instead, in either mode" {
	receiver
	answers '{"status":200,"headers":{"Content-Type":"application/cloudevents+json; charset=UTF-8"},"body":"\n{\"specversion\":\"1.0\",\n \"id\":\"r1\",\"source\":\"/r\",\"type\":\"t\",\"x\":1}\n"}' \
		'{"status":200,"headers":{"Content-Type":"text/plain","Ce-Id":"r2","CE-Source":"/r","ce-type":"a%20b","ce-specversion":"1.0"},"body":"hi"}' \
		'{"status":202,"headers":{"Content-Type":"text/plain"},"body":"thanks"}' \
		'{"status":204}'
	events 4 | ce-sink-http --reply "$URL" >out
	[ "$(jq -r .id out | paste -sd' ')" = 'r1 r2' ]
	[ "$(sed -n 1p out)" = '{"specversion":"1.0",  "id":"r1","source":"/r","type":"t","x":1}' ]
	[ "$(sed -n 2p out | jq -c '[.type,.data,.datacontenttype]')" = '["a b","hi","text/plain"]' ]
}

@test "--reply: a reply that is no event refuses the event" {
	receiver
	answers '{"status":200,"headers":{"Content-Type":"application/cloudevents+json"},"body":"{\"id\":1}"}' \
		'{"status":200,"headers":{"Content-Type":"application/cloudevents+json"},"body":"nonsense"}' \
		'{"status":200,"headers":{"ce-specversion":"1.0","ce-id":"%C0%A0"}}' \
		'{"status":200,"headers":{"Content-Type":"application/cloudevents-batch+json"},"body":"[]"}' \
		"{\"status\":200,\"headers\":{\"Content-Type\":\"application/cloudevents+json\"},\"body\":\"$(printf '%4000s' x)\"}"
	events 5 | ce-sink-http --reply --max-event 2k --dead-letter dead "$URL" >out
	[ ! -s out ]
	[ "$(wc -l <dead)" = 5 ]
	[ "$(jq -r .deadreason dead | grep -c 'took the event but its reply is refused')" = 5 ]
	has dead 'longer than --max-event'
}

@test "--compress gzip: bodies arrive packed and whole" {
	receiver
	{ padded 3 5000; one; } >sent
	ce-sink-http --compress gzip "$URL" <sent
	bodies | cmp - sent
	[ "$(log '.headers["content-encoding"]' | paste -sd' ')" = 'gzip gzip gzip null' ]
	log -s -e '.[0].size < 500'
}

@test "--sign: the receiver can check every body" {
	receiver
	key=$(printf 'a very secret key of mine' | base64)
	events 3 >sent
	S=whsec_$key ce-sink-http --sign standard-webhooks --sign-secret env:S "$URL" <sent
	S=whsec_$key ce-sink-http --sign standard-webhooks --sign-secret env:S "$URL" <sent
	S=plain ce-sink-http -m binary --sign x-signature --sign-secret env:S --compress gzip "$URL" <sent
	python3 - <<'END'
import base64, hashlib, hmac, json, time
log = [json.loads(l) for l in open('log')]
ids = []
for e in log:
    h, body = e['headers'], base64.b64decode(e['raw64'])
    if 'x-signature' in h:
        assert h['x-signature'] == 'sha256=' + hmac.new(b'plain', body, hashlib.sha256).hexdigest()
        continue
    text = ('%s.%s.' % (h['webhook-id'], h['webhook-timestamp'])).encode() + body
    mac = hmac.new(b'a very secret key of mine', text, hashlib.sha256).digest()
    assert h['webhook-signature'] == 'v1,' + base64.b64encode(mac).decode()
    assert abs(int(h['webhook-timestamp']) - time.time()) < 60
    ids.append(h['webhook-id'])
assert len(log) == 9 and len(set(ids)) == 3 and ids[:3] == ids[3:], ids
END
	printf 'whsec_!!' >bad
	run ce-sink-http --sign standard-webhooks --sign-secret "file:$T/bad" "$URL" </dev/null
	[ "$status" = 78 ]
}

@test "--inflight: requests side by side; --order-by keeps the order of each value" {
	receiver
	jq -nc 'range(32) | {specversion:"1.0",id:"\(.)",source:"/s",type:"t",subject:"k\(. % 4)"}' >sent
	ce-sink-http --inflight 8 --order-by '{subject}' "$URL/slow/" <sent
	[ "$(bodies | wc -l)" = 32 ]
	for k in k0 k1 k2 k3; do
		bodies | grep "\"$k\"" | cmp - <(grep "\"$k\"" sent)
	done
	log -s -e 'map(.open) | max | . >= 2 and . <= 4'
	rm log
	ce-sink-http --inflight 8 "$URL/slow/" <sent
	bodies | sort | cmp - <(sort sent)
	log -s -e 'map(.open) | max | . >= 5 and . <= 8'
}

@test "SIGTERM: what is under way is finished, exit 0" {
	receiver
	mkfifo in
	spawn_sh 'exec ce-sink-http --inflight 4 '"$URL"'/slow/ <in'
	sink=$PID
	events 20 >sent
	exec 6>in
	cat sent >&6
	wait_for lines "$T/log" 2
	kill -TERM "$sink"
	ended "$sink"
	exec 6>&-
	[ "$RC" = 0 ]
	bodies | sort | cmp - <(sort sent)
}

@test "no secret in arguments, messages or the environment of anybody" {
	receiver
	mkfifo in
	export TOKEN=verysecretvalue
	spawn_sh 'exec ce-sink-http -v --bearer env:TOKEN '"$URL"' <in 2>err'
	exec 6>in
	one >&6
	wait_for lines "$T/log" 1
	[ "$(log .headers.authorization)" = 'Bearer verysecretvalue' ]
	tr '\0' ' ' <"/proc/$PID/cmdline" >cmdline
	has cmdline ce-sink-http
	hasnt cmdline verysecret
	exec 6>&-
	ended "$PID"
	hasnt err verysecret
}
