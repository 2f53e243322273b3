#!/usr/bin/env bats
# http-src.bats -- ce-src-http against curl, raw sockets and TLS clients.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031,SC2016

load help
bats_require_minimum_version 1.5.0

setup() { need curl python3 jq openssl; }

# serving [ARGS...]: ce-src-http into ce-sink-file; what was taken is in $T/out.
serving() { http_source 'ce-sink-file "$T/out"' "$@" 2>"$T/err"; }
export T

# post [CURL ARGS...]: the status in STATUS, the head in $T/head, the body in $T/body.
post() {
	STATUS=$(curl -s -m 20 -D "$T/head" -o "$T/body" -w '%{http_code}' "$@") || STATUS="$STATUS curl $?"
}
answered() {
	[ "$STATUS" = "$1" ] || {
		echo "wanted $1, got $STATUS"
		cat "$T/head" "$T/body" "$T/err"
		return 1
	}
}
field() { tr -d '\r' <"$T/head" | sed -n "s/^$1: //Ip"; }
detail() { jq -r .detail "$T/body"; }
event() { post -H 'Content-Type: application/cloudevents+json' --data-binary "$1" "${@:2}" "$URL/"; }
batch() { post -H 'Content-Type: application/cloudevents-batch+json' --data-binary "$1" "${@:2}" "$URL/"; }
binary() {
	post -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: t' "$@" "$URL/"
}
one() { echo "{\"specversion\":\"1.0\",\"id\":\"$1\",\"source\":\"/s\",\"type\":\"t\"}"; }

# raw: standard input to the server in one go, what it answers until it closes or
# is silent for a second to standard output.
raw() {
	python3 -c '
import os, socket, sys
at = sys.argv[1].split("://")[1].rsplit(":", 1)
s = socket.create_connection((at[0], int(at[1])))
s.sendall(sys.stdin.buffer.read())
s.settimeout(float(sys.argv[2]))
try:
    while (b := s.recv(65536)):
        sys.stdout.buffer.write(b); sys.stdout.buffer.flush()
    sys.stdout.write("<closed>")
except TimeoutError:
    sys.stdout.write("<open>")
except ConnectionError:
    sys.stdout.write("<reset>")
' "$URL" "${1:-1}"
}

@test "a binary event: attributes decoded, data as it came" {
	serving
	binary -H 'ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80' -H 'CE-Ext1: "quo\"ted"' -H 'ce-raw: 100% é' \
		-H 'Content-Type: application/json' --data-binary $'{"a" : 1.0,\n"b":[]}'
	answered 202
	[ ! -s "$T/body" ]
	jq -e '.subject == "Euro € 😀" and .ext1 == "quo\"ted" and .raw == "100% é" and .datacontenttype == "application/json"' "$T/out"
	grep -F '"data":{"a" : 1.0, "b":[]}' "$T/out"
}

@test "binary data of every kind" {
	serving
	binary -H 'Content-Type: text/plain' --data-binary 'hällo'
	answered 202
	printf 'a\0b\377' >"$T/bytes"
	binary -H 'Content-Type: application/octet-stream' --data-binary "@$T/bytes"
	answered 202
	binary -H 'Content-Type: application/json' --data-binary '{"no json'
	answered 202
	binary -H 'Content-Type:' -X POST
	answered 202
	binary -H 'Content-Type:' --data-binary 'x'
	answered 202
	[ "$(jq -c '[.data,.data_base64,.datacontenttype]' "$T/out")" = '["hällo",null,"text/plain"]
[null,"YQBi/w==","application/octet-stream"]
[null,"eyJubyBqc29u","application/json"]
[null,null,null]
[null,"eA==",null]' ]
}

@test "a structured event leaves byte for byte" {
	serving
	events 30 >"$T/sent"
	while read -r line; do
		event "$line"
		answered 202
	done <"$T/sent"
	cmp "$T/sent" "$T/out"
	event $'\xef\xbb\xbf{"specversion":"1.0",\r\n "id":"x",\n"source":"/s","type":"t"}\r\n'
	answered 202
	[ "$(tail -n 1 "$T/out" | tr '\r' ' ')" = '{"specversion":"1.0",   "id":"x", "source":"/s","type":"t"}' ]
	post -H 'Content-Type: Application/CloudEvents+JSON; charset=utf-8' --data-binary "$(one y)" "$URL/any/path?q"
	answered 202
}

@test "a batch is taken whole or refused whole" {
	serving
	batch "[$(one 1), $(one 2)
		,$(one 3)]"
	answered 202
	[ "$(ids <"$T/out" | tr '\n' ' ')" = '1 2 3 ' ]
	batch '[]'
	answered 202
	batch ' [ ] '
	answered 202
	batch "[$(one 4),{\"specversion\":\"1.0\"}]"
	answered 400
	[[ $(detail) == 'event 1 of the batch: '* ]]
	batch "$(one 5)"
	answered 400
	batch "[$(one 6)"
	answered 400
	batch ''
	answered 400
	[ "$(wc -l <"$T/out")" = 3 ]
}

