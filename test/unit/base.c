/* base -- tests of mem, buf, time, digest and log.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdint.h>
#include "ce.h"
#include "tap.h"

static struct ce_str
str(const char *s)
{
	return (struct ce_str){ s, strlen(s) };
}

static const char *
visible(const char *p, size_t n, size_t max)
{
	static struct ce_buf b;

	ce_buf_reset(&b);
	ce_buf_visible(&b, p, n, max);
	return b.p;
}

static void
buffers(void)
{
	struct ce_buf b = { 0 };
	char *p;

	ce_buf_add(&b, NULL, 0);
	is(b.p, "", "nothing added is the empty text");
	for (int i = 0; i < 1000; i++)
		ce_buf_printf(&b, "%d,", i);
	is_int((long)b.len, 3890, "a buffer grows");
	is_int((long)strlen(b.p), 3890, "and is terminated");
	ce_buf_cut(&b, 3886);
	is(b.p, "999,", "the beginning is cut off");
	ce_buf_cut(&b, 4);
	is_int((long)b.len, 0, "all of it");
	errno = ENOENT;
	ce_buf_printf(&b, "%200s%m", "");
	has(b.p, "No such file", "%m survives growing");
	is_int(errno, ENOENT, "so does errno");
	p = ce_buf_take(&b);
	ok(b.p == NULL && b.len == 0, "taken: empty");
	free(p);
	ce_buf_reset(&b);
	is(b.p, "", "reset: p is not NULL");
	ce_buf_str(&b, str("ab"));
	ce_buf_putc(&b, 'c');
	is(b.p, "abc", "views and characters");
	ce_buf_free(&b);
	ok(ce_str_is(str("ab"), "ab") && !ce_str_is(str("ab"), "abc") && !ce_str_is(str("ab"), "aB"), "str_is");
	ok(ce_str_like(str("aB"), "Ab") && !ce_str_like(str("ab"), "ac"), "str_like");
	ok(ce_str_is((struct ce_str){ NULL, 0 }, ""), "an empty view may have no bytes");
}

static void
visibly(void)
{
	is(visible("a\tb\n\x7f\0z", 7, 99), "a\\x09b\\x0a\\x7f\\x00z", "controls, DEL, NUL");
	is(visible("\xc3\xa4 \xe2\x82\xac", 6, 99), "\xc3\xa4 \xe2\x82\xac", "UTF-8 stays");
	is(visible("\xff\xc3(", 3, 99), "\\xff\\xc3(", "invalid UTF-8");
	is(visible("\xc0\xaf\xed\xa0\x80", 5, 99), "\\xc0\\xaf\\xed\\xa0\\x80", "overlong and surrogate");
	is(visible("\xc2\x9b" "2J", 4, 99), "\\xc2\\x9b2J", "a C1 control");
	is(visible("abcdef", 6, 3), "abc...", "cut");
	is(visible("abc", 3, 3), "abc", "just long enough");
	is(visible("ab\xe2\x82\xac", 5, 3), "ab...", "not cut inside a character");
	is(visible("\xe2\x82", 2, 2), "\\xe2\\x82", "a character cut short");
}

static void
one_time(const char *text, int64_t sec, long ns)
{
	struct timespec ts = { -1, -1 };

	if (!ok(ce_time_parse(str(text), &ts) && ts.tv_sec == sec && ts.tv_nsec == ns, "time %s", text))
		printf("# %lld %ld\n", (long long)ts.tv_sec, ts.tv_nsec);
}

static void
times(void)
{
	static const char *const bad[] = { "", "2026", "2026-11-23", "2026-11-23T14:58:01",
		"2026-11-23 14:58:01Z", "2026-11-23T14:58:01.Z", "2026-11-23T14:58:01+0100",
		"2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z", "2026-11-23T23:59:61Z",
		"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-11-23T14:58:01+24:00", "2026-11-23T14:58:01+01:60", "2026-11-23T14:58:01Zx",
		"2026-11-23T14:58:01ZZ", "+026-11-23T14:58:01Z", "2026-11-23T14:58:01,5Z",
		"2026-11-23T14:58:01-", "02026-11-23T14:58:01Z", "2026-11-23T14:58:1Z" };
	struct timespec ts;
	char out[40];

	one_time("1970-01-01T00:00:00Z", 0, 0);
	one_time("2026-11-23T14:58:01.123456789Z", 1795445881, 123456789);
	one_time("2026-11-23t14:58:01.5z", 1795445881, 500000000);
	one_time("2026-11-23T15:58:01+01:00", 1795445881, 0);
	one_time("2026-11-23T05:28:01-09:30", 1795445881, 0);
	one_time("2026-11-23T14:58:01-00:00", 1795445881, 0);
	one_time("2016-12-31T23:59:60Z", 1483228800, 0);
	one_time("2000-02-29T00:00:00.1234567891234Z", 951782400, 123456789);
	one_time("0000-01-01T00:00:00Z", -62167219200, 0);
	one_time("9999-12-31T23:59:59Z", 253402300799, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!ce_time_parse(str(bad[i]), &ts), "no time: \"%s\"", bad[i]);
	ts = (struct timespec){ 1795445881, 120000000 };
	is_int((long)ce_time_format(out, sizeof(out), &ts), 23, "the length of a time");
	is(out, "2026-11-23T14:58:01.12Z", "zeros behind the fraction are left out");
	ts.tv_nsec = 0;
	ce_time_format(out, sizeof(out), &ts);
	is(out, "2026-11-23T14:58:01Z", "so is an empty fraction");
	ts.tv_nsec = 1;
	ce_time_format(out, sizeof(out), &ts);
	is(out, "2026-11-23T14:58:01.000000001Z", "a nanosecond");
	ts = (struct timespec){ INT64_MAX, 0 };
	ce_time_format(out, sizeof(out), &ts);
	is(out, "9999-12-31T23:59:59Z", "a time that has no RFC 3339 form");
	/* Every day for 800 years against the C library. */
	for (ts.tv_sec = -12219292800; ts.tv_sec < 13000000000; ts.tv_sec += 86400 + 1) {
		struct timespec back;

		ts.tv_nsec = 0;
		ce_time_format(out, sizeof(out), &ts);
		if (!ce_time_parse(str(out), &back) || back.tv_sec != ts.tv_sec)
			break;
	}
	ok(ts.tv_sec >= 13000000000, "there and back: %s", out);
	ok(ce_now_us() / 1000 - ce_now() < 100 && ce_now() - ce_now_us() / 1000 < 100, "both clocks agree");
}

