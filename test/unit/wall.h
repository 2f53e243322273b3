/* wall.h -- texts that lie right before a page nobody may touch
 *
 * Reading one byte too many is a crash then, under any compiler.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef WALL_H
#define WALL_H

#include <sys/mman.h>
#include "ce.h"
#include "tap.h"

#define S(lit) ((struct ce_str){ lit, sizeof(lit) - 1 })
#define N(a) (sizeof(a) / sizeof((a)[0]))

static char *wall; /* WALL_ROOM bytes in front of it */
enum { WALL_ROOM = 1 << 18 };

static inline void
build_wall(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, WALL_ROOM + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + WALL_ROOM, page, PROT_NONE) != 0) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	wall = p + WALL_ROOM;
}

/* spare bytes behind the text may be read and written, no more. */
static inline char *
at_wall(const char *text, size_t len, size_t spare)
{
	char *p = wall - len - spare;

	memcpy(p, text, len);
	memset(wall - spare, '"', spare);
	return p;
}

static inline const char *
shown(const char *p, size_t n)
{
	static struct ce_buf b[4];
	static int turn;
	struct ce_buf *out = &b[turn++ % 4];

	ce_buf_reset(out);
	ce_buf_visible(out, p, n, 100);
	for (char *c = out->p; *c != '\0'; c++)
		if (*c == '#')
			*c = '?'; /* a directive in TAP */
	return out->p;
}

static inline bool
same(struct ce_str s, const char *text, size_t len)
{
	return s.len == len && (len == 0 || memcmp(s.p, text, len) == 0);
}

#endif
