/* http1.c -- reads the answers of HTTP/1 servers, strictly (RFC 9112)
 *
 * Foreign bytes in any portions: the header is bounded by CE_HTTP_HEAD_MAX, chunk
 * sizes and trailers too, content is handed on at once.  An answer whose end can
 * be understood in two ways is refused.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>

#include "http.h"
#include "http1.h"

#define LINE_MAX_EXTRA (16 * 1024) /* a chunk size with its extensions, all trailers */
#define UNKNOWN UINT64_MAX

enum state { HEAD, CONTENT, TO_CLOSE, SIZE, SIZE_REST, CHUNK, CHUNK_END, TRAILER };

struct framing {
	uint64_t length;
	bool chunked, close, keep;
};

void
http1_begin(struct http1 *a)
{
	a->status = 0;
	a->keep = false;
	a->why = NULL;
	a->seen = 0;
	a->state = HEAD;
	ce_buf_reset(&a->fields);
}

void
http1_free(struct http1 *a)
{
	ce_buf_free(&a->fields);
}

static enum http1_result
bad(struct http1 *a, const char *why)
{
	a->why = why;
	return HTTP1_BAD;
}

/* Where the header ends, searched from byte from on; 0: not there yet. */
static size_t
head_end(const struct ce_buf *b, size_t from)
{
	const char *p = b->p + from, *end = b->p + b->len;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if (p < end && *p == '\n')
			return (size_t)(p + 1 - b->p);
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
			return (size_t)(p + 2 - b->p);
	}
	return 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* HTTP/1.1 204 No Content */
static int
status_of(const char *s, size_t n, bool *old)
{
	if (n < 12 || memcmp(s, "HTTP/1.", 7) != 0 || !is_digit(s[7]) || s[8] != ' ' ||
	    s[9] < '1' || s[9] > '9' || !is_digit(s[10]) || !is_digit(s[11]) ||
	    (n > 12 && s[12] != ' '))
		return 0;
	*old = s[7] == '0';
	return (s[9] - '0') * 100 + (s[10] - '0') * 10 + s[11] - '0';
}

static bool
lists(const char *value, const char *word)
{
	size_t n = strlen(word), k;

	for (;; value += k) {
		value += strspn(value, ", \t");
		if (*value == '\0')
			return false;
		k = strcspn(value, ", \t");
		if (k == n && strncasecmp(value, word, n) == 0)
			return true;
	}
}

static bool
set_length(struct framing *f, const char *v)
{
	uint64_t n = 0;
	const char *s;

	for (s = v; is_digit(*s); s++) {
		if (n > (UINT64_MAX >> 1) / 10)
			return false;
		n = n * 10 + (uint64_t)(*s - '0');
	}
	if (s == v || *s != '\0' || (f->length != UNKNOWN && f->length != n))
		return false;
	f->length = n;
	return true;
}

static const char *
frame(struct framing *f, const char *name, const char *value)
{
	if (strcasecmp(name, "content-length") == 0 && !set_length(f, value))
		return "the length of the answer is unclear";
	if (strcasecmp(name, "transfer-encoding") == 0) {
		if (f->chunked || strcasecmp(value, "chunked") != 0)
			return "the answer has an unknown transfer encoding";
		f->chunked = true;
	}
	if (strcasecmp(name, "connection") == 0) {
		f->close |= lists(value, "close");
		f->keep |= lists(value, "keep-alive");
	}
	return NULL;
}

/* One line of the header becomes NAME\0VALUE\0 at to, which is not behind it. */
static char *
field(char *to, char *s, size_t n)
{
	char *colon = memchr(s, ':', n), *v, *end = s + n;

	if (colon == NULL || colon == s || memchr(s, '\0', n) != NULL ||
	    memchr(s, '\r', n) != NULL || memchr(s, ' ', (size_t)(colon - s)) != NULL ||
	    memchr(s, '\t', (size_t)(colon - s)) != NULL)
		return NULL;
	for (v = colon + 1; v < end && (*v == ' ' || *v == '\t'); v++)
		;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	memmove(to, s, (size_t)(colon - s));
	to += colon - s;
	*to++ = '\0';
	memmove(to, v, (size_t)(end - v));
	to += end - v;
	*to++ = '\0';
	return to;
}

/* A line that goes on in the next one (obsolete) is made one. */
static size_t
line_length(char *s, const char *end, size_t *skip)
{
	char *nl = memchr(s, '\n', (size_t)(end - s));

	while (nl + 1 < end && nl > s + 1 && (nl[1] == ' ' || nl[1] == '\t')) {
		if (nl[-1] == '\r')
			nl[-1] = ' ';
		*nl = ' ';
		nl = memchr(nl, '\n', (size_t)(end - nl));
	}
	*skip = (size_t)(nl + 1 - s);
	return (size_t)(nl - s) - (nl > s && nl[-1] == '\r' ? 1 : 0);
}

