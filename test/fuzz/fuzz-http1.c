/* fuzz-http1 -- any bytes as the answer of an HTTP server
 *
 * What must hold: the answer is the same however the bytes are cut into portions,
 * its fields are text without line ends, no more is kept than is allowed, and a
 * connection is kept only where the end of the answer is known.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "../../lib/http.h"
#include "../../lib/http1.h"

struct outcome {
	struct http1 a;
	struct ce_buf body;
	enum http1_result r;
	size_t used;
};

static void
keep(void *arg, const char *p, size_t n)
{
	ce_buf_add(arg, p, n);
}

/* In portions of k bytes, each in memory of exactly its size. */
static void
run(struct outcome *o, const uint8_t *p, size_t n, size_t k)
{
	ce_buf_reset(&o->body);
	http1_begin(&o->a);
	o->r = HTTP1_MORE;
	o->used = 0;
	while (o->r == HTTP1_MORE && o->used < n) {
		size_t m = n - o->used < k ? n - o->used : k, taken = m;
		char *copy = malloc(m);

		must(copy != NULL);
		memcpy(copy, p + o->used, m);
		o->r = http1_take(&o->a, copy, &taken, keep, &o->body);
		must(taken <= m && (o->r != HTTP1_MORE || taken == m));
		o->used += taken;
		free(copy);
	}
	if (o->r == HTTP1_MORE)
		o->r = http1_end(&o->a);
}

static void
check(const struct outcome *o)
{
	const char *at = NULL, *name, *value;

	must((o->r == HTTP1_BAD) == (o->a.why != NULL));
	must(o->r == HTTP1_BAD || (o->a.status >= 200 && o->a.status <= 999));
	must(o->a.fields.len <= CE_HTTP_HEAD_MAX + 65536);
	while (http1_each(&o->a, &at, &name, &value)) {
		must(*name != '\0' && strpbrk(name, ": \t\r\n") == NULL);
		must(strpbrk(value, "\r\n") == NULL);
	}
	must(o->a.status != 204 || o->body.len == 0);
}

static void
same(const struct outcome *x, const struct outcome *y)
{
	must(x->r == y->r && x->a.status == y->a.status && x->a.keep == y->a.keep);
	if (x->r == HTTP1_BAD)
		return;
	must(x->used == y->used);
	must(x->a.fields.len == y->a.fields.len && (x->a.fields.len == 0 ||
	    memcmp(x->a.fields.p, y->a.fields.p, x->a.fields.len) == 0));
	must(x->body.len == y->body.len &&
	    (x->body.len == 0 || memcmp(x->body.p, y->body.p, x->body.len) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct outcome whole, bytes, some;

	run(&whole, p, n, n);
	run(&bytes, p, n, 1);
	run(&some, p, n, 7);
	check(&whole);
	check(&bytes);
	same(&whole, &bytes);
	same(&whole, &some);
	return 0;
}
