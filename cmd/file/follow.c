/* follow -- news of files and directories by inotify.
 *
 * The loop may call us back in the middle of an emission, so the callback only
 * notes that there is news; follow_turn acts on it between two blocks.  Where
 * inotify does not work (its limits are reached, a file system of another
 * machine, a directory that may be searched but not read) everything is looked
 * at once a second, which is said once.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "follow.h"

#define BUCKETS 1024
#define LINGER 60000 /* ms that a file without its name stays open after its last line */

/* Who wants to know of a directory: part level of an operand there, or (-1) a
 * name that a symbolic link points at. */
struct interest {
	struct operand *o;
	int level;
	char *dir, *name;
};

struct watch {
	struct watch *next;
	int wd;
	struct file *file; /* or a directory: */
	struct interest *v;
	int n;
};

static int fd = -1;
static struct watch *buckets[BUCKETS];
static bool news, polling;
static struct ce_timer tick, linger;

static struct watch **
find(int wd)
{
	struct watch **p = &buckets[(unsigned)wd % BUCKETS];

	while (*p != NULL && (*p)->wd != wd)
		p = &(*p)->next;
	return p;
}

static struct watch *
get(int wd)
{
	struct watch **p = find(wd);

	if (*p == NULL) {
		*p = CE_NEW(struct watch);
		(*p)->wd = wd;
	}
	return *p;
}

void
follow_forget(int wd)
{
	struct watch **p = find(wd), *w = *p;

	if (w == NULL)
		return;
	*p = w->next;
	inotify_rm_watch(fd, wd);
	for (int i = 0; i < w->n; i++) {
		w->v[i].o->again = true;
		free(w->v[i].dir);
		free(w->v[i].name);
	}
	free(w->v);
	free(w);
}

void
follow_moves(int wd, struct file *f)
{
	struct watch *w = *find(wd);

	if (w != NULL)
		w->file = f;
}

void
follow_again(void)
{
	names_mark_all();
	news = true;
}

static void
look(void)
{
	follow_again();
	for (size_t i = 0; i < files_count(); i++)
		if (files_get(i)->fd != -1 && files_get(i)->regular)
			files_ready(files_get(i));
}

static void
every_second(void *arg)
{
	(void)arg;
	look();
	ce_timer(&tick, 1000);
}

static void
poll_instead(const char *path, const char *why)
{
	if (polling)
		return;
	polling = true;
	ce_note("cannot watch %s: %s; looking once a second", path, why);
	tick.fn = every_second;
	ce_timer(&tick, 1000);
}

static void
happened(void *arg, short revents)
{
	(void)arg;
	(void)revents;
	ce_watch(fd, 0, NULL, NULL); /* until follow_turn has read it */
	news = true;
}

void
follow_start(void)
{
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd == -1)
		poll_instead("files", strerror(errno));
	else
		ce_watch(fd, POLLIN, happened, NULL);
}

/* What another machine changes is not told here. */
static bool
remote(const char *path)
{
	struct statfs s;

	if (statfs(path, &s) == -1)
		return false;
	switch ((unsigned long)s.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case 0xff534d42u: /* cifs */
	case 0xfe534d42u: /* smb2 */
	case 0x65735546u: /* fuse */
	case V9FS_MAGIC:
	case AFS_SUPER_MAGIC:
	case CEPH_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
		return true;
	}
	return false;
}

