/* buf.c -- tests of the spool's files: every cut and every flipped bit of a segment, positions, names
 * needs: cmd/buf/record.c cmd/buf/reader.c cmd/buf/position.c cmd/buf/spool.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include "../../cmd/buf/record.h"
#include "../../cmd/buf/spool.h"
#include "tap.h"

static const char *const lines[] = {
	"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
	"{}",
	"{\"specversion\":\"1.0\",\"id\":\"3\",\"source\":\"/s\",\"type\":\"t\",\"data\":[1,2,3]}",
	"",
	"{\"id\":\"5\"}",
};
#define N (sizeof(lines) / sizeof(lines[0]))

static size_t ends[N]; /* of each record */

static void
write_segment(struct ce_buf *seg)
{
	unsigned char head[RECORD_HEAD];

	ce_buf_reset(seg);
	for (size_t i = 0; i < N; i++) {
		record_head(head, (uint32_t)i, lines[i], strlen(lines[i]));
		ce_buf_add(seg, head, sizeof(head));
		ce_buf_puts(seg, lines[i]);
		ends[i] = seg->len;
	}
}

static int
file_of(const char *p, size_t n)
{
	static int fd = -1;

	if (fd == -1)
		fd = memfd_create("segment", MFD_CLOEXEC);
	if (fd == -1 || ftruncate(fd, 0) == -1 || pwrite(fd, p, n, 0) != (ssize_t)n)
		exit(1);
	return fd;
}

/* What the reader makes of it: lines, and "-OFFSET+BYTES(EVENTS)" for what was
 * lost, "~" for a tail. */
static const char *
told(const char *p, size_t n)
{
	static struct ce_buf out;
	struct reader r = { .fd = file_of(p, n), .known = true };
	struct ce_str line;
	enum reader_got got;

	ce_buf_reset(&out);
	while ((got = reader_next(&r, n, &line)) != READER_END) {
		if (got == READER_ERROR) {
			ce_buf_puts(&out, "error\n");
			break;
		}
		if (got == READER_LOST)
			ce_buf_printf(&out, "%c%" PRIu64 "+%" PRIu64 "(%ld)\n", r.lost.tail ? '~' : '-',
			    r.lost.off, r.lost.bytes, r.lost.events);
		else {
			ce_buf_str(&out, line);
			ce_buf_putc(&out, '\n');
		}
	}
	if (got == READER_END && r.off != n)
		ce_buf_puts(&out, "not at the end\n");
	reader_free(&r);
	return out.p;
}

static void
expect(struct ce_buf *want, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		ce_buf_printf(want, "%s\n", lines[i]);
}

static void
whole(void)
{
	struct ce_buf seg = { 0 }, want = { 0 };

	write_segment(&seg);
	expect(&want, 0, N);
	is(told(seg.p, seg.len), want.p, "what was written is read");
	is(told("", 0), "", "an empty file");
	ce_buf_free(&seg);
	ce_buf_free(&want);
}

static void
cuts(void)
{
	struct ce_buf seg = { 0 }, want = { 0 };
	size_t n, k, from, bad = 0;

	write_segment(&seg);
	for (n = 0; n <= seg.len; n++) {
		for (k = 0; k < N && ends[k] <= n; k++)
			;
		from = k > 0 ? ends[k - 1] : 0;
		ce_buf_reset(&want);
		expect(&want, 0, k);
		if (n > from)
			ce_buf_printf(&want, "~%zu+%zu(-1)\n", from, n - from);
		if (strcmp(told(seg.p, n), want.p) != 0 && bad++ == 0)
			printf("# cut at %zu: %s", n, told(seg.p, n));
	}
	is_int((long)bad, 0, "cut at every length");
	ce_buf_free(&seg);
	ce_buf_free(&want);
}

static void
flips(void)
{
	struct ce_buf seg = { 0 }, want = { 0 };
	size_t n, k, from, bad = 0;

	write_segment(&seg);
	for (n = 0; n < 8 * seg.len; n++) {
		for (k = 0; ends[k] <= n / 8; k++)
			;
		from = k > 0 ? ends[k - 1] : 0;
		ce_buf_reset(&want);
		expect(&want, 0, k);
		if (k < N - 1) {
			ce_buf_printf(&want, "-%zu+%zu(1)\n", from, ends[k] - from);
			expect(&want, k + 1, N);
		} else
			ce_buf_printf(&want, "-%zu+%zu(-1)\n", from, ends[k] - from);
		seg.p[n / 8] ^= (char)(1 << n % 8);
		if (strcmp(told(seg.p, seg.len), want.p) != 0 && bad++ == 0)
			printf("# bit %zu: %s", n, told(seg.p, seg.len));
		seg.p[n / 8] ^= (char)(1 << n % 8);
	}
	is_int((long)bad, 0, "each bit flipped");
	ce_buf_free(&seg);
	ce_buf_free(&want);
}

