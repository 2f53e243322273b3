/* read.c -- a file of dead letters, letter by letter.
 *
 * A letter is longer than its event was, by why and where it died; a line that
 * was no event may be much longer as the data of one.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "read.h"

#define MORE 65536

void
letters_open(struct letters *l, const char *path, int flags)
{
	struct stat st;
	int fd;

	memset(l, 0, sizeof(*l));
	l->path = path;
	fd = open(path, flags | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		ce_die(CE_IOERR, "cannot open %s: %m", path);
	if (S_ISDIR(st.st_mode))
		ce_die(CE_IOERR, "cannot read %s: a directory", path);
	ce_lines_init(&l->in, fd, '\n', 2 * (size_t)ce_conf.max_event + MORE);
}

static bool
blank(const struct ce_record *r)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->p[i] != ' ' && r->p[i] != '\t' && r->p[i] != '\r')
			return false;
	return true;
}

static enum ce_got
line(struct letters *l)
{
	enum ce_got got;

	ce_block_drop(l->r.block);
	l->r.block = NULL;
	while ((got = ce_lines_get(&l->in, &l->r)) == CE_L_NONE)
		if (ce_lines_fill(&l->in) == -1 && errno != EINTR)
			ce_die(CE_IOERR, "cannot read %s: %m", l->path);
	return got;
}

bool
letters_next(struct letters *l)
{
	enum ce_got got;

	while ((got = line(l)) != CE_L_END) {
		if (got != CE_L_LONG && (blank(&l->r) || *l->r.p == STRUCK))
			continue;
		l->n++;
		ce_stats->events_in++;
		l->wrong = got == CE_L_LONG ? "far longer than --max-event" :
		    ce_event_parse(&l->ev, l->r.p, l->r.len);
		return true;
	}
	return false;
}

void
letters_close(struct letters *l)
{
	ce_block_drop(l->r.block);
	ce_lines_free(&l->in);
	ce_event_free(&l->ev);
	close(l->in.fd);
}

const char *
letter_name(const char *name)
{
	static const char *const names[][2] = { { "reason", "deadreason" },
	    { "stage", "deadstage" }, { "time", "deadtime" }, { "attempts", "deadattempts" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i][0]) == 0)
			return names[i][1];
	return name;
}

struct ce_str
letter_get(struct letters *l, const char *name)
{
	struct ce_str s = { "", 0 };

	if (l->wrong == NULL)
		ce_get(&l->ev, letter_name(name), &s);
	return s;
}

long
letter_attempts(struct letters *l)
{
	struct ce_str s = letter_get(l, "attempts");
	long n = strtol(s.len > 0 && s.len < 12 ? s.p : "1", NULL, 10);

	return n > 0 ? n : 1;
}
