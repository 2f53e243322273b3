/* redis.h -- what both ends share: the server's address, connections to it, what
 * its errors mean.
 *
 * The reader is that of hiredis; the bytes travel over lib/net.h, because hiredis
 * 0.14 knows no TLS.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef REDIS_H
#define REDIS_H

#include <hiredis/hiredis.h>
#include "ce.h"
#include "net.h"

/* ---- url.c: options of both ends ----------------------------------------- */

struct redis_conf {
	const char *url, *user;
	struct ce_secret password;
	long connect_timeout;
	/* from the URL, by redis_check */
	struct ce_addr addr;
	bool tls;
	long db;
	const char *shown; /* redis://HOST:PORT/DB, or unix:PATH, for messages and sources */
};
extern struct redis_conf redis_conf;
extern const struct ce_opt redis_opts[]; /* with those of TLS; for CE_GROUP */
void redis_check(void); /* ends the program on a mistake */

/* ---- where.c: the servers of a cluster ------------------------------------ */

#define REDIS_SLOTS 16384

/* A server, as another one names it: an IPv6 address is without brackets, and no host
 * means the one that was asked.  False: that is no address; else the caller frees a. */
bool redis_named(struct ce_addr *a, const char *host, size_t n, const char *port, const struct ce_addr *asked);
/* The slot that "MOVED SLOT HOST:PORT" or ASK is about, and in a the server, as above;
 * -1: it says something else. */
long redis_redirected(const char *said, struct ce_addr *a, const struct ce_addr *asked);
/* Of a source: */
const struct ce_addr *redis_addr(void);  /* where its server is; lent until the next call of these */
void redis_follow(const redisReply *r);  /* goes elsewhere, if r is MOVED */
bool redis_moved(void);                  /* since the last call; worth trying there at once */
void redis_unreachable(void);            /* nobody is there: asks the server of --url again */
/* A connection has broken: comes again, at once where it has moved, else like ce_again. */
void redis_again(struct ce_again *a, const char *name, const char *why, void (*come)(void *arg));

/* ---- link.c: one connection ------------------------------------------------ */

/* Commands are gathered in out and their replies come in the same order. */
struct link {
	struct ce_addr addr;   /* none: that of redis_addr */
	struct ce_conn *conn;  /* NULL: it is down */
	redisReader *reader;
	struct ce_buf out;
	size_t gone;           /* bytes of out that were written */
	long due;              /* replies to come */
	long quiet;            /* ms without a reply when some are due, until it is taken for dead; 0: never */
	bool paused, reading;  /* reads nothing; is in its reader */
	bool broken;           /* down as soon as its reader is left */
	struct ce_buf why;     /* then: what has happened */
	struct ce_timer timer;
	bool (*reply)(struct link *l, redisReply *r); /* true: it keeps r, which else is freed */
	void (*down)(struct link *l, const char *why); /* it has broken, and is closed */
	void *arg;
};

/* Connects, says who we are, chooses the database: CE_TAKEN, or the verdict with
 * its reason (ce_later, ce_fatal).  Waits for at most --connect-timeout. */
enum ce_verdict link_open(struct link *l);
void link_close(struct link *l);
void link_leave(struct link *l, const char *why); /* as if it had broken */
void link_push(struct link *l);  /* writes what can be written now */
void link_pause(struct link *l, bool pause); /* reads nothing more, or again */
/* Writes all, waits for the one reply that is due (the caller frees it); NULL: the
 * link is down then, *why (lent) says why.  Nothing else may be due. */
redisReply *link_answer(struct link *l, long timeout, const char **why);
/* Does what is to be read until nothing is due; false: not within ms, or down. */
bool link_drain(struct link *l, long ms);

/* ---- hello.c ------------------------------------------------------------------ */

/* On a connection that was just made: CE_TAKEN, or the verdict; it is closed then. */
enum ce_verdict link_hello(struct link *l);

/* ---- words.c: commands, gathered in out ------------------------------------------ */

/* A command of n arguments, of which each is added then. */
void link_begin(struct link *l, int n);
void link_arg(struct link *l, const void *p, size_t n);
void link_word(struct link *l, const char *word);
void link_number(struct link *l, long long n);
/* All of a command that is made of words. */
void link_command(struct link *l, const char *const *words);
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- error.c: what the words of the server mean ------------------------------ */

enum redis_means {
	REDIS_LATER,     /* the same command may be taken later, */
	REDIS_ELSEWHERE, /* on another connection: the name may lead to a new master by then */
	REDIS_NEVER,     /* this command is refused */
	REDIS_CONFIG,    /* every such command is refused */
	REDIS_DENIED,    /* credentials or rights are missing */
	REDIS_MOVED, REDIS_ASK
};
enum redis_means redis_means(const redisReply *r);
/* The verdict for an error: "cannot WHAT: the error".  MOVED has been followed then. */
enum ce_verdict redis_verdict(const redisReply *r, const char *what);
const char *redis_said(const redisReply *r); /* for a message; lent */
/* A source cannot read: says so, and either leaves the connection, to come again, or
 * stops the program.  back: it may be mended by connecting. */
void redis_refused(struct link *l, const redisReply *r, const char *act, const char *name, bool back);
void redis_must(enum ce_verdict v); /* ends the program if it is not CE_TAKEN */

#endif
