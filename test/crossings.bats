# crossings.bats -- each broker's source into each broker's sink: a thousand events,
# byte for byte and in order.
# SPDX-License-Identifier: Apache-2.0

load help
export BATS_TEST_TIMEOUT=400 # four servers are started, and 16 pipelines

# Those whose server is not to be had are left out; 16 ways are to be seen.
@test "every source of a broker into every sink of one" {
	local s all=(kafka mongodb rabbitmq redis) ways=()

	for s in "${all[@]}"; do
		[ -x "$B/bin/ce-src-$s" ] || skip "ce-src-$s was not built"
		ways+=(-s "$s" -d "$s")
	done
	"$HERE/torture" 1 "${ways[@]}" -m none -k calm -n 1000 >out || {
		cat out
		grep -q '^torture: ' out || return 1
	}
	[ "$(grep -c ' 1 rounds, 0 restarts, 0 failed$' out)" = 16 ]
}
