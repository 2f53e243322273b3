#!/usr/bin/env bats
# redis-src.bats -- ce-src-redis against a real redis-server.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load redis
bats_require_minimum_version 1.5.0

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/redis"
	"$HERE/certs" "$BATS_FILE_TMPDIR/redis/tls"
	serve redis
}
setup() { served; }
teardown() {
	reap
	[ -n "$NOSERVER" ] || cli flushall >/dev/null
}
teardown_file() { unserve; }

fill() { ce-sink-redis -u "$URL" -s s <sent; } # with sent
pending() { cli --raw xpending s g | head -n 1; }
unacked() { [ "$(pending)" = "$1" ]; }
src() { ce-src-redis -u "$URL" "$@"; }

@test "a group: 10,000 nasty events, byte for byte, all acknowledged" {
	events 10000 >sent
	fill
	src -s s -g g --create --until-end | ce-sink-file out
	cmp out sent
	[ "$(pending)" = 0 ]
	src -s s -g g --until-end | ce-sink-file more
	[ ! -s more ]
}

@test "without a group: from the start, from a position, from an entry, from the end" {
	events 3000 >sent
	fill
	src -s s --until-end >all
	cmp all sent
	src -s s --state pos --count 1000 | ce-sink-file out
	[ "$(wc -l <out)" = 1000 ]
	src -s s --state pos --until-end | ce-sink-file out
	cmp out sent
	id=$(cli --raw xrange s - + count 10 | sed -n '28p')
	src -s s --from "$id" --until-end | cmp - <(sed 1,10d sent)
	src -s s --from '$' --state end --until-end | ce-sink-file none
	[ ! -s none ]
	one | ce-sink-redis -u "$URL" -s s
	src -s s --state end --until-end | ce-sink-file late
	cmp late <(one)
	run -78 src -s other --state end
	[[ $output = *'another stream, s'* ]]
}

@test "what comes while it waits is printed at once" {
	spawn_sh "ce-src-redis -u $URL -s s -g g --create | ce-sink-file out"
	wait_for has_group
	for i in 1 2 3; do
		events 1 "$i" | ce-sink-redis -u "$URL" -s s
		wait_for lines out "$i"
	done
	wait_for unacked 0
}
has_group() { cli xinfo groups s 2>/dev/null | grep -q name; }

@test "attributes in fields become the event; others are wrapped, the same each time" {
	events 40 >sent
	ce-sink-redis -u "$URL" -s f --field-per-attribute <sent
	src -s f --until-end >got
	diff <(jq -cS 'del(.datacontenttype, .data, .data_base64) | map_values(values | tostring)' sent) \
		<(jq -cS 'del(.datacontenttype, .data, .data_base64) | map_values(values | tostring)' got)
	diff <(jq -c '[.data, .data_base64]' sent) <(jq -c '[.data, .data_base64]' got)
	cli xadd w 1700000000123-7 name Zo name Ann empty ''
	printf 'xadd w 1700000000124-0 bin "\\xff\\x00"\n' | cli
	src -s w --until-end >wrapped
	src -s w --until-end | cmp - wrapped
	[ "$(sed -n 1p wrapped | jq -r '[.id, .type, .subject, .time, .source] | join(" ")')" = \
		"1700000000123-7 redis.stream w 2023-11-14T22:13:20.123Z $URL/0/w" ]
	has wrapped '"data":{"name":"Zo","name":"Ann","empty":""}'
	has wrapped '"data":{"bin_base64":"/wA="}'
	src -s w --until-end --type x --source /mine --count 1 | jq -e '.type == "x" and .source == "/mine"'
}

@test "what was given before and not finished comes first" {
	events 10 >sent
	fill
	cli xgroup create s g 0
	cli xreadgroup group g me count 4 streams s '>' >given
	src -s s -g g -c me --until-end | ce-sink-file out
	cmp out sent
	[ "$(pending)" = 0 ]
}

@test "entries of a dead consumer are claimed, those on their way are not" {
	events 30 >sent
	fill
	cli xgroup create s g 0
	cli xreadgroup group g dead count 20 streams s '>' >given
	src -s s -g g -c me --until-end | ce-sink-file out
	cmp out <(sed 1,20d sent)
	# a sink that is slow: its events are older than --claim-idle
	cli xgroup create s h 0
	spawn_sh "ce-src-redis -u $URL -s s -g h -c me --claim-idle 50ms | { cat >held & wait; }"
	wait_for lines held 30
	read -rt 0.3 -u "$NAP" || :
	[ "$(wc -l <held)" = 30 ]
	spawn_sh "ce-src-redis -u $URL -s s -g g -c me --claim-idle 50ms | ce-sink-file claimed"
	wait_for lines claimed 20
	cmp claimed <(sed -n 1,20p sent)
	wait_for unacked 0
}

@test "what was delivered too often goes to the dead letters" {
	events 3 >sent
	fill
	cli xgroup create s g 0
	for _ in 1 2 3; do cli xreadgroup group g me count 2 streams s 0 >given; done
	cli xreadgroup group g me count 2 streams s '>' >given
	for _ in 1 2 3; do cli xreadgroup group g me count 2 streams s 0 >given; done
	src -s s -g g -c me --max-deliveries 3 --dead-letter dead --until-end 2>said | ce-sink-file out
	cmp out <(sed -n 3p sent)
	[ "$(jq -r .id dead | paste -sd,)" = 1,2 ]
	[[ $(jq -r .deadreason dead) = *'was delivered 5 times'* ]]
	[ "$(pending)" = 0 ]
	run -64 src -s s -g g --max-deliveries 3
	# of those that are claimed as well, while new ones come
	cli xgroup create s h 0
	cli xreadgroup group h gone count 2 streams s '>' >given
	for _ in 1 2 3; do cli xreadgroup group h gone count 1 streams s 0 >given; done
	spawn_sh "ce-src-redis -u $URL -s s -g h -c me --claim-idle 20ms --max-deliveries 3 --dead-letter dead2 | ce-sink-file both"
	for i in 4 5 6 7 8 9; do
		events 1 "$i" | ce-sink-redis -u "$URL" -s s
		wait_for has both "\"id\":\"$i\""
	done
	wait_for lines both 8
	wait_for lines dead2 1 # younger than 2, which was given once: it may come after all others
	[ "$(ids <both | sort | paste -sd,)" = 2,3,4,5,6,7,8,9 ]
	[ "$(jq -r .id dead2)" = 1 ]
}

