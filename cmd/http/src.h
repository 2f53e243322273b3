/* src.h -- the parts of ce-src-http.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SRC_H
#define SRC_H

#include "binding.h"
#include "ce.h"
#include "httpd.h"

/* ---- src-request.c, src-wrap.c: from a request to events; know no server ------ */

struct request {
	const char *path; /* decoded */
	const struct binding_header *h;
	int n;
	struct ce_buf *body; /* what is made of it points into it */
};

/* How a body that is no event becomes one. */
struct wrap {
	const char *type;   /* NULL: not at all */
	const char *source; /* NULL: the path */
	struct ce_list keep;
};

struct refusal {
	int status;      /* 0: none */
	const char *why; /* lent until the next request */
};

struct refusal request_refuse(int status, const char *what, const char *why);
struct ce_str request_header(const struct request *q, const char *name); /* p NULL: not there */

/* NULL, or which --type, --source or --keep-header cannot be used and why (lent). */
const char *wrap_check(const struct wrap *w);

/* To be followed by ce_draft_end. */
struct refusal wrap_event(struct ce_draft *d, const struct request *q, const struct wrap *w);

/* How the request is to be read; refused with 415 when in no way. */
struct refusal request_mode(const struct request *q, const struct wrap *w, enum binding_mode *mode,
    bool *wrapped);
/* The event of a request that is no batch, lent until the next request. */
struct refusal request_event(const struct request *q, const struct wrap *w, enum binding_mode mode,
    bool wrapped, struct ce_event **ev);

/* A checked batch: its events one after the other. */
struct batch {
	char *text;
	size_t len, at; /* at: where the next one begins, or the end */
	long n;
};
/* Checks all of them, before the first may be emitted.  b is zeroed. */
struct refusal batch_open(struct batch *b, struct ce_buf *body);
bool batch_next(struct batch *b, struct ce_event *ev);

/* ---- src-auth.c: who may send ------------------------------------------------- */

extern const struct ce_opt auth_opts[];
void auth_start(void); /* ends the program on options that do not fit together */
/* Refuse (and answer) a request by its head; false then. */
bool auth_head(struct ce_req *r);
/* By its body: 401 when the signature is wrong; false then. */
bool auth_body(struct ce_req *r);
bool auth_methods(struct ce_req *r); /* POST, and the handshake; else it is answered: false */

#endif