static enum http1_result
begin_content(struct http1 *a, const struct framing *f, bool old)
{
	a->keep = !f->close && (!old || f->keep) && !(f->chunked && f->length != UNKNOWN);
	a->extra = 0;
	a->digits = false;
	a->left = f->length;
	if (a->status == 204 || a->status == 304 || (!f->chunked && f->length == 0))
		return HTTP1_DONE;
	a->state = f->chunked ? SIZE : f->length != UNKNOWN ? CONTENT : TO_CLOSE;
	a->keep = a->keep && a->state != TO_CLOSE;
	return HTTP1_MORE;
}

static enum http1_result
parse_head(struct http1 *a)
{
	struct framing f = { .length = UNKNOWN };
	char *s = a->fields.p, *to = s, *end = s + a->fields.len, *was;
	size_t skip, n = line_length(s, end, &skip);
	int status;
	bool old;

	if ((status = status_of(s, n, &old)) == 0)
		return bad(a, "the answer is no HTTP");
	for (s += skip; (n = line_length(s, end, &skip)) > 0; s += skip) {
		const char *why;

		was = to;
		if ((to = field(to, s, n)) == NULL)
			return bad(a, "a header of the answer is malformed");
		if ((why = frame(&f, was, was + strlen(was) + 1)) != NULL)
			return bad(a, why);
	}
	a->fields.len = (size_t)(to - a->fields.p);
	if (status == 101)
		return bad(a, "the answer changes the protocol");
	if (status < 200) {
		ce_buf_reset(&a->fields);
		return HTTP1_MORE;
	}
	a->status = status;
	return begin_content(a, &f, old);
}

static enum http1_result
take_head(struct http1 *a, const char *p, size_t *n)
{
	size_t before = a->fields.len, end;

	ce_buf_add(&a->fields, p, *n);
	end = head_end(&a->fields, before > 2 ? before - 2 : 0);
	if ((end == 0 ? a->fields.len : end) > CE_HTTP_HEAD_MAX)
		return bad(a, "the header of the answer is too long");
	if (end == 0)
		return HTTP1_MORE;
	*n = end - before;
	a->fields.len = end;
	return parse_head(a);
}

static int
hex(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum http1_result
size_ended(struct http1 *a)
{
	a->state = a->left > 0 ? CHUNK : TRAILER;
	a->extra = 0;
	a->blank = true;
	return a->digits ? HTTP1_MORE : bad(a, "a chunk of the answer has no size");
}

/* A byte between chunks. */
static enum http1_result
between(struct http1 *a, char c)
{
	int d;

	if (++a->extra > LINE_MAX_EXTRA)
		return bad(a, "the answer has too much between its chunks");
	if (a->state == SIZE && (d = hex(c)) >= 0) {
		a->left = (a->digits ? a->left : 0) * 16 + (uint64_t)d;
		a->digits = true;
		return a->left >> 56 == 0 ? HTTP1_MORE : bad(a, "a chunk of the answer is too long");
	}
	if (a->state == SIZE || a->state == SIZE_REST) {
		if (a->state == SIZE && (c == '\0' || strchr("; \t\r\n", c) == NULL))
			return bad(a, "the size of a chunk of the answer is malformed");
		a->state = SIZE_REST;
		return c == '\n' ? size_ended(a) : HTTP1_MORE;
	}
	if (a->state == CHUNK_END && c != '\n')
		return c == '\r' && a->extra == 1 ? HTTP1_MORE : bad(a, "a chunk of the answer is too long");
	if (a->state == CHUNK_END) {
		a->state = SIZE;
		a->extra = 0;
		a->digits = false;
	} else if (c == '\n') {
		if (a->blank)
			return HTTP1_DONE;
		a->blank = true;
	} else if (c != '\r')
		a->blank = false;
	return HTTP1_MORE;
}

enum http1_result
http1_take(struct http1 *a, const char *p, size_t *n,
    void (*body)(void *arg, const char *p, size_t n), void *arg)
{
	enum http1_result r = HTTP1_MORE;
	size_t i = 0, k;

	a->seen += *n;
	while (r == HTTP1_MORE && i < *n) {
		k = *n - i;
		if (a->state == HEAD)
			r = take_head(a, p + i, &k);
		else if (a->state == TO_CLOSE)
			body(arg, p + i, k);
		else if (a->state == CONTENT || a->state == CHUNK) {
			k = k < a->left ? k : (size_t)a->left;
			body(arg, p + i, k);
			a->left -= k;
			if (a->left == 0 && a->state == CONTENT)
				r = HTTP1_DONE;
			else if (a->left == 0)
				a->state = CHUNK_END;
		} else {
			k = 1;
			r = between(a, p[i]);
		}
		i += k;
	}
	*n = i;
	return r;
}

enum http1_result
http1_end(struct http1 *a)
{
	return a->state == TO_CLOSE ? HTTP1_DONE : bad(a, "the connection broke within the answer");
}

bool
http1_each(const struct http1 *a, const char **at, const char **name, const char **value)
{
	const char *s = *at == NULL ? a->fields.p : *at;

	if (a->status == 0 || s == NULL || s >= a->fields.p + a->fields.len)
		return false;
	*name = s;
	*value = s + strlen(s) + 1;
	*at = *value + strlen(*value) + 1;
	return true;
}
