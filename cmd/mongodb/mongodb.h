/* mongodb.h -- what both ends share: the connection, errors, documents as text.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef MONGODB_H
#define MONGODB_H

#include <mongoc/mongoc.h>
#include "ce.h"

struct mongodb_conf {
	const char *url;
	const char *user;
	struct ce_secret password;
	long connect_timeout;
};
extern struct mongodb_conf mongodb_conf;
extern const struct ce_opt mongodb_opts[];

/* url.c: checks the options, or ends the program; then clients can be made. */
void mongodb_check(const char *appname);
mongoc_client_t *mongodb_client(long timeout); /* ms that an answer may take */
const char *mongodb_hosts(void);    /* HOST:PORT,... of the URL */
const char *mongodb_database(void); /* of the URL, or NULL */
/* Unless the URL says otherwise, writes are confirmed when the server would not forget them
 * if it was killed: with w=1 alone it may, of the last 100 ms. */
void mongodb_journaled(void);
bool mongodb_unacknowledged(void);  /* its write concern asks for no answers */

/* error.c: what the server or the library said, as one phrase; the caller frees. */
char *mongodb_why(const bson_error_t *e);
enum mongodb_kind {
	MONGODB_GONE,   /* no server, no connection: a new client helps */
	MONGODB_LATER,  /* it will pass */
	MONGODB_DENIED, /* credentials, rights */
	MONGODB_OTHER   /* it will not */
};
/* reply may be NULL. */
enum mongodb_kind mongodb_kind(const bson_error_t *e, const bson_t *reply);
bool mongodb_passes(int code); /* a code of the server: it is for a time */

/* extjson.c: Extended JSON, one line without spaces.  Of a server's document it is first
 * asked whether it is sound: the library ends a program that copies one that is not. */
bool extjson_sound(const bson_t *doc);
void extjson_value(struct ce_buf *out, const bson_iter_t *i, bool canonical);
void extjson_document(struct ce_buf *out, const bson_t *doc, bool canonical);

/* tobson.c: appends JSON that was checked; an object whose first member has a $ is
 * Extended JSON.  False: BSON has no such value. */
bool tobson_append(bson_t *doc, const char *name, int nname, struct ce_str json);
bool tobson_members(bson_t *doc, struct ce_str object); /* its members, without looking at a $ */

/* event.c: an event as a document, and back. */
void event_document(const struct ce_event *ev, bson_t *doc); /* appends its members */
/* NULL: the document is no event; else it is lent until the next call. */
struct ce_event *document_event(const bson_t *doc);

#endif
