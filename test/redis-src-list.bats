#!/usr/bin/env bats
# redis-src-list.bats -- ce-src-redis: lists, channels and notifications of keys.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load redis
bats_require_minimum_version 1.5.0

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/redis"
	"$HERE/certs" "$BATS_FILE_TMPDIR/redis/tls"
	serve redis 'notify-keyspace-events KA'
}
setup() { served; }
teardown() {
	reap
	[ -n "$NOSERVER" ] || cli flushall >/dev/null
}
teardown_file() { unserve; }

src() { ce-src-redis -u "$URL" "$@"; }
fill() { ce-sink-redis -u "$URL" -l l <sent; }
left() { cli llen l:processing:me; }
none_left() { [ "$(left)" = 0 ]; }
heard() { [ "$(cli --raw pubsub "$@" | tail -n 1)" != 0 ]; }

@test "a list: 10,000 nasty events, byte for byte, none left" {
	events 10000 >sent
	fill
	src -l l -c me --until-end | ce-sink-file out
	cmp out sent
	[ "$(cli dbsize)" = 0 ]
	ce-sink-redis -u "$URL" -l l --lpush <sent
	src -l l -c me --rpop --processing mine --until-end | ce-sink-file out2
	cmp out2 sent
	[ "$(cli dbsize)" = 0 ]
}

@test "a list: what comes while it waits is printed at once" {
	spawn_sh "ce-src-redis -u $URL -l l -c me | ce-sink-file out"
	for i in 1 2 3; do
		events 1 "$i" | ce-sink-redis -u "$URL" -l l
		wait_for lines out "$i"
	done
	wait_for none_left
}

@test "a list: what was not finished comes first, and what is no event is wrapped" {
	cli rpush l:processing:me one '{"two":2}' >ids
	printf 'rpush l "\\xff\\x00" three\n' | cli
	src -l l -c me --until-end >plain
	src -l l -c me --until-end --ack none >got
	[ ! -s got ]
	[ "$(left)" = 0 ]
	[ "$(jq -r '[.datacontenttype, .data // .data_base64 | tostring] | join(" ")' plain | paste -sd,)" = \
		'text/plain one,application/json {"two":2},application/octet-stream /wA=,text/plain three' ]
	[ "$(jq -r '[.type, .subject, .source] | join(" ")' plain | sort -u)" = "redis.list l $URL/0/l" ]
	[ "$(jq -r .id plain | sort -u | wc -l)" = 4 ]
}

@test "a list: kill -9 of source, sink or both, five times: nothing lost, nothing left" {
	local c="ce-src-redis -u $URL -l l -c me --window 200 --until-end"

	events 20000 >sent
	fill
	for who in src sink 'src sink' src sink; do
		spawn_sh "sh -c 'echo \$\$ >p.src; exec $c' | sh -c 'echo \$\$ >p.sink; exec ce-sink-file out'"
		# shellcheck disable=SC2086
		strike $who
	done
	$c | ce-sink-file out
	firsts <out | cmp - sent
	[ "$(wc -l <out)" -le 21500 ]
	none_left
}

@test "a list: SIGTERM, 0; the next one goes on without a duplicate" {
	events 30000 >sent
	fill
	: >out
	spawn_sh "{ echo \$BASHPID >pid; exec ce-src-redis -u $URL -l l -c me; } | ce-sink-file out"
	wait_for lines out 100
	kill -TERM "$(cat pid)"
	ended "$PID"
	[ "$RC" = 0 ]
	src -l l -c me --until-end | ce-sink-file out
	cmp out sent
	none_left
}

@test "a list: the server is killed and restarted: nothing lost, equal values neither" {
	{ events 10000 && one && one && one && events 10000 20001; } >sent
	fill
	: >out
	spawn_sh "{ echo \$BASHPID >pid; exec ce-src-redis -u $URL -l l -c me --window 500; } 2>said | ce-sink-file out"
	wait_for lines out 100
	murder
	restart
	wait_for lines out 20003
	wait_for none_left
	kill -TERM "$(cat pid)"
	ended "$PID"
	[ "$RC" = 0 ]
	cmp out sent # what is on its way is not read again
	has said 'will retry'
	has said 'goes on'
}

@test "a list whose connections are cut again and again" {
	{ one && one && events 3000; } >sent
	fill
	: >out
	spawn_sh "ce-src-redis -u $URL -l l -c me --window 50 --until-end --quiet | ce-sink-file out"
	wait_for test -s out # at the beginning it does not come back
	while ! gone_or_zombie "$PID"; do
		cli client kill type normal skipme yes >killed
		read -rt 0.05 -u "$NAP" || :
	done
	ended "$PID"
	[ "$RC" = 0 ]
	src -l l -c me --until-end | ce-sink-file out # the last removals may have been cut off
	firsts <out | cmp - <(firsts <sent)
	none_left
}

