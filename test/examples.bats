# examples.bats -- the manual and README.md do what they say
# SPDX-License-Identifier: Apache-2.0
load help
bats_require_minimum_version 1.5.0

# run_examples PAGE [same]: each example in an empty directory with the files
# that the page shows; "same": all in one, in their order, as a reader would.
run_examples() {
	local page=$1 n sh dir bad=0

	"$HERE/man-examples" "$page" "$T/examples"
	for ((n = 1; ; n++)); do
		sh=$T/examples/$n.sh
		[ -e "$sh" ] || break
		dir=$T/dir.${2:-$n}
		mkdir -p "$dir"
		cp -r "$T/examples/files/." "$dir"
		if ! (cd "$dir" && timeout 60 bash -eu -o pipefail "$sh") >"$T/got" 2>"$T/said" 3>&- </dev/null; then
			echo "example $n of $page fails:"
			cat "$sh" "$T/got" "$T/said"
			bad=1
		elif [ -e "$T/examples/$n.out" ] && ! diff -u "$T/examples/$n.out" "$T/got"; then
			echo "example $n of $page prints something else:"
			cat "$sh" "$T/said"
			bad=1
		fi
	done
	[ "$n" -gt 1 ] || { echo "$page has no example that is run"; return 1; }
	return $bad
}

@test "ce(7)" { run_examples "$ROOT/man/ce.7"; }
@test "ce-event(5)" { run_examples "$ROOT/man/ce-event.5"; }
@test "ce-ack(5), and its sink in Python has 40 lines at most" {
	run_examples "$ROOT/man/ce-ack.5"
	[ "$(wc -l <"$T/examples/files/sink.py")" -le 40 ]
}
@test "ce-src-file(1)" { run_examples "$ROOT/man/ce-src-file.1"; }
@test "ce-sink-file(1)" { run_examples "$ROOT/man/ce-sink-file.1"; }
@test "ce-src-http(1)" {
	need curl
	run_examples "$ROOT/man/ce-src-http.1"
}
@test "ce-sink-http(1)" { run_examples "$ROOT/man/ce-sink-http.1"; }
@test "ce-src-kafka(1) and ce-sink-kafka(1)" {
	need ce-src-kafka
	serve kafka
	served
	export CE_KAFKA_BROKERS=$URL
	run_examples "$ROOT/man/ce-sink-kafka.1"
	run_examples "$ROOT/man/ce-src-kafka.1"
	unserve
}
@test "ce-src-rabbitmq(1) and ce-sink-rabbitmq(1)" {
	need ce-src-rabbitmq
	serve rabbitmq
	served
	export CE_RABBITMQ_URL=$URL
	run_examples "$ROOT/man/ce-src-rabbitmq.1"
	run_examples "$ROOT/man/ce-sink-rabbitmq.1"
	unserve
}
@test "ce-src-redis(1)" {
	need redis-server redis-cli
	run_examples "$ROOT/man/ce-src-redis.1"
}
@test "ce-sink-redis(1)" {
	need redis-server redis-cli
	run_examples "$ROOT/man/ce-sink-redis.1"
}
@test "ce-src-mongodb(1)" { run_examples "$ROOT/man/ce-src-mongodb.1"; }
@test "ce-sink-mongodb(1)" { run_examples "$ROOT/man/ce-sink-mongodb.1"; }
@test "ce-wrap(1)" { run_examples "$ROOT/man/ce-wrap.1"; }
@test "ce-top(1)" { run_examples "$ROOT/man/ce-top.1"; }
@test "ce-validate(1)" { run_examples "$ROOT/man/ce-validate.1"; }
@test "ce-dead(1)" { run_examples "$ROOT/man/ce-dead.1"; }
@test "ce-exec(1)" { run_examples "$ROOT/man/ce-exec.1"; }
@test "ce-dedup(1)" { run_examples "$ROOT/man/ce-dedup.1"; }
@test "ce-jq(1)" {
	need ce-jq
	run_examples "$ROOT/man/ce-jq.1"
}
@test "ce-buf(1)" { run_examples "$ROOT/man/ce-buf.1"; }
@test "ce-unwrap(1)" { run_examples "$ROOT/man/ce-unwrap.1"; }
@test "ce-tee(1)" { run_examples "$ROOT/man/ce-tee.1"; }
@test "ce-map(1)" { run_examples "$ROOT/man/ce-map.1"; }
@test "ce-rate(1)" { run_examples "$ROOT/man/ce-rate.1"; }
@test "ce-cat(1)" { run_examples "$ROOT/man/ce-cat.1"; }
@test "ce-filter(1)" { run_examples "$ROOT/man/ce-filter.1"; }

@test "no program's page without an example that is run here" {
	for page in "$ROOT"/man/*.1; do
		grep -q "run_examples \"\$ROOT/man/$(basename "$page")\"" "$HERE/examples.bats"
		grep -q '^\.\\" test$' "$page"
	done
}

@test "README.md: the tour, as printed, in one directory" {
	[ "$(wc -l <"$ROOT/README.md")" -lt 150 ]
	run_examples "$ROOT/README.md" tour
}

# Built as the page says, outside of the tree.
@test "ce-connector(7): the source, the filter, the relay and the sink compile and work" {
	local libs

	need cc pkg-config
	read -ra libs < <(pkg-config --libs --silence-errors jansson libcrypto libssl libcurl libmicrohttpd gnutls)
	"$HERE/man-examples" "$ROOT/man/ce-connector.7" examples
	for c in examples/files/*.c; do
		p=$(basename "$c" .c)
		cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -I"$ROOT/lib" \
			${SANITIZED:+-fsanitize=address,undefined} -o "$p" "$c" "$B/libce.a" "${libs[@]}"
	done
	PATH=$PWD:$PATH
	run -0 bash -o pipefail -c "ce-src-count --state pos --count 3 --source /c | ce-only --type count | ce-unwrap --format '{id}'"
	[ "$output" = $'1\n2\n3' ]
	run -0 bash -o pipefail -c "ce-src-count --state pos --count 2 | ce-only -t other | ce-unwrap"
	[ "$output" = '' ]
	run -0 bash -o pipefail -c "ce-src-count --state pos --count 1 | ce-unwrap --format '{id}'"
	[ "$output" = 6 ]
	ce-src-count --count 1 | ce-only --type count | jq -e 'has("subject") | not' >/dev/null
	run -0 bash -o pipefail -c "ce-src-count --state pos --count 2 | ce-twice | ce-unwrap --format '{id}'"
	[ "$output" = $'7\ncopy\n8\ncopy' ]
	ce-wrap -s /s -t t <<<hello | ce-sink-syslog --tag ce-test
	for p in ce-src-count ce-only ce-twice ce-sink-syslog; do "$p" --help >/dev/null; done
}
