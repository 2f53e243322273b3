/* ce.h -- the manual of libce, the library of every ce-src-*, ce-sink-* and filter.
 *
 * One section a source file, lower layers first; a file uses only what stands
 * above it.  Ownership is in the verb: _new gives, _get lends until the next
 * call with the same object, _take consumes, _free accepts NULL.  Text is
 * UTF-8; a struct ce_str is a view and is not terminated.  Times are
 * milliseconds unless a name says otherwise.  No memory: the process ends (71
 * is not used; it is a temporary failure, 75), because everything worth
 * keeping lies outside it: what was not acknowledged comes again. */

#ifndef CE_H
#define CE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define CE_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Exit codes, sysexits(3): the same in every program. */
enum ce_exit {
	CE_OK = 0,
	CE_USAGE = 64,       /* wrong use */
	CE_DATAERR = 65,     /* an event was refused */
	CE_UNAVAILABLE = 69, /* the service is unavailable after all retries */
	CE_SOFTWARE = 70,    /* a bug */
	CE_IOERR = 74,       /* input or output error */
	CE_TEMPFAIL = 75,    /* temporary failure, try again */
	CE_NOPERM = 77,      /* credentials refused */
	CE_CONFIG = 78       /* configuration */
};

/* ---- mem.c: never NULL, or the process has ended ----------------------- */

void *ce_alloc(size_t n); /* zeroed */
void *ce_realloc(void *p, size_t n);
char *ce_strdup(const char *s);
char *ce_strndup(const char *p, size_t n); /* copies n bytes, terminates */
/* Gives back the pages that the start of many libraries has touched: some megabytes. */
void ce_forget_libraries(void);
/* Of what is freed at the end of the heap, up to n bytes stay for what comes: for one
 * whose library allocates and frees in waves. */
void ce_keep_freed(size_t n);
#define CE_NEW(type) ((type *)ce_alloc(sizeof(type)))

/* ---- buf.c: bytes that grow, and views --------------------------------- */

/* p is NULL or holds len bytes and a NUL behind them; {0} is an empty one. */
struct ce_buf {
	char *p;
	size_t len, cap;
};

void ce_buf_need(struct ce_buf *b, size_t more); /* room for more, and a NUL */
void ce_buf_add(struct ce_buf *b, const void *p, size_t n);
void ce_buf_puts(struct ce_buf *b, const char *s);
void ce_buf_putc(struct ce_buf *b, char c);
void ce_buf_printf(struct ce_buf *b, const char *fmt, ...) CE_PRINTF(2, 3);
void ce_buf_vprintf(struct ce_buf *b, const char *fmt, va_list ap) CE_PRINTF(2, 0);
void ce_buf_reset(struct ce_buf *b); /* empty, memory kept; p is not NULL after */
void ce_buf_cut(struct ce_buf *b, size_t n); /* drop the first n bytes */
void ce_buf_free(struct ce_buf *b);
char *ce_buf_take(struct ce_buf *b); /* the caller frees; b is empty again */

struct ce_str {
	const char *p;
	size_t len;
};
bool ce_str_is(struct ce_str s, const char *text);  /* equal bytes */
bool ce_str_like(struct ce_str s, const char *text); /* equal but for ASCII case */
void ce_buf_str(struct ce_buf *b, struct ce_str s);
/* Appends s with control bytes, DEL and invalid UTF-8 as \xNN, at most max
 * bytes of it (then "..."): for messages. */
void ce_buf_visible(struct ce_buf *b, const char *p, size_t n, size_t max);

/* ---- time.c ------------------------------------------------------------ */

int64_t ce_now(void); /* monotonic, ms; cheap and coarse (4 ms or better) */
int64_t ce_now_us(void); /* monotonic, microseconds, exact */
/* RFC 3339 with offset, as CloudEvents demands: T or t, Z or z or +-hh:mm, any
 * number of fraction digits (cut to ns), second 60.  False when it is not. */
bool ce_time_parse(struct ce_str s, struct timespec *ts);
/* 2026-11-23T14:58:01.123456789Z; trailing zeros of the fraction, and an
 * empty fraction, are left out.  n >= 32. */
size_t ce_time_format(char *out, size_t n, const struct timespec *ts);

/* ---- digest.c (OpenSSL) ------------------------------------------------- */

void ce_base64(struct ce_buf *out, const void *p, size_t n);
bool ce_unbase64(struct ce_buf *out, const char *p, size_t n); /* strict RFC 4648 4 */
void ce_sha256(const void *p, size_t n, unsigned char out[32]);
void ce_hmac_sha256(const void *key, size_t nkey, const void *p, size_t n, unsigned char out[32]);
void ce_hex(struct ce_buf *out, const void *p, size_t n); /* lower case */
bool ce_equal(const void *a, const void *b, size_t n); /* in constant time */
void ce_random(void *p, size_t n);
/* For a program whose library has threads, before anything else here: at its end OpenSSL
 * is not taken down, because they may be in it still. */
void ce_crypto_stays(void);

