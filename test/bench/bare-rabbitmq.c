/* bare-rabbitmq -- the least that publishes lines with librabbitmq
 *
 * bare-rabbitmq HOST PORT QUEUE [AHEAD]: each line of standard input as a persistent
 * message; it ends when the server has answered to the end of the connection.  With
 * AHEAD the server confirms them, and no more than so many are not yet confirmed.
 * needs: cmd/rabbitmq/frame.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>

static amqp_connection_state_t c;
static unsigned long confirmed;

/* What has been confirmed by now, or within us. */
static void
hear(int us)
{
	struct timeval t = { 0, us };
	amqp_frame_t f;

	for (; amqp_simple_wait_frame_noblock(c, &f, &t) == AMQP_STATUS_OK; t.tv_usec = 0) {
		if (f.frame_type == AMQP_FRAME_METHOD && f.payload.method.id == AMQP_BASIC_ACK_METHOD)
			confirmed = ((amqp_basic_ack_t *)f.payload.method.decoded)->delivery_tag;
		amqp_maybe_release_buffers(c);
	}
}

static int
publish_all(const char *queue, unsigned long ahead)
{
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG,
		.delivery_mode = 2, .content_type = amqp_cstring_bytes("application/cloudevents+json") };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	unsigned long sent = 0;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (amqp_basic_publish(c, 1, amqp_cstring_bytes(""), amqp_cstring_bytes(queue), 0, 0, &p,
		    (amqp_bytes_t){ (size_t)n - 1, line }) != 0)
			return 1;
		if (++sent % 64 == 0 && ahead > 0)
			for (hear(0); sent - confirmed > ahead; hear(100000))
				;
	}
	while (ahead > 0 && confirmed < sent)
		hear(100000);
	free(line);
	return 0;
}

int
main(int argc, char *argv[])
{
	unsigned long ahead = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;

	c = amqp_new_connection();
	if (argc < 4 || amqp_socket_open(amqp_tcp_socket_new(c), argv[1], (int)strtol(argv[2], NULL, 10)) != 0 ||
	    amqp_login(c, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type != AMQP_RESPONSE_NORMAL ||
	    amqp_channel_open(c, 1) == NULL || (ahead > 0 && amqp_confirm_select(c, 1) == NULL) || publish_all(argv[3], ahead) != 0)
		return 1;
	if (amqp_connection_close(c, AMQP_REPLY_SUCCESS).reply_type != AMQP_RESPONSE_NORMAL)
		return 1;
	return amqp_destroy_connection(c) != 0;
}
