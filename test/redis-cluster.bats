#!/usr/bin/env bats
# redis-cluster.bats -- ce-sink-redis and a cluster of three redis-servers.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031

load help
load redis
bats_require_minimum_version 1.5.0

setup_file() { serve redis-cluster; }
setup() { served; }
teardown() {
	reap
	[ -n "$NOSERVER" ] || for n in 1 2 3; do node "$n" flushall >/dev/null; done
}
teardown_file() { unserve; }

node() { redis-cli -p "$(<"$DIR/$1/port")" "${@:2}"; }
any() { redis-cli -c -p "$(<"$DIR/1/port")" "$@"; }
keys() { echo $(($(node 1 dbsize) + $(node 2 dbsize) + $(node 3 dbsize))); }
has_keys() { [ "$(keys)" -ge "$1" ]; }
shared() { events "$1" | awk '{ sub(/}$/, ",\"shard\":\"" NR % 20 "\"}"); print }'; } # N events of 20 shards
# in_shards: of all 20, what the stream o:N holds is what was sent to it.
in_shards() {
	local i

	for i in {0..19}; do
		any --raw xrange "o:$i" - + | awk 'NR % 3 == 0' | firsts | cmp - <(grep -F ",\"shard\":\"$i\"}" sent) || return 1
	done
}
# owner KEY: the number of the node that has its slot.
owner() {
	local n

	for n in 1 2 3; do [[ $(node "$n" exists "$1") = MOVED* ]] || echo "$n"; done
}

@test "a cluster: each event goes to the server that has its key" {
	events 1000 >sent
	ce-sink-redis -u "$URL" --set 's:{id}' <sent 2>said
	[ "$(keys)" = 1000 ]
	for n in 1 2 3; do [ "$(node "$n" dbsize)" -gt 200 ]; done
	for i in 1 77 500 1000; do any --raw get "s:$i" | cmp - <(sed -n "${i}p" sent); done
	[ ! -s said ]
}

@test "a cluster: the order of each stream is kept, from whichever server it begins" {
	shared 20000 >sent
	for n in 1 2 3; do
		ce-sink-redis -u "redis://127.0.0.1:$(<"$DIR/$n/port")" -s 'o:{shard}' <sent
		in_shards
		[ "$(any xlen o:3)" = 1000 ]
		for i in {0..19}; do any del "o:$i" >/dev/null; done
	done
}

@test "a cluster: --once, with the marker where the key is" {
	shared 1000 >sent
	cat sent sent | ce-sink-redis -u "$URL" -s 'o:{shard}' --once
	in_shards
	for i in {0..19}; do [ "$(any xlen "o:$i")" = 50 ]; done
}

@test "a cluster: a slot on its way: ASK is followed, and asked there" {
	local slot from to

	slot=$(node 1 cluster keyslot ask)
	from=$(owner ask)
	to=$((from % 3 + 1))
	node "$to" cluster setslot "$slot" importing "$(node "$from" cluster myid)"
	node "$from" cluster setslot "$slot" migrating "$(node "$to" cluster myid)"
	[[ $(node "$from" xlen ask) = ASK* ]]
	events 500 >sent
	ce-sink-redis -u "$URL" -s ask <sent
	[ "$(printf 'asking\nxlen ask\n' | redis-cli -p "$(<"$DIR/$to/port")" | tail -n 1)" = 500 ]
	for n in "$to" "$from"; do node "$n" cluster setslot "$slot" node "$(node "$to" cluster myid)"; done
	ce-sink-redis -u "$URL" -s ask < <(events 500 501)
	node "$to" --raw xrange ask - + | awk 'NR % 3 == 0' | cmp - <(events 1000)
}

