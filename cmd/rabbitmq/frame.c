/* frame -- AMQP 0-9-1 frames: written to memory, found in memory
 *
 * What is inside them is written and read by librabbitmq.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "rabbit.h"

#define HEAD 7 /* type, channel, length */
#define ROOM 4096 /* of a method: some short strings and small tables */

static uint32_t
get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void
put(struct ce_buf *b, uint64_t v, int bytes)
{
	while (bytes-- > 0)
		ce_buf_putc(b, (char)(v >> 8 * bytes & 0xff));
}

long
frame_get(struct frame *f, const char *p, size_t n, size_t max)
{
	size_t len;

	if (n < HEAD)
		return 0;
	len = get32(p + 3);
	if (len > max || len + HEAD + 1 > max)
		return -1;
	if (n < HEAD + len + 1)
		return 0;
	if ((unsigned char)p[HEAD + len] != AMQP_FRAME_END)
		return -1;
	f->type = (uint8_t)p[0];
	f->channel = (uint16_t)((unsigned char)p[1] << 8 | (unsigned char)p[2]);
	f->payload = (struct ce_str){ p + HEAD, len };
	return (long)(HEAD + len + 1);
}

static void
head(struct ce_buf *out, int type, uint16_t channel, size_t len)
{
	ce_buf_need(out, HEAD + len + 1);
	ce_buf_putc(out, (char)type);
	put(out, channel, 2);
	put(out, len, 4);
}

/* The length of a frame that began at start, now that it is known. */
static void
end(struct ce_buf *out, size_t start)
{
	size_t len = out->len - start - HEAD;
	int i;

	for (i = 0; i < 4; i++)
		out->p[start + 3 + (size_t)i] = (char)(len >> (24 - 8 * i) & 0xff);
	ce_buf_putc(out, (char)AMQP_FRAME_END);
}

static void
cut(struct ce_buf *out, size_t to)
{
	out->len = to;
	out->p[to] = '\0';
}

/* What librabbitmq has put behind out: n bytes, or an error. */
static bool
encoded(struct ce_buf *out, size_t start, int n)
{
	if (n < 0) {
		cut(out, start);
		return false;
	}
	out->len += (size_t)n;
	end(out, start);
	return true;
}

bool
frame_method(struct ce_buf *out, uint16_t channel, amqp_method_number_t id, void *method)
{
	size_t start = out->len;
	int n;

	head(out, AMQP_FRAME_METHOD, channel, 0);
	put(out, id, 4);
	ce_buf_need(out, ROOM);
	n = amqp_encode_method(id, method, (amqp_bytes_t){ ROOM, out->p + out->len });
	return encoded(out, start, n);
}

bool
frame_header(struct ce_buf *out, uint16_t channel, amqp_basic_properties_t *p, uint64_t size, size_t max)
{
	size_t start = out->len, room = max - HEAD - 1 - 12;
	int n;

	head(out, AMQP_FRAME_HEADER, channel, 0);
	put(out, AMQP_BASIC_CLASS, 2);
	put(out, 0, 2); /* weight */
	put(out, size, 8);
	ce_buf_need(out, room);
	n = amqp_encode_properties(AMQP_BASIC_CLASS, p, (amqp_bytes_t){ room, out->p + out->len });
	return encoded(out, start, n);
}

void
frame_body(struct ce_buf *out, uint16_t channel, const char *p, size_t n, size_t max)
{
	while (n > 0) {
		size_t k = n < max - HEAD - 1 ? n : max - HEAD - 1;

		head(out, AMQP_FRAME_BODY, channel, k);
		ce_buf_add(out, p, k);
		ce_buf_putc(out, (char)AMQP_FRAME_END);
		p += k;
		n -= k;
	}
}

void
frame_heartbeat(struct ce_buf *out)
{
	head(out, AMQP_FRAME_HEARTBEAT, 0, 0);
	ce_buf_putc(out, (char)AMQP_FRAME_END);
}

amqp_bytes_t
bytes_of(struct ce_str s)
{
	return (amqp_bytes_t){ s.len, (void *)(uintptr_t)s.p };
}

struct ce_str
str_of(amqp_bytes_t b)
{
	return (struct ce_str){ b.bytes != NULL ? b.bytes : "", b.bytes != NULL ? b.len : 0 };
}