static int
watch(const char *path, const char *said, uint32_t mask)
{
	int wd = fd != -1 ? inotify_add_watch(fd, path, mask | IN_MASK_ADD) : -1;

	if (wd == -1 && fd != -1 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		poll_instead(said, errno == ENOSPC ? "the limit of inotify watches is reached" :
		    strerror(errno));
	if (wd != -1 && remote(path))
		poll_instead(said, "its file system does not tell");
	return wd;
}

static void
interest(const char *dir, struct operand *o, int level, const char *name, uint32_t mask)
{
	const char *path = *dir != '\0' ? dir : ".";
	int wd = watch(path, path, mask | IN_MOVE_SELF | IN_DELETE_SELF);
	struct watch *w;

	if (wd == -1)
		return;
	w = get(wd);
	for (int i = 0; i < w->n; i++)
		if (w->v[i].o == o && w->v[i].level == level && strcmp(w->v[i].dir, dir) == 0 &&
		    (level >= 0 || strcmp(w->v[i].name, name) == 0))
			return;
	w->v = ce_realloc(w->v, (size_t)(w->n + 1) * sizeof(*w->v));
	w->v[w->n++] = (struct interest){ o, level, ce_strdup(dir), ce_strdup(name) };
}

static uint32_t
changes(void)
{
	return IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
	    (files_how.whole || files_how.done != NULL ? IN_CLOSE_WRITE : 0);
}

void
follow_dir(const char *dir, struct operand *o, int level, bool all)
{
	interest(dir, o, level, "", all ? changes() : 0);
}

/* A link may be made to point elsewhere, and so may what it points at. */
bool
follow_link(const char *path, struct operand *o)
{
	char *at = ce_strdup(path), *slash, *next;
	char to[PATH_MAX];
	bool is_link = false;
	ssize_t n;

	for (int i = 0; i < 40 && (n = readlink(at, to, sizeof(to) - 1)) > 0; i++) {
		to[n] = '\0';
		if ((slash = strrchr(at, '/')) != NULL)
			slash[slash == at] = '\0';
		else
			*at = '\0';
		next = *to == '/' ? ce_strdup(to) : names_join(at, to);
		free(at);
		at = next;
		if ((slash = strrchr(next, '/')) != NULL) {
			char *dir = ce_strndup(next, (size_t)(slash - next) + (slash == next));

			interest(dir, o, -1, slash + 1, changes());
			free(dir);
		} else
			interest("", o, -1, next, changes());
		is_link = true;
	}
	free(at);
	return is_link;
}

int
follow_file(int file, struct file *f)
{
	char path[64];
	int wd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	wd = watch(path, f->path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF |
	    (files_how.done != NULL ? IN_CLOSE_WRITE : 0));
	if (wd != -1)
		get(wd)->file = f;
	return wd;
}

static void
event(const struct inotify_event *e)
{
	struct watch *w = *find(e->wd);

	if ((e->mask & IN_Q_OVERFLOW) != 0)
		look();
	if (w == NULL)
		return;
	if (w->file != NULL) {
		w->file->closed |= (e->mask & IN_CLOSE_WRITE) != 0;
		files_ready(w->file);
		if ((e->mask & (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)) != 0)
			meet_again(w->file);
		return;
	}
	for (int i = 0; i < w->n && e->len > 0; i++)
		if (w->v[i].level >= 0 || strcmp(w->v[i].name, e->name) == 0)
			names_event(w->v[i].o, w->v[i].level, w->v[i].dir, e->name, e->mask);
	if ((e->mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0)
		follow_forget(e->wd);
}

static void
read_news(void)
{
	char buf[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n, at;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(buf + at);

			at += (ssize_t)(sizeof(*e) + e->len);
			event(e);
		}
	ce_watch(fd, POLLIN, happened, NULL);
}

void
follow_turn(void)
{
	if (!meet_room() && !news)
		return;
	news = false;
	if (fd != -1)
		read_news();
	names_walk_marked();
}

/* A file without a name that did not grow for a while is finished. */
static void
tired(void *arg)
{
	bool more = false;

	(void)arg;
	for (size_t i = 0; i < files_count(); i++) {
		struct file *f = files_get(i);

		if (f->fd == -1 || f->name != NULL || !f->regular)
			continue;
		f->last |= ce_now() - f->quiet >= LINGER;
		files_ready(f);
		more = true;
	}
	if (more)
		ce_timer(&linger, LINGER / 4);
}

void
follow_linger(void)
{
	linger.fn = tired;
	if (linger.due == 0)
		ce_timer(&linger, LINGER + 100);
}

bool
follow_alive(void)
{
	if (files_waiting > 0)
		return true;
	if (!files_how.watch)
		return false;
	for (size_t i = 0; i < files_count(); i++)
		if (files_get(i)->fd != -1)
			return true;
	return names_any();
}
