# toxic.bash -- networks that are slow or break, by toxiproxy.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154

export VIA

# In setup_file: toxiproxy starts it.  In setup: toxic_or_skip.  In teardown_file: no_toxiproxy.
toxiproxy() {
	local -x DIR URL NOSERVER

	serve toxiproxy || return
	export TOXIPROXY=$URL NOTOXIPROXY=$NOSERVER
}
toxic_or_skip() { [ -z "$NOTOXIPROXY" ] || skip "$NOTOXIPROXY"; }
no_toxiproxy() { DIR=$BATS_FILE_TMPDIR/toxiproxy unserve; }

# via HOST:PORT [PORT]: a way there that can be spoilt; it begins at the HOST:PORT in VIA,
# at this port or any.  no_via: no more.
via() {
	VIA=$(curl -fsS "$TOXIPROXY/proxies" \
		-d "{\"name\":\"t$BATS_TEST_NUMBER\",\"listen\":\"127.0.0.1:${2:-0}\",\"upstream\":\"$1\"}" | jq -r .listen)
}
no_via() { [ -z "$VIA" ] || curl -fsS -X DELETE "$TOXIPROXY/proxies/t$BATS_TEST_NUMBER" >/dev/null; }
# toxic TYPE STREAM ATTRIBUTES: spoils it (upstream, downstream; JSON); mended TYPE: no more.
toxic() {
	curl -fsS "$TOXIPROXY/proxies/t$BATS_TEST_NUMBER/toxics" \
		-d "{\"name\":\"$1\",\"type\":\"$1\",\"stream\":\"$2\",\"attributes\":$3}" >/dev/null
}
mended() { curl -fsS -X DELETE "$TOXIPROXY/proxies/t$BATS_TEST_NUMBER/toxics/$1" >/dev/null; }
# By sink, sunk and come of the test.  outlives_sink TYPE MS: it goes on when that is over;
# outlives_src TYPE MS [COMMAND]: so does the source, which was started before.
outlives_sink() {
	toxic "$1" upstream "{\"timeout\":$2}"
	sink
	wait_for has err 'will retry'
	mended "$1"
	sunk
}
outlives_src() {
	wait_for test -s got
	toxic "$1" downstream "{\"timeout\":$2}"
	"${@:3}"
	wait_for has err 'will retry'
	mended "$1"
	come
}
# What had come before is through; more than that is there to be read, by fill FILE.
some_more() {
	events 500 2001 >rest
	fill rest
	cat rest >>sent
}
