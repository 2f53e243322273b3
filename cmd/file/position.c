/* position -- the state file: how far each file is finished.
 *
 *     ce-src-file state 1
 *     MAJOR:MINOR INODE POSITION LENGTH HASH SEEN PATH
 *
 * POSITION: every event before this offset is finished.  LENGTH and HASH: the
 * fingerprint.  SEEN: when the file was last met, seconds of the epoch.  PATH:
 * where it was first seen, percent-encoded.  Anything else in it is an error
 * and ends the program: to start over in silence would be to send everything
 * again, or nothing.
 * SPDX-License-Identifier: Apache-2.0 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include "follow.h"

#define TITLE "ce-src-file state 1\n"
#define MONTH (30L * 24 * 3600) /* an entry that nobody asked for that long goes */

static struct ce_state *state;
static struct ce_list paths; /* that the state knew at the start */

/* A number and the one byte behind it. */
static bool
number(const char **p, int base, char behind, uint64_t max, uint64_t *n)
{
	const char *q = *p, *digits = base == 16 ? "0123456789abcdef" : "0123456789", *d;

	for (*n = 0; *q != '\0' && (d = strchr(digits, *q)) != NULL; q++) {
		if (*n > (UINT64_MAX - (uint64_t)base) / (uint64_t)base && base == 10)
			return false;
		if (q - *p == 20)
			return false;
		*n = *n * (uint64_t)base + (uint64_t)(d - digits);
	}
	if (q == *p || *q != behind || *n > max)
		return false;
	*p = q + 1;
	return true;
}

static int
hexdigit(char c)
{
	const char *digits = "0123456789ABCDEF", *d = c != '\0' ? strchr(digits, c) : NULL;

	return d != NULL ? (int)(d - digits) : -1;
}

static char *
path_in(const char *p)
{
	struct ce_buf b = { 0 };

	for (; *p != '\0'; p++) {
		if (*p != '%')
			ce_buf_putc(&b, *p);
		else if (hexdigit(p[1]) >= 0 && hexdigit(p[2]) >= 0 && (p[1] != '0' || p[2] != '0')) {
			ce_buf_putc(&b, (char)(hexdigit(p[1]) * 16 + hexdigit(p[2])));
			p += 2;
		} else
			b.len = 0, p = "\n"; /* no path begins so */
	}
	if (b.len == 0 || *b.p != '/' || b.len >= PATH_MAX) {
		ce_buf_free(&b);
		return NULL;
	}
	return ce_buf_take(&b);
}

static void
path_out(struct ce_buf *b, const char *p)
{
	for (; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == '%' || *p == 0x7f)
			ce_buf_printf(b, "%%%02X", (unsigned char)*p);
		else
			ce_buf_putc(b, *p);
}

/* One line, terminated.  False: it is not one. */
static bool
entry(const char *p)
{
	uint64_t v[7]; /* major, minor, inode, position, length, hash, seen */
	struct file *f;
	char *path;
	dev_t dev;

	if (!number(&p, 10, ':', UINT_MAX, &v[0]) || !number(&p, 10, ' ', UINT_MAX, &v[1]) ||
	    !number(&p, 10, ' ', UINT64_MAX, &v[2]) || !number(&p, 10, ' ', INT64_MAX, &v[3]) ||
	    !number(&p, 10, ' ', INT64_MAX, &v[4]) || !number(&p, 16, ' ', UINT64_MAX, &v[5]) ||
	    !number(&p, 10, ' ', INT64_MAX, &v[6]) || (path = path_in(p)) == NULL)
		return false;
	dev = makedev((unsigned)v[0], (unsigned)v[1]);
	if (files_find(dev, v[2]) != NULL) {
		free(path);
		return false;
	}
	f = files_add(dev, v[2], path);
	f->regular = true;
	f->read = f->done = v[3];
	f->print = (struct print){ v[4], v[5] };
	f->seen = (int64_t)v[6];
	paths.v = ce_realloc(paths.v, (size_t)(paths.n + 1) * sizeof(*paths.v));
	paths.v[paths.n++] = path;
	return true;
}

void
position_load(const char *path)
{
	struct ce_buf b = { 0 };
	unsigned long line = 2;
	char *p, *end;

	state = ce_state_open(path, &b);
	if (b.len > 0 && (strlen(b.p) != b.len || strncmp(b.p, TITLE, strlen(TITLE)) != 0))
		ce_die(CE_CONFIG, "cannot use %s: not a state file of this program", path);
	for (p = b.p + (b.len > 0 ? strlen(TITLE) : 0); p < b.p + b.len; p = end + 1, line++) {
		if ((end = strchr(p, '\n')) != NULL)
			*end = '\0';
		if (end == NULL || !entry(p))
			ce_die(CE_CONFIG, "cannot use %s: line %lu is damaged; mend it, or remove "
			    "the file to start over", path, line);
	}
	ce_buf_free(&b);
}

static size_t
upto_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) : 0;
}

bool
position_had(const char *path, bool beside)
{
	size_t dir = upto_base(path);

	for (int i = 0; i < paths.n; i++)
		if (strcmp(paths.v[i], path) == 0 ||
		    (beside && upto_base(paths.v[i]) == dir && memcmp(paths.v[i], path, dir) == 0))
			return true;
	return false;
}

bool
position_save(void)
{
	static struct ce_buf b;
	int64_t now = (int64_t)time(NULL);

	if (state == NULL) {
		files_changed = false;
		return true;
	}
	ce_buf_reset(&b);
	ce_buf_puts(&b, TITLE);
	for (size_t i = 0; i < files_count(); i++) {
		struct file *f = files_get(i);

		if (!f->regular || (files_how.whole && f->met && (!f->ended || f->open > 0)))
			continue;
		if (!f->met && !names_left() && f->seen < now - MONTH)
			continue;
		if (f->fd != -1)
			f->seen = now;
		ce_buf_printf(&b, "%u:%u %llu %llu %llu %016llx %lld ", major(f->dev),
		    minor(f->dev), (unsigned long long)f->ino, (unsigned long long)f->done,
		    (unsigned long long)f->print.n, (unsigned long long)f->print.hash,
		    (long long)f->seen);
		path_out(&b, f->path);
		ce_buf_putc(&b, '\n');
	}
	if (!ce_state_write(state, b.p, b.len))
		return false;
	files_changed = false;
	return true;
}
