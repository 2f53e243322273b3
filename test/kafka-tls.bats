#!/usr/bin/env bats
# kafka-tls.bats -- Kafka over TLS, and credentials; the broker is 3.9.2, because SCRAM of
# librdkafka before 2.6.1 fails with 4.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load kafka
bats_require_minimum_version 1.5.0

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/kafka"
	"$HERE/certs" "$BATS_FILE_TMPDIR/kafka/certs"
	mkdir "$BATS_FILE_TMPDIR/issuer"
	python3 "$HERE/fake/issuer.py" "$BATS_FILE_TMPDIR/issuer"
	local k=listener.name.sasl_ssl.oauthbearer.sasl
	serve kafka 3.9.2 "$k.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler" \
		"$k.oauthbearer.jwks.endpoint.url=file://$BATS_FILE_TMPDIR/issuer/jwks.json" "$k.oauthbearer.expected.audience=kafka"
}
setup() {
	served
	need ce-src-kafka ce-sink-kafka kcat
	C=$DIR/certs
	SASL=127.0.0.1:$(<"$DIR/sasl") SSL=127.0.0.1:$(<"$DIR/ssl") BOTH=localhost:$(<"$DIR/saslssl")
	echo alice-pw >alice
	echo bob-pw >bob
	echo wrong-password >wrong
}
teardown_file() { unserve; }

# round ARGS: an event there and back
round() {
	Q=q$BATS_TEST_NUMBER.$((++N))
	one | ce-sink-kafka -t "$Q" "$@"
	[ "$(ce-src-kafka -t "$Q" --until-end "$@")" = "$(one)" ]
	ce-src-kafka -g "$Q" -t "$Q" --until-end "$@" | ce-sink-file "$Q"
	[ "$(cat "$Q")" = "$(one)" ]
}
refused() { # STATUS TEXT ARGS: by both ends, in one line
	local want=$1 text=$2 p

	shift 2
	for p in 'ce-sink-kafka --retries 0' 'ce-src-kafka --timeout 2s'; do
		# shellcheck disable=SC2086
		run $p -t t "$@" <<<"$(one)"
		[ "$status" = "$want" ] || { echo "$status: $p $*: $output"; return 1; }
		[[ $output == *"$text"* ]] || { echo "$p: $output"; return 1; }
		[ "${#lines[@]}" = 1 ] || { echo "$output"; return 1; }
		[[ $output != *wrong-password* ]]
	done
}

@test "TLS: own CA, client certificate, by name and by address" {
	round -b "$SSL" --tls-ca "$C/ca.crt"
	round -b "localhost:${SSL#*:}" --tls-ca "$C/ca.crt"
	round -b "$SSL" --tls-ca "$C/ca.crt" --tls-cert "$C/client.crt" --tls-key "$C/client.key"
	round -b "$SSL" --tls-insecure
}

@test "TLS: wrong CA, none, a stranger's certificate, plain text to its port" {
	refused 77 'certificate verify failed' -b "$SSL" --tls-ca "$C/ca2.crt"
	refused 77 'certificate verify failed' -b "$SSL" --tls
	refused 77 'SSL alert' -b "$SSL" --tls-ca "$C/ca.crt" --tls-cert "$C/stranger.crt" --tls-key "$C/stranger.key"
	refused 77 'security.protocol' -b "$SSL"
	refused 78 'nosuch.crt' -b "$SSL" --tls-ca nosuch.crt
}

@test "TLS: a broker of another name is not taken" {
	local port

	port=$(free_port)
	spawn socat "TCP-LISTEN:$port,bind=127.0.0.2,fork,reuseaddr" "TCP:$SSL"
	relayed() { kcat -b "127.0.0.2:$port" -L -m 1 -X security.protocol=ssl -X enable.ssl.certificate.verification=false >/dev/null 2>&1; }
	wait_for relayed
	refused 77 'certificate verify failed' -b "127.0.0.2:$port" --tls-ca "$C/ca.crt"
}

