/* out.h -- a file that records are appended to, whole or not at all.
 *
 * out_begin, then out_lend or out_copy for each record, out_commit, out_end.
 * Only one file is between begin and end at a time.  What fails answers
 * CE_LATER or CE_NEVER and leaves the reason in out_why; out_undo then says how
 * much is to stay.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef OUT_H
#define OUT_H

#include "ce.h"

enum { OUT_BATCH, OUT_EACH, OUT_NONE };

struct out_conf {
	int sync;          /* OUT_* */
	char sep;          /* ends each record */
	long rotate_size;  /* bytes; 0: never */
	long rotate_every; /* ms; 0: never */
};
extern struct out_conf out_conf;
extern struct ce_buf out_why;

struct out {
	char *path;
	int fd; /* -1: closed */
	int err; /* errno of the last failure */
	bool regular; /* can be locked, cut and rotated */
	bool rotates; /* a name of its own: /dev/stdout is a symbolic link */
	bool fresh;   /* its name is not durable yet */
	dev_t dev;
	ino_t ino;
	off_t base;   /* its length at the last commit; -1: not known */
	size_t put, wrote; /* bytes since then: given, and written of them */
	/* pool.c */
	struct out *chain, *newer, *older;
	bool listed;
	/* the events of this batch that go there, by index; first -1: none */
	int first, last;
	struct out *touched;
};

/* Opens it where it is not open, or not the file of that name any more; locks
 * it; cuts off what a crash left half written; rotates it when its time is over. */
enum ce_verdict out_begin(struct out *o);
/* p must stay as it is until out_commit; neighbours in memory cost no copy. */
enum ce_verdict out_lend(struct out *o, const char *p, size_t n);
enum ce_verdict out_copy(struct out *o, const char *p, size_t n);
/* Written, and durable as --sync says. */
enum ce_verdict out_commit(struct out *o);
/* After a failure: keeps the first keep bytes since the last commit, makes them
 * durable, cuts off the rest, and closes the file.  False: nothing was kept. */
bool out_undo(struct out *o, size_t keep);
void out_end(struct out *o);
void out_close(struct out *o);
/* n bytes more would make it longer than --rotate-size. */
bool out_full(const struct out *o, size_t n);
/* After a commit: the file gets a name with the time, and begins anew. */
enum ce_verdict out_rotate(struct out *o);
/* Fills out_why and answers by errno: may this pass, or never? */
enum ce_verdict out_failed(const char *act, const char *path);

/* outopen.c: opens path for appending, makes it and its directories when they
 * are absent (*fresh is set then); -1: errno. */
int out_open(const char *path, bool *fresh);
/* Where the last whole record ends; -1 (errno) when it cannot be read: EFBIG
 * when the tail is longer than any record of ours, and not ours to cut. */
off_t out_last_end(int fd, off_t size);

#endif
