#!/usr/bin/env bats
# rabbitmq-tls.bats -- ce-src-rabbitmq and ce-sink-rabbitmq over TLS
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load rabbitmq

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/rabbitmq"
	"$HERE/certs" "$BATS_FILE_TMPDIR/rabbitmq/certs"
	CLIENT_CERTS=true serve rabbitmq
}
setup() {
	served
	need ce-sink-rabbitmq openssl jq
	C=$DIR/certs
	S=amqps://localhost:$(cat "$DIR/tls")
	mine=(--tls-ca "$C/ca.crt" --tls-cert "$C/client.crt" --tls-key "$C/client.key")
}
teardown_file() { unserve; }

@test "own CA and a client certificate: there and back" {
	queue
	events 2000 >sent
	ce-sink-rabbitmq -u "$S" "${mine[@]}" -r "$Q" <sent
	ce-src-rabbitmq -u "$S" "${mine[@]}" -q "$Q" --count 2000 | ce-sink-file --sync none got
	cmp sent got
	padded 1 16000000 >sent
	ce-sink-rabbitmq -u "$S" "${mine[@]}" -r "$Q" <sent
	ce-src-rabbitmq -u "$S" "${mine[@]}" -q "$Q" --count 1 | ce-sink-file --sync none big
	cmp sent big
}

@test "wrong CA, wrong name, no client certificate, a stranger's: a line each" {
	check() { # STATUS TEXT ARGS
		local want=$1 text=$2 p

		shift 2
		for p in "ce-sink-rabbitmq -r q" "ce-src-rabbitmq -q q"; do
			# shellcheck disable=SC2086
			run $p -u "$S" --retries 0 "$@" <<<"$(one)"
			[ "$status" = "$want" ] || { echo "$status: $p $*: $output"; return 1; }
			[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
			[ "${#lines[@]}" = 1 ] || { echo "$output"; return 1; }
		done
	}
	check 78 'its certificate is refused' --tls-ca "$C/ca2.crt"
	check 78 'its certificate is refused' # by the CAs of the system
	check 78 'cannot read' --tls-ca "$T/none" || check 78 'none' --tls-ca "$T/none"
	check 69 '' --tls-ca "$C/ca.crt" # refused by the server
	check 69 '' --tls-ca "$C/ca.crt" --tls-cert "$C/stranger.crt" --tls-key "$C/stranger.key"
	S=amqps://127.0.0.2:$(cat "$DIR/tls")
	spawn socat TCP-LISTEN:"${S##*:}",bind=127.0.0.2,fork,reuseaddr TCP:127.0.0.1:"${S##*:}"
	up() { (exec 5<>"/dev/tcp/127.0.0.2/${S##*:}") 2>/dev/null; }
	wait_for up
	check 78 'mismatch' "${mine[@]}"
	run ce-sink-rabbitmq -u "$S" "${mine[@]}" --tls-insecure -r q --unroutable drop <<<"$(one)"
	[ "$status" = 0 ]
}

@test "credentials: good, wrong, missing; never shown" {
	"$DIR/ctl" add_user ce s3cret-s3cret 3>&-
	"$DIR/ctl" set_permissions -p / ce '.*' 'amq.default' '.*' 3>&-
	amqp queue ok1
	export PW=s3cret-s3cret BAD=wr0ng-wr0ng
	ce-sink-rabbitmq -u "$URL" --user ce --password env:PW -r ok1 <<<"$(one)"
	ce-sink-rabbitmq -u "${URL/\/\//\/\/ce@}" --password env:PW -r ok1 <<<"$(one)"
	amqp get ok1 2
	run ce-sink-rabbitmq -v -u "$URL" --user ce --password env:BAD -r ok1 <<<"$(one)"
	[ "$status" = 77 ]
	[[ $output == *'refuses the user ce'* && $output != *wr0ng* ]]
	run ce-sink-rabbitmq -u "$URL" --user ce -r ok1 <<<"$(one)"
	[ "$status" = 64 ]
	printf s3cret-s3cret >pw
	run ce-src-rabbitmq -u "$URL" --user ce --password file:pw -q nosuch
	[ "$status" = 78 ]
}
