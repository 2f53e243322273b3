/* optvalue -- one option's value, from text and back.
 *
 * Every kind is parsed here and nowhere else, so that a range error reads the
 * same in every program.  Foreign text in a message is cut at 80 bytes; the log
 * makes it visible.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <limits.h>
#include <string.h>
#include "opt.h"
#include "secret.h"

struct unit {
	const char *name;
	long factor;
};

/* Smallest first; the one without a name applies to a bare number. */
static const struct unit bytes[] = {
	{ "", 1 }, { "k", 1L << 10 }, { "M", 1L << 20 }, { "G", 1L << 30 }, { NULL, 0 }
};
static const struct unit times[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	{ NULL, 0 }
};
static const struct unit plain[] = { { "", 1 }, { NULL, 0 } };

static struct ce_buf error;

const char *
ce_opt_wrong(const char *fmt, ...)
{
	va_list ap;

	ce_buf_reset(&error);
	va_start(ap, fmt);
	ce_buf_vprintf(&error, fmt, ap);
	va_end(ap);
	return error.p;
}

static const char *
bad_value(const char *what, const char *text, const char *why)
{
	struct ce_buf b = { 0 };

	ce_buf_visible(&b, text, strlen(text), 80);
	ce_opt_wrong("%s: \"%s\" %s", what, b.p != NULL ? b.p : "", why);
	ce_buf_free(&b);
	return error.p;
}

static const struct unit *
units(const struct ce_opt *o)
{
	return o->kind == CE_K_SIZE ? bytes : o->kind == CE_K_TIME ? times : plain;
}

static long
factor(const struct ce_opt *o, const char *suffix)
{
	const struct unit *u = units(o);

	if (o->kind == CE_K_TIME && *suffix == '\0')
		return 1000;
	if (o->kind == CE_K_SIZE && strcmp(suffix, "K") == 0)
		return 1024;
	for (; u->name != NULL; u++)
		if (strcmp(u->name, suffix) == 0)
			return u->factor;
	return 0;
}

static void
show_number(struct ce_buf *b, const struct ce_opt *o, long v)
{
	const struct unit *u, *best = units(o);

	for (u = best; u->name != NULL; u++)
		if (v != 0 && v % u->factor == 0)
			best = u;
	ce_buf_printf(b, "%ld%s", v / best->factor, v == 0 && o->kind == CE_K_TIME ? "s" : best->name);
}

static const char *
out_of_range(const struct ce_opt *o, const char *what, const char *text, long lo, long hi)
{
	struct ce_buf b = { 0 };

	ce_buf_puts(&b, "is out of range (");
	show_number(&b, o, lo);
	if (hi == LONG_MAX)
		ce_buf_puts(&b, " or more)");
	else {
		ce_buf_puts(&b, " to ");
		show_number(&b, o, hi);
		ce_buf_putc(&b, ')');
	}
	bad_value(what, text, b.p);
	ce_buf_free(&b);
	return error.p;
}

static const char *
set_number(const struct ce_opt *o, const char *what, const char *text)
{
	bool minus = *text == '-', over = false;
	long lo = o->min, hi = o->min == 0 && o->max == 0 ? LONG_MAX : o->max, v = 0, f;
	const char *p = text + minus;

	if (*p < '0' || *p > '9' || (f = factor(o, p + strspn(p, "0123456789"))) == 0)
		return bad_value(what, text, o->kind == CE_K_NUM ? "is not a number" :
		    o->kind == CE_K_SIZE ? "is not a size such as 512, 64k, 16M, 1G" :
		    "is not a time such as 500ms, 30s, 5m, 2h, 1d");
	for (; *p >= '0' && *p <= '9'; p++)
		over = over || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *p - '0', &v);
	over = over || __builtin_mul_overflow(v, minus ? -f : f, &v);
	if (over || v < lo || v > hi)
		return out_of_range(o, what, text, lo, hi);
	*o->to.num = v;
	return NULL;
}