/* ---- utf8.c: text inside JSON and attributes ---------------------------- */

/* Length of the valid UTF-8 sequence at p (n > 0 bytes there), 0 if there is none. */
int ce_utf8(const char *p, size_t n, uint32_t *cp);
bool ce_utf8_valid(const char *p, size_t n);
/* Appends p as the inside of a JSON string: quote, backslash and controls
 * escaped, everything else as it is; bytes that are no UTF-8 become U+FFFD. */
void ce_json_escape(struct ce_buf *out, const char *p, size_t n);
/* Appends what the JSON string inside raw (no quotes, grammar already checked)
 * means.  A lone surrogate escape becomes U+FFFD; false then. */
bool ce_json_unescape(struct ce_buf *out, const char *raw, size_t n);

/* ---- scan.c: the JSON grammar in one pass -------------------------------- */

enum ce_kind { CE_JNULL, CE_JBOOL, CE_JNUMBER, CE_JSTRING, CE_JOBJECT, CE_JARRAY };

/* Where one top-level member lies: offsets into the text. */
struct ce_member {
	uint32_t name;  /* first byte after the opening quote */
	uint32_t value; /* first byte of the value; of a string, its quote */
	uint32_t vlen;  /* length of the value, quotes included */
	uint16_t nlen;  /* length of the name; 65535: that or longer */
	uint8_t kind;   /* enum ce_kind */
	uint8_t flags;
};
#define CE_M_ESCAPED 1  /* the value is a string with a backslash */
#define CE_M_HIGH 2     /* the value is a string with bytes >= 0x7f */
#define CE_M_NAMEESC 4  /* the name has a backslash */
#define CE_M_BADSURR 8  /* (set by scan) the string has a lone surrogate escape */

/* Checks that text is exactly one JSON value (RFC 8259, UTF-8, depth <= 10000)
 * with white space around it.  NULL: it is; else what is wrong (static text)
 * and *at, the offset of the place. */
const char *ce_json_check(const char *text, size_t len, size_t *at);
/* The end (offset) of the first JSON value in text, white space skipped before
 * it; 0 with *why = NULL when text ends inside it, 0 with *why set when it is
 * no JSON.  *start is where it begins.  For streams of documents.
 * A number that touches the end of text counts as unfinished. */
size_t ce_json_first(const char *text, size_t len, size_t *start, const char **why);
/* In text that ce_json_check accepted: the value at a path of member names and
 * array indices separated by dots ("customer.0.name"; an empty path is the
 * whole).  False when there is none. */
bool ce_json_find(struct ce_str text, struct ce_str path, struct ce_str *value);
enum ce_kind ce_json_kind(struct ce_str value);
/* The same by a JSON Pointer (RFC 6901), which check has accepted: NULL, or what
 * is wrong with it.  Of members of one name the last is meant. */
const char *ce_json_pointer_check(struct ce_str pointer);
bool ce_json_pointer(struct ce_str text, struct ce_str pointer, struct ce_str *value);
/* Makes one line of what is one JSON value, over how many lines ever, without a
 * byte order mark.  NULL, or why it is none. */
const char *ce_json_line(struct ce_buf *b);
/* Calls fn for each element of the array text (validated). */
void ce_json_each(struct ce_str array, void (*fn)(void *arg, struct ce_str element), void *arg);

/* ---- event.c: views into a line ----------------------------------------- */

/* Members that have a place of their own; the others are extensions. */
enum ce_at {
	CE_AT_ID, CE_AT_SOURCE, CE_AT_SPECVERSION, CE_AT_TYPE, CE_AT_DATACONTENTTYPE,
	CE_AT_DATASCHEMA, CE_AT_SUBJECT, CE_AT_TIME, CE_AT_DATA, CE_AT_DATA_BASE64,
	CE_AT_ACKTO, CE_NAT
};

#define CE_INLINE 20 /* members that need no allocation */

struct ce_event {
	char *text; /* the line without its newline; text[len] is writable */
	size_t len;
	int nmembers;
	int32_t at[CE_NAT]; /* index into members; -1: absent (or null, but for data and ackto) */
	struct ce_member *members; /* in the order of the line */
	struct ce_member inl[CE_INLINE];
	int cap; /* of members */
	struct ce_buf *scratch; /* decoded attributes, freed by ce_event_free */
	/* --- the flow layer's own, not for connectors ------------------- */
	void *flow[2];
	uint64_t seq;
	int attempts;
	int state;
	int64_t due;
	struct ce_buf reply;
	struct ce_event *next;
	uint64_t key;
	bool passed; /* on to the next stage */
	uint64_t offset; /* in standard input */
	size_t raw;  /* bytes that it is there, if text[len] is all that was touched; or 0 */
	/* --- CE_USE_WRONG ------------------------------------------------ */
	unsigned long line; /* of standard input, from 1 */
	const char *wrong;  /* why it is no event, lent until the next call; NULL: it is one */
};

