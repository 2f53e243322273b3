/* sink.h -- what the files of ce-sink-http share.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SINK_H
#define SINK_H

#include "binding.h"
#include "http.h"

enum sink_mode { SINK_BINARY, SINK_STRUCTURED, SINK_BATCH };
enum sink_sign { SIGN_NONE, SIGN_WEBHOOKS, SIGN_PLAIN };
enum sink_compress { COMPRESS_NONE, COMPRESS_GZIP };

struct sink_conf {
	int mode, sign, compress;
	struct ce_template *url;
	struct ce_list headers;
	const char *method;
	bool auth_retry, reply, oauth;
	struct ce_secret sign_secret;
	const char *webhook_origin;
	long webhook_rate;
};
extern struct sink_conf sink_conf;

/* One request: an event, or in batch mode some. */
struct delivery {
	struct ce_event **evs;
	int n;
	struct ce_http *http;
	struct ce_buf url, body, packed;
	struct ce_oauth_wait token;
	unsigned serial;   /* of the token that was sent */
	bool renewed;      /* a new token was fetched for it already */
	bool url_set;
	struct delivery *next;
};

/* ---- sink-header.c: -H and -X -------------------------------------------------- */

void headers_check(void); /* 64 on a mistake */
bool headers_fixed(void); /* none is made from the event */
enum ce_verdict headers_add(struct delivery *d);

/* ---- sink-request.c: from events to a request ------------------------------ */

/* After ce_start: checks -H, -X and the signing secret; 64 or 78 on a mistake. */
void request_check(void);
/* What the event says about where it goes: CE_TAKEN when the request is made. */
enum ce_verdict request_make(struct delivery *d, const char *auth);
const char *request_url(struct delivery *d); /* for messages; lent */
const char *request_verb(void);              /* "post": cannot post to ... */

/* ---- sink-answer.c: from a response to a verdict ------------------------------ */

enum ce_verdict answer_judge(struct delivery *d);

/* ---- sink-reply.c: the event that a receiver answers with ----------------------- */

enum ce_verdict reply_take(struct delivery *d);

/* ---- sink-webhook.c: consent and rate -------------------------------------------- */

/* True: send now.  False: d waits; go(d) is called when its turn has come, or
 * fail(d, v), the reason said, when the receiver does not consent. */
bool webhook_turn(struct delivery *d, const char *auth);
void webhook_start(void (*go)(struct delivery *d),
    void (*fail)(struct delivery *d, enum ce_verdict v));

#endif
