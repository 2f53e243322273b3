/* record -- from the bytes of a record to an event.
 *
 * The id is INODE-OFFSET-HASH (a pipe has no inode), the hash taken of the first
 * line of the file and of the record: reading the same bytes again gives the
 * same id, also when the file has grown or has another name; other bytes at the
 * same place of the same inode (truncated, deleted and created) give another.
 * The source is the path where the file was first seen, which the state keeps.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "record.h"

struct ext {
	char *name;
	struct ce_template *t;
	struct ce_buf value;
	bool set;
};

static struct record_how how;
static struct ext *exts; /* the subject too, where it is a template */
static int nexts;
static bool fixed = true; /* no template looks into the event */
static struct ce_draft draft;

static void
add_ext(char *name, const char *text)
{
	const char *why;
	struct ce_template *t = ce_template_new(text, &why);

	if (t == NULL)
		ce_die(CE_USAGE, "--ext %s: %s", name, why);
	exts = ce_realloc(exts, (size_t)(nexts + 1) * sizeof(*exts));
	exts[nexts] = (struct ext){ .name = name, .t = t };
	fixed &= ce_template_fixed(t);
	if (ce_template_fixed(t)) {
		ce_template_fill(t, NULL, CE_ESC_NONE, &exts[nexts].value);
		exts[nexts].set = true;
	}
	nexts++;
}

static void
parse_ext(const char *given)
{
	static const char *const taken[] = { "id", "source", "specversion", "type", "time",
		"datacontenttype", "dataschema", "subject", "data", "data_base64", "ackto" };
	const char *equals = strchr(given, '='), *why;
	char *name;

	if (equals == NULL)
		ce_die(CE_USAGE, "--ext %s: not NAME=TEMPLATE", given);
	name = ce_strndup(given, (size_t)(equals - given));
	why = ce_check_name((struct ce_str){ name, strlen(name) });
	for (size_t i = 0; why == NULL && i < sizeof(taken) / sizeof(*taken); i++)
		if (strcmp(name, taken[i]) == 0)
			why = "is not an extension's name";
	for (int i = 0; why == NULL && i < nexts; i++)
		if (strcmp(name, exts[i].name) == 0)
			why = "is given twice";
	if (why != NULL)
		ce_die(CE_USAGE, "--ext %s: %s", name, why);
	add_ext(name, equals + 1);
}

static void
check(const char *option, const char *value, const char *(*rule)(struct ce_str))
{
	const char *why = NULL;

	if (value == NULL)
		return;
	if (how.as == AS_EVENTS)
		ce_die(CE_USAGE, "--%s has no meaning with --as events: they are passed on as "
		    "they are", option);
	why = *value == '\0' ? "is empty" : rule((struct ce_str){ value, strlen(value) });
	if (why != NULL)
		ce_die(CE_USAGE, "--%s %s: %s", option, value, why);
}

void
record_start(const struct record_how *given)
{
	how = *given;
	check("type", how.type, ce_check_string);
	check("source", how.source, ce_check_uriref);
	check("content-type", how.ctype, ce_check_mediatype);
	if (how.as == AS_EVENTS && (how.subject != NULL || how.exts.n > 0))
		ce_die(CE_USAGE, "--subject and --ext have no meaning with --as events: they "
		    "are passed on as they are");
	if (how.as == AS_JSON && how.ctype != NULL &&
	    !ce_type_is_json((struct ce_str){ how.ctype, strlen(how.ctype) }))
		ce_die(CE_USAGE, "--content-type %s: not JSON, as --as json makes it", how.ctype);
	for (int i = 0; i < how.exts.n; i++)
		parse_ext(how.exts.v[i]);
	if (how.subject != NULL)
		add_ext(ce_strdup("subject"), ce_template_text(how.subject));
}

static const char *
type(void)
{
	static const char *const types[] = { "file.line", "file.json", "", "file.whole",
		"file.record" };

	return how.type != NULL ? how.type : types[how.as];
}

/* Which type it has, given or guessed; NULL: nobody can say. */
static const char *
content_type(const char *p, size_t n)
{
	bool guess = how.as == AS_JSON || (how.as == AS_WHOLE && how.ctype == NULL);
	size_t at;

	if (guess && ce_json_check(p, n, &at) == NULL)
		return how.ctype != NULL ? how.ctype : "application/json";
	if (how.as == AS_WHOLE && how.ctype == NULL)
		return ce_utf8_valid(p, n) ? "text/plain" : NULL;
	return how.as == AS_JSON || how.ctype == NULL ? "text/plain" : how.ctype;
}

/* file:// and the path, but for unreserved characters and slashes encoded. */
static void
make_source(struct file *f)
{
	struct ce_buf b = { 0 };

	ce_buf_puts(&b, "file://");
	for (const char *p = f->path; *p != '\0'; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-._~/", *p) != NULL)
			ce_buf_putc(&b, *p);
		else
			ce_buf_printf(&b, "%%%02X", (unsigned char)*p);
	f->source = ce_buf_take(&b);
}

static void
begin(struct file *f, uint64_t offset, const char *p, size_t n)
{
	char id[80];
	uint64_t hash = files_hash(f->seed, p, n);
	const char *source = how.source != NULL ? how.source : f->source;
	int k = 0;

	if (f->ino != 0)
		k = snprintf(id, sizeof(id), "%" PRIx64 "-", (uint64_t)f->ino);
	k += snprintf(id + k, sizeof(id) - (size_t)k, "%" PRIu64 "-%016" PRIx64, offset, hash);
	ce_draft_begin(&draft);
	ce_set_str(&draft, "id", id, (size_t)k);
	ce_set_str(&draft, "source", source, strlen(source));
	ce_set_str(&draft, "type", type(), strlen(type()));
	ce_set_str(&draft, "time", f->time, strlen(f->time));
}

static void
finish(const struct file *f, const char *p, size_t n)
{
	const char *base = strrchr(f->path, '/') + 1;

	for (int i = 0; i < nexts; i++)
		if (exts[i].set)
			ce_set_str(&draft, exts[i].name, exts[i].value.p, exts[i].value.len);
	if (how.subject == NULL && f->regular)
		ce_set_str(&draft, "subject", base, strlen(base));
	ce_set_data(&draft, content_type(p, n), p, n);
}

/* Templates look at the event as it is without them: it is made twice. */
static void
fill(struct ce_event *ev)
{
	for (int i = 0; i < nexts; i++) {
		if (ce_template_fixed(exts[i].t))
			continue;
		ce_buf_reset(&exts[i].value);
		exts[i].set = ce_template_fill(exts[i].t, ev, CE_ESC_NONE, &exts[i].value) == NULL;
	}
}

struct ce_event *
record_event(struct file *f, uint64_t offset, const char *p, size_t n)
{
	if (f->source == NULL)
		make_source(f);
	begin(f, offset, p, n);
	if (!fixed) {
		for (int i = 0; i < nexts; i++)
			exts[i].set = ce_template_fixed(exts[i].t);
		finish(f, p, n);
		fill(ce_draft_end(&draft));
		begin(f, offset, p, n);
	}
	finish(f, p, n);
	return ce_draft_end(&draft);
}