/* Scans and fully validates text (CloudEvents 1.0.2, JSON format): JSON
 * grammar and UTF-8, member names, required attributes, types, each
 * attribute's syntax, data and data_base64 not both.  NULL: a valid event;
 * else the violated rule, a phrase lent until the next call.  ev may be zeroed
 * or used before; text is borrowed and must outlive ev.  ackto is taken out of
 * the rules (any value is accepted). Accepts a UTF-8 BOM-less line only. */
const char *ce_event_parse(struct ce_event *ev, char *text, size_t len);
void ce_event_free(struct ce_event *ev); /* what it owns; not ev, not text */
/* Of a line that was parsed: fn is told each rule that it breaks (rules.c), in
 * words that are lent for the call.  None for a valid event, and for a line that
 * is no JSON object. */
void ce_event_rules(struct ce_event *ev, void (*fn)(void *arg, const char *rule), void *arg);
/* Removes a member with its comma from the text in place; the offsets follow. */
void ce_event_cut(struct ce_event *ev, enum ce_at which);

/* An attribute as its canonical string (spec 3.1: integers and booleans too),
 * escapes undone; lent until ce_event_free.  False: absent or null.  name may
 * be any attribute, core or extension; not data. */
bool ce_get(struct ce_event *ev, const char *name, struct ce_str *value);
bool ce_attr(struct ce_event *ev, enum ce_at which, struct ce_str *value);
/* Steps through all attributes, core and extension, in the order of the line,
 * without data, data_base64, ackto and nulls.  *i starts at 0. */
bool ce_each(struct ce_event *ev, int *i, struct ce_str *name, struct ce_str *value);
/* The raw JSON text of a member; false when absent or null. */
bool ce_raw(const struct ce_event *ev, enum ce_at which, struct ce_str *json);
/* The same of any attribute, by name: ce_get as JSON. */
bool ce_get_json(struct ce_event *ev, const char *name, struct ce_str *json);

/* The payload as bytes (JSON format 3.1: JSON text as it stands, the UTF-8 of a
 * string, or the decoded data_base64).  False: no data.  *bytes points into the
 * line or into tmp.  *json tells that the bytes are JSON text. */
bool ce_data(struct ce_event *ev, struct ce_buf *tmp, struct ce_str *bytes, bool *json);
/* The payload as JSON text, without space around it: data of a JSON type, or
 * data_base64 whose type says JSON and whose bytes are.  False: there is none. */
bool ce_data_json(struct ce_event *ev, struct ce_buf *tmp, struct ce_str *json);
/* False: data is text with a lone surrogate, for which ce_data can only give
 * U+FFFD. */
bool ce_data_whole(struct ce_event *ev);
/* Is this media type JSON: none at all, subtype json, or suffix +json? */
bool ce_type_is_json(struct ce_str datacontenttype);

/* Appends the line to out with edits: a member of that name is replaced by the
 * JSON text, or removed where json is NULL, or appended if there is none. All
 * other bytes stay. */
struct ce_edit {
	const char *name;
	const char *json;
};
void ce_event_write(struct ce_buf *out, const struct ce_event *ev, const struct ce_edit *e, int n);
bool ce_event_changes(const struct ce_event *ev, const struct ce_edit *e, int n); /* would that change it? */

/* ---- validate.c: the rules, one by one (used by ce_event_parse) ------------ */

/* Each answers NULL or the violated rule.  Values are canonical strings. */
const char *ce_check_name(struct ce_str name);
const char *ce_check_string(struct ce_str s);
const char *ce_check_uri(struct ce_str s);     /* absolute; a fragment is accepted */
const char *ce_check_uriref(struct ce_str s);
const char *ce_check_time(struct ce_str s);
const char *ce_check_mediatype(struct ce_str s);
/* The rule for the attribute of that name, by name (any extension: string). */
const char *ce_check_attr(struct ce_str name, struct ce_str value);

/* ---- build.c: making an event ---------------------------------------------- */

/* An event in the making.  begin, set ..., end; then again.  The event that
 * end returns is lent until the next begin. */
struct ce_draft {
	struct ce_buf text;
	struct ce_event ev;
};
void ce_draft_begin(struct ce_draft *d); /* writes specversion */
/* Values: control characters, noncharacters and invalid UTF-8, which an
 * attribute must not hold, become U+FFFD.  An empty value sets nothing. A name
 * must be legal and be set once: anything else is a bug of the caller. */
void ce_set(struct ce_draft *d, const char *name, const char *fmt, ...) CE_PRINTF(3, 4);
void ce_set_str(struct ce_draft *d, const char *name, const char *p, size_t n);
void ce_set_int(struct ce_draft *d, const char *name, int32_t v);
void ce_set_time(struct ce_draft *d, const char *name, const struct timespec *ts);
/* A URI reference from any bytes: those that RFC 3986 forbids (space, quotes,
 * non-ASCII, controls, a stray %) are percent-encoded (uri.c). */
