/* binding.h -- CloudEvents in AMQP 0-9-1.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef BINDING_H
#define BINDING_H

#include "rabbit.h"

enum { PREFIX_COLON, PREFIX_UNDERSCORE, PREFIX_CE };
#define PREFIX_WORDS "cloudEvents:|cloudEvents_|ce-"
extern const char *const binding_prefix[];

/* ---- binding.c: to a message ---- */

/* Appends header and body of a publish that hold ev.  False and *why: they cannot. */
bool binding_write(struct ce_buf *out, struct ce_event *ev, bool binary, int prefix, size_t max,
    const char **why);
/* The message-id that ev has there; empty: none. */
struct ce_str binding_message_id(struct ce_event *ev);

/* ---- event.c: from a message ---- */

struct wrap {
	const char *source, *type; /* of what is no event; source NULL: from the coordinates */
	const char *queue;
	bool envelope; /* events get the extensions amqp*, too */
};
extern struct wrap wrap;
/* NULL and the event, lent until the next call; or why the message holds none. */
const char *event_of(const struct message *m, struct ce_event **ev);

/* ---- envelope.c: what a message says beside its body, as extensions ---- */

struct extension {
	const char *name;
	struct ce_buf value;
	enum ce_kind kind; /* CE_JSTRING: to be quoted */
};
/* How many there are, lent until the next call; foreign: properties and headers too. */
int envelope_of(const struct message *m, const amqp_basic_properties_t *p, bool foreign,
    struct extension **list);
/* Appends v as JSON. */
void value_json(struct ce_buf *out, const amqp_field_value_t *v, int depth);

#endif
