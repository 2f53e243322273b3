/* sink-command.c -- from an event to a command of Redis.
 *
 * The value is the line as it is; or, in fields, each attribute as its string and
 * the data as bytes, as the binary modes of CloudEvents have it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "sink.h"

struct sink_conf sink_conf = { .once_ttl = 86400000, .wait_timeout = 1000 };

static struct ce_template *name; /* of whatever kind */
static const char *maxlen_sign = NULL, *maxlen_digits;
static char script_sha[41];

/* Nothing is marked unless it was written: an error leaves no marker. */
static const char script[] =
	"if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end "
	"local r = redis.pcall(unpack(ARGV, 2)) "
	"if type(r) == 'table' and r.err then return r end "
	"redis.call('SET', KEYS[2], '1', 'PX', ARGV[1]) return 1";

/* N, =N or ~N. */
static void
check_maxlen(void)
{
	const char *p = sink_conf.maxlen;
	size_t n;

	if (p == NULL)
		return;
	if (*p == '~' || *p == '=')
		maxlen_sign = *p++ == '~' ? "~" : "=";
	n = strlen(p);
	if (n == 0 || n > 18 || strspn(p, "0123456789") != n)
		ce_die(CE_USAGE, "--maxlen %s: neither NUMBER nor ~NUMBER", sink_conf.maxlen);
	maxlen_digits = p;
}

void
command_check(void)
{
	struct sink_conf *c = &sink_conf;
	struct ce_template *all[] = { c->stream, c->list, c->publish, c->set, c->hash };
	int given = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL) {
			name = all[i];
			given++;
		}
	if (given != 1)
		ce_die(CE_USAGE, "takes one of --stream, --list, --publish, --set and --hash");
	if (c->maxlen != NULL && c->stream == NULL)
		ce_die(CE_USAGE, "--maxlen needs --stream");
	if (c->fields && c->stream == NULL)
		ce_die(CE_USAGE, "--field-per-attribute needs --stream");
	if (c->left && c->list == NULL)
		ce_die(CE_USAGE, "--lpush needs --list");
	if (c->ttl > 0 && c->set == NULL)
		ce_die(CE_USAGE, "--ttl needs --set");
	if (c->once && c->publish != NULL)
		ce_die(CE_USAGE, "--once has no meaning with --publish");
	check_maxlen();
}

const char *
command_verb(void)
{
	const struct sink_conf *c = &sink_conf;

	return c->stream != NULL || c->list != NULL ? "append to" : c->publish != NULL ? "publish to" : "set";
}

const struct ce_buf *
command_key(struct ce_event *ev)
{
	static struct ce_buf key;
	const char *missing;

	if (ce_template_fixed(name) && key.len > 0)
		return &key;
	ce_buf_reset(&key);
	missing = ce_template_fill(name, ev, CE_ESC_NONE, &key);
	if (missing == NULL && key.len > 0)
		return &key;
	if (missing != NULL)
		ce_never("the name %s needs %s, which the event does not have", ce_template_text(name), missing);
	else
		ce_never("the event makes an empty name of %s", ce_template_text(name));
	return NULL;
}

struct field {
	struct ce_str name, value;
};

static struct ce_str
word(const char *text)
{
	return (struct ce_str){ text, strlen(text) };
}

/* A JSON value whose type went without saying (JSON format 3.1) says it here. */
static int
fields_of(struct ce_event *ev, struct field **out)
{
	static struct field *f;
	static int cap;
	static struct ce_buf tmp;
	struct ce_str v;
	bool json = false;
	int i = 0, n = 0;

	if (cap < ev->nmembers + 2) {
		cap = ev->nmembers + 32;
		f = ce_realloc(f, (size_t)cap * sizeof(*f));
	}
	*out = f;
	if (!ce_data_whole(ev)) { /* text that no bytes can hold */
		f[0] = (struct field){ word("event"), { ev->text, ev->len } };
		return 1;
	}
	while (ce_each(ev, &i, &f[n].name, &f[n].value))
		n++;
	ce_buf_reset(&tmp);
	if (!ce_data(ev, &tmp, &v, &json))
		return n;
	if (json && ev->at[CE_AT_DATACONTENTTYPE] < 0)
		f[n++] = (struct field){ word("datacontenttype"), word("application/json") };
	f[n++] = (struct field){ word("data"), v };
	return n;
}