@test "SASL: PLAIN and SCRAM, plain and over TLS; good, wrong and missing credentials" {
	round -b "$SASL" --user alice --password file:alice
	round -b "$SASL" --sasl scram-sha-256 --user bob --password file:bob
	round -b "$SASL" --sasl scram-sha-512 --user bob --password file:bob
	round -b "$BOTH" --tls-ca "$C/ca.crt" --user alice --password file:alice
	round -b "$BOTH" --tls-ca "$C/ca.crt" --sasl scram-sha-256 --user bob --password file:bob
	refused 77 'Invalid username or password' -b "$SASL" --user alice --password file:wrong
	refused 77 'Authentication failed' -b "$SASL" --sasl scram-sha-256 --user bob --password file:wrong
	refused 77 'security.protocol' -b "$SASL"
}

@test "SASL: OAUTHBEARER by properties in a file" {
	printf 'enable.sasl.oauthbearer.unsecure.jwt=true\nsasl.oauthbearer.config=principal=carol\n' >props
	round -b "$SASL" --sasl oauthbearer -F props
}

# issued USER SECRET-FILE: the options for it
issued() {
	OAUTH=(-b "$BOTH" --tls-ca "$C/ca.crt" --oauth-url "$(<"$I/url")" --oauth-client-id "$1" --oauth-client-secret "file:$2" --oauth-scope events)
}

@test "SASL: OAUTHBEARER with the tokens of an issuer; good, wrong, of another, no answer" {
	local I=$BATS_FILE_TMPDIR/issuer

	echo carol-pw >carol
	echo other-pw >other
	spawn python3 "$HERE/fake/issuer.py" "$I" serve
	wait_for test -s "$I/url"
	issued carol carol
	round "${OAUTH[@]}"
	one | ce-sink-kafka -t q --transactional-id x "${OAUTH[@]}"
	grep -qF "carol ['client_credentials'] ['events']" "$I/asked"
	issued carol wrong
	refused 77 'status 401: invalid_client' "${OAUTH[@]}"
	issued other other
	refused 77 'invalid_token' "${OAUTH[@]}"
	kill "$PID"
	ended "$PID"
	issued carol carol
	run -69 ce-src-kafka -t q --timeout 2s "${OAUTH[@]}"
	[[ $output = *'cannot get a token from'*'onnection refused'* ]]
	run -64 ce-sink-kafka -t q --sasl plain "${OAUTH[@]}" </dev/null
	[[ $output = *'--oauth-url goes with --sasl oauthbearer' ]]
}

@test "SASL: OAUTHBEARER, a token is renewed before its end, also after the issuer was away" {
	local I=$BATS_FILE_TMPDIR/issuer source

	echo carol-pw >carol
	echo 5 >"$I/lifetime"
	rm -f "$I/url" "$I/asked"
	spawn python3 "$HERE/fake/issuer.py" "$I" serve
	wait_for test -s "$I/url"
	issued carol carol
	one | ce-sink-kafka -t renewed "${OAUTH[@]}"
	spawn_sh "ce-src-kafka -t renewed ${OAUTH[*]} 2>said | ce-sink-file out"
	source=$PID
	wait_for lines out 1
	renewed() { [ "$(wc -l <"$I/asked")" -ge "$1" ]; }
	DEADLINE=40 wait_for renewed 4
	not grep -q token said
	kill "$(<"$I/pid")"
	DEADLINE=40 wait_for has said '(trying again)'
	spawn python3 "$HERE/fake/issuer.py" "$I" serve
	wait_for has said 'there is a token again'
	one | ce-sink-kafka -t renewed "${OAUTH[@]}"
	wait_for lines out 2
	kill -TERM -- "-$source"
	ended "$source"
	rm "$I/lifetime"
}

@test "no secret is to be seen: not in the arguments, not in what it says" {
	PW=alice-pw spawn ce-src-kafka -v -b "$SASL" -g g -t ^none --user alice --password env:PW 2>err
	wait_for has "/proc/$PID/comm" ce-src-kafka
	caught() { [ $((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$PID/status") >> 14 & 1)) = 1 ]; }
	wait_for caught
	wait_for resting "$PID"
	not grep -q alice-pw "/proc/$PID/cmdline"
	not grep -q alice-pw "/proc/$PID/environ"
	kill -TERM -- "-$PID"
	ended "$PID"
	not grep -q alice-pw err
}
