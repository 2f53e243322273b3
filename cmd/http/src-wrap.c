/* src-wrap -- bodies that are no events become the data of one.
 *
 * The id is the sender's own name for the delivery where it gives one, so that
 * a second try of it can be recognised.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "src.h"

/* X-GitHub-Event becomes xgithubevent. */
static void
extension_name(struct ce_buf *out, const char *name)
{
	ce_buf_reset(out);
	for (; *name != '\0'; name++) {
		if ((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9'))
			ce_buf_putc(out, *name);
		else if (*name >= 'A' && *name <= 'Z')
			ce_buf_putc(out, (char)(*name | 0x20));
	}
}

static bool
reserved(const char *name)
{
	static const char *const names[] = { "", "id", "source", "specversion", "type",
		"datacontenttype", "dataschema", "subject", "time", "data", "ackto" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static const char *
keep_check(const struct ce_list *keep)
{
	struct ce_buf a = { 0 }, b = { 0 };
	static struct ce_buf why;
	bool bad = false;
	int i, k;

	ce_buf_reset(&why);
	for (i = 0; i < keep->n && !bad; i++) {
		extension_name(&a, keep->v[i]);
		if ((bad = reserved(a.p)))
			ce_buf_printf(&why, "--keep-header %s: there is no extension of that name", keep->v[i]);
		for (k = 0; k < i && !bad; k++) {
			extension_name(&b, keep->v[k]);
			if ((bad = strcmp(a.p, b.p) == 0))
				ce_buf_printf(&why, "--keep-header %s and %s are the same extension",
				    keep->v[k], keep->v[i]);
		}
	}
	ce_buf_free(&a);
	ce_buf_free(&b);
	return bad ? why.p : NULL;
}

const char *
wrap_check(const struct wrap *w)
{
	static struct ce_buf why;
	const char *rule = NULL;

	if (w->type == NULL)
		return w->source == NULL && w->keep.n == 0 ? NULL : "--source and --keep-header need --type";
	ce_buf_reset(&why);
	rule = ce_check_attr((struct ce_str){ "type", 4 },
	    (struct ce_str){ w->type, strlen(w->type) });
	if (rule != NULL) {
		ce_buf_printf(&why, "--type: %s", rule);
		return why.p;
	}
	if (w->source != NULL)
		rule = ce_check_attr((struct ce_str){ "source", 6 },
		    (struct ce_str){ w->source, strlen(w->source) });
	if (rule != NULL) {
		ce_buf_printf(&why, "--source: %s", rule);
		return why.p;
	}
	return keep_check(&w->keep);
}

/* Random, RFC 9562 version 4: nothing in the request tells it from another. */
static void
new_id(struct ce_buf *out)
{
	unsigned char u[16];

	ce_random(u, sizeof(u));
	u[6] = (unsigned char)((u[6] & 0x0f) | 0x40);
	u[8] = (unsigned char)((u[8] & 0x3f) | 0x80);
	ce_hex(out, u, 4);
	ce_buf_putc(out, '-');
	ce_hex(out, u + 4, 2);
	ce_buf_putc(out, '-');
	ce_hex(out, u + 6, 2);
	ce_buf_putc(out, '-');
	ce_hex(out, u + 8, 2);
	ce_buf_putc(out, '-');
	ce_hex(out, u + 10, 6);
}

/* The sender's own name for the delivery, which a second try of it repeats. */
static void
set_id(struct ce_draft *d, const struct request *q)
{
	static const char *const names[] = { "webhook-id", "idempotency-key", "x-request-id" };
	struct ce_str v = { NULL, 0 };
	struct ce_buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && v.len == 0; i++)
		v = request_header(q, names[i]);
	if (v.len == 0) {
		new_id(&b);
		v = (struct ce_str){ b.p, b.len };
	}
	ce_set_str(d, "id", v.p, v.len);
	ce_buf_free(&b);
}

/* A path as the URI-reference that it was, before it was decoded. */
static void
set_path(struct ce_draft *d, const char *name, const char *path)
{
	struct ce_buf b = { 0 };

	if (strncmp(path, "//", 2) == 0) { /* or what follows would be a host */
		ce_buf_puts(&b, "/%2F");
		path += 2;
	}
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("/-._~!$&'()*+,;=:@", c) != NULL)
			ce_buf_putc(&b, (char)c);
		else
			ce_buf_printf(&b, "%%%02X", c);
	}
	ce_set_str(d, name, b.p, b.len);
	ce_buf_free(&b);
}

static void
set_kept(struct ce_draft *d, const struct request *q, const struct ce_list *keep)
{
	struct ce_buf name = { 0 }, value = { 0 };
	int i, k;

	for (k = 0; k < keep->n; k++) {
		ce_buf_reset(&value);
		for (i = 0; i < q->n; i++) {
			if (!ce_str_like(q->h[i].name, keep->v[k]) || q->h[i].value.len == 0)
				continue;
			if (value.len > 0)
				ce_buf_puts(&value, ", "); /* what a repeated field means: RFC 9110 5.3 */
			ce_buf_str(&value, q->h[i].value);
		}
		extension_name(&name, keep->v[k]);
		ce_set_str(d, name.p, value.p, value.len);
	}
	ce_buf_free(&name);
	ce_buf_free(&value);
}

struct refusal
wrap_event(struct ce_draft *d, const struct request *q, const struct wrap *w)
{
	static struct ce_buf type;
	const char *why = binding_type(&type, request_header(q, "content-type"));
	struct timespec now;

	if (why != NULL)
		return request_refuse(400, "Content-Type: ", why);
	clock_gettime(CLOCK_REALTIME, &now);
	ce_draft_begin(d);
	set_id(d, q);
	if (w->source != NULL) {
		ce_set_str(d, "source", w->source, strlen(w->source));
		set_path(d, "subject", q->path);
	} else {
		set_path(d, "source", q->path);
	}
	ce_set_str(d, "type", w->type, strlen(w->type));
	ce_set_time(d, "time", &now);
	set_kept(d, q, &w->keep);
	if (q->body->len > 0)
		ce_set_data(d, type.len > 0 ? type.p : NULL, q->body->p, q->body->len);
	else if (type.len > 0)
		ce_set_str(d, "datacontenttype", type.p, type.len);
	return (struct refusal){ 0, NULL };
}