void ce_set_uri(struct ce_draft *d, const char *name, const char *p, size_t n);
/* Sets datacontenttype (unless ctype is NULL) and data: JSON text where the
 * type is JSON and the bytes are (newlines between tokens become spaces), a
 * string where the type is textual and the bytes are UTF-8, else data_base64.
 * p NULL: no data. A ctype that is no media type counts as none. */
void ce_set_data(struct ce_draft *d, const char *ctype, const void *p, size_t n);
void ce_set_json(struct ce_draft *d, const char *name, const char *json, size_t n); /* verbatim */
struct ce_event *ce_draft_end(struct ce_draft *d); /* closes it; checked by parse, a bug (70) if invalid */
void ce_draft_free(struct ce_draft *d);

/* ---- binary.c: binary mode, where attributes are the headers of a message -- */

/* In ce_draft_begin's place.  prefix: of their headers' names, for what is said. */
void ce_binary_begin(struct ce_draft *d, const char *prefix);
/* One attribute, its name without the prefix and in any case.  bare: an
 * extension whose value is a number or boolean of JSON.  A value without p is refused.
 * NULL, or why that is no event: lent until the next call.  What nobody may send
 * (ackto) and what the message says itself (datacontenttype) is left out. */
const char *ce_binary_set(struct ce_draft *d, struct ce_str name, struct ce_str value, bool bare);
/* NULL, or which required one is missing; then more ce_set, and ce_draft_end. */
const char *ce_binary_end(void);

/* ---- log.c: one line a failure, on standard error ---------------------------- */

extern const char *ce_name; /* the program's */
/* All add "NAME: " and a newline, make control bytes visible, know %m.
 * ce_info prints under --verbose, ce_note unless --quiet, ce_warn always. */
void ce_info(const char *fmt, ...) CE_PRINTF(1, 2);
void ce_note(const char *fmt, ...) CE_PRINTF(1, 2);
void ce_warn(const char *fmt, ...) CE_PRINTF(1, 2);
void ce_die(int code, const char *fmt, ...) CE_PRINTF(2, 3) __attribute__((noreturn));
void ce_bug(const char *fmt, ...) CE_PRINTF(1, 2) __attribute__((noreturn)); /* 70 */
/* Standard error as it is, for what another program has said there. */
void ce_log_raw(const char *p, size_t n);
/* Bytes that must not appear in a message (a secret): replaced by "***". */
void ce_log_hide(const char *secret, size_t n);
/* url without userinfo's password and query, for messages; lent until next call. */
const char *ce_log_url(const char *url);

/* ---- template.c: names made from an event ------------------------------------- */

/* {type} {subject} any attribute; {data.customer.name} a path into JSON data
 * (a string's characters, other values' JSON text); {data} the payload;
 * {time:%Y/%m/%d} strftime of an RFC 3339 attribute, in UTC; {subject|none} a
 * default; {{ and }} are braces. */
struct ce_template;
enum ce_escape {
	CE_ESC_NONE,
	CE_ESC_PATH, /* one path component: / % controls and a leading dot as %XX; empty: "_" */
	CE_ESC_URL,  /* RFC 3986 unreserved stay, the rest %XX */
	CE_ESC_JSON, /* inside of a JSON string */
	CE_ESC_LINE, /* controls become spaces: headers, text lines */
	CE_ESC_VALUE /* JSON text: between the quotes of the template as CE_ESC_JSON; elsewhere
	              * a JSON value, a number stays one, what is text gets its quotes */
};
/* NULL and *why (lent) on a mistake. */
struct ce_template *ce_template_new(const char *text, const char **why);
void ce_template_free(struct ce_template *t);
/* Appends to out; only what comes from the event is escaped.  NULL, or the
 * name of the missing attribute, for a message (lent by t; out is then as it was). */
const char *ce_template_fill(struct ce_template *t, struct ce_event *ev, enum ce_escape esc, struct ce_buf *out);
const char *ce_template_text(const struct ce_template *t); /* as it was given */
bool ce_template_fixed(const struct ce_template *t); /* has no {...} */

/* ---- secret.c ------------------------------------------------------------------ */

/* env:NAME, file:PATH (one trailing newline cut) or fd:N, read at start; a
 * literal is refused.  Held outside core dumps, wiped at exit, hidden from logs. */
struct ce_secret {
	const char *spec; /* as given; never the value */
	char *p;          /* NULL: not given */
	size_t len;
};
/* For a secret that another library copies into memory of its own: from now on the
 * process leaves no core. */
void ce_no_core(void);

/* ---- opt.c: options from one table ----------------------------------------------- */

