/* bare-rabbitmq -- the least that publishes lines with librabbitmq: no confirms
 *
 * bare-rabbitmq HOST PORT QUEUE: each line of standard input as a persistent message;
 * it ends when the server has answered to the end of the connection.
 * needs: cmd/rabbitmq/frame.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <amqp.h>
#include <amqp_tcp_socket.h>

int
main(int argc, char *argv[])
{
	amqp_connection_state_t c = amqp_new_connection();
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG,
		.delivery_mode = 2, .content_type = amqp_cstring_bytes("application/cloudevents+json") };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (argc != 4 || amqp_socket_open(amqp_tcp_socket_new(c), argv[1], (int)strtol(argv[2], NULL, 10)) != 0 ||
	    amqp_login(c, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type != AMQP_RESPONSE_NORMAL ||
	    amqp_channel_open(c, 1) == NULL)
		return 1;
	while ((n = getline(&line, &cap, stdin)) > 0)
		if (amqp_basic_publish(c, 1, amqp_cstring_bytes(""), amqp_cstring_bytes(argv[3]), 0, 0, &p,
		    (amqp_bytes_t){ (size_t)n - 1, line }) != 0)
			return 1;
	free(line);
	if (amqp_connection_close(c, AMQP_REPLY_SUCCESS).reply_type != AMQP_RESPONSE_NORMAL)
		return 1;
	return amqp_destroy_connection(c) != 0;
}
