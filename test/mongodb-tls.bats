#!/usr/bin/env bats
# mongodb-tls.bats -- TLS, credentials, and a history that is too short, against
# SecantusDB, which is not mongod.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load mongodb
bats_require_minimum_version 1.5.0

setup() {
	DIR=$T/mongodb
	mkdir -p "$DIR"
	K=$T/tls
	"$HERE/certs" "$K"
}
teardown() {
	reap
	unserve
}
# server ARGS: of this test alone.
server() {
	local rc=0

	URL=$("$HERE/server/mongodb" "$DIR" "$@" 2>why 3>&-) || rc=$?
	[ $rc != 77 ] || skip "$(cat why)"
	[ $rc = 0 ]
}
stop() {
	local p

	p=$(<"$DIR/server")
	kill "$p"
	wait_for gone "$p"
}

@test "TLS: own CA, client certificate, wrong CA, wrong name" {
	server --tls-cert-file "$K/server.crt" --tls-key-file "$K/server.key"
	url="mongodb://localhost:$(<"$DIR/port")/t"
	events 500 >sent
	ce-src-mongodb -u "$url" --tls-ca "$K/ca.crt" -c c --state pos --until-end
	ce-sink-mongodb -u "$url" --tls-ca "$K/ca.crt" -c c <sent
	ce-src-mongodb -u "$url?tls=true" --tls-ca "$K/ca.crt" -c c --state pos --until-end | ce-sink-file out
	cmp out sent
	one | ce-sink-mongodb -u "$url" --tls-insecure -c insecure
	run -69 ce-sink-mongodb -u "$url" --tls-ca "$K/ca2.crt" -c c --retries 0 < <(one)
	[[ ${#lines[@]} = 1 && $output = *'certificate verify failed'* ]]
	run -69 ce-src-mongodb -u "$url" --tls-ca "$K/ca2.crt" -c c
	[[ ${#lines[@]} = 1 && $output = *'certificate verify failed'* ]]
	run -69 ce-sink-mongodb -u "$url" -c c --retries 0 < <(one)
	[ "${#lines[@]}" = 1 ]
	run -78 ce-sink-mongodb -u "$url" --tls-ca "$K/none.crt" -c c < <(one)
	[[ ${#lines[@]} = 1 && $output = *'none.crt'* ]]
	stop
	server --tls-cert-file "$K/other.crt" --tls-key-file "$K/other.key"
	run -69 ce-sink-mongodb -u "$url" --tls-ca "$K/ca.crt" -c c --retries 0 < <(one)
	[[ ${#lines[@]} = 1 && $output = *'mismatch'* ]]
	stop
	server --tls-cert-file "$K/server.crt" --tls-key-file "$K/server.key" --tls-ca-file "$K/ca.crt" --tls-require-client-cert
	one | ce-sink-mongodb -u "$url" --tls-ca "$K/ca.crt" --tls-cert "$K/client.crt" --tls-key "$K/client.key" -c m
	cat "$K/client.crt" "$K/client.key" >both.pem
	[ "$(ce-src-mongodb -u "$url" --tls-ca "$K/ca.crt" --tls-cert both.pem -c m --snapshot --until-end | wc -l)" = 1 ]
	run -69 ce-sink-mongodb -u "$url" --tls-ca "$K/ca.crt" -c c --retries 0 < <(one)
	[ "${#lines[@]}" = 1 ]
}

@test "credentials: good, wrong, missing, of another; never in sight" {
	server
	mongo "c.admin.command('createUser', 'ce', pwd='s3cret&p@ss', roles=['root'])
c.admin.command('createUser', 'reader', pwd='r', roles=[{'role': 'read', 'db': 't'}])"
	stop
	server --auth
	export GOOD='s3cret&p@ss' BAD=hunter2 R=r
	at="127.0.0.1:$(<"$DIR/port")/t?authSource=admin"
	events 10 >sent
	ce-sink-mongodb -u "mongodb://$at" --user ce --password env:GOOD -c c <sent
	ce-sink-mongodb -u "mongodb://ce@$at" --password env:GOOD -c c <sent
	ce-src-mongodb -u "mongodb://ce@$at" --password env:GOOD -c c --snapshot --until-end | sort | cmp - <(sort sent)
	for p in sink src; do
		run -77 "ce-$p-mongodb" -u "mongodb://ce@$at" --password env:BAD -c c < <(one)
		[[ ${#lines[@]} = 1 && $output = *'uthentication failed'* && $output != *hunter2* ]]
		run -77 "ce-$p-mongodb" -u "mongodb://$at" -c c < <(one)
		[[ ${#lines[@]} = 1 && $output = *'requires authentication'* ]]
	done
	run -77 ce-sink-mongodb -u "mongodb://reader@$at" --password env:R -c c < <(one)
	[ "${#lines[@]}" = 1 ]
	run -64 ce-sink-mongodb -u "mongodb://$at" --password env:GOOD -c c < <(one)
	unset MONGOC_DISABLE_SHM
	spawn_sh "{ one; cat <> <(:); } | { echo \$BASHPID >pid; exec ce-sink-mongodb -u 'mongodb://ce@$at' --password env:GOOD -c c; }"
	wait_for test -s pid
	not grep -az 's3cret' "/proc/$(cat pid)/cmdline"
	wait_for grep -q '^Max core file size  *1  *1 ' "/proc/$(cat pid)/limits"
	[ ! -e "/dev/shm/mongoc-$(cat pid)" ]
}

@test "changes that are not kept any more: 65, or the whole again" {
	server --oplog-max-entries 5 --oplog-retention-seconds 1
	ce-src-mongodb -u "$URL/t" -c c --state pos --until-end
	cp pos before
	read -rt 2 -u "$NAP" || :
	events 2000 >sent
	ce-sink-mongodb -u "$URL/t" -c c <sent
	ce-sink-mongodb -u "$URL/t" -c other --batch 10 <sent
	run -65 ce-src-mongodb -u "$URL/t" -c c --state pos --until-end
	[[ ${#lines[@]} = 1 && $output = *'changes behind the position are lost'* ]]
	cmp pos before
	ce-src-mongodb -u "$URL/t" -c c --state pos --until-end --on-lost resync 2>said | ce-sink-file out
	sort out | cmp - <(sort sent)
	has said 'read as a whole'
	ce-src-mongodb -u "$URL/t" -c c --state pos --until-end | ce-sink-file more
	[ ! -s more ]
}

@test "a server without change streams: one line, 78" {
	server --standalone
	run -78 ce-src-mongodb -u "$URL/t" -c c
	[ "${#lines[@]}" = 1 ]
	one | ce-sink-mongodb -u "$URL/t" -c c
	[ "$(ce-src-mongodb -u "$URL/t" -c c --query '{}' --until-end | wc -l)" = 1 ]
}