enum ce_opt_kind {
	CE_K_FLAG, CE_K_STR, CE_K_NUM, CE_K_SIZE, CE_K_TIME, CE_K_LIST, CE_K_SECRET,
	CE_K_CHOICE, CE_K_TEMPLATE, CE_K_GROUP
};
struct ce_list { /* a repeatable option: what was given, in order */
	const char **v;
	int n;
};
struct ce_opt {
	char letter;      /* 0: none */
	const char *name; /* --name; CE_<PROGRAM'S LAST WORD>_<NAME> in the environment */
	enum ce_opt_kind kind;
	bool required;
	union {
		bool *flag;
		long *num; /* NUM; SIZE in bytes (k M G: 1024); TIME in ms (ms s m h d, s alone) */
		const char **str;
		struct ce_list *list;
		struct ce_secret *secret;
		int *choice; /* index into the words of arg, "batch|each|none" */
		struct ce_template **tmpl;
	} to; /* what it holds at the start is the default */
	const char *arg, *help; /* help: a lower-case phrase without a full stop */
	long min, max;          /* NUM, SIZE, TIME; both 0: 0 to LONG_MAX */
};
#define CE_FLAG(l, n, v, h) { l, n, CE_K_FLAG, false, { .flag = v }, NULL, h, 0, 0 }
#define CE_STR(l, n, v, a, h) { l, n, CE_K_STR, false, { .str = v }, a, h, 0, 0 }
#define CE_MUST(l, n, v, a, h) { l, n, CE_K_STR, true, { .str = v }, a, h, 0, 0 }
#define CE_NUM(l, n, v, a, lo, hi, h) { l, n, CE_K_NUM, false, { .num = v }, a, h, lo, hi }
#define CE_SIZE(l, n, v, a, lo, hi, h) { l, n, CE_K_SIZE, false, { .num = v }, a, h, lo, hi }
#define CE_TIME(l, n, v, a, lo, hi, h) { l, n, CE_K_TIME, false, { .num = v }, a, h, lo, hi }
#define CE_LIST(l, n, v, a, h) { l, n, CE_K_LIST, false, { .list = v }, a, h, 0, 0 }
#define CE_SECRET(l, n, v, a, h) { l, n, CE_K_SECRET, false, { .secret = v }, a, h, 0, 0 }
#define CE_CHOICE(l, n, v, a, h) { l, n, CE_K_CHOICE, false, { .choice = v }, a, h, 0, 0 }
#define CE_TEMPLATE(l, n, v, a, h) { l, n, CE_K_TEMPLATE, false, { .tmpl = v }, a, h, 0, 0 }
/* Puts another table here.  Each table is sorted by name; ce_start checks it. */
#define CE_GROUP(table) { 0, NULL, CE_K_GROUP, false, { .str = (const char **)(void *)table }, NULL, NULL, 0, 0 }
#define CE_END { 0, NULL, CE_K_FLAG, false, { .flag = NULL }, NULL, NULL, 0, 0 }

/* A relay makes new events of what it reads: it answers for them itself, to the
 * stages before it a sink, to those behind it a source.
 * A tool is no stage of a pipeline.  It has only the options of all programs,
 * keeps no counters, leaves standard input and output alone; ce_running and
 * ce_wait serve its watches and timers. */
enum ce_role { CE_SOURCE, CE_SINK, CE_FILTER, CE_RELAY, CE_TOOL };

/* Which of the role's options the program has; those it cannot honour are absent. */
#define CE_USE_COMMIT 1   /* source: has a position to commit (stamps, --ack, --window ...); every relay */
#define CE_USE_STATE 2    /* source: --state FILE */
#define CE_USE_END 4      /* source: --until-end */
#define CE_USE_DEAD 8     /* source: --dead-letter, because its input may be refused */
#define CE_USE_BATCH 16   /* sink: --batch --linger */
#define CE_USE_INFLIGHT 32 /* sink: --inflight --order-by */
#define CE_USE_TIMEOUT 64 /* --timeout */
#define CE_USE_LISTEN 128 /* source: its clients wait for the settling (order of settling is free) */
#define CE_USE_REPLY 256  /* sink: may pass events on (ce_reply) */
#define CE_USE_SPOOL 512  /* relay: what is settled is finished, whatever becomes of what is emitted */
#define CE_USE_LINES 1024 /* tool: reads events, --max-event */
#define CE_USE_WRONG 2048 /* filter: is handed lines that are no events, too: see wrong */
#define CE_USE_ORDER 4096 /* sink, with CE_USE_INFLIGHT: what comes again is not overtaken */
#define CE_USE_AGAIN 8192 /* source: has a server that it comes back to: ce_again */
#define CE_USE_AHEAD 16384 /* sink, with CE_USE_BATCH: one batch is taken while another is open */

struct ce_program {
	const char *name; /* the executable's */
	const char *help; /* "append events to a file": a phrase */
	enum ce_role role;
	const struct ce_opt *opts;
	const char *args; /* positional arguments in the usage line: "PATH", "[FILE ...]"; NULL: none */
	int min_args, max_args; /* max_args -1: any number */
	int uses;         /* CE_USE_* */
};

