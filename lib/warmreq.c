/* warmreq.c -- a request as httpwarm.c sends it
 *
 * The bytes are those that libcurl would send; what it would not send just as it
 * is written (odd URLs, headers with a meaning for it) is left to it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>

#include "httpwarm.h"

void
warm_new(struct ce_http *h, bool direct)
{
	struct warm *w = CE_NEW(struct warm);

	w->h = h;
	w->copy = -1;
	w->direct = direct;
	h->warm = w;
}

void
warm_forget(struct warm *w)
{
	ce_buf_free(&w->url);
	ce_buf_free(&w->to);
	ce_buf_free(&w->method);
	if (w->head.p != NULL)
		explicit_bzero(w->head.p, w->head.len);
	ce_buf_free(&w->head);
}

/* What libcurl would not send as it is written goes through libcurl. */
static bool
is_plain(const char *url, size_t n)
{
	const char *s;

	for (s = url; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	s = url + 7;
	return n > 0 && url[7 + n - 1] != ':' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:") == n;
}

void
warm_url(struct ce_http *h, const char *url)
{
	struct warm *w = h->warm;
	size_t n;

	ce_buf_reset(&w->url);
	ce_buf_puts(&w->url, url);
	ce_buf_reset(&w->to);
	w->built = w->plain = false;
	if (!w->direct || strncasecmp(url, "http://", 7) != 0)
		return;
	n = strcspn(url + 7, "/?#");
	w->plain = is_plain(url, n);
	ce_buf_add(&w->to, url + 7, n);
}

void
warm_method(struct ce_http *h, const char *method)
{
	ce_buf_reset(&h->warm->method);
	ce_buf_puts(&h->warm->method, method);
	h->warm->built = false;
}

void
warm_body(struct ce_http *h, const void *body, size_t n)
{
	h->warm->body = body;
	h->warm->n = n;
}

void
warm_changed(struct ce_http *h)
{
	h->warm->built = false;
}

static bool
is_named(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(line, name, n) == 0 && (line[n] == ':' || line[n] == ';');
}

static void
add_target(struct warm *w)
{
	const char *path = w->url.p + 7 + w->to.len;

	ce_buf_add(&w->head, w->method.p, w->method.len);
	ce_buf_puts(&w->head, *path == '/' ? " " : " /");
	ce_buf_add(&w->head, path, strcspn(path, "#"));
	ce_buf_puts(&w->head, " HTTP/1.1\r\n");
}

static bool
has(const struct ce_http *h, const char *name)
{
	size_t n;
	int i;

	for (i = 0; i < h->nlines; i++)
		if (is_named(ce_http_line(h, i, &n), name))
			return true;
	return false;
}

static bool
is_special(const char *line)
{
	static const char *const names[] = { "content-length", "transfer-encoding", "connection",
		"te", "trailer", "upgrade", "expect", NULL };
	int i;

	for (i = 0; names[i] != NULL; i++)
		if (is_named(line, names[i]))
			return true;
	return false;
}

static void
add_line(struct warm *w, const char *s, size_t n)
{
	ce_buf_add(&w->head, s, n);
	if (memchr(s, ':', n) == NULL)
		w->head.p[w->head.len - 1] = ':'; /* an empty one, in libcurl's spelling */
	ce_buf_puts(&w->head, "\r\n");
}

static void
add_host(struct warm *w)
{
	size_t n = w->to.len;

	if (n > 3 && memcmp(w->to.p + n - 3, ":80", 3) == 0)
		n -= 3;
	ce_buf_puts(&w->head, "Host: ");
	ce_buf_add(&w->head, w->to.p, n);
	ce_buf_puts(&w->head, "\r\n");
}

/* All of the header but the length.  False: it asks for what only libcurl does. */
static bool
build(struct ce_http *h)
{
	struct warm *w = h->warm;
	int i;

	ce_buf_reset(&w->head);
	add_target(w);
	if (!has(h, "host"))
		add_host(w);
	for (i = 0; i < h->nlines; i++) {
		size_t n;
		const char *s = ce_http_line(h, i, &n);

		if (n > 0 && is_special(s))
			return false;
		if (n > 0)
			add_line(w, s, n);
	}
	w->fixed = w->head.len;
	return has(h, "content-type"); /* or libcurl would name one */
}

bool
warm_possible(struct ce_http *h)
{
	struct warm *w = h->warm;

	if (!w->plain || w->body == NULL || w->method.len == 0 || strcmp(w->method.p, "HEAD") == 0)
		return false;
	if (!w->built)
		w->fit = build(h);
	w->built = true;
	return w->fit;
}

void
warm_complete(struct warm *w)
{
	w->head.len = w->fixed;
	ce_buf_printf(&w->head, "Content-Length: %zu\r\n\r\n", w->n);
}

const struct http1 *
warm_answer(const struct ce_http *h)
{
	return h->warm->here ? &h->warm->answer : NULL;
}

const char *
warm_url_of(const struct ce_http *h)
{
	return h->warm->url.p;
}