@test "a cluster: a slot on its way has only one of the keys: TRYAGAIN is later" {
	local slot from to

	slot=$(node 1 cluster keyslot half)
	from=$(owner half)
	to=$((from % 3 + 1))
	ce-sink-redis -u "$URL" -s half --once < <(events 1)
	node "$to" cluster setslot "$slot" importing "$(node "$from" cluster myid)"
	node "$from" cluster setslot "$slot" migrating "$(node "$to" cluster myid)"
	events 500 >sent
	spawn_sh "ce-sink-redis -u $URL -s half --once --backoff 20ms --backoff-max 100ms <sent 2>said"
	wait_for has said TRYAGAIN
	for n in "$to" "$from"; do node "$n" cluster setslot "$slot" stable; done
	ended "$PID"
	[ "$RC" = 0 ]
	any --raw xrange half - + | awk 'NR % 3 == 0' | cmp - sent
}

@test "a cluster: slots move while events come: nothing lost, nothing twice, order kept" {
	shared 30000 >sent
	spawn_sh "ce-src-file --as events sent | ce-rate --per-second 6000 | ce-sink-redis -u $URL -s 'o:{shard}' 2>said"
	wait_for has_keys 20
	redis-cli --cluster reshard "127.0.0.1:$(<"$DIR/1/port")" --cluster-from "$(node 1 cluster myid)" \
		--cluster-to "$(node 2 cluster myid)" --cluster-slots 5000 --cluster-yes >moved
	ended "$PID"
	[ "$RC" = 0 ]
	in_shards
	for i in {0..19}; do [ "$(any xlen "o:$i")" = 1500 ]; done
}

@test "a cluster: one of the servers is killed and restarted: nothing lost, order kept" {
	local p

	shared 60000 >sent
	spawn_sh "ce-rate --per-second 15000 <sent | ce-sink-redis -u $URL -s 'o:{shard}' --backoff 20ms --backoff-max 100ms 2>said"
	wait_for has_keys 20
	p=$(<"$DIR/3/server")
	kill -9 "$p"
	wait_for gone "$p"
	wait_for has said CLUSTERDOWN
	"$HERE/server/redis" "$DIR/3" >/dev/null 3>&-
	ended "$PID"
	[ "$RC" = 0 ]
	in_shards
}

acknowledged() { [ "$(any --raw xpending s g | head -n 1)" = 0 ]; }
removed() { [ "$(any exists '{l}' '{l}:taken')" = 0 ]; }
# at N: the URL of the N-th server.
at() { echo "redis://127.0.0.1:$(<"$DIR/$1/port")"; }
# migrate KEY TO: its slot, with it, to the server of that number.
migrate() {
	local slot from n

	slot=$(node 1 cluster keyslot "$1")
	from=$(owner "$1")
	node "$2" cluster setslot "$slot" importing "$(node "$from" cluster myid)"
	node "$from" cluster setslot "$slot" migrating "$(node "$2" cluster myid)"
	node "$from" migrate 127.0.0.1 "$(<"$DIR/$2/port")" "$1" 0 10000
	for n in "$2" "$from" $((6 - $2 - from)); do node "$n" cluster setslot "$slot" node "$(node "$2" cluster myid)"; done
}

@test "a cluster: a source finds its stream, whichever server it begins with" {
	events 2000 >sent
	ce-sink-redis -u "$URL" -s s <sent
	for n in 1 2 3; do
		ce-src-redis -u "$(at "$n")" -s s -g "g$n" --create --until-end 2>said | ce-sink-file "out$n"
		cmp "out$n" sent
		[ "$(any --raw xpending s "g$n" | head -n 1)" = 0 ]
		ce-src-redis -u "$(at "$n")" -s s --until-end | cmp - sent
		ce-src-redis -u "$(at "$n")" -s s --from '$' --state "end$n" --until-end >none
		[ ! -s none ]
	done
	one | ce-sink-redis -u "$URL" -s s
	for n in 1 2 3; do ce-src-redis -u "$(at "$n")" -s s --state "end$n" --until-end >late && cmp late <(one); done
}

