# sdk.bats -- the CloudEvents SDKs of Python and Node send to ce-src-http and receive from ce-sink-http
# SPDX-License-Identifier: Apache-2.0
load help

setup() {
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/ce-test
	PY=$cache/python-cloudevents==2.2.0/bin/python
	export SDK=$cache/node-cloudevents@10.0.0
	# What both SDKs can hold: no attribute that needs an escape (they disagree),
	# data that is an object (of an array Python makes its own spelling),
	# and a time, because they invent one.
	cat >in <<-'END'
		{"specversion":"1.0","id":"1","source":"/sdk","time":"2026-11-23T14:58:01.500Z","type":"org.test.object","datacontenttype":"application/json","data":{"a":[1,2.5,true,null],"b":{"c":"d"}}}
		{"specversion":"1.0","id":"2","source":"/sdk","time":"2026-11-23T14:58:01.500Z","type":"org.test.text","datacontenttype":"text/plain","data":"line one\nline two \u00e9"}
		{"specversion":"1.0","id":"3","source":"/sdk","time":"2026-11-23T14:58:01.500Z","type":"org.test.bytes","datacontenttype":"application/octet-stream","data_base64":"AAECA//+gA=="}
		{"specversion":"1.0","id":"4","source":"https://test.org/sdk?q=1#f","type":"org.test.full","subject":"a/b-c","time":"2026-11-23T14:58:01.123Z","dataschema":"https://test.org/s","datacontenttype":"application/json","partitionkey":"k1","data":{"n":1}}
		{"specversion":"1.0","id":"5","source":"/sdk","time":"2026-11-23T14:58:01.500Z","type":"org.test.array","datacontenttype":"application/json","data":{"x":[{"y":1},"z"]}}
	END
}
python() { [ -x "$PY" ] || skip "no Python SDK: make deps"; }
node_() { [ -d "$SDK" ] && need node || skip "no Node SDK: make deps"; }

# sends CMD...: an SDK sends the events in each mode; what comes out says the same.
sends() {
	local mode

	for mode in binary structured batch; do
		rm -f out
		http_source 'ce-sink-file out'
		"$@" "$URL" $mode <in
		kill -TERM -- "-$PID"
		ended "$PID"
		python3 "$HERE/sdk/same.py" in out || { echo "$mode: that differs"; return 1; }
		not grep -q ackto out
	done
}
# receives CMD...: an SDK receives the events in each mode.
receives() {
	local mode

	for mode in binary structured batch; do
		spawn "$@" >got
		wait_for lines got 1
		ce-sink-http --mode $mode "http://127.0.0.1:$(head -n 1 got)/" <in
		wait_for lines got $(($(wc -l <in) + 1))
		tail -n +2 got >out
		python3 "$HERE/sdk/same.py" in out || { echo "$mode: that differs"; return 1; }
	done
}

@test "the Python SDK sends: binary, structured, batch" {
	python
	sends "$PY" "$HERE/sdk/send.py"
}

@test "the Python SDK receives: binary, structured, batch" {
	python
	receives "$PY" "$HERE/sdk/receive.py"
}

@test "the Node SDK sends: binary, structured, batch" {
	node_
	sends node "$HERE/sdk/send.mjs"
}

@test "the Node SDK receives: binary, structured, batch" {
	node_
	receives node "$HERE/sdk/receive.mjs"
}

@test "percent-encoded headers as the Python SDK writes and reads them" {
	python
	echo '{"specversion":"1.0","id":"1","source":"/sdk","time":"2026-11-23T14:58:01.500Z","type":"t","subject":"\u00e9 \"q\" 100% \ud83d\ude00","datacontenttype":"application/json","data":1}' >in
	http_source 'ce-sink-file out'
	"$PY" "$HERE/sdk/send.py" "$URL" binary <in
	kill -TERM -- "-$PID"
	ended "$PID"
	python3 "$HERE/sdk/same.py" in out
	spawn "$PY" "$HERE/sdk/receive.py" >got
	wait_for lines got 1
	ce-sink-http --mode binary "http://127.0.0.1:$(head -n 1 got)/" <in
	wait_for lines got 2
	tail -n +2 got >out
	python3 "$HERE/sdk/same.py" in out
}
