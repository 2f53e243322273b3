/* http.h -- an asynchronous HTTP client for every connector that needs one
 * SPDX-License-Identifier: Apache-2.0
 *
 * One engine a process (libcurl's multi interface, driven by ce_watch and
 * ce_timer): connections are kept and shared, HTTP/2 is spoken where a server
 * offers it, redirects are not followed, nothing but http and https is spoken,
 * no answer takes more memory than was allowed for it. */

#ifndef CE_HTTP_H
#define CE_HTTP_H

#include "ce.h"

/* ---- httpopt.c: the options of every HTTP client ---------------------------- */

/* How TLS is used: ce_tls in net.h, which is among these options. */
struct ce_http_conf {
	const char *unix_socket, *proxy;
	long connect_timeout;
	struct ce_secret bearer, password;
	const char *user;
};
extern struct ce_http_conf ce_http_conf;
extern const struct ce_opt ce_http_opts[]; /* CE_GROUP(ce_http_opts) */
/* Call it after ce_start: checks them, ends with 64 or 78 on a mistake. */
void ce_http_check(void);
/* The value of Authorization that --bearer or --user ask for; NULL: none. */
const char *ce_http_auth(void);

/* ---- http.c: requests --------------------------------------------------------- */

enum ce_http_trouble {
	CE_HTTP_NONE,    /* an answer came: status */
	CE_HTTP_FAILED,  /* none came: the network, TLS, a timeout */
	CE_HTTP_MISUSED  /* none ever will: our certificate, our CA file, the URL */
};

/* A request that can be sent again and again.  What is set stays set. */
struct ce_http {
	/* The answer; valid from done() until the next send. */
	enum ce_http_trouble trouble;
	const char *error;  /* of the trouble: a phrase */
	int status;
	long retry_after;   /* ms; 0: the service did not say */
	struct ce_buf body; /* at most max_body bytes, a NUL behind them */
	bool cut;           /* there was more */
	/* The caller's. */
	size_t max_body;    /* 4 KiB at first */
	void (*done)(struct ce_http *h); /* called from the loop, never inside ce_http_send */
	void *owner;
	/* http.c's own. */
	void *easy;
	struct warm *warm; /* httpwarm.c's */
	struct ce_buf head;
	struct ce_http_line *lines;
	int nlines, cap;
	size_t seen; /* bytes of header lines received */
	bool open, lines_changed, again;
	char errbuf[256];
};

#define CE_HTTP_HEAD_MAX (256 * 1024) /* of an answer's header */
void ce_http_link(struct ce_http *h); /* hands the lines to libcurl */
/* One line of the request's header as it is sent; *n 0: it says that there is none. */
const char *ce_http_line(const struct ce_http *h, int i, size_t *n);
void ce_http_take(void *arg, const char *p, size_t n); /* content, as far as it may be kept */

/* At most n requests will be open at once.  Starts the engine. */
void ce_http_start(long n);
struct ce_http *ce_http_new(void (*done)(struct ce_http *h), void *owner);
void ce_http_free(struct ce_http *h); /* also while it is open: done is not called */

/* NULL, or why this URL cannot be used: no http or https, no host, a password
 * inside (the command line is public). */
const char *ce_http_check_url(const char *url);
const char *ce_http_check_proxy(const char *url); /* socks5:// and such too */
void ce_http_url(struct ce_http *h, const char *url);
/* Any token; body NULL with n 0: none is sent.  body is lent until done(). */
void ce_http_method(struct ce_http *h, const char *method);
void ce_http_body(struct ce_http *h, const void *body, size_t n);
/* Also no User-Agent and no Accept: who needs them sets them. */
void ce_http_no_headers(struct ce_http *h);
/* One more.  Control bytes of value become spaces.  p NULL: the header that
 * would be sent by itself is not. */
void ce_http_header(struct ce_http *h, const char *name, const char *p, size_t n);
void ce_http_send(struct ce_http *h);

/* In the answer: the value of a header, the i-th of that name; NULL: none. */
const char *ce_http_get(struct ce_http *h, const char *name, int i);
/* Steps through all headers of the answer: false at the end. *at is NULL at first. */
bool ce_http_each(struct ce_http *h, void **at, const char **name, const char **value);
/* Where a redirect points to, absolute; NULL: it is none. */
const char *ce_http_location(struct ce_http *h);

/* Appends what a refusal says: title and detail of problem details (RFC 9457),
 * or the visible beginning of a text; nothing for HTML and other things. */
void ce_http_excerpt(struct ce_buf *out, struct ce_http *h);

/* ---- oauth.c: a token by client credentials (RFC 6749, 4.4) ---------------------- */

extern const struct ce_opt ce_oauth_opts[]; /* --oauth-url ... */
/* Checks the options, and starts the engine if nobody has.  False: OAuth is not in use. */
bool ce_oauth_start(void);
/* The value of Authorization; NULL: there is no token that is good for some
 * seconds yet, so wait for one.  *serial tells which token it is. */
const char *ce_oauth_get(unsigned *serial);
int64_t ce_oauth_left(void); /* ms that it is still good */
/* The service has refused that token: it is not given out again. */
void ce_oauth_refused(unsigned serial);
/* Calls fn once, from the loop: why NULL when there is a token, else the
 * reason; code is 0 when it may work later, or how to exit. */
struct ce_oauth_wait {
	void (*fn)(void *arg, const char *why, int code);
	void *arg;
	struct ce_oauth_wait *next;
};
void ce_oauth_wait(struct ce_oauth_wait *w);
void ce_oauth_finish(void); /* turns the loop until all who wait were told */

#endif