@test "a cluster: a source finds its list, whichever server it begins with" {
	events 2000 >sent
	for n in 1 2 3; do
		ce-sink-redis -u "$URL" -l '{{l}}' <sent
		ce-src-redis -u "$(at "$n")" -l '{l}' --processing '{l}:taken' --until-end 2>said | ce-sink-file "out$n"
		cmp "out$n" sent
		removed
	done
}

@test "a cluster: the slot of a stream moves while a group reads it" {
	events 20000 >sent
	any xgroup create s g 0 mkstream >/dev/null
	spawn_sh "ce-src-redis -u $URL -s s -g g --backoff 20ms --backoff-max 100ms 2>said | ce-sink-file out"
	spawn_sh "ce-src-file --as events sent | ce-rate --per-second 5000 | ce-sink-redis -u $URL -s s --backoff 20ms --backoff-max 100ms"
	for n in 1 2 3; do
		wait_for lines out $((n * 4000))
		migrate s $(($(owner s) % 3 + 1))
	done
	wait_for lines out 20000
	wait_for acknowledged
	firsts <out | cmp - sent
	[[ $(<said) = *'s is at 127.0.0.1:'*' now'* ]]
}

@test "a cluster: the slot of a list moves while it is read" {
	events 6000 >sent
	spawn_sh "ce-src-redis -u $URL -l '{l}' --processing '{l}:taken' --backoff 20ms --backoff-max 100ms 2>said | ce-sink-file out"
	ce-sink-redis -u "$URL" -l '{{l}}' < <(head -n 3000 sent)
	wait_for lines out 3000
	wait_for removed
	migrate '{l}' $(($(owner '{l}') % 3 + 1))
	ce-sink-redis -u "$URL" -l '{{l}}' < <(tail -n 3000 sent)
	wait_for lines out 6000
	wait_for removed
	cmp out sent
}

# replicate N OF: a new server N, a replica of the server OF.
replicate() {
	mkdir -p "$DIR/$1"
	ln -sf ../pid "$DIR/$1/pid"
	"$HERE/server/redis" "$DIR/$1" 'cluster-enabled yes' 'cluster-node-timeout 2000' \
		"cluster-port $((10000 + RANDOM % 5000))" >/dev/null 3>&-
	redis-cli --cluster add-node "127.0.0.1:$(<"$DIR/$1/port")" "127.0.0.1:$(<"$DIR/1/port")" \
		--cluster-slave --cluster-master-id "$(node "$2" cluster myid)" >added
	wait_for follows "$1"
}
follows() { [[ $(node "$1" info replication) = *master_link_status:up* ]]; }
leads() { [[ $(node "$1" role) = master* ]]; }

# The last of this file: the cluster is another one after it.
@test "a cluster: a server is lost, its replica takes over, and it is one when it is back: nothing lost" {
	local p from sink

	for n in 1 2 3; do replicate $((n + 3)) "$n"; done
	shared 60000 >sent
	from=$(owner o:1)
	spawn_sh "ce-rate --per-second 15000 <sent | ce-sink-redis -u $URL -s 'o:{shard}' --wait 1 --backoff 20ms --backoff-max 100ms 2>said"
	sink=$PID
	wait_for has_keys 20
	spawn_sh "ce-src-redis -u $(at $((from % 3 + 1))) -s o:1 -g g --create --backoff 20ms --backoff-max 100ms 2>heard | ce-sink-file out"
	wait_for test -s out
	p=$(<"$DIR/$from/server")
	kill -9 "$p"
	wait_for gone "$p"
	DEADLINE=30 wait_for leads $((from + 3))
	wait_for has said '0 of 1 replicas'
	"$HERE/server/redis" "$DIR/$from" >/dev/null 3>&-
	DEADLINE=40 ended "$sink"
	[ "$RC" = 0 ]
	in_shards
	wait_for all_of_1
	has heard 'goes on'
}
all_of_1() { firsts <out | cmp -s - <(grep -F ',"shard":"1"}' sent); }
