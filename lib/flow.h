/* flow.h -- what the files of the flow and program layers share; not for connectors.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_FLOW_H
#define CE_FLOW_H

#include <signal.h>
#include "ce.h"

extern const struct ce_program *ce_program;
extern int ce_code; /* the exit code so far */

/* loop.c */
extern volatile sig_atomic_t ce_told_to_leave; /* SIGTERM, SIGINT */
void ce_loop_start(void);
/* One poll and its callbacks; waits at most ms (-1: until something happens). */
void ce_turn(int64_t ms);

/* runtime.c, stats.c */
extern char ce_token[9]; /* of this process: names its files in the runtime directory */
extern int ce_branches;  /* outputs with an address of their own: TOKEN1 and up */
void ce_stats_start(const struct ce_program *p);
void ce_stats_rest(void); /* the loop is going to wait */
void ce_stats_wake(void); /* it has waited, or looked */
int ce_runtime_claim(size_t size); /* makes and locks stat-TOKEN; -1: no directory */
int ce_runtime_role(pid_t pid); /* -1: none of ours */
void ce_runtime_forget(void); /* removes this process's files */
void ce_runtime_path(char *out, size_t n, const char *kind, const char *token);
pid_t ce_peer_pid(int fd);
bool ce_peer_is_us(int fd); /* the other end of a unix socket has our uid */

/* out.c: an output (down.h), gathered */
extern struct ce_down ce_stdout;
void ce_out_start(struct ce_down *d);
struct ce_buf *ce_out(void);      /* of standard output: append here */
bool ce_out_full(const struct ce_down *d); /* so much that it should be written first */
void ce_out_stream(struct ce_down *d); /* the same, if it is worth it */
void ce_out_push(struct ce_down *d);  /* writes what can be written without waiting */
void ce_out_flush(struct ce_down *d); /* until it is written, turning the loop; dies on error */
bool ce_out_empty(const struct ce_down *d);
/* Flushes, then moves n bytes that are in the pipe in; runs no callbacks. */
void ce_out_move(struct ce_down *d, int in, size_t n);
/* Appends a line, with its return address for seq where that is not 0. */
void ce_out_line(struct ce_down *d, struct ce_str text, uint64_t seq);
/* A line for ev was appended to standard output; it ends as text does. */
void ce_out_end(struct ce_event *ev, struct ce_str text);
/* The line that was appended last, and ends as text does, gets its newline, and
 * before its closing brace a return address: head, seq, a quote. */
#define CE_ACKTO ",\"ackto\":\""
void ce_out_stamp(struct ce_down *d, struct ce_str text, struct ce_str head, uint64_t seq);
void ce_out_close(struct ce_down *d);

/* stamp.c: CE_ACKTO TOKEN.SEQ"} and a newline, which len does not count; 0: none */
struct ce_stamp {
	uint64_t seq;
	size_t len;
	char text[80]; /* a token has 32 bytes at most */
};
void ce_stamp_set(struct ce_stamp *s, struct ce_str head, uint64_t seq); /* head: CE_ACKTO TOKEN. */
void ce_stamp_next(struct ce_stamp *s); /* counts it up by one; maybe to none */

/* through.c: from standard input to standard output, for a filter */
void ce_through_start(void);
ssize_t ce_through_fill(struct ce_lines *l); /* as ce_lines_fill */
bool ce_through_pass(struct ce_event *ev); /* false: it is to be copied */
void ce_through_copy(void);  /* what is to be moved is copied instead */
void ce_through_end(void);   /* no whole line is left of what was read */

/* peer.c: the ack connections of a sink or filter */
struct ce_peer;
struct ce_peer *ce_peer_of(struct ce_str ackto, uint64_t *seq); /* NULL: no address in use */
/* Of a line that ends in ,"ackto":"TOKEN.SEQ"} -- as ce_out_stamp left it -- the
 * same, and *at, where that begins.  NULL: it does not, or no address in use. */
struct ce_peer *ce_peer_at_end(const char *line, size_t len, uint64_t *seq, size_t *at);
void ce_peer_received(struct ce_peer *p, uint64_t seq);
void ce_peer_done(struct ce_peer *p, uint64_t seq); /* acked, or dropped by a filter */
void ce_peer_passed(struct ce_peer *p, uint64_t seq); /* went on to the next stage */
void ce_peer_fail(struct ce_peer *p, uint64_t seq, const char *reason);
struct ce_str ce_peer_address(const struct ce_peer *p); /* CE_ACKTO TOKEN. */
void ce_peers_flush(bool force);  /* sends what is due; force: all that there is */
int64_t ce_peers_due(void);       /* ms until there is something to send; -1: there is nothing */
void ce_peers_finish(void);       /* sends everything, bounded; closes */

/* acks.c: the ack socket of an output */
void ce_acks_open(struct ce_down *d);
void ce_acks_close(struct ce_down *d);
bool ce_acks_any(const struct ce_down *d); /* a sink has said hello, ever */
bool ce_acks_from(const struct ce_down *d, pid_t pid); /* that process is a sink that said hello */
/* The only sink that ever said hello, still there; or 0. */
pid_t ce_acks_sole(const struct ce_down *d);
/* All sinks that said hello are such. */
bool ce_acks_only(const struct ce_down *d, bool (*of)(const struct ce_down *, pid_t));
bool ce_acks_cumulative(const struct ce_down *d); /* one sink, counted in order */
bool ce_acks_live(const struct ce_down *d); /* one is connected now */
struct ce_str ce_acks_address(const struct ce_down *d); /* CE_ACKTO TOKEN. */
/* window.c and source.c, called by acks.c */
void ce_src_done(struct ce_down *d, uint64_t from, uint64_t to);
bool ce_src_mark(struct ce_down *d, uint64_t seq, long needed); /* exact, several sinks */
void ce_src_failed(struct ce_down *d, uint64_t seq, const char *reason);

/* retry.c, dead.c */
long ce_backoff(int attempts);    /* ms to wait, jittered; takes a ce_retry_after into account */
void ce_say_later(long ms);
void ce_say_taken(void);
bool ce_dead_line(const char *p, size_t n, const char *where, const char *reason);
/* Without a note. */
bool ce_dead_quietly(const struct ce_event *ev, const char *reason);
bool ce_dead_line_quietly(const char *p, size_t n, const char *where, const char *reason);
void ce_say_refused(const char *p, size_t n, const char *where, const char *reason);

/* source.c, sink.c, filter.c */
bool ce_emits(void);              /* a source or relay: what it gives can come again */
bool ce_spools(void);             /* a relay that keeps what it was given */
int64_t ce_downs_push(int64_t ms); /* writes, keeps house; for how long to wait then */
void ce_downs_busy(void);         /* the same, and reads acks, if it was not done for some ms */
void ce_down_left(struct ce_down *d); /* a write has found that nobody reads it any more */
int ce_source_finish(void);
int ce_sink_finish(void);
void ce_source_start(void);
void ce_leave(int code);          /* a sink takes no more input, finishes what is open */
bool ce_leaving(void);
void ce_worse(int code);          /* 0 < 75 < any other; the first of those stays */

#endif
