/* httpreq.c -- a request before it is sent: where to, how, with which headers
 *
 * No header can hold a line end, whoever made it: ce_http_header sees to that.
 * SPDX-License-Identifier: Apache-2.0 */

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "httpwarm.h"
#include "net.h"

#define BODY_DEFAULT 4096

/* The nodes of libcurl's header list point into head: no allocation a header. */
struct ce_http_line {
	struct curl_slist node;
	size_t at;
};

/* Bytes beyond max_body are read and forgotten: the connection stays usable. */
void
ce_http_take(void *arg, const char *p, size_t n)
{
	struct ce_http *h = arg;
	size_t room = h->max_body - h->body.len;

	if (n > room)
		h->cut = true;
	ce_buf_add(&h->body, p, n < room ? n : room);
}

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	(void)size;
	ce_http_take(arg, p, n);
	return n;
}

static size_t
count_head(char *p, size_t size, size_t n, void *arg)
{
	struct ce_http *h = arg;

	(void)p;
	(void)size;
	if (h->seen == 0)
		warm_copy(h);
	h->seen += n;
	return h->seen > CE_HTTP_HEAD_MAX ? 0 : n;
}

static void
secure(CURL *e)
{
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_KEYPASSWD, ""); /* never ask on the terminal */
	if (ce_tls.ca != NULL) {
		curl_easy_setopt(e, CURLOPT_CAINFO, ce_tls.ca);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (ce_tls.cert != NULL) {
		curl_easy_setopt(e, CURLOPT_SSLCERT, ce_tls.cert);
		curl_easy_setopt(e, CURLOPT_SSLKEY, ce_tls.key != NULL ? ce_tls.key : ce_tls.cert);
	}
	if (ce_tls.insecure) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static bool
proxy_in_environment(void)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
		"all_proxy", "ALL_PROXY", NULL };
	int i;

	for (i = 0; names[i] != NULL; i++)
		if (getenv(names[i]) != NULL)
			return true;
	return false;
}

/* Where neither option nor environment names one, libcurl need not look into the
 * environment for each request. */
static bool
set_proxy(CURL *e)
{
	if (ce_http_conf.proxy != NULL)
		curl_easy_setopt(e, CURLOPT_PROXY, ce_http_conf.proxy);
	else if (!proxy_in_environment())
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	else
		return true;
	return ce_http_conf.proxy != NULL;
}

struct ce_http *
ce_http_new(void (*done)(struct ce_http *h), void *owner)
{
	struct ce_http *h = CE_NEW(struct ce_http);
	CURL *e = curl_easy_init();

	if (e == NULL)
		ce_die(CE_TEMPFAIL, "no memory for libcurl");
	h->easy = e;
	h->done = done;
	h->owner = owner;
	h->max_body = BODY_DEFAULT;
	curl_easy_setopt(e, CURLOPT_PRIVATE, h);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->errbuf);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, count_head);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ce_http_conf.connect_timeout);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, ce_conf.timeout);
	curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, ce_http_conf.unix_socket);
	warm_new(h, !set_proxy(e));
	secure(e);
	ce_http_no_headers(h);
	return h;
}

void
ce_http_url(struct ce_http *h, const char *url)
{
	warm_url(h, url);
	curl_easy_setopt(h->easy, CURLOPT_URL, url);
	/* Over TLS, learn first whether one connection will carry them all. */
	curl_easy_setopt(h->easy, CURLOPT_PIPEWAIT, strncasecmp(url, "https:", 6) == 0 ? 1L : 0L);
}

void
ce_http_body(struct ce_http *h, const void *body, size_t n)
{
	warm_body(h, body, n);
	if (body == NULL) {
		curl_easy_setopt(h->easy, CURLOPT_HTTPGET, 1L);
		return;
	}
	curl_easy_setopt(h->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
}

void
ce_http_method(struct ce_http *h, const char *method)
{
	warm_method(h, method);
	curl_easy_setopt(h->easy, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
	curl_easy_setopt(h->easy, CURLOPT_CUSTOMREQUEST, method);
}

void
ce_http_no_headers(struct ce_http *h)
{
	ce_buf_reset(&h->head);
	h->nlines = 0;
	ce_http_header(h, "Expect", NULL, 0); /* or libcurl waits a second before a large body */
	/* libcurl formats letter by letter: each header costs as much as a system call. */
	ce_http_header(h, "Accept", NULL, 0);
}

void
ce_http_header(struct ce_http *h, const char *name, const char *p, size_t n)
{
	size_t i, start;

	if (h->nlines == h->cap) {
		h->cap += 16;
		h->lines = ce_realloc(h->lines, (size_t)h->cap * sizeof(*h->lines));
	}
	h->lines[h->nlines++].at = h->head.len;
	h->lines_changed = true;
	warm_changed(h);
	ce_buf_puts(&h->head, name);
	ce_buf_puts(&h->head, p == NULL ? ":" : ": ");
	start = h->head.len;
	if (p != NULL)
		ce_buf_add(&h->head, p, n);
	for (i = start; i < h->head.len; i++)
		if ((unsigned char)h->head.p[i] < ' ' || h->head.p[i] == 0x7f)
			h->head.p[i] = ' ';
	/* An empty one is written with a semicolon: libcurl's way to say it. */
	if (p != NULL && strspn(h->head.p + start, " ") == h->head.len - start) {
		h->head.len = start - 2;
		ce_buf_putc(&h->head, ';');
	}
	ce_buf_putc(&h->head, '\0');
}

const char *
ce_http_line(const struct ce_http *h, int i, size_t *n)
{
	const char *s = h->head.p + h->lines[i].at;

	*n = strlen(s);
	if (*n > 0 && s[*n - 1] == ':' && strchr(s, ':') == s + *n - 1)
		*n = 0;
	return s;
}

void
ce_http_link(struct ce_http *h)
{
	int i;

	for (i = 0; i < h->nlines; i++) {
		h->lines[i].node.data = h->head.p + h->lines[i].at;
		h->lines[i].node.next = i + 1 < h->nlines ? &h->lines[i + 1].node : NULL;
	}
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, &h->lines[0].node);
	h->lines_changed = false;
}

