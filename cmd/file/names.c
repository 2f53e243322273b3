/* names -- the operands FILE, DIR and GLOB, and the files that they mean.
 *
 * An operand is a path cut into its parts, each literal or a pattern; DIR is
 * DIR/ * without hidden files.  It is walked from its first part, and every
 * directory in which a later event could change the outcome is watched before
 * it is read, so nothing appears between the two.
 * SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "follow.h"

static struct operand *operands, **last = &operands;
static struct pending {
	char *path;
	bool wild;
} *pending;
static size_t npending, nextpending;

char *
names_join(const char *dir, const char *name)
{
	struct ce_buf b = { 0 };

	ce_buf_printf(&b, "%s%s%s", dir, *dir == '\0' || strcmp(dir, "/") == 0 ? "" : "/", name);
	return ce_buf_take(&b);
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
names_match(const struct part *p, const char *name)
{
	if (!p->wild)
		return strcmp(p->text, name) == 0;
	return fnmatch(p->text, name, FNM_PERIOD) == 0;
}

static void
add_part(struct operand *o, const char *p, size_t n, bool globs)
{
	char *text = ce_strndup(p, n);

	o->parts = ce_realloc(o->parts, (size_t)(o->n + 1) * sizeof(*o->parts));
	o->parts[o->n++] = (struct part){ text, globs && strpbrk(text, "*?[") != NULL };
	o->wild |= o->parts[o->n - 1].wild;
}

/* It turned out to be a directory. */
void
names_make_dir(struct operand *o)
{
	o->dir = true;
	add_part(o, "*", 1, true);
	o->again = true;
}

/* At a last part: names a file. */
void
names_take(struct operand *o, const char *path)
{
	struct stat st;

	o->found = true;
	if (files_how.watch) {
		follow_link(path, o);
		meet_name(o, path, 0);
		return;
	}
	if (o->wild && (stat(path, &st) == -1 || S_ISDIR(st.st_mode) ||
	    (o->dir && !S_ISREG(st.st_mode))))
		return;
	pending = ce_realloc(pending, (npending + 1) * sizeof(*pending));
	pending[npending++] = (struct pending){ ce_strdup(path), o->wild };
}

static void walk(struct operand *o, int level, const char *dir);

static void
step(struct operand *o, int level, const char *dir, const char *name)
{
	char *path = names_join(dir, name);

	if (level == o->n - 1)
		names_take(o, path);
	else if (is_dir(path))
		walk(o, level + 1, path);
	else if (!o->wild && files_how.watch)
		meet_missing(o->text);
	else if (!o->wild)
		names_take(o, o->text); /* to be told why not */
	free(path);
}

static void
walk(struct operand *o, int level, const char *dir)
{
	const struct part *p = &o->parts[level];
	bool end = level == o->n - 1;
	struct dirent **list;
	char *path;
	int n;

	if (files_how.watch) {
		path = names_join(dir, p->text);
		follow_dir(dir, o, level, end || p->wild || follow_link(path, o) || !is_dir(path));
		free(path);
	}
	if (end && files_how.state)
		meet_strays(o, p, dir);
	if (!p->wild) {
		step(o, level, dir, p->text);
		return;
	}
	n = scandir(*dir != '\0' ? dir : ".", &list, NULL, alphasort);
	if (n == -1 && errno == ENOENT)
		return;
	if (n == -1) {
		ce_warn("cannot read the directory %s: %m", *dir != '\0' ? dir : ".");
		files_failed = true;
		return;
	}
	for (int i = 0; i < n; i++) {
		if (names_match(p, list[i]->d_name))
			step(o, level, dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
}

static void
walk_from_start(struct operand *o)
{
	o->again = false;
	walk(o, 0, *o->text == '/' ? "/" : "");
	if (!o->found && !o->dir && !files_how.watch && o->wild) {
		ce_warn("cannot open %s: no file matches", o->text);
		files_failed = true;
	}
}

/* Finds what a name means; following, opens it. */
void
names_add(const char *text)
{
	struct operand *o = CE_NEW(struct operand);
	struct stat st;
	bool there = lstat(text, &st) == 0;
	size_t n;

	if (*text == '\0')
		ce_die(CE_USAGE, "a file name is empty");
	o->text = text;
	if (strcmp(text, "-") == 0) {
		if (files_how.watch)
			input_stdin();
		else
			names_take(o, text);
		free(o);
		return;
	}
	for (const char *p = text; *p != '\0'; p += n) {
		p += strspn(p, "/");
		if ((n = strcspn(p, "/")) > 0)
			add_part(o, p, n, !there);
	}
	if (o->n == 0 || is_dir(text))
		names_make_dir(o);
	*last = o;
	last = &o->next;
	walk_from_start(o);
}

bool
names_next(void)
{
	struct pending *p;

	if (nextpending == npending)
		return false;
	p = &pending[nextpending++];
	if (strcmp(p->path, "-") == 0)
		input_stdin();
	else
		input_open(p->path, p->wild ? MET_AMONG : MET_FIRST);
	free(p->path);
	return true;
}

void
names_event(struct operand *o, int level, const char *dir, const char *name, uint32_t mask)
{
	char *path;

	if (level == o->n - 1 && names_match(&o->parts[level], name)) {
		path = names_join(dir, name);
		follow_link(path, o);
		meet_name(o, path, mask);
		free(path);
	} else if (level < 0 || names_match(&o->parts[level], name))
		o->again = true;
}

void
names_mark_all(void)
{
	for (struct operand *o = operands; o != NULL; o = o->next)
		o->again = true;
}

/* Twice, because a walk may find that a file lost its name, which may be one
 * that another operand means. */
void
names_walk_marked(void)
{
	for (int i = 0; i < 2; i++)
		for (struct operand *o = operands; o != NULL; o = o->next)
			if (o->again)
				walk_from_start(o);
}

bool
names_left(void)
{
	return nextpending < npending;
}

bool
names_any(void)
{
	return operands != NULL;
}
