/* httpd -- an HTTP server on libmicrohttpd, driven from the loop of the program.
 *
 * No threads: the daemon's epoll descriptor is one watch among the others.
 * This file starts and ends it; httpd_serve.c is what it calls meanwhile.
 * SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include "httpd_int.h"
#include "net.h"

#define FAREWELL 2000 /* ms for the last answers to leave */

struct ce_httpd_conf ce_httpd_conf = {
	.listen = "127.0.0.1:8080", .path = "/", .ready_fd = -1, .max_body = 17 * 1048576,
	.max_header = 16384, .max_connections = 1000, .timeout = 30000, .wait = 60000
};

const struct ce_opt ce_httpd_opts[] = {
	CE_STR(0, "health", &ce_httpd_conf.health, "path",
	    "answer GET here: 204, or 503 when leaving"),
	CE_STR('l', "listen", &ce_httpd_conf.listen, "address",
	    "HOST:PORT or unix:PATH; port 0: a free one"),
	CE_SIZE(0, "max-body", &ce_httpd_conf.max_body, "size", 1, 1L << 30, "longest body"),
	CE_NUM(0, "max-connections", &ce_httpd_conf.max_connections, "n", 1, 100000,
	    "connections at a time; others wait"),
	CE_SIZE(0, "max-header", &ce_httpd_conf.max_header, "size", 4096, 1L << 20,
	    "longest head of a request"),
	CE_STR(0, "path", &ce_httpd_conf.path, "path",
	    "take requests for this path; ending in /: for all below it"),
	CE_NUM(0, "ready-fd", &ce_httpd_conf.ready_fd, "n", 3, 65535,
	    "descriptor that is told the address, once listening"),
	CE_TIME(0, "timeout", &ce_httpd_conf.timeout, "time", 100, 86400000,
	    "longest silence of a client"),
	CE_STR(0, "tls-ca", &ce_httpd_conf.ca, "file",
	    "require client certificates from the CAs in this PEM file"),
	CE_STR(0, "tls-cert", &ce_httpd_conf.cert, "file",
	    "serve https with this certificate chain, PEM"),
	CE_STR(0, "tls-key", &ce_httpd_conf.key, "file", "its key, PEM"),
	CE_TIME(0, "wait", &ce_httpd_conf.wait, "time", 0, 86400000,
	    "longest a request waits to be acknowledged, then 503; 0: for ever"),
	CE_END
};

struct MHD_Daemon *httpd_daemon;
bool httpd_leaving;
static int epoll_fd = -1;
static struct ce_addr address;

static void log_cb(void *arg, const char *fmt, va_list ap) CE_PRINTF(2, 0);

static void
log_cb(void *arg, const char *fmt, va_list ap)
{
	struct ce_buf b = { 0 };

	(void)arg;
	ce_buf_vprintf(&b, fmt, ap);
	while (b.len > 0 && b.p[b.len - 1] == '\n')
		b.p[--b.len] = '\0';
	ce_info("%s", b.p);
	ce_buf_free(&b);
}

static void
raise_limit(void)
{
	rlim_t want = (rlim_t)ce_httpd_conf.max_connections + 64;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= want)
		return;
	l.rlim_cur = want < l.rlim_max ? want : l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_cur < want)
		ce_httpd_conf.max_connections = l.rlim_cur > 128 ? (long)l.rlim_cur - 64 : 64;
}

static void
start_daemon(int fd)
{
	struct MHD_OptionItem items[8], *next = items;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	if (httpd_tls_options(&next))
		flags |= MHD_USE_TLS;
	*next = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	httpd_daemon = MHD_start_daemon(flags, 0, NULL, NULL, httpd_access, NULL,
	    MHD_OPTION_EXTERNAL_LOGGER, log_cb, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)ce_httpd_conf.max_connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)ce_httpd_conf.max_header,
	    MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)4096,
	    MHD_OPTION_CONNECTION_TIMEOUT, 0U,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_NOTIFY_CONNECTION, httpd_connection, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, httpd_completed, NULL,
	    MHD_OPTION_URI_LOG_CALLBACK, httpd_uri, NULL,
	    MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (httpd_daemon == NULL)
		ce_die(CE_TEMPFAIL, "cannot start the HTTP server: %m");
	epoll_fd = MHD_get_daemon_info(httpd_daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

static void
tell(const struct ce_buf *taken)
{
	struct ce_buf line = { 0 };
	int fd = (int)ce_httpd_conf.ready_fd;

	if (address.path == NULL)
		ce_buf_printf(&line, "http%s://", ce_httpd_conf.cert != NULL ? "s" : "");
	ce_buf_puts(&line, taken->p);
	ce_note("listening on %s", line.p);
	ce_buf_putc(&line, '\n');
	if (fd >= 0) {
		if (write(fd, line.p, line.len) != (ssize_t)line.len)
			ce_warn("cannot write to --ready-fd %d: %m", fd);
		close(fd);
	}
	ce_buf_free(&line);
}

/* A descriptor of our own would be taken for it, were it not that ours close on
 * exec and one that was handed over cannot. */
static void
check_ready(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags == -1 || (flags & FD_CLOEXEC) != 0)
		ce_die(CE_USAGE, "--ready-fd %d: there is no such descriptor", fd);
}

void
ce_httpd_start(void (*head)(struct ce_req *r))
{
	struct ce_buf taken = { 0 };
	const char *why;
	int fd;

	if (*ce_httpd_conf.path != '/' ||
	    (ce_httpd_conf.health != NULL && *ce_httpd_conf.health != '/'))
		ce_die(CE_USAGE, "--path and --health begin with /");
	if (ce_httpd_conf.ready_fd >= 0)
		check_ready((int)ce_httpd_conf.ready_fd);
	if ((why = ce_addr_parse(&address, ce_httpd_conf.listen, NULL)) != NULL)
		ce_die(CE_USAGE, "--listen %s: %s", ce_httpd_conf.listen, why);
	httpd_head = head;
	raise_limit();
	if ((fd = ce_listen(&address, 1024, &taken, &why)) == -1)
		ce_die(CE_UNAVAILABLE, "cannot listen on %s: %s", ce_httpd_conf.listen, why);
	start_daemon(fd);
	ce_watch(epoll_fd, POLLIN, httpd_readable, NULL);
	tell(&taken);
	ce_buf_free(&taken);
}

void
ce_httpd_leave(void)
{
	struct ce_req *r;

	httpd_leaving = true;
	while ((r = ce_httpd_next()) != NULL) {
		ce_req_add(r, "Retry-After", "1");
		ce_req_problem(r, 503, "the service is leaving");
	}
}

void
ce_httpd_stop(void)
{
	struct pollfd p = { epoll_fd, POLLIN, 0 };
	int64_t until = ce_now() + FAREWELL;
	int fd = (int)MHD_quiesce_daemon(httpd_daemon);

	if (fd >= 0)
		close(fd);
	if (address.path != NULL)
		unlink(address.path);
	httpd_leaving = true;
	httpd_conn_farewell();
	for (;;) {
		httpd_run();
		if (!httpd_conn_answering() || ce_now() >= until)
			break;
		poll(&p, 1, 50);
	}
	ce_watch(epoll_fd, 0, NULL, NULL);
	MHD_stop_daemon(httpd_daemon);
	ce_addr_free(&address);
}
