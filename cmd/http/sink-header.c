/* sink-header.c -- the method and the headers that the user asked for
 *
 * What would break the framing, or put a secret on the command line, is refused.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>

#include "sink.h"

struct header {
	char *name;
	struct ce_template *value;
};
static struct header *headers;

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!is_token_char(s[i]))
			return false;
	return n > 0;
}

/* Headers that are made here, or would break the framing, or hold secrets. */
static const char *
reserved(const char *name)
{
	static const char *const ours[] = { "content-length", "transfer-encoding", "content-type",
		"content-encoding", "connection", "expect", "te", "trailer", "upgrade", NULL };
	int i;

	for (i = 0; ours[i] != NULL; i++)
		if (strcasecmp(name, ours[i]) == 0)
			return "is set by the program";
	if (strncasecmp(name, "ce-", 3) == 0)
		return "is an attribute of the event: set it with a filter";
	if (strcasecmp(name, "authorization") == 0 || strcasecmp(name, "proxy-authorization") == 0)
		return "holds a secret, and the command line is public: use --bearer, --user or --oauth-url";
	return NULL;
}

static void
parse_header(struct header *h, const char *text)
{
	size_t n = strcspn(text, ":");
	const char *why;

	if (text[n] != ':' || !is_token(text, n))
		ce_die(CE_USAGE, "-H %s: it must be 'Name: value'", text);
	h->name = ce_strndup(text, n);
	if ((why = reserved(h->name)) != NULL)
		ce_die(CE_USAGE, "-H %s: this header %s", h->name, why);
	text += n + 1;
	text += strspn(text, " \t");
	if ((h->value = ce_template_new(text, &why)) == NULL)
		ce_die(CE_USAGE, "-H %s: %s", h->name, why);
}

static void
check_method(void)
{
	static const char *const bodiless[] = { "GET", "HEAD", "CONNECT", "OPTIONS", "TRACE", NULL };
	int i;

	if (!is_token(sink_conf.method, strlen(sink_conf.method)))
		ce_die(CE_USAGE, "-X %s: it is no method", sink_conf.method);
	for (i = 0; bodiless[i] != NULL; i++)
		if (strcasecmp(sink_conf.method, bodiless[i]) == 0)
			ce_die(CE_USAGE, "-X %s: this method does not carry an event", sink_conf.method);
}

void
headers_check(void)
{
	int i;

	check_method();
	headers = ce_alloc(((size_t)sink_conf.headers.n + 1) * sizeof(*headers));
	for (i = 0; i < sink_conf.headers.n; i++)
		parse_header(&headers[i], sink_conf.headers.v[i]);
}

bool
headers_fixed(void)
{
	int i;

	for (i = 0; i < sink_conf.headers.n; i++)
		if (!ce_template_fixed(headers[i].value))
			return false;
	return true;
}

enum ce_verdict
headers_add(struct delivery *d)
{
	static struct ce_buf value;
	int i;

	for (i = 0; i < sink_conf.headers.n; i++) {
		const char *missing;

		ce_buf_reset(&value);
		missing = ce_template_fill(headers[i].value, d->evs[0], CE_ESC_LINE, &value);
		if (missing != NULL)
			return ce_never("header %s needs %s, which the event does not have",
			    headers[i].name, missing);
		ce_http_header(d->http, headers[i].name, value.p, value.len);
	}
	return CE_TAKEN;
}