static const char *
set_choice(const struct ce_opt *o, const char *what, const char *text)
{
	size_t n = strlen(text), k;
	const char *p = o->arg;
	struct ce_buf b = { 0 };

	for (int i = 0;; i++, p += k + 1) {
		k = strcspn(p, "|");
		if (k == n && memcmp(p, text, n) == 0) {
			*o->to.choice = i;
			return NULL;
		}
		if (p[k] == '\0')
			break;
	}
	ce_buf_printf(&b, "is none of %s", o->arg);
	bad_value(what, text, b.p);
	ce_buf_free(&b);
	return error.p;
}

static const char *
set_template(const struct ce_opt *o, const char *what, const char *text, bool first)
{
	const char *why = NULL;
	struct ce_template *t = ce_template_new(text, &why);

	if (t == NULL)
		return bad_value(what, text, why);
	if (!first)
		ce_template_free(*o->to.tmpl);
	*o->to.tmpl = t;
	return NULL;
}

/* The first one takes the place of a default list, which is not ours to grow. */
static void
append(struct ce_list *l, const char *text, bool first)
{
	const char **v = ce_realloc(first ? NULL : l->v, (size_t)(first ? 1 : l->n + 1) * sizeof(*v));

	if (first)
		l->n = 0;
	v[l->n++] = text;
	l->v = v;
}

static const char *
set_secret(const struct ce_opt *o, const char *what, const char *text)
{
	const char *why = ce_secret_check(text);

	if (why != NULL)
		return ce_opt_wrong("%s %s", what, why);
	o->to.secret->spec = text;
	return NULL;
}

const char *
ce_opt_flag(const struct ce_opt *o, const char *what, const char *text)
{
	struct ce_str s = { text, strlen(text) };

	if (ce_str_is(s, "1") || ce_str_is(s, "yes") || ce_str_is(s, "true"))
		*o->to.flag = true;
	else if (ce_str_is(s, "0") || ce_str_is(s, "no") || ce_str_is(s, "false") || s.len == 0)
		*o->to.flag = false;
	else
		return bad_value(what, text, "is neither 1, yes, true nor 0, no, false");
	return NULL;
}

const char *
ce_opt_set(const struct ce_opt *o, const char *what, const char *text, bool first)
{
	switch (o->kind) {
	case CE_K_FLAG:
		return ce_opt_flag(o, what, text);
	case CE_K_STR:
		*o->to.str = text;
		return NULL;
	case CE_K_NUM:
	case CE_K_SIZE:
	case CE_K_TIME:
		return set_number(o, what, text);
	case CE_K_LIST:
		append(o->to.list, text, first);
		return NULL;
	case CE_K_SECRET:
		return set_secret(o, what, text);
	case CE_K_CHOICE:
		return set_choice(o, what, text);
	case CE_K_TEMPLATE:
		return set_template(o, what, text, first);
	case CE_K_GROUP:
		break;
	}
	ce_bug("%s has no kind", what);
}

static void
show_choice(struct ce_buf *b, const struct ce_opt *o)
{
	const char *p = o->arg;

	for (int i = 0; i < *o->to.choice && *p != '\0'; i++) {
		p += strcspn(p, "|");
		p += *p == '|';
	}
	if (*o->to.choice >= 0)
		ce_buf_add(b, p, strcspn(p, "|"));
}

void
ce_opt_show(struct ce_buf *b, const struct ce_opt *o)
{
	const char *text = NULL;

	switch (o->kind) {
	case CE_K_STR:
		text = *o->to.str;
		break;
	case CE_K_SECRET:
		text = o->to.secret->spec;
		break;
	case CE_K_TEMPLATE:
		text = *o->to.tmpl != NULL ? ce_template_text(*o->to.tmpl) : NULL;
		break;
	case CE_K_NUM:
	case CE_K_SIZE:
	case CE_K_TIME:
		show_number(b, o, *o->to.num);
		break;
	case CE_K_LIST:
		for (int i = 0; i < o->to.list->n; i++) {
			ce_buf_puts(b, i > 0 ? ", " : "");
			ce_buf_puts(b, o->to.list->v[i]);
		}
		break;
	case CE_K_CHOICE:
		show_choice(b, o);
		break;
	case CE_K_FLAG:
	case CE_K_GROUP:
		break;
	}
	if (text != NULL)
		ce_buf_visible(b, text, strlen(text), 1000);
}
