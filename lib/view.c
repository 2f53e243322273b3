/* view.c -- what is in a parsed event, and the line with something changed
 *
 * Values are views into the line, or into ev->scratch where the line writes them
 * with escapes: entry 0 counts, then one entry a decoded text, sorted by key,
 * then the bytes.  Filled by the parse alone, so no view ever moves.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "scan.h"

/* ---- decoded texts ---- */

struct decoded {
	uint32_t key; /* of entry 0: how many follow */
	uint32_t off, len;
};

/* Entries for all that has a backslash; data needs none, but is counted. */
void
ce_view_begin(struct ce_event *ev)
{
	size_t n = sizeof(struct decoded);

	for (int i = 0; i < ev->nmembers; i++) {
		n += (ev->members[i].flags & CE_M_NAMEESC) != 0 ? sizeof(struct decoded) : 0;
		n += (ev->members[i].flags & CE_M_ESCAPED) != 0 ? sizeof(struct decoded) : 0;
	}
	if (ev->scratch == NULL)
		ev->scratch = CE_NEW(struct ce_buf);
	ce_buf_reset(ev->scratch);
	ce_buf_need(ev->scratch, n);
	memset(ev->scratch->p, 0, n);
	ev->scratch->len = n;
}

void
ce_view_decode(struct ce_event *ev, uint32_t key, struct ce_str raw)
{
	struct ce_buf *b = ev->scratch;
	size_t off = b->len;
	struct decoded *d;

	ce_json_unescape(b, raw.p, raw.len);
	d = (struct decoded *)(void *)b->p;
	d[++d->key] = (struct decoded){ key, (uint32_t)off, (uint32_t)(b->len - off) };
}