@test "a list of another type, a wrong host" {
	cli set l text
	run -65 src -l l --until-end
	[[ $output = *WRONGTYPE* && ${#lines[@]} = 1 ]]
	cli set l:processing:me text
	run -65 src -l l -c me --until-end
	[[ $output = *WRONGTYPE* && ${#lines[@]} = 1 ]]
	run -69 ce-src-redis -u redis://127.0.0.1:1 -l l
	[ "${#lines[@]}" = 1 ]
	run -64 src -l l -s s
	run -64 src -l l -g g
	run -64 src -l l --state f
	run -64 src -s s --rpop
	run -64 src --subscribe c --until-end
}

@test "channels and patterns: events as they are, others wrapped" {
	events 2000 >sent
	spawn_sh "ce-src-redis -u $URL --subscribe c --subscribe d --psubscribe 'p.*' | ce-sink-file out"
	wait_for heard numsub d
	wait_for heard numpat
	ce-sink-redis -u "$URL" --publish c <sent
	wait_for lines out 2000
	cmp out sent
	ce-sink-redis -u "$URL" --publish p.x < <(one)
	wait_for lines out 2001
	cli publish d 'free text'
	wait_for lines out 2002
	[ "$(tail -n 1 out | jq -r '[.type, .subject, .source, .datacontenttype, .data] | join(" ")')" = \
		"redis.message d $URL/0/d text/plain free text" ]
}

@test "a subscriber whose server goes away says what may be missing" {
	spawn_sh "ce-src-redis -u $URL --subscribe c 2>said | ce-sink-file out"
	wait_for heard numsub c
	one | ce-sink-redis -u "$URL" --publish c
	wait_for lines out 1
	murder
	wait_for has said 'will retry'
	restart
	wait_for has said 'may be missing'
	grep -qE 'published between 20.*Z and 20.*Z may be missing' said
	one | ce-sink-redis -u "$URL" --publish c
	wait_for lines out 2
}

@test "a subscriber that is too slow is cut off, and says so" {
	cli config set client-output-buffer-limit 'pubsub 1mb 1mb 1'
	padded 30000 1000 >sent
	spawn_sh "ce-src-redis -u $URL --subscribe c --ack none 2>said | { while [ ! -e go ]; do read -rt 0.02 <> <(:); done; exec cat >out; }"
	wait_for heard numsub c
	ce-sink-redis -u "$URL" --publish c <sent
	touch go
	wait_for has said 'may be missing'
	has said 'more was published than was taken'
	cli config set client-output-buffer-limit 'pubsub 32mb 8mb 60'
}

@test "a silent server is noticed by a subscriber" {
	spawn_sh "ce-src-redis -u $URL --subscribe c --timeout 300ms --connect-timeout 3s 2>said | ce-sink-file out"
	wait_for heard numsub c
	kill -STOP "$(<"$DIR/server")"
	wait_for has said 'no answer' || { kill -CONT "$(<"$DIR/server")"; false; }
	kill -CONT "$(<"$DIR/server")"
	wait_for has said 'may be missing'
}

@test "notifications of keys" {
	spawn_sh "ce-src-redis -u $URL --keyspace 'k*' | ce-sink-file out"
	wait_for heard numpat
	cli set k1 x
	cli set other x
	cli del k1
	wait_for lines out 2
	[ "$(jq -r '[.type, .subject, .source, .data.key, .data.event] | join(" ")' out | paste -sd,)" = \
		"redis.key.set k1 $URL/0/k1 k1 set,redis.key.del k1 $URL/0/k1 k1 del" ]
	cli config set notify-keyspace-events ''
	run -78 src --keyspace '*'
	[[ $output = *'sends no notifications'* && ${#lines[@]} = 1 ]]
	cli config set notify-keyspace-events KA
}

@test "rights to channels are missing: 77" {
	cli acl setuser ce on '>cepw' '~*' resetchannels +@all
	export GOOD=cepw
	run -77 src --user ce --password env:GOOD --subscribe c
	[[ $output = *NOPERM* && ${#lines[@]} = 1 ]]
	cli acl deluser ce
}

@test "TLS: a list and a channel" {
	local tls c=$DIR/tls

	tls=rediss://localhost:$(<"$DIR/tlsport")
	events 2000 >sent
	fill
	ce-src-redis -u "$tls" --tls-ca "$c/ca.crt" -l l -c me --until-end | ce-sink-file out
	cmp out sent
	spawn_sh "ce-src-redis -u $tls --tls-ca $c/ca.crt --subscribe c | ce-sink-file said"
	wait_for heard numsub c
	ce-sink-redis -u "$URL" --publish c <sent
	wait_for lines said 2000
	cmp said sent
}
