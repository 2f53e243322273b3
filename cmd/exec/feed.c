/* feed.c -- lines of events into a pipe, many in one call, none copied
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <sys/uio.h>
#include "exec.h"

#define MOST 128 /* lines in one call */

static void
skip(struct feed *f, struct ce_event **evs, size_t n)
{
	while (n > 0) {
		size_t left = evs[f->at]->len + 1 - f->off;

		if (n < left) {
			f->off += n;
			return;
		}
		n -= left;
		f->at++;
		f->off = 0;
	}
}

bool
feed(struct feed *f, int fd, struct ce_event **evs, int n)
{
	struct iovec v[MOST];
	ssize_t k;
	int i, m;

	while (f->at < n) {
		m = n - f->at < MOST ? n - f->at : MOST;
		for (i = 0; i < m; i++) {
			struct ce_event *ev = evs[f->at + i];
			size_t off = i == 0 ? f->off : 0;

			ev->text[ev->len] = '\n'; /* that byte is ours */
			v[i] = (struct iovec){ ev->text + off, ev->len + 1 - off };
		}
		k = writev(fd, v, m);
		if (k == -1 && errno != EINTR)
			return false;
		if (k > 0)
			skip(f, evs, (size_t)k);
	}
	return true;
}
