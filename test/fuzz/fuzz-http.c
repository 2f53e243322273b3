/* fuzz-http -- any request to events; needs: cmd/http/src-request.c cmd/http/src-wrap.c cmd/http/binding.c
 *
 * Input: lines NAME:VALUE up to an empty line, then the body.  What must hold for
 * every request: it is refused with a status and a reason, or its events are
 * valid, each one line.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "../../cmd/http/src.h"

#define MOST 40

static void
refused(struct refusal no)
{
	must(no.status == 400 || no.status == 413 || no.status == 415);
	must(no.why != NULL && *no.why != '\0');
}

/* As the next stage sees it: with the line in memory of exactly its size. */
static void
emitted(const struct ce_event *ev)
{
	static struct ce_event again;
	char *copy = malloc(ev->len + 1);

	must(copy != NULL && ev->len > 0);
	memcpy(copy, ev->text, ev->len);
	must(memchr(copy, '\n', ev->len) == NULL);
	must(ce_event_parse(&again, copy, ev->len) == NULL);
	free(copy);
}

static void
take(const struct request *q, const struct wrap *w)
{
	static struct ce_event ev;
	struct ce_event *one;
	enum binding_mode mode;
	struct batch b = { 0 };
	struct refusal no;
	bool wrapped;
	long n = 0;

	no = request_mode(q, w, &mode, &wrapped);
	if (no.status == 0 && mode == BINDING_BATCH) {
		no = batch_open(&b, q->body);
		while (no.status == 0 && batch_next(&b, &ev)) {
			emitted(&ev);
			n++;
		}
		must(no.status != 0 || n == b.n);
	} else if (no.status == 0) {
		no = request_event(q, w, mode, wrapped, &one);
		if (no.status == 0)
			emitted(one);
	}
	if (no.status != 0)
		refused(no);
}

/* The head, split; the rest is the body. */
static int
split(char *text, size_t *n, struct binding_header *h)
{
	char *p = text, *end = text + *n, *nl, *colon;
	int k = 0;

	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL && nl > p && k < MOST) {
		if ((colon = memchr(p, ':', (size_t)(nl - p))) != NULL) {
			h[k].name = (struct ce_str){ p, (size_t)(colon - p) };
			h[k++].value = (struct ce_str){ colon + 1, (size_t)(nl - colon - 1) };
		}
		p = nl + 1;
	}
	if (nl == p)
		p++;
	*n = (size_t)(p - text);
	return k;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *kept[] = { "X-Kept", "User-Agent" };
	static struct wrap none, some = { "org.test", NULL, { kept, 2 } },
	    named = { "org.test", "urn:source", { kept, 1 } };
	const struct wrap *const wraps[] = { &none, &some, &named };
	struct binding_header h[MOST];
	struct request q = { NULL, h, 0, NULL };
	struct ce_buf body = { 0 };
	char *head = malloc(n + 1), *path = malloc(n + 2);
	size_t used = n, i;

	must(head != NULL && path != NULL && wrap_check(&some) == NULL && wrap_check(&named) == NULL);
	memcpy(head, p, n);
	q.n = split(head, &used, h);
	path[0] = '/';
	memcpy(path + 1, p, n);
	path[1 + n] = '\0';
	q.path = path;
	for (i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++) {
		ce_buf_reset(&body);
		ce_buf_add(&body, p + used, n - used);
		q.body = &body;
		take(&q, wraps[i]);
	}
	ce_buf_free(&body);
	free(head);
	free(path);
	return 0;
}