@test "a batch larger than the window goes through it" {
	serving --window 10
	batch "[$(events 500 | paste -sd, -)]"
	answered 202
	events 500 | cmp - "$T/out"
}

@test "anything else is wrapped under --type" {
	serving --type org.hook --keep-header X-Kind --keep-header 'X_Real.Name'
	post -H 'X-Kind: a' -H 'x-kind: b' -H 'X_Real.Name: ü' -H 'Webhook-Id: msg_1' -H 'X-Request-Id: no' \
		-H 'Content-Type: application/json' --data-binary '{"n":1}' "$URL/hooks/a%20b?x=1"
	answered 202
	jq -e '.id == "msg_1" and .source == "/hooks/a%20b" and .type == "org.hook" and .xkind == "a, b" and
		.xrealname == "ü" and .data == {"n":1} and .datacontenttype == "application/json" and
		(.time | endswith("Z")) and (has("subject") | not)' "$T/out"
	post -H 'Content-Type: text/csv' --data-binary 'a,b' "$URL//h:x/"
	answered 202
	jq -es '.[1] | (.id | test("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")) and
		.data == "a,b" and .source == "/%2Fh:x/"' "$T/out"
	post -H 'Content-Type: no media type' --data-binary x "$URL/"
	answered 400
	binary -H 'Content-Type:' -X POST # an event stays one
	answered 202
	[ "$(tail -n 1 "$T/out" | jq -r .type)" = t ]
}

@test "--source names the source of wrapped bodies, the path is their subject" {
	serving --type org.hook --source urn:hooks
	post -H 'Content-Type:' -H 'Idempotency-Key: k-1' --data-binary x "$URL/a"
	answered 202
	jq -e '.source == "urn:hooks" and .subject == "/a" and .id == "k-1" and .data_base64 == "eA=="' "$T/out"
}

@test "options that do not fit are refused" {
	local args

	for args in '--keep-header Id --type t' '--keep-header X-a --keep-header xA --type t' '--source x' \
		'--type t --source a:b:%zz' '--user u' '--verify x-signature' '--listen ::1:80' '--listen x' '--path x' \
		'--tls-key x' '--ready-fd 77'; do
		# shellcheck disable=SC2086
		run -64 ce-src-http --listen 127.0.0.1:0 $args
		[[ $output == 'ce-src-http: '* ]]
	done
	run -78 ce-src-http --listen 127.0.0.1:0 --tls-cert /nonexistent
	run -69 ce-src-http --listen 192.0.2.1:0
	[[ $output == *'cannot listen on 192.0.2.1:0: '* ]]
}

