/* rules.c -- every rule that a line breaks, where ce_event_parse names the first.
 *
 * The rules themselves are where they always are; this is the second walk, for
 * lines that are known to be wrong, and may take its time.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "scan.h"

const char *const ce_at_name[CE_NAT] = {
	"id", "source", "specversion", "type", "datacontenttype", "dataschema",
	"subject", "time", "data", "data_base64", "ackto"
};

struct walk {
	struct ce_event *ev;
	void (*fn)(void *arg, const char *rule);
	void *arg;
	struct ce_buf text;
};

void
ce_rule_extension(struct ce_buf *out, struct ce_str name, const char *why)
{
	ce_buf_puts(out, "extension \"");
	ce_buf_visible(out, name.p, name.len, 40);
	ce_buf_printf(out, "\": %s", why);
}

void
ce_rule_member(struct ce_buf *out, const struct ce_event *ev, int i, const char *why)
{
	int which = ce_view_which(&ev->members[i]);

	if (which < 0)
		ce_rule_extension(out, ce_view_name(ev, i), why);
	else
		ce_buf_printf(out, "%s: %s", ce_at_name[which], why);
}

int
ce_name_order(const void *a, const void *b)
{
	const struct ce_str *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->len == 0 ? 0 : memcmp(x->p, y->p, x->len);
}

static void
tell(struct walk *w)
{
	w->fn(w->arg, w->text.p);
	ce_buf_reset(&w->text);
}

static void
member(struct walk *w, int i, const char *why)
{
	if (why == NULL)
		return;
	ce_rule_member(&w->text, w->ev, i, why);
	tell(w);
}

static void
core(struct walk *w, int which, const char *why)
{
	ce_buf_printf(&w->text, "%s: %s", ce_at_name[which], why);
	tell(w);
}

/* A name that is there three times is told once. */
static void
twice(struct walk *w)
{
	int n = w->ev->nmembers, times[CE_NAT] = { 0 }, k = 0, which;
	struct ce_str *v = ce_alloc((size_t)(n + 1) * sizeof(*v));

	for (int i = 0; i < n; i++) {
		which = ce_view_which(&w->ev->members[i]);
		if (which < 0)
			v[k++] = ce_view_name(w->ev, i);
		else if (++times[which] == 2)
			core(w, which, CE_TWICE);
	}
	qsort(v, (size_t)k, sizeof(*v), ce_name_order);
	for (int i = 1; i < k; i++)
		if (ce_name_order(&v[i], &v[i - 1]) == 0 &&
		    (i == 1 || ce_name_order(&v[i], &v[i - 2]) != 0)) {
			ce_rule_extension(&w->text, v[i], CE_TWICE);
			tell(w);
		}
	free(v);
}

/* No member at all: {}, or text that is no object? */
static bool
empty(const struct ce_event *ev)
{
	const char *end = ev->text + ev->len, *p = ce_scan_space(ev->text, end);

	return p < end && *p == '{' && (p = ce_scan_space(p + 1, end)) < end && *p == '}' &&
	    ce_scan_space(p + 1, end) == end;
}

void
ce_event_rules(struct ce_event *ev, void (*fn)(void *arg, const char *rule), void *arg)
{
	struct walk w = { .ev = ev, .fn = fn, .arg = arg };
	int data = ev->at[CE_AT_DATA];

	if (ev->nmembers == 0 && !empty(ev))
		return;
	ce_buf_reset(&w.text);
	for (int i = 0; i < ev->nmembers; i++) {
		if (ce_view_which(&ev->members[i]) < 0)
			member(&w, i, ce_check_name(ce_view_name(ev, i)));
		member(&w, i, ce_check_value(ev, i));
	}
	for (int i = CE_AT_ID; i <= CE_AT_TYPE; i++)
		if (ev->at[i] < 0)
			core(&w, i, CE_MISSING);
	if (ev->at[CE_AT_DATA_BASE64] >= 0 && data >= 0 && ev->members[data].kind != CE_JNULL) {
		ce_buf_puts(&w.text, CE_BOTH);
		tell(&w);
	}
	twice(&w);
	ce_buf_free(&w.text);
}
