/* follow.h -- which files there are, now and later.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef FOLLOW_H
#define FOLLOW_H

#include "files.h"

struct part {
	char *text;
	bool wild;
};

struct operand {
	struct operand *next;
	const char *text;
	struct part *parts;
	int n;
	bool dir;   /* only regular files */
	bool wild;  /* may mean any number of files */
	bool found; /* means one */
	bool again; /* to be walked again */
};

/* names.c: the operands */
void names_add(const char *text);
bool names_any(void);
bool names_next(void); /* not following: opens the next file; false: none is left */
bool names_left(void);
void names_mark_all(void);
void names_walk_marked(void);
/* Something happened to name in dir; level: which part of o it may be, or -1. */
void names_event(struct operand *o, int level, const char *dir, const char *name,
    uint32_t mask);
void names_take(struct operand *o, const char *path);
void names_make_dir(struct operand *o);
char *names_join(const char *dir, const char *name);
bool names_match(const struct part *p, const char *name);

/* meet.c: a name and the file there */
void meet_name(struct operand *o, const char *path, uint32_t mask);
void meet_missing(const char *path); /* errno: why */
void meet_strays(struct operand *o, const struct part *p, const char *dir);
void meet_again(struct file *f); /* is it still what its name means? */
bool meet_room(void); /* there is room for some that wait; they are marked */
void meet_lost(struct file *f);
void meet_started(void);

/* follow.c: inotify, or where that does not work a look once a second */
void follow_start(void);
void follow_dir(const char *dir, struct operand *o, int level, bool all);
bool follow_link(const char *path, struct operand *o); /* is it a symbolic link? */
int follow_file(int fd, struct file *f); /* a watch, or -1 */
void follow_moves(int wd, struct file *f);
void follow_forget(int wd);
void follow_linger(void); /* a file has lost its name */
void follow_again(void);  /* looks for everything in the next turn */
void follow_turn(void);   /* acts on what happened */
bool follow_alive(void);  /* something may still come */

#endif
