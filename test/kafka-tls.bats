#!/usr/bin/env bats
# kafka-tls.bats -- Kafka over TLS, and credentials; the broker is 3.9.2, because SCRAM of
# librdkafka before 2.6.1 fails with 4.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load kafka

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/kafka"
	"$HERE/certs" "$BATS_FILE_TMPDIR/kafka/certs"
	serve kafka 3.9.2
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
