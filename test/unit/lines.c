/* lines -- tests of records out of blocks, with and without ce_lines_rest between.
 * SPDX-License-Identifier: Apache-2.0 */

#include "ce.h"
#include "tap.h"

static struct ce_buf sent, got;
static unsigned seed = 7;

static unsigned
any(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % n;
}

/* Lines of every length, many short ones. */
static void
make(int n)
{
	ce_buf_reset(&sent);
	for (int i = 0; i < n; i++) {
		size_t len = any(10) == 0 ? any(70000) : any(600);

		for (size_t k = 0; k < len; k++)
			ce_buf_putc(&sent, (char)('a' + any(26)));
		ce_buf_putc(&sent, '\n');
	}
}

static void
take(struct ce_lines *l, bool rest)
{
	struct ce_record r, held[3] = { { 0 } };
	enum ce_got what;
	int n = 0;

	while ((what = ce_lines_get(l, &r)) == CE_L_LINE || what == CE_L_LAST) {
		ce_buf_add(&got, r.p, r.len);
		ce_buf_putc(&got, '\n');
		if (what == CE_L_LAST)
			ce_buf_puts(&got, "<last>");
		ce_block_drop(held[n % 3].block);
		held[n++ % 3] = r;
	}
	if (rest)
		ce_lines_rest(l);
	for (int i = 0; i < 3; i++) { /* what was got is still there */
		if (held[i].p != NULL && memchr(held[i].p, '\n', held[i].len) != NULL)
			ok(false, "a record was overwritten");
		ce_block_drop(held[i].block);
	}
}

static void
run(bool rest)
{
	struct ce_lines l;
	size_t at = 0;
	int fds[2];

	if (pipe(fds) != 0)
		exit(99);
	ce_buf_reset(&got);
	ce_lines_init(&l, fds[0], '\n', 1 << 20);
	while (at < sent.len) {
		size_t n = 1 + any(30000);

		n = n < sent.len - at ? n : sent.len - at;
		if (write(fds[1], sent.p + at, n) != (ssize_t)n || ce_lines_fill(&l) <= 0)
			exit(99);
		at += n;
		take(&l, rest);
	}
	close(fds[1]);
	ok(ce_lines_fill(&l) == 0, "the end");
	take(&l, rest);
	ok(l.line == 2000 && l.offset == sent.len, "counted: %lu, %llu", l.line, (unsigned long long)l.offset);
	ok(got.len == sent.len && memcmp(got.p, sent.p, sent.len) == 0, "every line, rest %d", rest);
	ce_lines_free(&l);
	close(fds[0]);
}

int
main(void)
{
	make(2000);
	run(false);
	run(true);
	return done();
}
