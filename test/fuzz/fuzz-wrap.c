/* fuzz-wrap -- any bytes as a stream of JSON values or CSV rows
 * needs: cmd/wrap/split.c cmd/wrap/csv.c
 *
 * The first byte says how the stream is cut into parts.  Whatever the parts,
 * the records are the same; every byte belongs to one of them or stands
 * between two; and a row that was accepted is JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "../../cmd/wrap/csv.h"
#include "../../cmd/wrap/split.h"

static struct csv_row head, row;

static void
see_row(const char *p, size_t n)
{
	struct ce_buf json = { 0 };
	struct ce_str name;
	size_t at;

	if (csv_parse(&row, p, n, ',') != NULL)
		return;
	must(row.n > 0);
	csv_json(&json, NULL, &row);
	must(ce_json_check(json.p, json.len, &at) == NULL);
	ce_buf_reset(&json);
	if (head.n == row.n && !csv_twice(&head, &name)) {
		csv_json(&json, &head, &row);
		must(ce_json_check(json.p, json.len, &at) == NULL);
	} else
		csv_parse(&head, p, n, ',');
	ce_buf_free(&json);
}

/* What is said of the stream, one line a record, with parts of that size.  A
 * part lies in memory of exactly its size. */
static void
read_all(splitter *split, const uint8_t *p, size_t n, size_t part, struct ce_buf *said)
{
	struct split s = { .delim = ',' };
	size_t from = 0, to = 0;
	bool eof = false;

	ce_buf_reset(said);
	while (!eof || from < n) {
		enum split_what what;
		char *copy;

		to = n - to < part ? n : to + part;
		eof = to == n;
		for (;;) {
			must((copy = malloc(to - from + 1)) != NULL);
			copy = realloc(copy, to - from > 0 ? to - from : 1);
			memcpy(copy, p + from, to - from);
			what = split(&s, copy, to - from, eof);
			must(s.at <= to - from);
			if (what != SPLIT_MORE && what != SPLIT_SKIP) {
				must(s.len <= s.at);
				must(what != SPLIT_BROKEN || s.why != NULL);
				ce_buf_printf(said, "%d %zu %zu\n", what, from, s.len);
			}
			if (what == SPLIT_RECORD && split == split_csv)
				see_row(copy, s.len);
			free(copy);
			if (what == SPLIT_MORE) {
				must(!eof && s.at == to - from);
				break;
			}
			must(s.at > 0 || from == to);
			from += s.at;
			s = (struct split){ .delim = ',' };
			if (from == to)
				break;
		}
	}
	must(from == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct ce_buf whole, parts;
	splitter *const all[] = { split_json, split_csv, split_whole };
	size_t part;

	if (n == 0 || n > 4096)
		return 0;
	part = (size_t)*p++ % 16 + 1;
	n--;
	for (size_t i = 0; i < 3; i++) {
		read_all(all[i], p, n, n + 1, &whole);
		read_all(all[i], p, n, part, &parts);
		must(whole.len == parts.len && memcmp(whole.p, parts.p, whole.len) == 0);
	}
	return 0;
}
