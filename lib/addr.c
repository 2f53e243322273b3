/* addr -- HOST:PORT, [V6]:PORT, unix:PATH; and sockets that listen there.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "net.h"

static const char *
check_port(const char *s)
{
	unsigned long n = 0;

	if (*s == '\0')
		return "the port is missing";
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return "the port is not a number";
		n = n * 10 + (unsigned long)(*s - '0');
		if (n > 65535)
			return "the port is above 65535";
	}
	return NULL;
}

static const char *
parse_unix(struct ce_addr *a, const char *path)
{
	if (*path == '\0')
		return "the path of the unix socket is missing";
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "the path of the unix socket is longer than the system allows";
	a->path = ce_strdup(path);
	return NULL;
}

const char *
ce_addr_parse(struct ce_addr *a, const char *text, const char *port)
{
	const char *host = text, *end, *after, *why;

	*a = (struct ce_addr){ 0 };
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(a, text + 5);
	if (*text == '[') {
		host = text + 1;
		if ((end = strchr(host, ']')) == NULL)
			return "the ] after the IPv6 address is missing";
		after = end + 1;
		if (*after != '\0' && *after != ':')
			return "only :PORT can follow the ]";
	} else {
		end = after = strchrnul(text, ':');
		if (*after != '\0' && strchr(after + 1, ':') != NULL)
			return "an IPv6 address is written [ADDRESS]:PORT";
	}
	if (*after == ':')
		port = after + 1;
	if (port == NULL)
		return "the port is missing";
	if ((why = check_port(port)) != NULL)
		return why;
	a->host = end - host == 1 && *host == '*' ? ce_strdup("")
	                                         : ce_strndup(host, (size_t)(end - host));
	a->port = ce_strdup(port);
	return NULL;
}

void
ce_addr_free(struct ce_addr *a)
{
	free(a->host);
	free(a->port);
	free(a->path);
	*a = (struct ce_addr){ 0 };
}

/* A socket file outlives a killed server.  One that refuses connections is
 * nobody's; one that answers, or anything else of that name, stays. */
static void
remove_stale(const struct sockaddr_un *un)
{
	struct stat st;
	int fd;

	if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 && errno == ECONNREFUSED)
		unlink(un->sun_path);
	close(fd);
}

static int
bind_and_listen(const struct sockaddr *sa, socklen_t n, int backlog)
{
	int fd, on = 1, saved;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (sa->sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, sa, n) == 0 && listen(fd, backlog) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int
listen_unix(const struct ce_addr *a, int backlog, struct ce_buf *taken, const char **why)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	memcpy(un.sun_path, a->path, strlen(a->path) + 1);
	remove_stale(&un);
	fd = bind_and_listen((struct sockaddr *)&un, sizeof(un), backlog);
	if (fd < 0)
		*why = strerror(errno);
	else
		ce_buf_printf(taken, "unix:%s", a->path);
	return fd;
}

static void
write_taken(int fd, struct ce_buf *taken)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0 ||
	    getnameinfo((struct sockaddr *)&ss, n, host, sizeof(host), port, sizeof(port),
	        NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		ce_bug("a listening socket has no address");
	ce_buf_printf(taken, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

int
ce_listen(const struct ce_addr *a, int backlog, struct ce_buf *taken, const char **why)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM }, *all, *ai;
	int fd = -1, e;

	if (a->path != NULL)
		return listen_unix(a, backlog, taken, why);
	e = getaddrinfo(*a->host == '\0' ? NULL : a->host, a->port, &hints, &all);
	if (e != 0) {
		*why = e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e);
		return -1;
	}
	for (ai = all; ai != NULL && fd < 0; ai = ai->ai_next)
		fd = bind_and_listen(ai->ai_addr, ai->ai_addrlen, backlog);
	if (fd < 0)
		*why = strerror(errno);
	else
		write_taken(fd, taken);
	freeaddrinfo(all);
	return fd;
}