@test "every violated rule is a problem document" {
	serving
	binary -H 'ce-time: yesterday' -d x
	answered 400
	[ "$(field Content-Type)" = application/problem+json ]
	jq -e '.type == "about:blank" and .title == "Bad Request" and .status == 400' "$T/body"
	[[ $(detail) == *time* ]]
	binary -H 'ce-x: 1' -H 'CE-X: 2' -d x
	answered 400
	binary -H 'ce-x: %C0%A0' -d x
	answered 400
	binary -H 'ce-Bad_Name: 1' -d x
	answered 400
	binary -H 'ce-datacontenttype: a/b' -d x
	answered 400
	post -H 'ce-specversion: 0.3' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: t' -d x "$URL/"
	answered 400
	post -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-type: t' -d x "$URL/"
	answered 400
	[[ $(detail) == *source* ]]
	post -H 'ce-id: 1' -H 'ce-type: t' -d x "$URL/"
	answered 400
	event '{"specversion":"1.0","id":1,"source":"/s","type":"t"}'
	answered 400
	event $'{"specversion":"1.0","id":"a\nb","source":"/s","type":"t"}'
	answered 400
	event ''
	answered 400
	event "$(one 1)$(one 2)"
	answered 400
	[ ! -s "$T/out" ]
}

@test "other methods, paths and formats" {
	serving --path /in --health /healthz
	URL=$URL/in
	post "$URL"
	answered 405
	[ "$(field Allow)" = POST ]
	post -I "$URL"
	answered 405
	post -X OPTIONS -H 'WebHook-Request-Origin: a' "$URL"
	answered 405
	post -d x "$URL/more"
	answered 404
	post -H 'Content-Type: application/cloudevents+avro' -d x "$URL"
	answered 415
	post -H 'Content-Type: application/cloudevents-batch+protobuf' -d x "$URL"
	answered 415
	post -d x "$URL"
	answered 415
	post "${URL%in}healthz"
	answered 204
	post -d x "${URL%in}healthz"
	answered 405
	post -H 'Content-Type: application/cloudevents+json' -d "$(one 1)" "$URL"
	answered 202
}

@test "a path that ends in / stands for all below it" {
	serving --path /a/ --type t
	post -d x "$URL/a/b/c"
	answered 202
	post -d x "$URL/ab"
	answered 404
	raw <<<$'POST http://h/a/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r' >"$T/raw"
	grep -q ' 202 ' "$T/raw"
}

@test "too long: 413, by its length, in chunks, and as an event" {
	serving --max-body 100k --max-event 50k
	head -c 200000 /dev/zero | tr '\0' ' ' >"$T/long"
	event "@$T/long"
	answered 413
	event "@$T/long" -H 'Transfer-Encoding: chunked'
	answered 413
	event "@$T/long" -H 'Expect: 100-continue'
	answered 413
	head -c 3000000 /dev/zero >"$T/longer"
	event "@$T/longer" -H 'Expect:'
	answered 413
	# one that goes on sending, whatever the answer, reads it all the same
	python3 - "${URL#http://}" <<-'END'
		import select, socket, sys
		host, port = sys.argv[1].split(":")
		s = socket.create_connection((host, int(port)))
		s.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n")
		select.select([s], [], [], 0.5)
		for i in range(100):
		    s.sendall(bytes(100000))
		assert s.recv(12) == b"HTTP/1.1 413"
	END
	binary -H 'Content-Type: text/plain' --data-binary "@$T/long"
	answered 413
	head -c 60000 "$T/long" >"$T/less"
	binary -H 'Content-Type: text/plain' --data-binary "@$T/less"
	answered 413
	event "$(one 1)"
	answered 202
}

@test "chunked bodies and Expect: 100-continue" {
	serving
	padded 1 3000000 >"$T/sent"
	event "@$T/sent" -H 'Transfer-Encoding: chunked'
	answered 202
	event "@$T/sent" -H 'Expect: 100-continue'
	answered 202
	grep -q '100 Continue' "$T/head"
	cat "$T/sent" "$T/sent" | cmp - "$T/out"
}

