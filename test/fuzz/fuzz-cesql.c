/* fuzz-cesql -- an expression, a newline, an event: no crash, nothing read outside
 * of the event, the same answer twice, text that is UTF-8; and LIKE as a plain table
 * of all beginnings has it.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "cesql.h"
#include "fuzz.h"

static struct ce_sql_value
evaluate(struct ce_sql *q, struct ce_event *ev, unsigned *errors)
{
	struct ce_sql_value v = ce_sql_eval(q, ev, errors);

	must((*errors & ~(unsigned)CE_SQL_ALL) == 0 && (*errors & CE_SQL_PARSE) == 0);
	must(v.type <= CE_SQL_STRING);
	must(v.type != CE_SQL_BOOLEAN || v.i == 0 || v.i == 1);
	must(v.type != CE_SQL_STRING || ce_utf8_valid(v.s.p, v.s.len));
	for (unsigned bit = 1; bit < CE_SQL_ALL; bit <<= 1)
		must((*ce_sql_reason(q, bit) != '\0') == ((*errors & bit) != 0));
	return v;
}

static void
twice(struct ce_sql *q, struct ce_event *ev)
{
	unsigned errors, again;
	struct ce_sql_value v = evaluate(q, ev, &errors), w;
	char *s = ce_strndup(v.s.p, v.s.len);

	w = evaluate(q, ev, &again);
	must(errors == again && v.type == w.type && v.i == w.i && v.s.len == w.s.len);
	must(v.s.len == 0 || memcmp(s, w.s.p, w.s.len) == 0);
	must(ce_sql_holds(q, ev, &again) == (errors == 0 && v.type == CE_SQL_BOOLEAN && v.i));
	must(!ce_sql_never_boolean(q) || v.type != CE_SQL_BOOLEAN);
	free(s);
}

/* In memory of just its size, so that the sanitizer sees a byte too far. */
static bool
parse(struct ce_event *ev, const char *p, size_t n, char **text)
{
	*text = ce_alloc(n + 1);
	memcpy(*text, p, n);
	return ce_event_parse(ev, *text, n) == NULL;
}

/* at[i]: the pattern so far matches the first i characters. */
static bool
plainly_like(const char *s, size_t n, const char *p, size_t m)
{
	bool at[65] = { true }, next[65];

	for (size_t j = 0; j < m; j++) {
		bool escaped = p[j] == '\\' && j + 1 < m && (p[j + 1] == '%' || p[j + 1] == '_');

		j += escaped;
		for (size_t i = 0; i <= n; i++)
			if (!escaped && p[j] == '%')
				next[i] = at[i] || (i > 0 && next[i - 1]);
			else
				next[i] = i > 0 && at[i - 1] && ((!escaped && p[j] == '_') || p[j] == s[i - 1]);
		memcpy(at, next, sizeof(at));
	}
	return at[n];
}

static void
like(const char *p, size_t n)
{
	size_t m = n / 2 < 64 ? n / 2 : 64, k = n - m < 64 ? n - m : 64;
	struct ce_buf text = { 0 }, why = { 0 };
	char s[64], pattern[64];
	struct ce_draft d = { 0 };
	struct ce_sql *q;
	unsigned errors;

	for (size_t i = 0; i < k; i++)
		s[i] = "ab%_\\"[(unsigned char)p[i] % 5];
	for (size_t i = 0; i < m; i++)
		pattern[i] = "ab%_\\"[(unsigned char)p[k + i] % 5];
	ce_buf_puts(&text, "subject LIKE '");
	ce_buf_add(&text, pattern, m);
	ce_buf_putc(&text, '\'');
	ce_draft_begin(&d);
	ce_set(&d, "id", "1");
	ce_set(&d, "source", "s");
	ce_set(&d, "type", "t");
	ce_set_str(&d, "subject", s, k);
	q = ce_sql_new(text.p, &why);
	if (q != NULL && k > 0)
		must(ce_sql_holds(q, ce_draft_end(&d), &errors) == plainly_like(s, k, pattern, m));
	ce_sql_free(q);
	ce_draft_free(&d);
	ce_buf_free(&text);
	ce_buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char plain[] = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\","
	    "\"a\":1,\"b\":true,\"c\":\"5\",\"subject\":\"\\u00e4b c\",\"data\":{\"a\":[1,\"\\u00e4\",null]}}";
	const char *p = (const char *)data, *nl = memrchr(p, '\n', size);
	size_t n = nl != NULL ? (size_t)(nl - p) : size;
	char *expression = ce_strndup(p, n), *text;
	struct ce_buf why = { 0 }, out = { 0 };
	struct ce_sql *q = ce_sql_new(expression, &why);
	struct ce_event ev = { 0 };

	must((q == NULL) == (why.len > 0));
	must(ce_utf8_valid(why.p, why.len));
	if (q != NULL) {
		ce_sql_explain(q, &out);
		must(ce_utf8_valid(out.p, out.len) && out.p[out.len - 1] == '\n');
		if (nl != NULL && parse(&ev, nl + 1, size - n - 1, &text))
			twice(q, &ev);
		if (nl != NULL)
			free(text);
		must(parse(&ev, plain, sizeof(plain) - 1, &text));
		twice(q, &ev);
		free(text);
	}
	like(p, size);
	ce_event_free(&ev);
	ce_sql_free(q);
	ce_buf_free(&why);
	ce_buf_free(&out);
	free(expression);
	return 0;
}
