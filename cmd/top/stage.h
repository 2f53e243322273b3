/* stage.h -- the stages that are running, as they were at one moment
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef STAGE_H
#define STAGE_H

#include "ce.h"

#define MOST_STAGES 1000
#define MOST_PIPES 32 /* of a stage, beside its standard input and output */
#define NAME_BYTES 32 /* of a foreign name that are shown */

/* A pipe is told by device and inode; 0 is none. */
struct pipes {
	uint64_t in, out; /* on standard input and output */
	uint64_t more_in[MOST_PIPES], more_out[MOST_PIPES];
	int nin, nout;
};

struct stage {
	char token[24];   /* of its statistics file; "": a foreign program */
	char name[4 * NAME_BYTES + 1]; /* printable ASCII */
	pid_t pid;
	bool foreign;     /* none of ours, between two that are */
	bool known;       /* /proc shows that pid is who wrote the file */
	int role;
	struct ce_stats s;
	int64_t looked;   /* when its descriptors were, ce_now_us() */
	struct pipes pipes;
	uint64_t rss;     /* bytes; 0: not known */
	uint64_t ticks;   /* of processor time */
	bool stopped;     /* by a signal */

	/* rate.c, from this sample and the one before */
	double events, bytes, out; /* a second */
	double share[5];  /* of the time, by CE_ON_*; [0]: it worked */
	double busy;      /* of the time it waited neither for its input nor for those behind it */
	double cpu;       /* share of one processor */
	double age;       /* seconds, of the oldest unfinished event; -1: there is none */
	int waits;        /* CE_ON_*, what it did most of the time */

	/* join.c */
	int pipeline;     /* index */
	int place;        /* the order in which events pass */
	int indent;       /* a branch of how many fan-outs */
	bool bottleneck;
};

struct view {
	struct stage *v;  /* in the order of the pipelines, each from its beginning */
	int n, cap;
	int npipelines;
	int64_t at;       /* ce_now_us() */
	double seconds;   /* since the sample before; 0: all is since the stage's start */
};

/* collect.c: what the runtime directory and /proc tell; a directory that is not
 * there is an empty one.  before: the last view, or an empty one.  False: errno. */
bool view_collect(struct view *v, const char *dir, const struct view *before);
void view_free(struct view *v);
struct stage *view_add(struct view *v); /* NULL: too many */

/* What is not printable ASCII as \xNN; the first NAME_BYTES of it. */
void name_visible(char out[4 * NAME_BYTES + 1], const char *p, size_t n);

/* proc.c */
/* Does pid hold that file, which makes it ours?  ino 0: it is foreign. */
bool proc_pipes(pid_t pid, struct pipes *p, dev_t dev, ino_t ino);
void proc_figures(struct stage *s);
void proc_foreign(struct view *v); /* adds what stands between stages of ours */

/* rate.c */
void view_rates(struct view *v, const struct view *before);
uint64_t stage_events(const struct stage *s), stage_bytes(const struct stage *s);
double stage_waited(const struct stage *s, int on, int64_t at); /* seconds, in all */

/* join.c: sorts v, numbers pipelines, marks bottlenecks */
bool pipe_among(const uint64_t *v, int many, uint64_t pipe);
bool stage_joins(const struct stage *a, const struct stage *b); /* a's output is b's input */
void view_join(struct view *v);
/* name|name|name, for people and labels; lent until the next call */
const char *view_title(const struct view *v, int pipeline);

/* table.c, json.c, prom.c: what is printed */
void print_table(struct ce_buf *out, const struct view *v, int width); /* 0: as wide as it is */
void print_json(struct ce_buf *out, const struct view *v);
void print_prom(struct ce_buf *out, const struct view *v);
void show_number(char out[8], double v);
void show_age(char out[8], double seconds);
extern const char *const wait_names[5];
extern const char *const role_names[5];

#endif
