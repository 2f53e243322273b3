# mongodb.bash -- what the tests of the MongoDB programs share.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154

MONGO_PYTHON="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ce-test/python-SecantusDB==0.7.0b3/bin/python"

# A process that a test killed may have left the number of a later one taken: BUGS.
export MONGOC_DISABLE_SHM=1

# mongo PYTHON: see data/mongo.py.
mongo() { timeout 60 "$MONGO_PYTHON" "$HERE/data/mongo.py" "${MONGO_URL:-$URL}" <<<"$1"; }
# restart: the server of this file, after it was killed.  murder: kill -9 of it.
restart() { "$HERE/server/mongodb" "$DIR" >/dev/null 3>&-; }
murder() {
	local p

	p=$(<"$DIR/server")
	kill -9 "$p"
	wait_for gone "$p"
}
count() { mongo "print(d['$1'].count_documents({}))"; } # COLLECTION
holds() { [ "$(count "$1")" -ge "$2" ]; }               # COLLECTION N
# fail_point MODE DATA: the next commands fail so; both are JSON.
fail_point() {
	mongo "import json
c.admin.command('configureFailPoint', 'failCommand', mode=json.loads('$1'), data=json.loads('$2'))" >/dev/null
}
fail_off() { mongo "c.admin.command('configureFailPoint', 'failCommand', mode='off')" >/dev/null; }
one() { echo '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"n":1}}'; }
# firsts: of lines that may be repeated, the first of each, in their order.
firsts() { awk '!seen[$0]++'; }