/* The entry with the lowest key that is not below key. */
static struct decoded *
entry(const struct ce_event *ev, uint32_t key)
{
	struct decoded *d = (struct decoded *)(void *)ev->scratch->p;
	uint32_t low = 1, high = d->key + 1;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (d[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return d + low;
}

struct ce_str
ce_view_decoded(const struct ce_event *ev, uint32_t key)
{
	const struct decoded *d = entry(ev, key);

	return (struct ce_str){ ev->scratch->p + d->off, d->len };
}

/* Member i goes: its texts with it, and those behind count one less. */
void
ce_view_drop(struct ce_event *ev, int i)
{
	uint32_t key = 2 * (uint32_t)i, gone = 0;
	struct decoded *d, *last;

	if (ev->scratch == NULL || ev->scratch->len == 0)
		return;
	d = (struct decoded *)(void *)ev->scratch->p;
	last = d + d->key;
	for (struct decoded *at = entry(ev, key); at <= last; at++) {
		if (at->key / 2 == (uint32_t)i) {
			gone++;
			continue;
		}
		at->key -= 2;
		at[-(ptrdiff_t)gone] = *at;
	}
	d->key -= gone;
}

struct ce_str
ce_view_raw_name(const struct ce_event *ev, const struct ce_member *m)
{
	struct ce_str s = { ev->text + m->name, m->nlen };

	if (m->nlen == UINT16_MAX)
		s.len = (size_t)(ce_scan_quote(s.p, ev->text + ev->len) - s.p);
	return s;
}

/* ---- attributes ---- */

/* The canonical string of a number or boolean is its JSON text. */
static bool
attribute(struct ce_event *ev, int i, struct ce_str *value)
{
	uint8_t kind = ev->members[i].kind;

	if (kind == CE_JNULL || kind == CE_JOBJECT || kind == CE_JARRAY)
		return false;
	*value = ce_view_value(ev, i);
	return true;
}

bool
ce_attr(struct ce_event *ev, enum ce_at which, struct ce_str *value)
{
	if (ev->at[which] < 0 || which == CE_AT_DATA || which == CE_AT_DATA_BASE64)
		return false;
	return attribute(ev, ev->at[which], value);
}

static int
find(const struct ce_event *ev, struct ce_str name)
{
	for (int i = 0; i < ev->nmembers; i++) {
		struct ce_str s = ce_view_name(ev, i);

		if (s.len == name.len && memcmp(s.p, name.p, s.len) == 0)
			return i;
	}
	return -1;
}

bool
ce_get(struct ce_event *ev, const char *name, struct ce_str *value)
{
	struct ce_str s = { name, strlen(name) };
	int i = ce_at_find(s);

	if (i >= 0)
		return ce_attr(ev, (enum ce_at)i, value);
	i = find(ev, s);
	return i >= 0 && attribute(ev, i, value);
}

bool
ce_get_json(struct ce_event *ev, const char *name, struct ce_str *json)
{
	struct ce_str s = { name, strlen(name) };
	int i = ce_at_find(s);
	const struct ce_member *m;

	if (i >= 0)
		return ce_raw(ev, (enum ce_at)i, json);
	if ((i = find(ev, s)) < 0 || (m = &ev->members[i])->kind == CE_JNULL)
		return false;
	*json = (struct ce_str){ ev->text + m->value, m->vlen };
	return true;
}

bool
ce_each(struct ce_event *ev, int *i, struct ce_str *name, struct ce_str *value)
{
	while (*i < ev->nmembers) {
		int at = (*i)++, which = ce_view_which(&ev->members[at]);

		if (which == CE_AT_DATA || which == CE_AT_DATA_BASE64 || which == CE_AT_ACKTO ||
		    !attribute(ev, at, value))
			continue;
		*name = ce_view_name(ev, at);
		return true;
	}
	return false;
}

bool
ce_raw(const struct ce_event *ev, enum ce_at which, struct ce_str *json)
{
	const struct ce_member *m;

	if (ev->at[which] < 0)
		return false;
	m = &ev->members[ev->at[which]];
	if (m->kind == CE_JNULL)
		return false;
	*json = (struct ce_str){ ev->text + m->value, m->vlen };
	return true;
}

/* ---- the payload ---- */

bool
ce_type_is_json(struct ce_str s)
{
	const char *end = memchr(s.p != NULL ? s.p : "", ';', s.len), *slash;

	if (s.len == 0)
		return true;
	if (end != NULL)
		s.len = (size_t)(end - s.p);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	if ((slash = memchr(s.p, '/', s.len)) == NULL)
		return false;
	slash++;
	s.len -= (size_t)(slash - s.p);
	s.p = slash;
	if (s.len > 5 && s.p[s.len - 5] == '+')
		s = (struct ce_str){ s.p + s.len - 4, 4 };
	return ce_str_like(s, "json");
}

/* The character at *p, which moves on; -1 behind the last. */
static int
base64_next(const char **p, const char *end)
{
	static const char letters[] = "\"\\/bfnrt";
	int c;

	if (*p >= end)
		return -1;
	if ((c = (unsigned char)*(*p)++) != '\\' || *p >= end)
		return c;
	if ((c = (unsigned char)*(*p)++) != 'u')
		return memchr(letters, c, 3) != NULL ? c : ' ';
	c = 0;
	for (int i = 0; i < 4 && *p < end; i++, (*p)++)
		c = c * 16 + (**p <= '9' ? **p - '0' : (**p | 0x20) - 'a' + 10);
	return c < 0x80 ? c : ' ';
}

static int
sextet(int c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

const char *
ce_check_base64(struct ce_str raw)
{
	const char *p = raw.p, *end = p + raw.len;
	size_t n = 0;
	int c, v = 0, last = 0;

	while ((c = base64_next(&p, end)) >= 0 && (v = sextet(c)) >= 0) {
		last = v;
		n++;
	}
	if (c == '=' && n % 4 >= 2) {
		if ((last & (n % 4 == 2 ? 15 : 3)) != 0)
			return "not base64 (RFC 4648 4): bits behind the last byte";
		while (c == '=') {
			n++;
			c = base64_next(&p, end);
			if (n % 4 == 0)
				break;
		}
	}
	return c < 0 && n % 4 == 0 ? NULL : "not base64 (RFC 4648 4)";
}

static bool
unbase64(struct ce_buf *tmp, const struct ce_member *m, struct ce_str raw)
{
	struct ce_buf plain = { 0 };
	bool ok;

	if ((m->flags & CE_M_ESCAPED) == 0)
		return ce_unbase64(tmp, raw.p, raw.len);
	ok = ce_json_unescape(&plain, raw.p, raw.len) && ce_unbase64(tmp, plain.p, plain.len);
	ce_buf_free(&plain);
	return ok;
}

/* JSON format 3.1.1.  data of another than a JSON type that is no string (allowed
 * to be refused by the last paragraph there, but sent by peers) stays JSON text. */
bool
ce_data_whole(struct ce_event *ev)
{
	int at = ev->at[CE_AT_DATA];
	struct ce_str type = { NULL, 0 };

	if (at < 0 || (ev->members[at].flags & CE_M_BADSURR) == 0 ||
	    ev->members[at].kind != CE_JSTRING)
		return true;
	ce_attr(ev, CE_AT_DATACONTENTTYPE, &type);
	return ce_type_is_json(type);
}

bool
ce_data(struct ce_event *ev, struct ce_buf *tmp, struct ce_str *bytes, bool *json)
{
	int at = ev->at[CE_AT_DATA_BASE64];
	struct ce_str type = { NULL, 0 };
	const struct ce_member *m;

	*json = false;
	if (at >= 0) {
		m = &ev->members[at];
		ce_buf_reset(tmp);
		if (!unbase64(tmp, m, ce_view_inside(ev, m)))
			return false;
		*bytes = (struct ce_str){ tmp->p, tmp->len };
		return true;
	}
	if ((at = ev->at[CE_AT_DATA]) < 0)
		return false;
	m = &ev->members[at];
	ce_attr(ev, CE_AT_DATACONTENTTYPE, &type);
	*json = m->kind != CE_JSTRING || ce_type_is_json(type);
	if (*json) {
		*bytes = (struct ce_str){ ev->text + m->value, m->vlen };
		return m->kind != CE_JNULL || ce_type_is_json(type);
	}
	*bytes = ce_view_inside(ev, m);
	if ((m->flags & CE_M_ESCAPED) != 0) {
		ce_buf_reset(tmp);
		ce_json_unescape(tmp, bytes->p, bytes->len);
		*bytes = (struct ce_str){ tmp->p, tmp->len };
	}
	return true;
}

/* Bytes from data_base64 are JSON if their type says so (none does not, JSON
 * format 3.1.1) and they are indeed. */
bool
ce_data_json(struct ce_event *ev, struct ce_buf *tmp, struct ce_str *json)
{
	struct ce_str type;
	size_t at;
	bool is;

	if (!ce_data(ev, tmp, json, &is))
		return false;
	if (!is && !(ev->at[CE_AT_DATA_BASE64] >= 0 && ce_attr(ev, CE_AT_DATACONTENTTYPE, &type) &&
	    ce_type_is_json(type) && ce_json_check(json->p, json->len, &at) == NULL))
		return false;
	while (json->len > 0 && strchr(" \t\r\n", *json->p) != NULL)
		*json = (struct ce_str){ json->p + 1, json->len - 1 };
	while (json->len > 0 && strchr(" \t\r\n", json->p[json->len - 1]) != NULL)
		json->len--;
	return true;
}