@test "a bearer token, in the header or the query" {
	echo -n s3cret >"$T/token"
	serving --bearer "file:$T/token"
	event "$(one 1)"
	answered 401
	[[ $(field WWW-Authenticate) == Bearer* ]]
	event "$(one 1)" -H 'Authorization: Bearer s3cre'
	answered 401
	event "$(one 1)" -H 'Authorization: bearer s3cret'
	answered 202
	post -H 'Content-Type: application/cloudevents+json' -d "$(one 2)" "$URL/?access_token=s3cret"
	answered 202
	[ "$(field Cache-Control)" = private ]
	post -H 'Content-Type: application/cloudevents+json' -d "$(one 2)" "$URL/?access_token=s3cre"
	answered 401
	[ "$(ids <"$T/out" | tr '\n' ' ')" = '1 2 ' ]
}

@test "basic authentication" {
	P=pass:word serving --user joe --password env:P
	event "$(one 1)" -u joe:wrong
	answered 401
	[[ $(field WWW-Authenticate) == Basic* ]]
	event "$(one 1)" -u joe:pass:word
	answered 202
}

sign() { # KEY-HEX: standard input
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary
}

# bytes HEX: as themselves.
bytes() { printf "$(sed 's/../\\x&/g' <<<"$1")"; }

@test "Standard Webhooks signatures" {
	local key=000102030405060708090a0b0c0d0e0f1011121314151617 now body sig

	echo "whsec_$(bytes $key | base64)" >"$T/secret"
	serving --type t --verify standard-webhooks --verify-secret "file:$T/secret"
	now=$(date +%s) body='{"a": 1}'
	sig=$(printf 'm1.%s.%s' "$now" "$body" | sign $key | base64)
	hook() { post -H "webhook-id: $1" -H "webhook-timestamp: $2" -H "webhook-signature: $3" -d "$4" "$URL/"; }
	hook m1 "$now" "v1,$sig" "$body"
	answered 202
	hook m1 "$now" "v1a,zzz v1,AAAA v1,$sig" "$body"
	answered 202
	hook m2 "$now" "v1,$sig" "$body"
	answered 401
	hook m1 "$now" "v1,$sig" "$body "
	answered 401
	now=$((now - 400))
	hook m1 $now "v1,$(printf 'm1.%s.%s' $now "$body" | sign $key | base64)" "$body"
	answered 401
	post -d "$body" "$URL/"
	answered 401
	[ "$(wc -l <"$T/out")" = 2 ]
}

@test "X-Signature: sha256=" {
	K=topsecret serving --verify x-signature --verify-secret env:K
	one 1 >"$T/b"
	event "@$T/b" -H "X-Signature: sha256=$(openssl dgst -sha256 -hmac topsecret -r <"$T/b" | cut -d' ' -f1)"
	answered 202
	event "@$T/b" -H "X-Signature: sha256=$(openssl dgst -sha256 -hmac other -r <"$T/b" | cut -d' ' -f1)"
	answered 401
	event "@$T/b"
	answered 401
}

@test "the WebHook handshake, and who may send after it" {
	serving --allow-origin a.example --allow-origin b.example --allow-rate 3
	post -X OPTIONS -H 'WebHook-Request-Origin: a.example' -H 'WebHook-Request-Rate: 100' "$URL/"
	answered 200
	[ "$(field WebHook-Allowed-Origin)" = a.example ]
	[ "$(field WebHook-Allowed-Rate)" = 3 ]
	[[ $(field Allow) == *POST* ]]
	post -X OPTIONS -H 'WebHook-Request-Origin: a.example.evil.example' "$URL/"
	[ -z "$(field WebHook-Allowed-Origin)" ]
	event "$(one 1)" -H 'WebHook-Request-Origin: a.example'
	answered 202
	event "$(one 1)" -H 'WebHook-Request-Origin: evil.example'
	answered 403
	event "$(one 2)"
	answered 202
	event "$(one 3)"
	answered 202
	event "$(one 4)"
	answered 429
	[ "$(field Retry-After)" -ge 1 ] && [ "$(field Retry-After)" -le 60 ]
}

