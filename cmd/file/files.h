/* files.h -- what ce-src-file knows of each file, and who does what with it.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef FILES_H
#define FILES_H

#include <sys/stat.h>
#include "ce.h"

#define FILES_HEAD 1024 /* bytes at most that tell one content from another */

/* The fingerprint: a hash of the first n bytes.  A file that only grew still
 * has the same first n bytes; one that was written anew has not. */
struct print {
	uint64_t n, hash;
};

/* One content of one inode: what is truncated becomes another struct file. */
struct file {
	dev_t dev;
	ino_t ino;
	struct print print;
	char *path;   /* absolute, where it was first seen: its source, for ever */
	char *name;   /* where it lies now; NULL once the name is another's */
	char *source; /* the URI, made when the first event is */
	char time[40];
	uint64_t seed; /* of the ids: a hash of the first line */
	uint64_t read; /* emitted, or passed over, up to here */
	uint64_t done; /* finished up to here */
	int64_t seen;  /* by whom it was last met, seconds of the epoch; for the state */
	long open;     /* events on their way */
	struct ce_lines *lines;
	struct ce_buf *whole;
	struct file *bucket, *next; /* next in the queue of those with something to read */
	struct file *after;         /* its lines come first: it had the name before */
	size_t index;
	int64_t quiet; /* ce_now() when it last grew; counts once the name is lost */
	int fd, wd;
	bool known : 1;   /* in the table */
	bool met : 1;     /* opened in this run */
	bool regular : 1;
	bool seeded : 1;
	bool queued : 1;
	bool awaited : 1; /* is another's after */
	bool closed : 1;  /* whoever wrote it has closed it */
	bool last : 1;    /* nothing will be added: an unfinished line is one */
	bool ended : 1;   /* read to its end */
	bool kept : 1;    /* --done could not be done: leave it */
	bool atend : 1;   /* the last read reached the end */
	bool sought : 1;  /* renamed while nobody looked, and found */
	bool waits : 1;   /* poll looks at it */
	bool deleted : 1; /* has no name any more */
};

/* How files are read; set once at the start. */
struct files_how {
	char sep;
	bool whole, follow, watch, from_end, state;
	long most;        /* files open at once */
	const char *done; /* "delete", a directory, or NULL */
};
extern struct files_how files_how;
extern bool files_failed; /* something could not be read: 74 at the end */

/* files.c: the table, the queue, what is on its way */
uint64_t files_hash(uint64_t seed, const void *p, size_t n);
struct file *files_find(dev_t dev, ino_t ino);
struct file *files_add(dev_t dev, ino_t ino, const char *path);
void files_drop(struct file *f); /* forgets it; freed when nothing refers to it */
size_t files_count(void);
struct file *files_get(size_t i);
void files_ready(struct file *f); /* there may be something to read */
struct file *files_turn(void);    /* whose turn it is; NULL: nobody's */
void files_sent(struct file *f, uint64_t end); /* before ce_emit with files_settled */
void files_settled(void *unused, enum ce_verdict v);
extern bool files_changed; /* since the positions were last written */

/* input.c: opening */
enum met {
	MET_FIRST, /* named by the user, at the start */
	MET_AMONG, /* the same, as one of a directory's or pattern's */
	MET_LATER  /* appeared: from its start, whatever --from says */
};
struct file *input_open(const char *name, enum met how);
struct file *input_stdin(void);
bool input_print(int fd, size_t n, struct print *p); /* of the first n bytes */
void input_time(struct file *f, const struct timespec *ts); /* of the events to come */

/* read.c: reading and closing */
enum input {
	INPUT_DATA, /* there is more */
	INPUT_WAIT, /* no more yet */
	INPUT_END,  /* nothing more will come */
	INPUT_GONE  /* f must not be touched any more */
};
enum input input_fill(struct file *f);
enum input input_whole(struct file *f, bool *toobig); /* END: f->whole has it all */
uint64_t input_size(struct file *f, bool toobig); /* of a whole */
void input_seed(struct file *f);
void input_rest(struct file *f, enum input in); /* all that there is was emitted */
void input_close(struct file *f);
extern long files_open, files_waiting; /* files; descriptors, not regular files, that poll looks at */

/* position.c: the state file */
void position_load(const char *path);
bool position_save(void);
bool position_had(const char *path, bool dir); /* the state knows the path, or one beside it */

/* done.c */
void done_check(void);
void done_sweep(void); /* does away with what is finished and on record */

#endif