static const char *
encoded(const char *p, size_t n)
{
	static struct ce_buf b;

	ce_buf_reset(&b);
	ce_base64(&b, p, n);
	return b.p;
}

static void
digests(void)
{
	static const char *const bad[] = { "Zg", "Zg=", "Z", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n",
		"Zm 9", "====", "Z===", "Zm9-", "Zg=v", "Zm9v=" };
	struct ce_buf b = { 0 };
	unsigned char h[32], all[256], r1[32], r2[32];
	size_t big = (3 << 20) + 2; /* more than one part */
	char *p = ce_alloc(big);

	is(encoded("", 0), "", "base64 of nothing");
	is(encoded("f", 1), "Zg==", "base64: one byte");
	is(encoded("fo", 2), "Zm8=", "two");
	is(encoded("foobar", 6), "Zm9vYmFy", "six");
	for (size_t i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	ok(ce_unbase64(&b, encoded((char *)all, 256), 344) && b.len == 256 && memcmp(b.p, all, 256) == 0,
	    "all bytes there and back");
	for (size_t i = 0; i < big; i++)
		p[i] = (char)(i * 7);
	encoded(p, big);
	ce_buf_reset(&b);
	ok(ce_unbase64(&b, encoded(p, big), (big + 2) / 3 * 4) && b.len == big && memcmp(b.p, p, big) == 0,
	    "3 MiB there and back");
	free(p);
	ce_buf_reset(&b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!ce_unbase64(&b, bad[i], strlen(bad[i])) && b.len == 0, "no base64: %zu", i);
	ce_sha256("abc", 3, h);
	ce_hex(&b, h, 32);
	is(b.p, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256");
	ce_buf_reset(&b);
	ce_hmac_sha256("key", 3, "The quick brown fox jumps over the lazy dog", 43, h);
	ce_hex(&b, h, 32);
	is(b.p, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8", "HMAC");
	ok(ce_equal("abc", "abc", 3) && !ce_equal("abc", "abd", 3), "equal in constant time");
	ce_random(r1, 32);
	ce_random(r2, 32);
	ok(memcmp(r1, r2, 32) != 0, "random bytes differ");
	ce_buf_free(&b);
}

static void
log_some(void *unused)
{
	static char longest[10000];

	(void)unused;
	ce_name = "ce-x";
	ce_info("not without --verbose");
	ce_note("note %d", 1);
	ce_conf.quiet = true;
	ce_note("not under --quiet");
	ce_conf.verbose = true;
	errno = EACCES;
	ce_info("cannot open \"%s\": %m", "a\nb\x1b[2J\xff");
	ce_warn("errno is %d", errno);
	ce_log_hide("pass", 4);
	ce_log_hide("password1", 9);
	ce_log_hide("tab\tbed", 7);
	ce_log_hide("", 0);
	ce_warn("with password1, pass and tab\tbed, tab\\x09bed");
	memset(longest, 'y', sizeof(longest) - 1);
	memcpy(longest + 4085, "password1", 9);
	ce_warn("%s", longest);
	ce_die(CE_TEMPFAIL, "the end");
}

static void
log_bug(void *unused)
{
	(void)unused;
	ce_bug("wrong");
}

static void
logs(void)
{
	char *last;

	is_int(child(log_some, NULL), 75, "ce_die ends with its code");
	ok(strncmp(tap_out, "ce-x: note 1\nce-x: cannot", 25) == 0, "verbose and quiet");
	has(tap_out, "cannot open \"a\\nb\\x1b[2J\\xff\": Permission denied\n", "bytes made visible, %m");
	has(tap_out, "errno is 13\n", "errno stays");
	has(tap_out, "with ***, *** and ***, ***\n", "secrets hidden, the longest first");
	last = strstr(tap_out, "ce-x: yyy");
	ok(last != NULL && strcspn(last, "\n") == 4095, "a long line is cut to 4 KiB");
	ok(last != NULL && strstr(last, "pas") == NULL, "and shows no part of a secret");
	has(tap_out, "...\nce-x: the end\n", "and says so");
	is_int(child(log_bug, NULL), 70, "ce_bug ends with 70");
	is(tap_out, "ce: bug: wrong\n", "and says so");
}

static void
urls(void)
{
	static const char *const t[][2] = {
		{ "http://h/p", "http://h/p" },
		{ "http://u:pw@h:80/p?token=x#y", "http://u@h:80/p" },
		{ "redis://:pw@h/0", "redis://h/0" },
		{ "http://u@h/a@b:c", "http://u@h/a@b:c" },
		{ "http://h:80/a@b", "http://h:80/a@b" },
		{ "http://[::1]:80/a@b", "http://[::1]:80/a@b" },
		{ "http://[::1]/a@b", "http://[::1]/a@b" },
		{ "redis://u:p/w@h/0", "redis://u@h/0" },
		{ "redis://u:p?w@h/0", "redis://u@h/0" },
		{ "redis://u:p@w@h/0", "redis://u@h/0" },
		{ "u:pw@h:1", "u@h:1" },
		{ "h:1", "h:1" },
		{ "", "" },
		{ "?k=v", "" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		is(ce_log_url(t[i][0]), t[i][1], t[i][0]);
}

static void
no_memory(void *unused)
{
	(void)unused;
	free(ce_alloc(SIZE_MAX / 4));
}

int
main(void)
{
	char *p = ce_alloc(0), *q = ce_strndup("a\0b", 3);

	ok(p != NULL && q[2] == 'b' && q[3] == '\0', "mem");
	free(p);
	free(q);
	if (getenv("SANITIZED") == NULL) { /* the sanitizer has its own opinion of such a size */
		is_int(child(no_memory, NULL), 75, "no memory is a temporary failure");
		is(tap_out, "ce: out of memory\n", "and says so");
	}
	buffers();
	visibly();
	times();
	digests();
	logs();
	urls();
	return done();
}
