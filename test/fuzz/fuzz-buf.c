/* fuzz-buf -- any bytes as a segment of ce-buf, and damage to a good one
 * needs: cmd/buf/record.c cmd/buf/reader.c
 *
 * Whatever the bytes are, the reader goes through them in order, accounts for
 * each, and ends.  Of a good segment of which some bytes were changed, or cut
 * off, every record that was not hit comes out.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fuzz.h"
#include "../../cmd/buf/record.h"

#define MOST 64 /* records */

static int fd = -1;

static void
file_of(const char *p, size_t n)
{
	if (fd == -1)
		fd = memfd_create("segment", MFD_CLOEXEC);
	must(fd != -1 && ftruncate(fd, 0) == 0 && pwrite(fd, p, n, 0) == (ssize_t)n);
}

/* Calls seen for each record, in order. */
static void
read_all(const char *p, size_t n, void (*seen)(uint64_t from, struct ce_str line))
{
	struct reader r = { .known = true };
	struct ce_str line;
	enum reader_got got;
	uint64_t from = 0;

	file_of(p, n);
	r.fd = fd;
	while ((got = reader_next(&r, n, &line)) != READER_END) {
		must(got != READER_ERROR);
		must(r.off <= n && (r.off > from || got == READER_LOST));
		if (got == READER_LOST) {
			must(r.lost.off == from && r.lost.bytes > 0 && r.off == from + r.lost.bytes);
		} else {
			must(r.off == from + RECORD_HEAD + line.len);
			must(memcmp(p + from + RECORD_HEAD, line.p, line.len) == 0);
			if (seen != NULL)
				seen(from, line);
		}
		from = r.off;
	}
	must(r.off == n);
	reader_free(&r);
}

static size_t start[MOST + 1]; /* of each record of the good segment */
static int records, next;
static size_t hit_from, hit_to, cut;

static bool
spared(int i)
{
	return start[i + 1] <= cut && (start[i + 1] <= hit_from || start[i] >= hit_to);
}

static void
expected(uint64_t from, struct ce_str line)
{
	(void)line;
	while (next < records && start[next] < from) {
		must(!spared(next));
		next++;
	}
	if (next < records && start[next] == from)
		next++;
}

/* The first bytes say where it is hit, with what, and where cut; the rest are the
 * lines.  As in an event there is no NUL in them. */
static void
damage(const uint8_t *p, size_t n)
{
	static struct ce_buf seg, line;
	unsigned char head[RECORD_HEAD];
	size_t at = (size_t)p[0] << 8 | p[1], len = p[2] % 8, end = (size_t)p[3] << 8 | p[4];
	const uint8_t *with = p + 5;

	p += 12;
	n -= 12;
	ce_buf_reset(&seg);
	for (records = 0; records < MOST && n > 0; records++) {
		ce_buf_reset(&line);
		for (; n > 0 && *p != '\n'; p++, n--)
			ce_buf_putc(&line, *p != 0 ? (char)*p : 'x');
		if (n > 0) {
			p++;
			n--;
		}
		start[records] = seg.len;
		record_head(head, (uint32_t)records, line.p, line.len);
		ce_buf_add(&seg, head, sizeof(head));
		ce_buf_add(&seg, line.p, line.len);
	}
	start[records] = seg.len;
	if (seg.len == 0)
		return;
	hit_from = at % seg.len;
	hit_to = hit_from + len < seg.len ? hit_from + len : seg.len;
	memcpy(seg.p + hit_from, with, hit_to - hit_from);
	cut = seg.len - (end % 4 == 0 ? end % seg.len : 0);
	next = 0;
	read_all(seg.p, cut, expected);
	for (; next < records; next++)
		must(!spared(next));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	read_all((const char *)p, n, NULL);
	if (n > 12)
		damage(p, n);
	return 0;
}