@test "TLS, and client certificates that are required and verified" {
	"$HERE/certs" "$T/c"
	serving --tls-cert "$T/c/server.crt" --tls-key "$T/c/server.key" --tls-ca "$T/c/ca.crt"
	[[ $URL == https://* ]]
	event "$(one 1)" --cacert "$T/c/ca.crt" --cert "$T/c/client.crt" --key "$T/c/client.key"
	answered 202
	event "$(one 2)" --cacert "$T/c/ca.crt"
	[[ $STATUS == '000 curl '* ]]
	event "$(one 2)" --cacert "$T/c/ca.crt" --cert "$T/c/stranger.crt" --key "$T/c/stranger.key"
	[[ $STATUS == '000 curl '* ]]
	event "$(one 2)" --cacert "$T/c/ca.crt" --cert "$T/c/server.crt" --key "$T/c/server.key"
	[[ $STATUS == '000 curl '* ]]
	event "$(one 2)" --cacert "$T/c/ca.crt" --cert "$T/c/client.crt" --key "$T/c/client.key" --tls-max 1.1 --ciphers ALL@SECLEVEL=0
	[[ $STATUS == '000 curl '* ]]
	padded 1 3000000 >"$T/long"
	event "@$T/long" --cacert "$T/c/ca.crt" --cert "$T/c/client.crt" --key "$T/c/client.key" --tls-max 1.2
	answered 202
	[ "$(wc -l <"$T/out")" = 2 ]
	run -78 ce-src-http --listen 127.0.0.1:0 --tls-cert "$T/c/server.crt" --tls-key "$T/c/ca.key"
}

@test "a unix socket, made anew after a crash, removed at the end" {
	spawn bash -c 'exec ce-src-http --listen "unix:$T/s" --ready-fd 4 4>"$T/ready" >"$T/out1"'
	wait_for lines "$T/ready" 1
	[ "$(cat "$T/ready")" = "unix:$T/s" ]
	kill -9 "$PID"
	ended "$PID"
	rm "$T/ready"
	spawn bash -c 'exec ce-src-http --listen "unix:$T/s" --ready-fd 4 4>"$T/ready" >"$T/out"'
	wait_for lines "$T/ready" 1
	URL=http://x event "$(one 1)" --unix-socket "$T/s"
	answered 202
	run -69 ce-src-http --listen "unix:$T/s"
	kill "$PID"
	ended "$PID"
	[ "$RC" = 0 ]
	[ ! -e "$T/s" ]
	[ "$(ids <"$T/out")" = 1 ]
}

@test "202 comes when the far end has it, not before" {
	serving
	event "$(one 0)"
	kill -STOP "$(pgrep -s "$PID" ce-sink-file)"
	event "$(one 1)" -m 1
	[[ $STATUS == '000 curl 28' ]]
	kill -CONT "$(pgrep -s "$PID" ce-sink-file)"
	event "$(one 2)"
	answered 202
	[ "$(ids <"$T/out" | tr '\n' ' ')" = '0 1 2 ' ]
}

@test "nobody waits longer than --wait" {
	http_source 'exec tail -f /dev/null' --ack require --wait 300ms 2>"$T/err"
	event "$(one 1)"
	answered 503
	[ "$(field Retry-After)" -ge 1 ]
	batch "[$(one 1),$(one 2)]"
	answered 503
}

@test "a full window is answered 503 at once" {
	http_source 'exec tail -f /dev/null' --ack require --window 2 --health /h 2>"$T/err"
	curl -s -m 10 -H 'Content-Type: application/cloudevents-batch+json' -d "[$(one 1),$(one 2)]" "$URL" >"$T/first" &
	full() { event "$(one 3)" -m 2 && [ "$STATUS" = 503 ]; }
	wait_for full
	[ "$(field Retry-After)" -ge 1 ]
	[[ $(detail) == *window* ]]
	post "$URL/h"
	answered 204
}

@test "many large events at once are no reason for 503" {
	serving
	padded 1 300000 >"$T/large"
	for _ in {1..40}; do
		curl -s -m 30 -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/cloudevents+json' \
			--data-binary "@$T/large" "$URL" >>"$T/codes" &
	done
	wait_for lines "$T/codes" 40
	[ "$(sort -u "$T/codes")" = 202 ]
	[ "$(wc -l <"$T/out")" = 40 ]
}

@test "SIGTERM: the open requests are finished, then the end with 0" {
	serving
	event "$(one 0)"
	kill -STOP "$(pgrep -s "$PID" ce-sink-file)"
	for i in 1 2 3 4 5; do
		curl -s -m 20 -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/cloudevents+json' \
			-d "$(one $i)" "$URL" >>"$T/codes" &
	done
	src=$(pgrep -s "$PID" ce-src-http)
	four() { [ "$(ss -tn 2>/dev/null | grep -c "ESTAB.*${URL##*:} *\$")" -ge 5 ] || return 1; }
	! command -v ss >/dev/null || wait_for four
	wait_for in_pipe
	kill "$src"
	leaving() { event "$(one 9)" && [ "$STATUS" = 503 ]; }
	wait_for leaving
	[ "$(field Connection)" = close ]
	kill -CONT "$(pgrep -s "$PID" ce-sink-file)"
	wait_for lines "$T/codes" 5
	wait_for gone "$src"
	ended "$PID"
	[ "$(sort -u "$T/codes")" = 202 ]
	[ "$(ids <"$T/out" | sort | tr '\n' ' ')" = '0 1 2 3 4 5 ' ]
}
# Until all five are written: the oldest wait shows in no file, so ask the queue.
in_pipe() {
	local n

	n=$(python3 -c '
import struct, sys, glob, os
for f in glob.glob(os.environ["CE_RUNTIME_DIR"] + "/stat-*"):
    b = open(f, "rb").read()
    if b[16:48].startswith(b"ce-src-http"):
        print(struct.unpack_from("<Q", b, 128)[0])')
	[ "${n:-0}" -ge 5 ]
}

@test "kill -9 of the sink: nothing that was answered 202 is lost" {
	serving
	event "$(one 0)" # before that the sink may not be one yet
	answered 202
	for i in 1 2 3 4 5 6 7 8; do
		curl -s -m 20 -o /dev/null -w "%{http_code} $i-#1\n" -H 'Content-Type: application/cloudevents+json' \
			-d "$(one "$i-1")" "$URL" >>"$T/codes" &
		[ $i != 4 ] || kill -9 "$(pgrep -s "$PID" ce-sink-file)"
	done
	wait_for lines "$T/codes" 8
	sed -n 's/^202 \(.\)-#1$/\1-1/p' "$T/codes" | sort >"$T/taken"
	{ ids <"$T/out" || :; } | sort >"$T/there"
	[ -z "$(comm -23 "$T/taken" "$T/there")" ]
	run ! grep -v '^202\|^503\|^000' "$T/codes"
}

@test "half requests: 408, while others are served" {
	serving --timeout 500ms
	printf 'POST / HTTP/1.1\r\nHost: x\r\n' | raw 5 >"$T/head.raw" &
	printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\nContent-Length: 100\r\n\r\n{' |
		raw 5 >"$T/body.raw" &
	printf '' | raw 5 >"$T/idle.raw" &
	event "$(one 1)"
	answered 202
	wait_for has "$T/head.raw" closed
	wait_for has "$T/body.raw" closed
	wait_for has "$T/idle.raw" closed
	grep -q '^HTTP/1.1 408 ' "$T/head.raw"
	grep -q '^HTTP/1.1 408 ' "$T/body.raw"
	[ "$(cat "$T/idle.raw")" = '<closed>' ]
	[ "$(wc -l <"$T/out")" = 1 ]
}

@test "a body that trickles is not waited for for ever" {
	serving --timeout 300ms
	python3 - "$URL" >"$T/slow" <<-'X'
		import socket, sys, time
		at = sys.argv[1].split("://")[1].rsplit(":", 1)
		s = socket.create_connection((at[0], int(at[1])))
		s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
		s.settimeout(0.05)
		end = time.monotonic() + 10
		got = b""
		while time.monotonic() < end:
		    try:
		        s.send(b"x")
		        b = s.recv(1000)
		        got += b
		        if not b: break
		    except TimeoutError: pass
		    except ConnectionError: break
		print(got.decode(), "ended" if time.monotonic() < end else "still open")
	X
	grep ended "$T/slow"
	grep -q ' 408 ' "$T/slow"
}

@test "pipelined requests are answered in their order" {
	serving
	for i in 1 2 3; do
		b=$(one $i)
		printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\nContent-Length: %d\r\n\r\n%s' ${#b} "$b"
	done >"$T/three"
	printf 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >>"$T/three"
	raw 5 <"$T/three" >"$T/raw"
	[ "$(grep -ao 'HTTP/1.1 ...' "$T/raw" | tr '\n' ' ')" = 'HTTP/1.1 202 HTTP/1.1 202 HTTP/1.1 202 HTTP/1.1 405 ' ]
	[ "$(ids <"$T/out" | tr '\n' ' ')" = '1 2 3 ' ]
}

@test "no HTTP, and heads without an end, are shown the door" {
	serving
	head -c 100000 /dev/urandom | raw 2 >/dev/null
	{ printf 'POST / HTTP/1.1\r\nHost: x\r\nX: '; head -c 100000 /dev/zero | tr '\0' x; } | raw 2 >"$T/raw"
	run ! grep -q '<open>' "$T/raw"
	printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n' | raw 2 >/dev/null
	printf 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n' | raw 2 >/dev/null
	event "$(one 1)"
	answered 202
}

@test "large bodies at once are bounded in memory" {
	[ -z "${SANITIZED:-}" ] || skip "no measuring"
	serving --max-body 4M --timeout 20s
	src=$(pgrep -s "$PID" ce-src-http)
	padded 1 4000000 >"$T/big"
	python3 - "$URL" >"$T/many" <<-'X' &
		import socket, sys, time
		at = sys.argv[1].split("://")[1].rsplit(":", 1)
		all = []
		for i in range(40):
		    s = socket.create_connection((at[0], int(at[1])))
		    s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
		    s.settimeout(10)
		    s.sendall(b"x" * 3900000)
		    all.append(s)
		print("sent", flush=True)
		for s in all:
		    s.sendall(b"x" * 100000)
		print(" ".join(sorted(s.recv(1000).split()[1].decode() for s in all)), flush=True)
	X
	wait_for has "$T/many" sent
	[ "$(rss "$src")" -lt 40000 ]
	event "$(one 1)"
	answered 202
	wait_for lines "$T/many" 2
	grep -q '^415 .*503 503' "$T/many"
	event "@$T/big"
	answered 202
}

@test "--count ends the program, its request answered" {
	serving --count 2
	event "$(one 1)"
	answered 202
	event "$(one 2)"
	answered 202
	ended "$PID"
	[ "$(wc -l <"$T/out")" = 2 ]
}

@test "more connections than descriptors: when they leave, the next one is served" {
	cat >test.py <<-'END'
	import crowd, http.client, socket, subprocess, sys
	p = crowd.start(30, "ce-src-http", "--listen", "127.0.0.1:0", "--health", "/up",
	    stderr=subprocess.PIPE)
	port = int(p.stderr.readline().decode().strip().rstrip("/").rpartition(":")[2])
	many = [socket.create_connection(("127.0.0.1", port), timeout=20) for i in range(60)]
	crowd.rests(p)
	for s in many:
	    s.close()
	c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
	c.request("GET", "/up")
	assert c.getresponse().status == 204
	p.terminate()
	sys.exit(p.wait())
	END
	PYTHONPATH=$HERE/data python3 -B test.py
}
