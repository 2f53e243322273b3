/* binding.h -- the HTTP binding of CloudEvents, as both ends speak it.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef BINDING_H
#define BINDING_H

#include "ce.h"

/* An attribute value as header text (HTTP binding 3.1.3.2): space, quote,
 * percent and everything outside ! to ~ becomes %XX, so no line can end in it. */
void binding_encode(struct ce_buf *out, struct ce_str value);
/* Back again: a quoted-string is undone, then one pass of percent-decoding; a
 * malformed % stays.  False, and out as it was, when the result is not UTF-8. */
bool binding_decode(struct ce_buf *out, struct ce_str header);

/* What a message holds, by its Content-Type (empty: none). */
enum binding_mode { BINDING_BINARY, BINDING_STRUCTURED, BINDING_BATCH };
/* Any case and parameters.  False: application/cloudevents in a format other
 * than JSON, which *mode then still tells apart. */
bool binding_mode(struct ce_str content_type, enum binding_mode *mode);

/* A Content-Type as it can be a datacontenttype, in out; empty when there is
 * none.  NULL, or why it cannot. */
const char *binding_type(struct ce_buf *out, struct ce_str content_type);

struct binding_header {
	struct ce_str name, value;
};
/* True: the headers hold all four required attributes, or ce-specversion. */
bool binding_is_event(const struct binding_header *h, int n);
/* Makes an event of a binary-mode message: takes ce_draft_begin's place, to be
 * followed by more ce_set and ce_draft_end.  Headers other than ce-* are passed
 * over; ce-ackto too.  NULL, or the violated rule (lent until the next call).
 * Content without a content type goes to data_base64, none means no data. */
const char *binding_event(struct ce_draft *d, const struct binding_header *h, int n,
    struct ce_str content_type, struct ce_str body);

/* ---- sign.c: proof that a body comes from who shares the secret ----------- */

/* The key in a secret: whsec_BASE64 is decoded, anything else is the key.
 * False: whsec_ without base64. */
bool sign_key(struct ce_buf *key, struct ce_str secret);
/* Standard Webhooks: webhook-signature for webhook-id and webhook-timestamp. */
void sign_webhook(struct ce_buf *out, struct ce_str key, struct ce_str id,
    struct ce_str stamp, struct ce_str body);
/* NULL, or what is wrong (static).  signatures: "v1,X v1,Y ..."; now: seconds
 * since 1970; a stamp further than tolerance seconds from it is refused. */
const char *sign_check_webhook(struct ce_str key, struct ce_str id, struct ce_str stamp,
    struct ce_str signatures, struct ce_str body, int64_t now, int64_t tolerance);
/* X-Signature: sha256=HEX */
void sign_plain(struct ce_buf *out, struct ce_str key, struct ce_str body);
const char *sign_check_plain(struct ce_str key, struct ce_str signature, struct ce_str body);

#endif
