#!/usr/bin/env bats
# redis-sink.bats -- ce-sink-redis against a real redis-server.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load redis
bats_require_minimum_version 1.5.0

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/redis"
	"$HERE/certs" "$BATS_FILE_TMPDIR/redis/tls"
	serve redis 'enable-debug-command local'
}
setup() { served; }
teardown() {
	reap
	[ -n "$NOSERVER" ] || cli flushall >/dev/null
}
teardown_file() { unserve; }

@test "a stream: the lines come back byte for byte, in order" {
	events 10000 >sent
	ce-sink-redis -u "$URL" -s 'orders' <sent
	in_stream orders | cmp - sent
	[ "$(cli --raw xrange orders - + count 1 | sed -n 2p)" = event ]
}

@test "a stream by a template, trimmed" {
	events 40 >sent
	ce-sink-redis -u "$URL" -s 's:{id}' <sent
	for i in 1 7 40; do in_stream "s:$i" | cmp - <(sed -n "${i}p" sent); done
	events 500 | ce-sink-redis -u "$URL" -s few --maxlen 10
	[ "$(cli xlen few)" = 10 ]
	events 5000 | ce-sink-redis -u "$URL" -s about --maxlen '~100'
	[ "$(cli xlen about)" -ge 100 ]
	[ "$(cli xlen about)" -lt 500 ]
}

@test "a field for each attribute, data as bytes" {
	events 9 >sent
	ce-sink-redis -u "$URL" -s f --field-per-attribute <sent
	cli --raw xrange f - + >got
	# 1: JSON without datacontenttype says that it is JSON
	[ "$(sed -n '/^datacontenttype$/{n;p;q}' got)" = application/json ]
	[ "$(sed -n '/^data$/{n;p;q}' got)" = '[ 1.0e+2, -0, 12345678901234567890, 0.10 ]' ]
	# 3: bytes
	cli eval "return redis.sha1hex(redis.call('xrange', 'f', '-', '+')[3][2][redis.call('xlen', 'f') * 0 + #redis.call('xrange', 'f', '-', '+')[3][2]])" 0 >sum
	[ "$(sed -n 3p sent | jq -r .data_base64 | base64 -d | sha1sum | cut -d ' ' -f 1)" = "$(cat sum)" ]
}

@test "lists, keys that expire, hashes, channels" {
	events 50 >sent
	ce-sink-redis -u "$URL" -l l <sent
	cli --raw lrange l 0 -1 | cmp - sent
	ce-sink-redis -u "$URL" -l back --lpush <sent
	cli --raw lrange back 0 -1 | tac | cmp - sent
	ce-sink-redis -u "$URL" --set 'k:{id}' --ttl 1h <sent
	cli --raw get k:7 | cmp - <(sed -n 7p sent)
	[ "$(cli ttl k:7)" -gt 3500 ]
	ce-sink-redis -u "$URL" --hash 'h:{id}' <sent
	[ "$(cli --raw hget h:5 source)" = "$(sed -n 5p sent | jq -r .source)" ]
	spawn_sh "redis-cli -p $(<"$DIR/port") --raw subscribe c >heard"
	wait_for has heard subscribe
	ce-sink-redis -u "$URL" --publish c <sent
	wait_for lines heard 153
	sed -n '4,$p' heard | awk 'NR % 3 == 0' | cmp - sent
}