/* Damage larger than a block, and records larger than one. */
static void
large(void)
{
	struct ce_buf seg = { 0 }, want = { 0 }, big = { 0 };
	unsigned char head[RECORD_HEAD];
	size_t i;

	for (i = 0; i < 700000; i++)
		ce_buf_putc(&big, (char)('a' + i % 26));
	record_head(head, 0, big.p, big.len);
	ce_buf_add(&seg, head, sizeof(head));
	ce_buf_add(&seg, big.p, big.len);
	for (i = 0; i < 600000; i++)
		ce_buf_putc(&seg, "\0ce\1"[i % 4]);
	record_head(head, 4, big.p, big.len);
	ce_buf_add(&seg, head, sizeof(head));
	ce_buf_add(&seg, big.p, big.len);
	ce_buf_printf(&want, "%s\n-%zu+600000(3)\n%s\n", big.p, RECORD_HEAD + big.len, big.p);
	ok(strcmp(told(seg.p, seg.len), want.p) == 0, "600000 bytes that look like heads");
	ce_buf_free(&seg);
	ce_buf_free(&want);
	ce_buf_free(&big);
}

/* A segment that grows while it is read: nothing beyond its size is looked at. */
static void
growing(void)
{
	struct ce_buf seg = { 0 };
	struct reader r = { .known = true };
	struct ce_str line;

	write_segment(&seg);
	r.fd = file_of(seg.p, ends[0] + 10);
	ok(reader_next(&r, ends[0], &line) == READER_RECORD, "the first is there");
	ok(reader_next(&r, ends[0], &line) == READER_END, "the second is not");
	r.fd = file_of(seg.p, seg.len);
	ok(reader_next(&r, ends[2], &line) == READER_RECORD && ce_str_is(line, lines[1]), "then it is");
	reader_skip(&r, strlen(lines[2]));
	ok(reader_next(&r, seg.len, &line) == READER_RECORD && ce_str_is(line, lines[3]), "one is skipped");
	r.fd = file_of(seg.p, ends[3]);
	ok(reader_next(&r, seg.len, &line) == READER_RECORD || errno == ENODATA, "cut meanwhile");
	reader_free(&r);
	ce_buf_free(&seg);
}

static void
positions(void)
{
	static const struct position all[] = {
		{ 0, 0 }, { 1, 20 }, { UINT64_MAX - 1, UINT64_MAX }, { 77, 1ull << 40 }
	};
	char text[POSITION_LEN + 1], bad[POSITION_LEN + 1];
	struct position p;
	uint64_t n;
	size_t i, k, wrong = 0;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		position_text(text, i == 2 ? UINT64_MAX : 5, &all[i]);
		ok(position_parse(text, &n, &p) && p.no == all[i].no && p.off == all[i].off, "%.40s", text);
		for (k = 0; k < 8 * strlen(text); k++) {
			memcpy(bad, text, sizeof(bad));
			bad[k / 8] ^= (char)(1 << k % 8);
			wrong += position_parse(bad, &n, &p);
		}
		for (k = 0; k < strlen(text); k++) {
			memcpy(bad, text, sizeof(bad));
			bad[k] = '\0';
			wrong += position_parse(bad, &n, &p);
		}
	}
	is_int((long)wrong, 0, "each bit flipped, cut at every length: refused");
}

static void
names(void)
{
	static const char *const not[] = {
		"", "1.spool", "0000000000.spool", "0000000001.spool.damaged", "0000000001", "position",
		"-000000001.spool", "00000000001.spool", "99999999999999999999.spool", " 000000001.spool"
	};
	char name[SPOOL_NAME];
	uint64_t no;

	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		ok(!spool_number(not[i], &no), "no segment: \"%s\"", not[i]);
	spool_name(name, 12345678901234);
	ok(spool_number(name, &no) && no == 12345678901234, "%s", name);
	spool_name(name, 1);
	is(name, "0000000001.spool", "the first");
}

int
main(void)
{
	whole();
	cuts();
	flips();
	large();
	growing();
	positions();
	names();
	return done();
}
