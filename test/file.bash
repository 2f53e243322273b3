# file.bash -- what the tests of ce-src-file share.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2154

# data: the data of each event as a line, other bytes than text as b64:.
data() { jq -r 'if has("data") then (.data | if type == "string" then . else tojson end) else "b64:" + .data_base64 end' "$@"; }
quiet() { "$@" 2>/dev/null; }

# follows [ARGS...]: starts ce-src-file -f, its events to the file out.
follows() { spawn bash -c 'exec ce-src-file -f "$@" >>out 2>>err' - "$@"; }

# got LINES...: exactly these data arrive in out, in this order.
got() {
	printf '%s\n' "$@" >want
	wait_for lines out "$#" || { cat out err >&2; return 1; }
	data out | diff want - >&2
}
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
idle() { [ "$(awk '{ print $3 }' "/proc/$1/stat")" = S ]; }
# to_end CMD...: its standard output reaches a sink that acknowledges, in out.
to_end() { ce-src-file "$@" 2>>err | ce-sink-file --sync none out; return "${PIPESTATUS[0]}"; }

# less: in front of a command, takes from root what others never had.
less=()
if [ "$(id -u)" = 0 ]; then
	none=-dac_override,-dac_read_search
	less=(setpriv "--bounding-set=$none" "--inh-caps=$none")
fi
unprivileged() { "${less[@]}" "$@"; }