@test "an entry that was deleted is acknowledged, and said" {
	events 3 >sent
	fill
	cli xgroup create s g 0
	cli xreadgroup group g me count 3 streams s '>' >given
	cli xdel s "$(cli --raw xrange s - + count 1 | head -n 1)"
	src -s s -g g -c me --until-end 2>said | ce-sink-file out
	cmp out <(sed 1d sent)
	has said 'was deleted before'
	[ "$(pending)" = 0 ]
}

@test "kill -9 of source, sink or both, five times: nothing lost, nothing left" {
	local c="ce-src-redis -u $URL -s s -g g -c me --window 200 --until-end"

	events 20000 >sent
	fill
	cli xgroup create s g 0
	for who in src sink 'src sink' src sink; do
		spawn_sh "sh -c 'echo \$\$ >p.src; exec $c' | sh -c 'echo \$\$ >p.sink; exec ce-sink-file out'"
		# shellcheck disable=SC2086
		strike $who
	done
	$c | ce-sink-file out
	firsts <out | cmp - sent
	[ "$(wc -l <out)" -le 21000 ]
	[ "$(pending)" = 0 ]
}

@test "SIGTERM: no duplicates, 0" {
	events 30000 >sent
	fill
	cli xgroup create s g 0
	: >out
	spawn_sh "{ echo \$BASHPID >pid; exec ce-src-redis -u $URL -s s -g g; } | ce-sink-file out"
	wait_for lines out 100
	kill -TERM "$(cat pid)"
	ended "$PID"
	[ "$RC" = 0 ]
	src -s s -g g --until-end | ce-sink-file out
	cmp out sent
}

@test "the server is killed and restarted: nothing lost, nothing left" {
	events 30000 >sent
	fill
	cli xgroup create s g 0
	: >out
	spawn_sh "{ echo \$BASHPID >pid; exec ce-src-redis -u $URL -s s -g g --window 500; } 2>said | ce-sink-file out"
	wait_for lines out 100
	murder
	restart
	has_all() { [ "$(firsts <out | wc -l)" -ge 30000 ]; }
	wait_for has_all
	wait_for unacked 0
	kill -TERM "$(cat pid)"
	ended "$PID"
	[ "$RC" = 0 ]
	firsts <out | cmp - sent
	[ "$(wc -l <out)" = 30000 ] # what is on its way is not read again
	has said 'will retry'
	has said 'goes on'
}

@test "the server stands still for a while" {
	events 20000 >sent
	fill
	cli xgroup create s g 0
	: >out
	spawn_sh "ce-src-redis -u $URL -s s -g g --until-end | ce-sink-file out"
	wait_for lines out 1
	still "$(<"$DIR/server")"
	ended "$PID"
	[ "$RC" = 0 ]
	cmp out sent
}

@test "wrong group, stream, host, credentials: one line and its code" {
	one | ce-sink-redis -u "$URL" -s s
	run -78 src -s s -g none
	[[ $output = *NOGROUP* && ${#lines[@]} = 1 ]]
	cli set text x
	run -65 src -s text --until-end
	[[ $output = *WRONGTYPE* && ${#lines[@]} = 1 ]]
	run -69 ce-src-redis -u redis://127.0.0.1:1 -s s
	[[ $output = *'cannot connect to 127.0.0.1:1'* && ${#lines[@]} = 1 ]]
	cli acl setuser ce on '>cepw' '~ce:*' +@all
	export GOOD=cepw BAD=hunter2
	run -77 src --user ce --password env:BAD -s ce:s
	[[ $output = *WRONGPASS* && $output != *hunter2* && ${#lines[@]} = 1 ]]
	run -77 src --user ce --password env:GOOD -s s
	[[ $output = *NOPERM* && ${#lines[@]} = 1 ]]
	one | ce-sink-redis -u "$URL" -s ce:s
	src --user ce --password env:GOOD -s ce:s --until-end | cmp - <(one)
	cli acl deluser ce
	run -64 src -s s --from never
	run -64 src
	run -64 src -s s -c me
}

@test "into a program that acknowledges nothing: it ends, and has acknowledged" {
	events 50 >sent
	fill
	timeout 20 ce-src-redis -u "$URL" -s s -g g --create --until-end --ack-wait 300ms 2>said | cat >out
	[ "$(wc -l <out)" = 50 ]
	[ "$(pending)" = 0 ]
}

@test "TLS, both connections" {
	local tls c=$DIR/tls

	tls=rediss://localhost:$(<"$DIR/tlsport")
	events 5000 >sent
	fill
	ce-src-redis -u "$tls" --tls-ca "$c/ca.crt" -s s -g g --create --until-end | ce-sink-file out
	cmp out sent
	[ "$(pending)" = 0 ]
	run -69 ce-src-redis -u "$tls" --tls-ca "$c/ca2.crt" -s s
	[[ $output = *'certificate is refused'* && ${#lines[@]} = 1 ]]
}
