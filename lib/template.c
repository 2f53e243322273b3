/* template -- names made from an event.
 *
 * The text is parsed once into pieces; filling in walks them.  What comes from
 * the event is escaped for the place it goes to, what comes from the template's
 * author (text, defaults, time formats) is not: a `/` in {time:%Y/%m} is meant.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "template.h"

#define LEGAL "abcdefghijklmnopqrstuvwxyz0123456789" /* in attribute names */

struct ce_template {
	char *text;
	struct ce_piece *pieces;
	int n;
	bool fixed;
	struct ce_buf value, tmp, missing;
};

static struct ce_piece *
add(struct ce_template *t, enum ce_piece_kind kind)
{
	t->pieces = ce_realloc(t->pieces, ((size_t)t->n + 1) * sizeof(*t->pieces));
	t->pieces[t->n] = (struct ce_piece){ .kind = kind };
	return &t->pieces[t->n++];
}

static void
add_text(struct ce_template *t, const char *p, size_t n)
{
	struct ce_piece *last = t->n > 0 ? &t->pieces[t->n - 1] : NULL;
	struct ce_buf b = { 0 };

	if (last == NULL || last->kind != CE_P_TEXT) {
		last = add(t, CE_P_TEXT);
		last->name = ce_strdup("");
	}
	ce_buf_puts(&b, last->name);
	ce_buf_add(&b, p, n);
	free(last->name);
	last->name = ce_buf_take(&b);
}

/* Where the format of body begins, at its colon; its end if there is none.  A
 * member name in data may hold colons: there the format is known by its %. */
static const char *
format_start(const char *body, const char *end, bool path)
{
	const char *upto = path ? memchr(body, '%', (size_t)(end - body)) : end, *colon;

	if (upto == NULL)
		return end;
	if (path)
		colon = memrchr(body, ':', (size_t)(upto - body));
	else
		colon = memchr(body, ':', (size_t)(upto - body));
	return colon != NULL ? colon : end;
}

/* body is what stands between the braces. */
static const char *
add_field(struct ce_template *t, const char *body, size_t n)
{
	const char *end = body + n, *bar = memchr(body, '|', n), *colon;
	bool path = n > 5 && memcmp(body, "data.", 5) == 0;
	struct ce_piece *p;

	if (n == 0)
		return "there is nothing between { and }";
	if (bar == NULL)
		bar = end;
	colon = format_start(body, bar, path);
	p = add(t, path ? CE_P_PATH : CE_P_ATTR);
	p->name = ce_strndup(body, (size_t)(colon - body));
	if (bar < end)
		p->fallback = ce_strndup(bar + 1, (size_t)(end - bar - 1));
	if (colon < bar)
		p->format = ce_strndup(colon + 1, (size_t)(bar - colon - 1));
	t->fixed = false;
	if (strcmp(p->name, "data") == 0) {
		p->kind = CE_P_DATA;
		return p->format != NULL ? "{data} takes no time format" : NULL;
	}
	if (p->kind == CE_P_ATTR && (p->name[0] == '\0' || p->name[strspn(p->name, LEGAL)] != '\0'))
		return "no attribute has such a name (a-z and 0-9 only)";
	return p->format != NULL ? ce_strftime_check(p->format) : NULL;
}

static const char *
parse(struct ce_template *t)
{
	const char *p = t->text, *why, *close;
	size_t n;

	while (*p != '\0') {
		n = strcspn(p, "{}");
		if (n > 0)
			add_text(t, p, n);
		p += n;
		if (*p == '\0')
			break;
		if (p[1] == p[0]) {
			add_text(t, p, 1);
			p += 2;
			continue;
		}
		if (*p == '}')
			return "there is a } without a { (}} is the brace itself)";
		close = p + 1 + strcspn(p + 1, "{}");
		if (*close != '}')
			return "a { is not closed ({{ is the brace itself)";
		if ((why = add_field(t, p + 1, (size_t)(close - p - 1))) != NULL)
			return why;
		p = close + 1;
	}
	return NULL;
}

struct ce_template *
ce_template_new(const char *text, const char **why)
{
	struct ce_template *t = CE_NEW(struct ce_template);

	t->text = ce_strdup(text);
	t->fixed = true;
	*why = parse(t);
	if (*why != NULL) {
		ce_template_free(t);
		return NULL;
	}
	ce_piece_limits(t->pieces, t->n);
	return t;
}

void
ce_template_free(struct ce_template *t)
{
	if (t == NULL)
		return;
	for (int i = 0; i < t->n; i++) {
		free(t->pieces[i].name);
		free(t->pieces[i].format);
		free(t->pieces[i].fallback);
	}
	free(t->pieces);
	free(t->text);
	ce_buf_free(&t->value);
	ce_buf_free(&t->tmp);
	ce_buf_free(&t->missing);
	free(t);
}

