/* make.c -- a payload becomes an event.
 *
 * Where a template looks at the event, the event is made twice: once with what
 * is known of it, for the templates to see, and once with what they say.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include "make.h"

struct make_conf make_conf = { .id = "hash", .time = "now" };

struct ext {
	char *name;
	struct ce_template *value;
};
static struct ext *exts;
static struct ce_template *id, *when; /* NULL: not by template */
static bool looking; /* a template looks at the event */

static struct ce_template *
template(const char *option, const char *text)
{
	const char *why;
	struct ce_template *t = ce_template_new(text, &why);

	if (t == NULL)
		ce_die(CE_USAGE, "--%s %s: %s", option, text, why);
	looking |= !ce_template_fixed(t);
	return t;
}

static bool
reserved(const char *name)
{
	static const char *const names[] = { "id", "source", "specversion", "type", "subject",
		"time", "datacontenttype", "data", "data_base64", "ackto" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void
start_ext(struct ext *e, const char *given)
{
	const char *eq = strchr(given, '='), *why;

	if (eq == NULL)
		ce_die(CE_USAGE, "--ext %s: not NAME=TEMPLATE", given);
	e->name = ce_strndup(given, (size_t)(eq - given));
	if ((why = ce_check_name((struct ce_str){ e->name, strlen(e->name) })) != NULL)
		ce_die(CE_USAGE, "--ext %s: %s", given, why);
	if (reserved(e->name))
		ce_die(CE_USAGE, "--ext %s: %s is not an extension", given, e->name);
	for (struct ext *other = exts; other < e; other++)
		if (strcmp(other->name, e->name) == 0)
			ce_die(CE_USAGE, "--ext %s: given twice", e->name);
	e->value = template("ext", eq + 1);
}

static void
check(const char *option, const char *value, const char *(*rule)(struct ce_str))
{
	const char *why = rule((struct ce_str){ value, strlen(value) });

	if (why == NULL && *value == '\0')
		why = "is empty";
	if (why != NULL)
		ce_die(CE_USAGE, "--%s %s: %s", option, value, why);
}

void
make_start(void)
{
	int i;

	check("type", make_conf.type, ce_check_string);
	check("source", make_conf.source, ce_check_uriref);
	if (make_conf.ctype != NULL)
		check("content-type", make_conf.ctype, ce_check_mediatype);
	if (strcmp(make_conf.id, "hash") != 0 && strcmp(make_conf.id, "uuid") != 0)
		id = template("id", make_conf.id);
	if (strcmp(make_conf.time, "now") != 0 && strcmp(make_conf.time, "none") != 0)
		when = template("time", make_conf.time);
	if (make_conf.subject != NULL)
		looking |= !ce_template_fixed(make_conf.subject);
	exts = ce_alloc(((size_t)make_conf.ext.n + 1) * sizeof(*exts));
	for (i = 0; i < make_conf.ext.n; i++)
		start_ext(&exts[i], make_conf.ext.v[i]);
}

bool
make_refuse(const char *p, size_t n, const char *where, const char *why)
{
	ce_refuse(p, n, where, why, NULL, NULL);
	return ce_conf.dead_letter != NULL;
}

static void
hash_id(struct ce_draft *d, const char *p, size_t n, const struct make_place *at)
{
	static struct ce_buf b;
	unsigned char sum[32];
	char place[48];

	ce_sha256(p, n, sum);
	ce_buf_reset(&b);
	ce_buf_puts(&b, make_conf.source);
	ce_buf_putc(&b, '\0');
	snprintf(place, sizeof(place), "%llu", (unsigned long long)at->offset);
	ce_buf_puts(&b, place);
	if (at->element >= 0)
		ce_buf_printf(&b, ".%ld", at->element);
	ce_buf_putc(&b, '\0');
	ce_buf_add(&b, sum, sizeof(sum));
	ce_sha256(b.p, b.len, sum);
	ce_buf_reset(&b);
	ce_hex(&b, sum, 16);
	ce_set_str(d, "id", b.p, b.len);
}

/* RFC 9562, version 4. */
static void
random_id(struct ce_draft *d)
{
	unsigned char u[16];

	ce_random(u, sizeof(u));
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	ce_set(d, "id", "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	    u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
	    u[13], u[14], u[15]);
}

static const char *
say(const char *what, const char *more)
{
	static struct ce_buf b;

	ce_buf_reset(&b);
	ce_buf_printf(&b, "%s%s", what, more);
	return b.p;
}

/* Sets the attribute to what the template says; NULL, or why not. */
static const char *
fill(struct ce_draft *d, const char *name, struct ce_template *t, struct ce_event *ev)
{
	static struct ce_buf b;
	const char *missing, *why;

	ce_buf_reset(&b);
	if ((missing = ce_template_fill(t, ev, CE_ESC_NONE, &b)) != NULL)
		return say("it has no ", missing);
	if (b.len > 0 && (t == when || strcmp(name, "dataschema") == 0) &&
	    (why = ce_check_attr((struct ce_str){ name, strlen(name) },
	    (struct ce_str){ b.p, b.len })) != NULL)
		return say(why, "");
	if (t == id && b.len == 0)
		return "the id is empty";
	ce_set_str(d, name, b.p, b.len);
	return NULL;
}

/* All but the data.  What a template needs is in ev, which is empty when no
 * template looks. */
static const char *
attributes(struct ce_draft *d, struct ce_event *ev)
{
	const char *why = NULL;

	if (id != NULL)
		why = fill(d, "id", id, ev);
	if (why == NULL && make_conf.subject != NULL)
		why = fill(d, "subject", make_conf.subject, ev);
	if (why == NULL && when != NULL)
		why = fill(d, "time", when, ev);
	for (int i = 0; why == NULL && i < make_conf.ext.n; i++)
		why = fill(d, exts[i].name, exts[i].value, ev);
	return why;
}

static void
known(struct ce_draft *d, const char *p, size_t n, const struct make_place *at)
{
	struct timespec now;

	ce_draft_begin(d);
	if (id == NULL && strcmp(make_conf.id, "uuid") == 0)
		random_id(d);
	else if (id == NULL || looking)
		hash_id(d, p, n, at);
	ce_set_str(d, "source", make_conf.source, strlen(make_conf.source));
	ce_set_str(d, "type", make_conf.type, strlen(make_conf.type));
	if (strcmp(make_conf.time, "now") == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		ce_set_time(d, "time", &now);
	}
}

/* The second making: what the first one says, and what the templates say. */
static const char *
again(struct ce_draft *d, struct ce_event *ev)
{
	static const struct {
		enum ce_at at;
		const char *name;
	} copied[] = { { CE_AT_ID, "id" }, { CE_AT_SOURCE, "source" }, { CE_AT_TYPE, "type" },
		{ CE_AT_TIME, "time" }, { CE_AT_DATACONTENTTYPE, "datacontenttype" },
		{ CE_AT_DATA, "data" }, { CE_AT_DATA_BASE64, "data_base64" } };
	const char *why = NULL;
	struct ce_str json;

	ce_draft_begin(d);
	for (size_t i = 0; why == NULL && i < sizeof(copied) / sizeof(*copied); i++) {
		if (copied[i].at == CE_AT_DATACONTENTTYPE)
			why = attributes(d, ev);
		if ((copied[i].at != CE_AT_ID || id == NULL) && ce_raw(ev, copied[i].at, &json))
			ce_set_json(d, copied[i].name, json.p, json.len);
	}
	return why;
}

bool
make_event(const char *p, size_t n, const char *ctype, const struct make_place *at)
{
	static struct ce_draft first, second;
	struct ce_event *ev, none = { 0 };
	const char *why = NULL;
	size_t bad;

	if (make_conf.ctype != NULL)
		ctype = make_conf.ctype;
	if (ce_type_is_json((struct ce_str){ ctype, strlen(ctype) }) &&
	    (why = ce_json_check(p, n, &bad)) != NULL)
		return make_refuse(p, n, at->where, say("is no JSON: ", why));
	known(&first, p, n, at);
	if (!looking && (why = attributes(&first, &none)) != NULL)
		return make_refuse(p, n, at->where, why);
	ce_set_data(&first, ctype, p, n);
	ev = ce_draft_end(&first);
	if (looking) {
		if ((why = again(&second, ev)) != NULL)
			return make_refuse(p, n, at->where, why);
		ev = ce_draft_end(&second);
	}
	if (ev->len > (size_t)ce_conf.max_event)
		return make_refuse(p, n, at->where, "as an event it is longer than --max-event");
	ce_emit(ev, NULL, NULL);
	return true;
}
