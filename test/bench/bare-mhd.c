/* bare-mhd -- the yardstick: a libmicrohttpd handler that answers 204 at once
 *
 * bare-mhd [PORT]: single-threaded epoll on 127.0.0.1; prints its address when it
 * listens (port 0, the default: a free one).  Reads bodies and forgets them.
 * SPDX-License-Identifier: Apache-2.0 */

#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <netinet/in.h>

static struct MHD_Response *empty;

static enum MHD_Result
answer(void *arg, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *n, void **state)
{
	(void)arg;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (*state == NULL) {
		*state = empty;
		return MHD_YES;
	}
	if (*n > 0) {
		*n = 0;
		return MHD_YES;
	}
	return MHD_queue_response(c, MHD_HTTP_NO_CONTENT, empty);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct MHD_Daemon *d;
	sigset_t leave;
	int sig;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons(argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0);
	sigemptyset(&leave);
	sigaddset(&leave, SIGTERM);
	sigaddset(&leave, SIGINT);
	sigprocmask(SIG_BLOCK, &leave, NULL);
	empty = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
	    MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_END);
	if (empty == NULL || d == NULL) {
		fprintf(stderr, "bare-mhd: cannot listen on port %d\n", ntohs(at.sin_port));
		return 1;
	}
	printf("http://127.0.0.1:%d\n", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&leave, &sig);
	MHD_stop_daemon(d);
	MHD_destroy_response(empty);
	return 0;
}