@test "wrong use is named, 64" {
	run -64 ce-sink-redis -u "$URL" </dev/null
	[[ $output = *--stream* ]]
	run -64 ce-sink-redis -u "$URL" -s a -l b </dev/null
	run -64 ce-sink-redis -u "$URL" -s a --maxlen many </dev/null
	run -64 ce-sink-redis -u "$URL" -s a --ttl 5 </dev/null
	run -64 ce-sink-redis -u http://localhost -s a </dev/null
	[[ $output = *redis://* ]]
	run -64 ce-sink-redis -u "redis://me:hunter2@localhost" -s a </dev/null
	[[ $output = *--password* && $output != *hunter2* ]]
	run -64 ce-sink-redis -u "redis://localhost/zero" -s a </dev/null
	run -64 ce-sink-redis -u "redis://me@localhost" -s a </dev/null
	run -64 ce-sink-redis -u "$URL" --tls-insecure -s a </dev/null
}

@test "a key of another type refuses the event: dead letter, or 65" {
	cli set s text
	run -65 ce-sink-redis -u "$URL" -s s < <(events 3)
	[ "${#lines[@]}" = 1 ]
	[[ $output = *'cannot append to s: WRONGTYPE'* ]]
	events 6 | ce-sink-redis -u "$URL" -s '{id|s}' >said 2>&1
	events 6 | jq -c 'if .id == "3" then .id = "s" else . end' >sent
	ce-sink-redis -u "$URL" -s '{id}' --dead-letter dead <sent 2>said
	[ "$(jq -r .deadreason dead)" = 'cannot append to s: WRONGTYPE Operation against a key holding the wrong kind of value' ]
	[ "$(cli exists 1 2 4 5 6)" = 5 ]
	one | ce-sink-redis -u "$URL" -s '{subject}' --dead-letter dead2 2>said
	[[ $(jq -r .deadreason dead2) = *'needs subject'* ]]
}

@test "an event that comes again is written once with --once" {
	events 100 >sent
	cat sent sent | ce-sink-redis -u "$URL" -s s --once
	ce-sink-redis -u "$URL" -s s --once <sent
	in_stream s | cmp - sent
	ce-sink-redis -u "$URL" -l '{{l}}' --once <sent
	ce-sink-redis -u "$URL" -l '{{l}}' --once <sent
	cli --raw lrange '{l}' 0 -1 | cmp - sent
	# a command that fails leaves no marker
	cli set wrong x
	one | ce-sink-redis -u "$URL" -s wrong --once --dead-letter dead 2>said
	[ "$(wc -l <dead)" = 1 ]
	cli del wrong
	one | ce-sink-redis -u "$URL" -s wrong --once
	[ "$(cli xlen wrong)" = 1 ]
	# the script is loaded again when the server has forgotten it
	spawn_sh "{ sed -n 1,50p sent; while [ ! -e more ]; do read -rt 0.02 <> <(:); done; sed -n '51,\$p' sent; } | ce-sink-redis -u $URL -s again --once --backoff 10ms"
	wait_for has_entries again 50
	cli script flush
	touch more
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream again | cmp - sent
}

@test "no memory for a while: later, in order, nothing lost" {
	events 200 >sent
	cli config set maxmemory-policy noeviction
	cli config set maxmemory 100kb
	spawn_sh "ce-sink-redis -u $URL -s s --backoff 20ms --backoff-max 50ms <sent 2>said"
	wait_for has said OOM
	cli config set maxmemory 0
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream s | cmp - sent
	has said 'goes on after'
}

@test "a replica for a while: another connection is tried until it is a master" {
	events 200 >sent
	cli replicaof 127.0.0.1 1
	spawn_sh "ce-sink-redis -u $URL -s s --backoff 20ms --backoff-max 50ms <sent 2>said"
	wait_for has said READONLY
	cli replicaof no one
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream s | cmp - sent
}

@test "a replica that has lost its master and answers nothing: later" {
	events 200 >sent
	cli config set replica-serve-stale-data no
	cli config set replica-read-only no
	cli replicaof 127.0.0.1 1
	spawn_sh "ce-sink-redis -u $URL -s s --backoff 20ms --backoff-max 50ms <sent 2>said"
	wait_for has said MASTERDOWN
	cli replicaof no one
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream s | cmp - sent
	cli config set replica-serve-stale-data yes
	cli config set replica-read-only yes
}

@test "a server that is still reading its file: later" {
	events 20000 >sent
	ce-sink-redis -u "$URL" -s big <sent
	murder
	echo 'key-load-delay 100' >>"$DIR/conf" # us a command
	restart
	sed -i '/^key-load-delay/d' "$DIR/conf"
	spawn_sh "ce-sink-redis -u $URL -s s --backoff 20ms --backoff-max 50ms <sent 2>said"
	wait_for has said LOADING
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream s | cmp - sent
	in_stream big | cmp - sent
	cli config set key-load-delay 0
}

@test "--wait: an event is delivered when the replica has it" {
	local r=$DIR/replica p

	mkdir -p "$r"
	ln -sf ../pid "$r/pid"
	"$HERE/server/redis" "$r" "replicaof 127.0.0.1 $(<"$DIR/port")" >where 3>&-
	p=$(<"$r/server")
	synced() { redis-cli -p "$(<"$r/port")" info replication | grep -q 'master_link_status:up'; }
	wait_for synced
	events 5000 >sent
	ce-sink-redis -u "$URL" -s s --wait 1 --wait-timeout 20s <sent
	[ "$(redis-cli -p "$(<"$r/port")" xlen s)" = 5000 ]
	in_stream s | cmp - sent
	# one that stands still has nothing
	kill -STOP "$p"
	run -69 ce-sink-redis -u "$URL" -s t --wait 1 --wait-timeout 100ms --retries 0 < <(one)
	[[ $output = *'0 of 1 replicas have it'* && ${#lines[@]} = 1 ]]
	cli del t
	spawn_sh "ce-sink-redis -u $URL -s t --once --wait 1 --wait-timeout 100ms --backoff 20ms --backoff-max 50ms <sent 2>said"
	wait_for has said 'replicas have it'
	kill -CONT "$p"
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream t | cmp - sent
	[ "$(redis-cli -p "$(<"$r/port")" xlen t)" = 5000 ]
	kill -9 "$p"
}

@test "the server is killed and restarted: nothing lost, order kept" {
	events 30000 >sent
	spawn_sh "ce-sink-redis -u $URL -s s --backoff 20ms --backoff-max 100ms <sent 2>said"
	wait_for has_entries s 2000
	murder
	restart
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream s | firsts | cmp - sent
	[ "$(cli xlen s)" -le 32050 ] # no more than were on their way are repeated
}

@test "the server stands still: what has no answer in time is sent again" {
	local server

	server=$(<"$DIR/server")
	events 5000 >sent
	mkfifo in
	spawn_sh "ce-sink-redis -u $URL -s s --timeout 300ms --connect-timeout 300ms --backoff 20ms --backoff-max 100ms <in 2>said"
	exec {half}>in
	head -n 1000 sent >&"$half"
	wait_for has_entries s 1
	kill -STOP "$server"
	tail -n +1001 sent >&"$half" &
	exec {half}>&-
	still "$server" grep -qE 'no answer|goes on|timed out|in time' said
	ended "$PID"
	[ "$RC" = 0 ]
	in_stream s | firsts | cmp - sent
}

@test "kill -9 of the sink: with its source, nothing is lost" {
	events 20000 >sent
	for _ in 1 2 3 4 5; do
		spawn_sh "sh -c 'echo \$\$ >p.sink; exec ce-src-file --as events --state pos --until-end sent' |
			sh -c 'echo \$\$ >p.sink; exec ce-sink-redis -u $URL -s s'"
		strike sink
	done
	ce-src-file --as events --state pos --until-end sent | ce-sink-redis -u "$URL" -s s
	in_stream s | firsts | cmp - sent
}

@test "SIGTERM: what was read is delivered, 0" {
	events 5000 >sent
	spawn_sh "{ cat sent; cat <> <(:); } | { echo \$BASHPID >pid; exec ce-sink-redis -u $URL -s s; }"
	wait_for has_entries s 5000
	kill -TERM "$(cat pid)"
	wait_for gone "$(cat pid)"
	in_stream s | cmp - sent
}

@test "wrong host: 69 after the retries, one line" {
	run -69 ce-sink-redis -u redis://127.0.0.1:1 -s s --retries 0 < <(one)
	[ "${#lines[@]}" = 1 ]
	[[ $output = *'cannot connect to 127.0.0.1:1: Connection refused'* ]]
	run -69 ce-sink-redis -u "unix:$T/none" -s s --retries 1 --backoff 1ms --quiet < <(one)
	[[ $output = *'No such file'* ]]
	run -78 ce-sink-redis -u "$URL/9999" -s s < <(one)
	[[ $output = *'DB index is out of range'* ]]
}

@test "credentials: good, wrong, missing; rights" {
	cli acl setuser ce on '>cepw' '~ce:*' '&ce:*' +@write +@connection
	export GOOD=cepw BAD=hunter2
	one | ce-sink-redis -u "$URL" --user ce --password env:GOOD -s ce:s
	one | ce-sink-redis -u "redis://ce@${URL#redis://}" --password env:GOOD -s ce:s
	[ "$(cli xlen ce:s)" = 2 ]
	run -77 ce-sink-redis -u "$URL" --user ce --password env:BAD -s ce:s < <(one)
	[[ $output = *WRONGPASS* && $output != *hunter2* && ${#lines[@]} = 1 ]]
	# (input that goes on: a sink that has seen its end says no more why it ends)
	run -77 ce-sink-redis -u "$URL" --user ce --password env:GOOD -s other < <(one; read -rt 5 -u "$NAP")
	[[ $output = *NOPERM* && ${#lines[@]} = 1 ]]
	cli config set requirepass s3cret
	run -77 ce-sink-redis -u "$URL" -s s < <(one)
	[[ $output = *NOAUTH* && ${#lines[@]} = 1 ]]
	cli -a s3cret --no-auth-warning config set requirepass ''
	cli acl deluser ce
}

@test "TLS: own CA, client certificate, wrong CA, wrong name" {
	local tls c=$DIR/tls

	tls=rediss://localhost:$(<"$DIR/tlsport")
	events 3000 >sent
	ce-sink-redis -u "$tls" --tls-ca "$c/ca.crt" -s s <sent
	in_stream s | cmp - sent
	cli config set tls-auth-clients yes
	one | ce-sink-redis -u "$tls" --tls-ca "$c/ca.crt" --tls-cert "$c/client.crt" --tls-key "$c/client.key" -s t
	run -69 ce-sink-redis -u "$tls" --tls-ca "$c/ca.crt" -s t --retries 0 < <(one)
	[ "${#lines[@]}" = 1 ]
	cli config set tls-auth-clients optional
	run -69 ce-sink-redis -u "$tls" --tls-ca "$c/ca2.crt" -s t --retries 0 < <(one)
	[[ $output = *'certificate is refused'* && ${#lines[@]} = 1 ]]
	cli config set tls-cert-file "$c/other.crt" tls-key-file "$c/other.key"
	run -69 ce-sink-redis -u "$tls" --tls-ca "$c/ca.crt" -s t --retries 0 < <(one)
	cli config set tls-cert-file "$c/server.crt" tls-key-file "$c/server.key"
	[[ $output = *'certificate is refused'*'mismatch'* && ${#lines[@]} = 1 ]]
	[ "$(cli xlen t)" = 1 ]
}
