/* fuzz-template -- template text (up to the first newline), a data member (the
 * rest) and time formats: no crash, and what a path component may not hold is
 * not in it.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "ce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ce_draft draft;

static struct ce_event *
event(const char *data, size_t n)
{
	ce_draft_begin(&draft);
	ce_set(&draft, "id", "1");
	ce_set_uri(&draft, "source", n > 0 ? data : "/s", n > 0 ? n : 2);
	ce_set(&draft, "type", "t");
	ce_set_str(&draft, "subject", data, n);
	ce_set(&draft, "time", "2026-11-23T15:58:01.5+01:00");
	ce_set_data(&draft, n > 0 && *data == 'x' ? "x/y" : n > 0 && *data == 't' ? "text/plain" :
	    "application/json", data, n);
	return ce_draft_end(&draft);
}

/* A value alone is one component: no slash, no control, neither . nor .., short. */
static void
check_component(const char *p, size_t n)
{
	if (n == 0 || n > 200 || *p == '.' || memchr(p, '/', n) != NULL || !ce_utf8_valid(p, n))
		abort();
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			abort();
}

static void
fill_all(const char *text, struct ce_event *ev, bool component)
{
	const char *why = NULL, *missing;
	struct ce_template *t = ce_template_new(text, &why);
	struct ce_buf out = { 0 };

	if ((t == NULL) != (why != NULL))
		abort();
	if (t == NULL)
		return;
	for (int esc = CE_ESC_NONE; esc <= CE_ESC_VALUE; esc++) {
		ce_buf_reset(&out);
		ce_buf_puts(&out, "before");
		missing = ce_template_fill(t, ev, (enum ce_escape)esc, &out);
		if (strncmp(out.p, "before", 6) != 0 || (missing != NULL && out.len != 6))
			abort();
		if (component && missing == NULL && esc == CE_ESC_PATH)
			check_component(out.p + 6, out.len - 6);
	}
	ce_buf_free(&out);
	ce_template_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *nl = memchr(p, '\n', size);
	size_t n = nl != NULL ? (size_t)(nl - p) : size;
	char *text = ce_strndup(p, n);
	struct ce_event *ev = event(nl != NULL ? nl + 1 : "", nl != NULL ? size - n - 1 : 0);

	fill_all(text, ev, false);
	fill_all("{subject}", ev, nl != NULL && size > n + 1);
	fill_all("{data}", ev, true);
	free(text);
	return 0;
}
