# redis.bash -- what the tests of the Redis programs share.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

cli() { redis-cli -p "$(<"$DIR/port")" "$@"; }
# restart: the server of this file, after it was killed.
restart() { "$HERE/server/redis" "$DIR" >/dev/null 3>&-; }
# murder: kill -9 of it, until it is gone.
murder() {
	local p

	p=$(<"$DIR/server")
	kill -9 "$p"
	wait_for gone "$p"
}
# in_stream NAME: the events in it, one a line (a stream with one field an entry).
in_stream() { cli --raw xrange "$1" - + | awk 'NR % 3 == 0'; }
# has_entries NAME N: it has so many or more.
has_entries() { [ "$(cli xlen "$1")" -ge "$2" ]; }
one() { echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"n":1}}'; }
# firsts: of lines that may be repeated, the first of each, in their order.
firsts() { awk '!seen[$0]++'; }