static void
begin(struct link *l, struct ce_event *ev, const struct ce_buf *key, int n)
{
	static struct ce_buf marker;
	struct ce_str source = { "", 0 }, id = { "", 0 };
	unsigned char sum[32];

	if (!sink_conf.once) {
		link_begin(l, n);
		return;
	}
	ce_attr(ev, CE_AT_SOURCE, &source);
	ce_attr(ev, CE_AT_ID, &id);
	ce_buf_reset(&marker);
	ce_buf_str(&marker, source);
	ce_buf_putc(&marker, '\n');
	ce_buf_str(&marker, id);
	ce_sha256(marker.p, marker.len, sum);
	ce_buf_reset(&marker);
	/* In the slot of the key, where there are slots. */
	ce_buf_puts(&marker, "ce:once:");
	if (memchr(key->p, '{', key->len) == NULL) {
		ce_buf_putc(&marker, '{');
		ce_buf_add(&marker, key->p, key->len);
		ce_buf_putc(&marker, '}');
	} else
		ce_buf_add(&marker, key->p, key->len);
	ce_buf_putc(&marker, ':');
	ce_hex(&marker, sum, 16);
	link_begin(l, n + 6);
	link_word(l, "EVALSHA");
	link_word(l, script_sha);
	link_word(l, "2");
	link_arg(l, key->p, key->len);
	link_arg(l, marker.p, marker.len);
	link_number(l, sink_conf.once_ttl);
}

/* XADD up to its fields, of which n words follow; or HSET. */
static void
head(struct link *l, struct ce_event *ev, const struct ce_buf *key, int n)
{
	int trim = maxlen_digits == NULL ? 0 : maxlen_sign != NULL ? 3 : 2;

	if (sink_conf.hash != NULL) {
		begin(l, ev, key, 2 + n);
		link_word(l, "HSET");
		link_arg(l, key->p, key->len);
		return;
	}
	begin(l, ev, key, 3 + trim + n);
	link_arg(l, "XADD", 4);
	link_arg(l, key->p, key->len);
	if (trim > 0)
		link_word(l, "MAXLEN");
	if (trim > 2)
		link_word(l, maxlen_sign);
	if (trim > 0)
		link_word(l, maxlen_digits);
	link_arg(l, "*", 1);
}

static void
in_fields(struct link *l, struct ce_event *ev, const struct ce_buf *key)
{
	struct field *f;
	int i, n = fields_of(ev, &f);

	head(l, ev, key, 2 * n);
	for (i = 0; i < n; i++) {
		link_arg(l, f[i].name.p, f[i].name.len);
		link_arg(l, f[i].value.p, f[i].value.len);
	}
}

static void
in_one(struct link *l, struct ce_event *ev, const struct ce_buf *key, const char *command)
{
	bool ends = sink_conf.ttl > 0;

	begin(l, ev, key, ends ? 5 : 3);
	link_word(l, command);
	link_arg(l, key->p, key->len);
	link_arg(l, ev->text, ev->len);
	if (ends) {
		link_word(l, "PX");
		link_number(l, sink_conf.ttl);
	}
}

void
command_make(struct link *l, struct ce_event *ev, const struct ce_buf *key)
{
	const struct sink_conf *c = &sink_conf;

	if (c->hash != NULL || c->fields)
		in_fields(l, ev, key);
	else if (c->stream != NULL) {
		head(l, ev, key, 2);
		link_arg(l, "event", 5);
		link_arg(l, ev->text, ev->len);
	} else
		in_one(l, ev, key, c->list != NULL ? (c->left ? "LPUSH" : "RPUSH") :
		    c->publish != NULL ? "PUBLISH" : "SET");
}

enum ce_verdict
command_prepare(struct link *l)
{
	const char *why;
	redisReply *r;
	enum ce_verdict v = CE_TAKEN;

	if (!sink_conf.once)
		return CE_TAKEN;
	link_command(l, WORDS("SCRIPT", "LOAD", script));
	if ((r = link_answer(l, redis_conf.connect_timeout, &why)) == NULL)
		return ce_later("cannot load a script: %s", why);
	if (r->type == REDIS_REPLY_STRING && r->len == 40)
		memcpy(script_sha, r->str, 41);
	else {
		v = redis_verdict(r, "load a script");
		link_close(l);
	}
	freeReplyObject(r);
	return v == CE_NEVER ? ce_fatal(CE_CONFIG, "%s", "the server takes no scripts, which --once needs") : v;
}
