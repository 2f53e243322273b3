/* fuzz-dead -- any bytes as a letter, made fit for eyes
 * needs: cmd/dead/text.c
 *
 * Nothing of it reaches a terminal as a control byte, every line is indented, and
 * JSON without its white space is what it was.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "../../cmd/dead/dead.h"

static struct ce_event ev;

/* Appends text without white space between the tokens. */
static void
squeeze(struct ce_buf *out, const char *p, size_t n)
{
	bool inside = false;

	for (size_t i = 0; i < n; i++) {
		if (inside && p[i] == '\\') {
			ce_buf_add(out, p + i, 2);
			i++;
			continue;
		}
		if (p[i] == '"')
			inside = !inside;
		if (inside || strchr(" \t\r\n", p[i]) == NULL)
			ce_buf_putc(out, p[i]);
	}
}

static bool
plain(const char *p, size_t n)
{
	uint32_t cp;
	int k;

	for (; n > 0; p += k, n -= (size_t)k)
		if ((k = ce_utf8(p, n, &cp)) == 0 || (cp < 0x20 && cp != '\n') ||
		    (cp >= 0x7f && cp <= 0x9f))
			return false;
	return true;
}

static void
check(const char *text, size_t n)
{
	struct ce_buf seen = { 0 }, tmp = { 0 }, a = { 0 }, b = { 0 };
	struct ce_str bytes;
	bool json, any;
	char *nl;

	add_data(&seen, &ev, "    ");
	must(plain(seen.p != NULL ? seen.p : "", seen.len));
	must(seen.len == 0 || seen.p[seen.len - 1] == '\n');
	ce_buf_reset(&tmp);
	any = ce_data(&ev, &tmp, &bytes, &json);
	must(any == (seen.len > 0));
	if (any && json && ev.at[CE_AT_DATA_BASE64] < 0 && plain(text, n)) {
		must((nl = memchr(seen.p, '\n', seen.len)) != NULL);
		squeeze(&a, bytes.p, bytes.len);
		squeeze(&b, nl, seen.len - (size_t)(nl - seen.p));
		must(a.len == b.len && memcmp(a.p, b.p, a.len) == 0);
	}
	ce_buf_free(&seen);
	ce_buf_free(&tmp);
	ce_buf_free(&a);
	ce_buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *line = malloc(n + 1); /* line[len] is writable */

	must(line != NULL);
	if (n > 0)
		memcpy(line, p, n);
	if (ce_event_parse(&ev, line, n) == NULL)
		check((const char *)p, n);
	free(line);
	return 0;
}
