/* httpanswer.c -- what an HTTP server answered, and which URLs may be asked
 *
 * Answers are foreign bytes: what goes into a message is made visible and short.
 * SPDX-License-Identifier: Apache-2.0 */

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http.h"
#include "httpwarm.h"

#define EXCERPT 160
#define RETRY_MAX (10 * 60) /* seconds that a service may ask us to wait */

const char *
ce_http_get(struct ce_http *h, const char *name, int i)
{
	struct curl_header *found;

	if (warm_answer(h) != NULL) {
		const char *at = NULL, *n, *value;

		while (http1_each(warm_answer(h), &at, &n, &value))
			if (strcasecmp(n, name) == 0 && i-- == 0)
				return value;
		return NULL;
	}
	if (curl_easy_header(h->easy, name, (size_t)i, CURLH_HEADER, -1, &found) != CURLHE_OK)
		return NULL;
	return found->value;
}

bool
ce_http_each(struct ce_http *h, void **at, const char **name, const char **value)
{
	struct curl_header *next;

	if (warm_answer(h) != NULL)
		return http1_each(warm_answer(h), (const char **)at, name, value);
	next = curl_easy_nextheader(h->easy, CURLH_HEADER, -1, *at);
	*at = next;
	if (next == NULL)
		return false;
	*name = next->name;
	*value = next->value;
	return true;
}

static const char *
resolve(const char *base, const char *to)
{
	static struct ce_buf out;
	CURLU *u = to == NULL ? NULL : curl_url();
	char *url = NULL;

	ce_buf_reset(&out);
	if (u != NULL && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, to, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK)
		ce_buf_puts(&out, url);
	curl_free(url);
	curl_url_cleanup(u);
	return out.len > 0 ? out.p : NULL;
}

const char *
ce_http_location(struct ce_http *h)
{
	char *url = NULL;

	if (warm_answer(h) != NULL)
		return resolve(warm_url_of(h), ce_http_get(h, "Location", 0));
	curl_easy_getinfo(h->easy, CURLINFO_REDIRECT_URL, &url);
	return url;
}

void
ce_http_retry_after(struct ce_http *h, int64_t seconds)
{
	const char *s = warm_answer(h) != NULL ? ce_http_get(h, "Retry-After", 0) : NULL;
	int64_t date;

	if (s != NULL && *s >= '0' && *s <= '9')
		seconds = strtoll(s, NULL, 10);
	if (s != NULL && (date = curl_getdate(s, NULL)) != -1)
		seconds = date - time(NULL);
	if (seconds > RETRY_MAX)
		seconds = RETRY_MAX;
	h->retry_after = seconds > 0 ? (long)seconds * 1000 : 0;
}

static const char *
check(const char *url, unsigned flags, bool any_scheme)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *password = NULL, *host = NULL;
	const char *why = NULL;

	if (u == NULL)
		ce_die(CE_TEMPFAIL, "no memory for libcurl");
	if (strpbrk(url, " \t\r\n") != NULL || curl_url_set(u, CURLUPART_URL, url, flags) != CURLUE_OK)
		why = "it is no URL";
	else if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    (!any_scheme && strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
		why = "it must begin with http:// or https://";
	else if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || *host == '\0')
		why = "it names no host";
	else if (curl_url_get(u, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK)
		why = "it holds a password, and the command line is public";
	curl_free(scheme);
	curl_free(host);
	curl_free(password);
	curl_url_cleanup(u);
	return why;
}

const char *
ce_http_check_url(const char *url)
{
	return check(url, CURLU_NON_SUPPORT_SCHEME, false);
}

const char *
ce_http_check_proxy(const char *url)
{
	return check(url, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME, true);
}

/* The media type itself, without parameters. */
static bool
is_type(struct ce_http *h, const char *type)
{
	const char *s = ce_http_get(h, "Content-Type", 0);
	size_t n = strlen(type);

	return s != NULL && strncasecmp(s, type, n) == 0 && strchr("; \t", s[n]) != NULL;
}

static bool
problem(struct ce_buf *out, struct ce_http *h)
{
	json_t *doc = json_loadb(h->body.p, h->body.len, 0, NULL);
	const char *title = json_string_value(json_object_get(doc, "title"));
	const char *detail = json_string_value(json_object_get(doc, "detail"));

	if (title != NULL)
		ce_buf_visible(out, title, strlen(title), EXCERPT);
	if (title != NULL && detail != NULL)
		ce_buf_puts(out, ": ");
	if (detail != NULL)
		ce_buf_visible(out, detail, strlen(detail), EXCERPT);
	json_decref(doc);
	return title != NULL || detail != NULL;
}

void
ce_http_excerpt(struct ce_buf *out, struct ce_http *h)
{
	size_t n = h->body.len, skip;

	if (is_type(h, "application/problem+json") && problem(out, h))
		return;
	if (n == 0 || is_type(h, "text/html") || memchr(h->body.p, '\0', n) != NULL)
		return;
	while (n > 0 && strchr(" \t\r\n", h->body.p[n - 1]) != NULL)
		n--;
	skip = strspn(h->body.p, " \t\r\n");
	if (skip < n)
		ce_buf_visible(out, h->body.p + skip, n - skip, EXCERPT);
}
