/* exec.h -- what the files of ce-exec share.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef EXEC_H
#define EXEC_H

#include "ce.h"
#include "child.h"

struct exec_conf {
	bool data, filter, persistent;
	long jobs;
	const char *name; /* of the command, for messages */
};
extern struct exec_conf exec_conf;

/* ---- environ.c: attributes as variables ---------------------------------------- */

/* Is this NAME=value one that an event could set: CE_, then capitals and digits
 * and nothing else?  Options (CE_EXEC_JOBS) and CE_RUNTIME_DIR have a second
 * underscore, which no attribute's name can hold. */
bool environ_is_attribute(const char *entry);
/* The environment that we were given, without what an outer event set in it;
 * with the attributes of ev unless that is NULL.  Lent until the next call. */
char **environ_of(struct ce_event *ev);

/* ---- answer.c: what a command says ------------------------------------------------ */

enum answer {
	ANSWER_NONE,  /* that is no answer */
	ANSWER_OK,
	ANSWER_LATER,
	ANSWER_NEVER,
	ANSWER_EVENT, /* only of a filter */
	ANSWER_DROP   /* only of a filter */
};
/* A line of a command that stays, without its newline.  *reason may be empty. */
enum answer answer_parse(struct ce_str line, bool filter, struct ce_str *reason);
/* How it ended, and the last line that it said: the verdict on what it was given. */
enum ce_verdict answer_status(int status, const char *said);
/* "exit status 3: what it said": lent until the next call. */
const char *answer_describe(int status, const char *said);

/* ---- reply.c: the event that a filter makes --------------------------------------- */

/* text is an event in JSON, over how many lines ever; it may be changed. */
enum ce_verdict reply_event(struct ce_event *ev, struct ce_buf *text);
enum ce_verdict reply_line(struct ce_event *ev, char *line, size_t n);
/* bytes, not NULL, become its data. */
enum ce_verdict reply_data(struct ce_event *ev, struct ce_str bytes);

/* ---- feed.c: lines into a pipe ------------------------------------------------------ */

struct feed {
	int at;     /* the event to be written next */
	size_t off; /* bytes of it that were written */
};
/* Writes events from there up to n, as much as fits.  False: errno, EAGAIN too. */
bool feed(struct feed *f, int fd, struct ce_event **evs, int n);

/* ---- once.c, stay.c: the two ways to run a command ------------------------------------ */

int once_run(void); /* a command for each event or batch */
int stay_run(void); /* commands that stay; --persistent */

#endif