/* As JSON text.  A null counts as absent where the template has a default for it. */
static bool
find_json(struct ce_template *t, const struct ce_piece *p, struct ce_event *ev, struct ce_str *v)
{
	struct ce_str data;

	ce_buf_reset(&t->tmp);
	if (!ce_data_json(ev, &t->tmp, &data))
		return false;
	if (!ce_json_find(data, (struct ce_str){ p->name + 5, strlen(p->name + 5) }, v))
		return false;
	return p->fallback == NULL || ce_json_kind(*v) != CE_JNULL;
}

static bool
find_path(struct ce_template *t, const struct ce_piece *p, struct ce_event *ev, struct ce_str *v)
{
	if (!find_json(t, p, ev, v))
		return false;
	if (ce_json_kind(*v) != CE_JSTRING)
		return true;
	ce_buf_reset(&t->value);
	ce_json_unescape(&t->value, v->p + 1, v->len - 2);
	*v = (struct ce_str){ t->value.p, t->value.len };
	return true;
}

static bool
find(struct ce_template *t, const struct ce_piece *p, struct ce_event *ev, struct ce_str *v)
{
	bool json;

	if (p->kind == CE_P_PATH)
		return find_path(t, p, ev, v);
	if (p->kind == CE_P_DATA) {
		ce_buf_reset(&t->tmp);
		return ce_data(ev, &t->tmp, v, &json);
	}
	return ce_get(ev, p->name, v);
}

/* What is JSON already, as it stands. */
static bool
find_value(struct ce_template *t, const struct ce_piece *p, struct ce_event *ev, struct ce_str *v)
{
	if (p->format != NULL)
		return false;
	if (p->kind == CE_P_PATH)
		return find_json(t, p, ev, v);
	if (p->kind == CE_P_ATTR)
		return ce_get_json(ev, p->name, v);
	ce_buf_reset(&t->tmp);
	return ce_data_json(ev, &t->tmp, v);
}

/* What stands for the field; CE_ESC_VALUE is a place without quotes here. */
static bool
fill_field(struct ce_template *t, const struct ce_piece *p, struct ce_event *ev,
    enum ce_escape esc, struct ce_buf *out)
{
	const char *quote = esc == CE_ESC_VALUE ? "\"" : "";
	struct timespec ts;
	struct ce_str v;

	if (esc == CE_ESC_VALUE && find_value(t, p, ev, &v)) {
		ce_buf_str(out, v);
		return true;
	}
	if (!find(t, p, ev, &v))
		return false;
	ce_buf_puts(out, quote);
	if (p->format == NULL)
		ce_escape(out, v, esc, p->limit);
	else if (!ce_time_parse(v, &ts) || !ce_strftime(out, p->format, &ts)) {
		out->len -= strlen(quote);
		return false;
	}
	ce_buf_puts(out, quote);
	return true;
}

/* Is the place behind the text between quotes, where that before it was or not? */
static bool
quoted(const char *text, bool is)
{
	for (; *text != '\0'; text++) {
		if (*text == '"')
			is = !is;
		else if (is && *text == '\\' && text[1] != '\0')
			text++;
	}
	return is;
}

static bool
fill_one(struct ce_template *t, const struct ce_piece *p, struct ce_event *ev,
    enum ce_escape esc, struct ce_buf *out)
{
	if (p->kind != CE_P_TEXT && fill_field(t, p, ev, esc, out))
		return true;
	if (p->kind != CE_P_TEXT && p->fallback == NULL)
		return false;
	ce_buf_puts(out, p->kind == CE_P_TEXT ? p->name : p->fallback);
	return true;
}

const char *
ce_template_fill(struct ce_template *t, struct ce_event *ev, enum ce_escape esc, struct ce_buf *out)
{
	size_t start = out->len;
	bool in = false; /* quotes */

	for (int i = 0; i < t->n; i++) {
		const struct ce_piece *p = &t->pieces[i];

		if (p->kind == CE_P_TEXT)
			in = quoted(p->name, in);
		if (fill_one(t, p, ev, esc == CE_ESC_VALUE && in ? CE_ESC_JSON : esc, out))
			continue;
		out->len = start;
		if (out->p != NULL)
			out->p[start] = '\0';
		ce_buf_reset(&t->missing);
		ce_buf_puts(&t->missing, p->name);
		return t->missing.p;
	}
	return NULL;
}

const char *
ce_template_text(const struct ce_template *t)
{
	return t->text;
}

bool
ce_template_fixed(const struct ce_template *t)
{
	return t->fixed;
}
