# exec-kill.bats -- ce-exec: nothing is lost, whoever is killed
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # what is in quotes is for the command
load help
load exec

# The process of our group PID that has that name; a child has it, too, for a moment.
of_group() { pgrep -o -g "$1" -x "$2"; }
nobody_of() { ! pgrep -g "$1" >/dev/null; }

# lossless N SINK: a source of N events into that, killed in each way in the middle
# and then run to the end; in out is every event, and where it was in order, in order.
lossless() {
	local n=$1 run=$2 who pid source='ce-src-file --as events --state state --window 100'

	events "$n" >in
	keeper
	for who in exec command all term; do
		rm -f out state
		spawn_sh "exec 2>>said; $source -f in | $run"
		pid=$PID
		wait_for lines out $((n / 6))
		case $who in
		exec) kill -9 "$(of_group "$pid" ce-exec)" ;;
		command)
			pgrep -P "$(of_group "$pid" ce-exec)" | xargs -r kill -9 || :
			wait_for lines out "$n"
			kill -TERM "$(of_group "$pid" ce-src-file)"
			;;
		all) kill -9 -- "-$pid" ;;
		term) kill -TERM "$(of_group "$pid" ce-src-file)" ;;
		esac
		ended "$pid" && wait_for nobody_of "$pid" || { echo "$who: it hangs"; cat said; return 1; }
		spawn_sh "set -o pipefail; exec 2>>said; $source --until-end in | $run"
		ended "$PID" && [ "$RC" = 0 ] || { echo "$who: $RC"; cat said; return 1; }
		sort -u out | cmp - <(sort in)
		[[ $run == *'-j 3'* || $run == *inflight* ]] || awk '!seen[$0]++' out | cmp - in
		[ "$(wc -l <out)" -le $((n + 100)) ]
		[ $who != term ] || [ "$(wc -l <out)" = "$n" ]
	done
}
@test "nothing lost: a command for each event" { lossless 200 'ce-exec -- sh -c "cat >>out"'; }
@test "nothing lost: batches" { lossless 2000 'ce-exec --batch 20 -- sh -c "cat >>out"'; }
@test "nothing lost: a command that stays" { lossless 8000 'ce-exec -p -- python3 keeper out'; }
@test "nothing lost: a command that stays, many lines under way" { lossless 8000 'ce-exec -p --inflight 50 -- python3 keeper out'; }
@test "nothing lost: a filter that stays" { lossless 30000 'ce-exec -f -p -- cat | ce-sink-file out'; }
@test "nothing lost: a filter, three at a time" { lossless 300 'ce-exec -j 3 -f -- cat | ce-sink-file out'; }