/* The options of the roles; a program may set its own default before ce_start. */
struct ce_conf {
	bool verbose, quiet;
	long max_event;   /* bytes of a line; 16 MiB */
	/* sinks and filters */
	long retries;     /* -1: for ever */
	long backoff;     /* first wait, ms; doubles with full jitter up to backoff_max */
	long backoff_max;
	long batch, linger, inflight, timeout;
	size_t open_bytes; /* of unsettled events: with so many no more are taken; 16 MiB */
	struct ce_template *order_by;
	const char *dead_letter;
	/* sources */
	const char *state;
	int ack;          /* CE_ACK_* */
	int ack_count;    /* 0 order, 1 exact */
	long ack_sinks, ack_wait, window, count, commit_every;
	bool until_end;
	bool reply;       /* sink: ce_reply is in use; set by the program after ce_start */
};
enum { CE_ACK_AUTO, CE_ACK_REQUIRE, CE_ACK_NONE };
extern struct ce_conf ce_conf;

/* Reads environment and arguments, answers --help, --version, --options;
 * starts logging, signals, statistics.  Returns the index of the first
 * positional argument (argc when none).  Wrong use ends with 64. */
int ce_start(int argc, char *argv[], const struct ce_program *program);
/* --options prints: letter TAB name TAB argument TAB default TAB help, a line
 * each; "-" for a letter, argument or default that there is not; sorted by name. */

/* ---- runtime.c, stats.c: the runtime directory ----------------------------------- */

/* $CE_RUNTIME_DIR, $XDG_RUNTIME_DIR/ce or /tmp/ce-UID: made 0700 when absent,
 * refused when not a directory of ours or open to others.  NULL and *why. */
const char *ce_runtime_dir(const char **why);

/* Mapped into stat-TOKEN there; ce-top reads it.  Plain stores, no locks. */
struct ce_stats {
	char magic[8]; /* "cestat1" */
	int32_t pid, role;
	char name[32];
	uint64_t in_ino, out_ino; /* of the pipes on stdin and stdout: who is joined to whom */
	int64_t started;          /* CLOCK_REALTIME, ms */
	uint64_t events_in, bytes_in, events_out, bytes_out, acked, retried, dead;
	uint64_t open;            /* read or emitted, not finished */
	int64_t oldest;           /* CLOCK_MONOTONIC ms; while there are open ones: of the oldest */
	int32_t blocked;          /* CE_ON_*: what it waits for */
	int64_t resting;          /* CLOCK_MONOTONIC us: since when it waits; 0: it works */
	uint64_t waited[5];       /* us spent waiting, by CE_ON_* */
};
enum { CE_ON_NOTHING, CE_ON_INPUT, CE_ON_OUTPUT, CE_ON_SERVICE, CE_ON_ACKS };
extern struct ce_stats *ce_stats; /* never NULL */

/* ---- loop.c: waiting, in one place -------------------------------------------------- */

/* fn is called from inside ce_next, ce_batch, ce_running, ce_wait, ce_emit and
 * ce_finish when fd has one of events (POLLIN, POLLOUT); events 0 forgets fd. */
void ce_watch(int fd, short events, void (*fn)(void *arg, short revents), void *arg);
struct ce_timer {
	int64_t due; /* ce_now() time; 0: not set */
	void (*fn)(void *arg);
	void *arg;
	struct ce_timer *next;
};
void ce_timer(struct ce_timer *t, long ms); /* calls fn once in ms; ms < 0 forgets it */
void ce_on_hangup(void (*fn)(void)); /* SIGHUP, called from the loop; without it, SIGHUP ends like SIGTERM */

/* ---- work.c: what blocks, on a thread of its own ------------------------------------- */

/* Runs fn(arg), which may use of the library only memory and buffers; when it has
 * returned the loop calls then(arg), which may begin the next.  One at a time. */
void ce_work(void (*fn)(void *arg), void (*then)(void *arg), void *arg);
bool ce_working(void);   /* then has not been called yet */
void ce_work_wait(void); /* until it was, if it has not been */
/* A thread that takes no signals: they are for the loop, and have to wake it. */
pthread_t ce_thread(void *(*fn)(void *));

/* ---- line.c: records from a descriptor ------------------------------------------------ */

/* Reads large blocks and hands out views, each contiguous; the block of a
 * record lives until its last record was released. */
struct ce_block;
struct ce_lines {
	int fd;
	char sep;          /* '\n' or '\0' */
	size_t max;        /* longer records are cut: see CE_L_LONG */
	struct ce_block *block;
	size_t from, scan, to; /* unread part of the block; searched up to scan */
	bool eof;
	size_t skipping;   /* bytes of an overlong record passed over so far */
	uint64_t offset;   /* in the stream, of from */
	unsigned long line;
};
enum ce_got {
	CE_L_NONE,  /* no whole record in memory: fill */
	CE_L_LINE,  /* one, without its separator (which may be overwritten) */
	CE_L_LAST,  /* the last one, which had no separator */
	CE_L_LONG,  /* one of more than max bytes; the view holds its first bytes */
	CE_L_END    /* end of input, no record left */
};
struct ce_record {
	char *p;
	size_t len;        /* p[len] is writable */
	uint64_t offset;   /* of its first byte in the stream */
	uint64_t next;     /* of the byte after its separator */
	unsigned long line; /* from 1 */
	struct ce_block *block; /* a reference; ce_block_drop when done */
};
void ce_lines_init(struct ce_lines *l, int fd, char sep, size_t max);
/* One read(2): > 0 bytes, 0 end of input, -1 error (EAGAIN, EINTR included: errno). */
ssize_t ce_lines_fill(struct ce_lines *l);
/* The same in two steps, for one who reads himself: room for least bytes (up to 128
 * KiB) and more; what is put there is then added to l->to. */
char *ce_lines_room(struct ce_lines *l, size_t least, size_t *room);
enum ce_got ce_lines_get(struct ce_lines *l, struct ce_record *r);
void ce_block_drop(struct ce_block *b);
/* Of a reader that may be quiet for long: keeps no more memory than what is read
 * of an unfinished record.  The records that were got keep their block. */
void ce_lines_rest(struct ce_lines *l);
void ce_lines_free(struct ce_lines *l); /* not fd */

/* ---- state.c: a position that survives ---------------------------------------------------- */

/* Opens and locks path (made when absent); *content gets what it holds.  Ends
 * the program (75 when another process holds it, 78 when it cannot be). */
struct ce_state;
struct ce_state *ce_state_open(const char *path, struct ce_buf *content);
/* For one that is written in place instead: opened with content NULL, nothing was
 * read.  The descriptor is lent until the next ce_state_write. */
int ce_state_fd(const struct ce_state *s);
bool ce_state_sync(struct ce_state *s); /* what was written there; false: errno */
/* Replaces it: temporary file, fsync, rename, fsync of the directory; the lock
 * moves along.  False, with errno: the old content stands. */
bool ce_state_write(struct ce_state *s, const void *p, size_t n);
void ce_state_close(struct ce_state *s);

/* ---- letters.c: a file of dead letters ------------------------------------------------------ */

/* Appends under a lock, and to the file that has the name now.  On an error the
 * program ends with 74. */
struct ce_letters {
	const char *path;
	int fd; /* -1: not yet open */
};
void ce_letters_add(struct ce_letters *l, const char *line, size_t n); /* with its newline */
void ce_letters_sync(struct ce_letters *l); /* what was added is durable */
/* For who takes letters out: holds REPLAY all the while, and APPEND while it puts
 * a shorter file in its place, or none.  False: another has it; or errno. */
enum { CE_LETTERS_APPEND, CE_LETTERS_REPLAY };
bool ce_letters_lock(int fd, int which, bool wait);
void ce_letters_unlock(int fd, int which);
bool ce_letters_named(int fd, const char *path); /* the file is still the one of that name */

/* ---- verdicts (retry.c) ---------------------------------------------------------------------- */

enum ce_verdict {
	CE_TAKEN, /* delivered; the peer's reply said so */
	CE_LATER, /* temporary: comes again after a pause */
	CE_NEVER, /* permanent: dead letter, or the end with 65 */
	CE_FATAL, /* nothing will be taken any more: the end, the event unfinished */
	CE_BACK   /* not tried, because of one before it: comes again with that one */
};
/* Say why and return the verdict: "cannot append to %s: %s". */
enum ce_verdict ce_later(const char *fmt, ...) CE_PRINTF(1, 2);
enum ce_verdict ce_never(const char *fmt, ...) CE_PRINTF(1, 2);
enum ce_verdict ce_fatal(int code, const char *fmt, ...) CE_PRINTF(2, 3);
/* What the service asked for; holds for the CE_LATER that is settled next. */
void ce_retry_after(long ms);
const char *ce_reason(void); /* what the last of them said; lent until the next */
int ce_reason_code(void);    /* of the last ce_fatal */

/* ---- sink.c: events from standard input -------------------------------------------------------- */

/* One event more, NULL at the end (or when the program is to leave) and then
 * only when all are settled.  ackto is already cut out of it.  After CE_LATER
 * the same event comes again, its pause over.  Up to --inflight events may be
 * open (1 unless CE_USE_INFLIGHT), fewer where they are large (open_bytes).  With
 * CE_USE_ORDER, when one has to come again nothing is handed out before all that are
 * open are settled, and then, its pause over, that one alone; once it is taken the
 * others follow, in their order. */
struct ce_event *ce_next(void);
/* Up to max events at once, fewer where they are large (some MiB make a batch),
 * without waiting for more than are there (--linger waits): > 0, or 0 at the end.
 * First waits until all of the last are settled; with CE_USE_AHEAD, until there
 * are max or all of the last are settled: what is handed out then may be behind
 * events that come again, and is to be given back (CE_BACK) where order matters. */
int ce_batch(struct ce_event **evs, int max);
/* ev is gone after it (unless it comes again). */
void ce_settle(struct ce_event *ev, enum ce_verdict v);
int ce_open(void); /* events handed out and not settled */
/* The answer of the peer to ev, a valid event line without newline: goes to
 * standard output in ev's place, with ev's return address, when ev is settled
 * CE_TAKEN.  Only with ce_conf.reply; events settled without one are dropped. */
void ce_reply(struct ce_event *ev, const char *line, size_t n);
/* Appends to standard output, gathered, written before anything is acknowledged. */
void ce_print(const void *p, size_t n);

/* fn is called when what was read is used up, and before ce_next and ce_batch wait:
 * for a relay that emits at other times than when it reads.  True: it has more to
 * do, so they only look.  With CE_USE_SPOOL, ce_emit does not wait for the reader
 * while ce_room() holds; when the reader has gone the program is told to leave (74),
 * and what SIGTERM leaves unacknowledged is no failure: it is kept.  The program says
 * how much that is. */
void ce_on_wait(bool (*fn)(void));

/* Appends ev to the dead letters, durably; false: there is no --dead-letter. */
bool ce_dead(const struct ce_event *ev, const char *reason);

/* ---- filter.c ------------------------------------------------------------------------------------- */

void ce_pass(struct ce_event *ev);
void ce_pass_with(struct ce_event *ev, const struct ce_edit *e, int n);
void ce_drop(struct ce_event *ev);
/* It is refused, and the program has said why: to the dead letters, if there is
 * a file for them (true); else it is dropped. */
bool ce_reject(struct ce_event *ev, const char *why);
/* Not yet: ce_next gives it again in ms, and none of those behind it before.  Told
 * to leave, the program goes with 75 instead of waiting, and says why. */
void ce_hold(struct ce_event *ev, long ms, const char *why);
/* For a filter that reads other things than standard input, and prints: writes
 * what was gathered, then waits for watches and timers, ms at most; -1: for ever.
 * False: it is told to leave. */
bool ce_pause(long ms);

/* ---- source.c: events to standard output -------------------------------------------------------------- */

/* Told in the order of emission (with CE_USE_LISTEN: as soon as it is known):
 * CE_TAKEN finished at the far end; CE_NEVER dead-lettered; CE_LATER the
 * program leaves and it was not finished. */
typedef void ce_settled(void *token, enum ce_verdict v);
/* Writes ev's line, stamped where acks are in use (its own ackto replaced).
 * Waits while the window is full.  ev and its text are free after. */
void ce_emit(struct ce_event *ev, ce_settled *settled, void *token);
/* Input that is no event: dead letter, then settled with CE_NEVER in its turn;
 * without --dead-letter the program says where and why and will end with 65. */
void ce_refuse(const char *text, size_t n, const char *where, const char *why,
    ce_settled *settled, void *token);
/* A relay's: what is emitted between ce_next and ce_settle belongs to that event,
 * which is acknowledged when all of it was finished; an event without any is
 * finished with the one before it.  (Not with CE_USE_SPOOL.) */
bool ce_room(void);    /* ce_emit would not wait */
long ce_unfinished(void);
bool ce_running(void); /* false: stop reading and call ce_finish */
void ce_wait(long ms); /* flushes, then waits for acks, watches, timers, signals; -1: for ever */
void ce_stop(int code); /* running becomes false; the exit code unless a worse one comes */

/* For a source that has a server, and comes back to it. */
struct ce_again {
	int attempts; /* in a row, without success */
	struct ce_timer timer;
};
/* What became of a connection.  CE_LATER: says why, and calls fn after a pause that
 * grows (--backoff, with jitter); stops the source with 69 after --retries.
 * CE_FATAL: says why and stops it.  CE_TAKEN: nothing, until ce_again_well. */
void ce_again(struct ce_again *a, enum ce_verdict v, void (*fn)(void *arg), void *arg);
void ce_again_well(struct ce_again *a); /* the server answers */
/* Called at intervals, when the window is full, and at the end, whenever more
 * was settled since the last call: makes the position durable.  False (errno):
 * tried again; at the end, 74. */
void ce_on_commit(bool (*commit)(void));
/* A relay's, called when events were settled, before those they were made of are
 * acknowledged: what must outlive the process then is written here. */
void ce_on_settled(void (*fn)(void));
/* After ce_start, before the first event: something hangs on the settling though
 * there is no --state (a file is deleted then), so stamp as if there were. */
void ce_commits(void);

/* Another output beside standard output, of a program with branches: the same
 * promises, a window and a return address of its own.  fd is taken over, name
 * (for messages) is borrowed.  So many bytes are gathered for one that is slow
 * before ce_emit_to waits.  gone is called when nobody reads it any more; NULL:
 * the program ends with 74. */
struct ce_down;
struct ce_down *ce_down_new(int fd, const char *name, size_t bytes, void (*gone)(void *arg), void *arg);
void ce_emit_to(struct ce_down *d, struct ce_event *ev, ce_settled *settled, void *token);
bool ce_down_room(const struct ce_down *d); /* ce_emit_to would not wait */
/* What is unfinished there is settled with CE_NEVER, and counts as finished. */
void ce_down_give_up(struct ce_down *d);

/* Sinks and filters: everything settled, acks sent.  Sources: stdout closed,
 * acks awaited, committed.  Returns the exit code. */
int ce_finish(void);

#endif
