/* net -- addresses, listening sockets, and connections against openssl s_server
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "net.h"
#include "tap.h"

static char dir[] = "/tmp/ce-net-XXXXXX";

static const char *
in(const char *name)
{
	static char path[8][128];
	static int i;

	i = (i + 1) % 8;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static void
addresses(void)
{
	static const struct {
		const char *text, *port, *host, *got, *path, *why;
	} t[] = {
		{ "localhost:80", NULL, "localhost", "80", NULL, NULL },
		{ "127.0.0.1:0", NULL, "127.0.0.1", "0", NULL, NULL },
		{ "[::1]:8080", NULL, "::1", "8080", NULL, NULL },
		{ "[::1]", "99", "::1", "99", NULL, NULL },
		{ "host", "4222", "host", "4222", NULL, NULL },
		{ "host:1", "4222", "host", "1", NULL, NULL },
		{ ":65535", NULL, "", "65535", NULL, NULL },
		{ "*:80", NULL, "", "80", NULL, NULL },
		{ "unix:/run/x.sock", NULL, NULL, NULL, "/run/x.sock", NULL },
		{ "unix:x:y", NULL, NULL, NULL, "x:y", NULL },
		{ "host", NULL, NULL, NULL, NULL, "the port is missing" },
		{ "", NULL, NULL, NULL, NULL, "the port is missing" },
		{ "host:", "1", NULL, NULL, NULL, "the port is missing" },
		{ "host:http", NULL, NULL, NULL, NULL, "the port is not a number" },
		{ "host:-1", NULL, NULL, NULL, NULL, "the port is not a number" },
		{ "host: 1", NULL, NULL, NULL, NULL, "the port is not a number" },
		{ "host:65536", NULL, NULL, NULL, NULL, "the port is above 65535" },
		{ "host:99999999999999999999999", NULL, NULL, NULL, NULL, "the port is above 65535" },
		{ "::1:80", NULL, NULL, NULL, NULL, "an IPv6 address is written [ADDRESS]:PORT" },
		{ "[::1:80", NULL, NULL, NULL, NULL, "the ] after the IPv6 address is missing" },
		{ "[::1]80", NULL, NULL, NULL, NULL, "only :PORT can follow the ]" },
		{ "unix:", NULL, NULL, NULL, NULL, "the path of the unix socket is missing" },
	};
	struct ce_addr a;
	char longest[200];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		is(ce_addr_parse(&a, t[i].text, t[i].port), t[i].why, t[i].text);
		is(a.host, t[i].host, "host");
		is(a.port, t[i].got, "port");
		is(a.path, t[i].path, "path");
		ce_addr_free(&a);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "unix:", 5);
	longest[sizeof(longest) - 1] = '\0';
	ok(ce_addr_parse(&a, longest, NULL) != NULL, "a path that is too long");
}

static int
listen_at(const char *text, struct ce_buf *taken, const char **why)
{
	struct ce_addr a;
	int fd;

	ce_buf_reset(taken);
	if ((*why = ce_addr_parse(&a, text, NULL)) != NULL)
		return -1;
	fd = ce_listen(&a, 5, taken, why);
	ce_addr_free(&a);
	return fd;
}

static struct ce_conn *
conn(const char *text, const struct ce_tls *tls, long ms, const char **why)
{
	struct ce_addr a;
	struct ce_conn *c;

	*why = NULL;
	if (ce_addr_parse(&a, text, NULL) != NULL)
		return NULL;
	c = ce_conn_open(&a, tls, ms, why);
	ce_addr_free(&a);
	return c;
}

static int
take(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	poll(&p, 1, 5000);
	return accept(fd, NULL, NULL);
}

static void
echo_once(const char *text)
{
	struct ce_buf taken = { 0 };
	const char *why;
	int fd = listen_at(text, &taken, &why), peer;
	struct ce_conn *c;
	char b[16];

	if (fd < 0 && strncmp(text, "[::1]", 5) == 0) {
		ok(true, "no IPv6 here # SKIP");
		return;
	}
	if (!ok(fd >= 0, "listens on %s", text))
		return;
	c = conn(taken.p, NULL, 5000, &why);
	if (!ok(c != NULL, "connects to %s", taken.p))
		return;
	is(ce_conn_peer(c), taken.p, "knows its peer");
	peer = take(fd);
	ok(ce_conn_put(c, "hello", 5, 1000), "puts");
	is_int(read(peer, b, sizeof(b)), 5, "it comes");
	ok(ce_conn_read(c, b, sizeof(b)) == -1 && errno == EAGAIN, "reading does not wait");
	ok(!ce_conn_wait(c, POLLIN, 50), "waiting is bounded");
	ok(write(peer, "hi", 2) == 2 && ce_conn_wait(c, POLLIN, 5000), "bytes end the wait");
	is_int(ce_conn_read(c, b, sizeof(b)), 2, "they are read");
	close(peer);
	ok(ce_conn_wait(c, POLLIN, 5000) && ce_conn_read(c, b, sizeof(b)) == 0, "the end is seen");
	ce_conn_close(c);
	close(fd);
	ce_buf_free(&taken);
}

static void
refusals(void)
{
	struct ce_buf taken = { 0 }, full = { 0 };
	const char *why;
	int fd = listen_at("127.0.0.1:0", &taken, &why), i;
	struct ce_conn *c[64];
	int64_t began;

	ok(listen_at(taken.p, &full, &why) == -1, "an address in use");
	is(why, "Address already in use", "why");
	close(fd);
	ok(conn(taken.p, NULL, 1000, &why) == NULL, "nobody listens");
	ce_buf_reset(&full);
	ce_buf_printf(&full, "cannot connect to %s: Connection refused", taken.p);
	is(why, full.p, "why");
	ok(conn("no-such-host.invalid:1", NULL, 5000, &why) == NULL, "no such host");
	has(why, "cannot connect to no-such-host.invalid:1: ", "why");
	ce_buf_reset(&full);
	ce_buf_printf(&full, "unix:%s", in("none"));
	ok(conn(full.p, NULL, 1000, &why) == NULL, "no such socket");
	has(why, "No such file", "why");
	/* A backlog that is full: the handshake of TCP gets no answer. */
	ce_buf_reset(&taken);
	fd = listen_at("127.0.0.1:0", &taken, &why);
	listen(fd, 0);
	began = ce_now();
	for (i = 0; i < 64 && (c[i] = conn(taken.p, NULL, 200, &why)) != NULL; i++)
		;
	ok(i < 64 && ce_now() - began < 5000, "connecting is bounded");
	has(i < 64 ? why : "", "Connection timed out", "why");
	while (i-- > 0)
		ce_conn_close(c[i]);
	close(fd);
	ce_buf_free(&taken);
	ce_buf_free(&full);
}

static void
unix_sockets(void)
{
	struct ce_buf text = { 0 }, taken = { 0 };
	const char *why;
	int fd, file;

	ce_buf_printf(&text, "unix:%s", in("s"));
	echo_once(text.p);
	ok(access(in("s"), F_OK) == 0, "the socket of a dead server is left");
	fd = listen_at(text.p, &taken, &why);
	ok(fd >= 0, "it is replaced");
	ok(listen_at(text.p, &taken, &why) == -1, "that of a live one is not");
	close(fd);
	unlink(in("s"));
	file = open(in("s"), O_CREAT | O_WRONLY, 0600);
	ok(listen_at(text.p, &taken, &why) == -1 && access(in("s"), F_OK) == 0, "nor is a file");
	close(file);
	ce_buf_free(&text);
	ce_buf_free(&taken);
}

/* openssl s_server: its process, or -1; its address goes to at. */
static pid_t
serve(const char *cert, const char *more, struct ce_buf *at)
{
	struct ce_buf cmd = { 0 }, taken = { 0 };
	const char *why, *port;
	int fd = listen_at("127.0.0.1:0", &taken, &why), i;
	struct ce_conn *c = NULL;
	pid_t pid;

	close(fd);
	port = strrchr(taken.p, ':') + 1;
	ce_buf_printf(&cmd, "exec openssl s_server -quiet -rev -accept 127.0.0.1:%s -cert %s/%s.crt "
	    "-key %s/%s.key %s >%s/log 2>&1 </dev/null", port, dir, cert, dir, cert, more, dir);
	if ((pid = fork()) == 0) {
		execl("/bin/sh", "sh", "-c", cmd.p, (char *)NULL);
		_exit(127);
	}
	for (i = 0; i < 500 && (c = conn(taken.p, NULL, 1000, &why)) == NULL; i++)
		poll(NULL, 0, 10);
	ce_conn_close(c);
	ce_buf_reset(at);
	ce_buf_printf(at, "localhost:%s", port);
	ce_buf_free(&cmd);
	ce_buf_free(&taken);
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
ask(const char *at, const struct ce_tls *tls, const char *refused, const char *title)
{
	const char *why;
	struct ce_conn *c = conn(at, tls, 5000, &why);
	char b[64];
	ssize_t n = -1;
	int64_t until = ce_now() + 5000;

	if (c != NULL && ce_conn_put(c, "abc\n", 4, 1000))
		while ((n = ce_conn_read(c, b, sizeof(b))) < 0 && errno == EAGAIN && ce_now() < until)
			ce_conn_wait(c, ce_conn_events(c, POLLIN), 1000);
	if (refused == NULL) {
		ok(n >= 4 && memcmp(b, "cba\n", 4) == 0, "%s", title);
		if (n < 4)
			printf("# %s\n", c == NULL ? why : ce_conn_why(c));
	} else {
		ok(n <= 0, "%s", title);
		has(c == NULL ? why : ce_conn_why(c), refused, "why");
	}
	ce_conn_close(c);
}

static void
tls(void)
{
	struct ce_tls good = { .ca = in("ca.crt") }, none = { 0 }, wrong = { .ca = in("ca2.crt") };
	struct ce_tls lax = { .insecure = true }, missing = { .ca = in("absent") };
	struct ce_tls mine = { .ca = good.ca, .cert = in("client.crt"), .key = in("client.key") };
	struct ce_tls mixed = { .ca = good.ca, .cert = in("client.crt"), .key = in("server.key") };
	struct ce_buf at = { 0 }, ip = { 0 };
	const char *why;
	pid_t pid = serve("server", "", &at);
	int fd;

	ce_buf_printf(&ip, "127.0.0.1:%s", strchr(at.p, ':') + 1);
	ask(at.p, &good, NULL, "a server that is trusted, by name");
	ask(ip.p, &good, NULL, "and by address");
	ask(at.p, &none, "its certificate is refused: ", "the CAs of the system do not know it");
	ask(at.p, &wrong, "its certificate is refused: ", "nor does another CA");
	ask(at.p, &lax, NULL, "--tls-insecure takes anybody");
	ask(at.p, &missing, "cannot use ", "a CA file that is not there");
	ask(at.p, &mixed, "cannot use ", "a key of another certificate");
	end(pid);
	pid = serve("other", "", &at);
	ask(at.p, &good, "refused: hostname mismatch", "a server of another name");
	end(pid);
	pid = serve("expired", "", &at);
	ask(at.p, &good, "refused: certificate has expired", "a certificate out of date");
	end(pid);
	pid = serve("server", "-tls1_1 -cipher ALL@SECLEVEL=0", &at);
	ask(at.p, &good, "TLS handshake: ", "TLS 1.1");
	end(pid);
	ce_buf_reset(&ip);
	ce_buf_printf(&ip, "-Verify 1 -verify_return_error -CAfile %s/ca.crt", dir);
	pid = serve("server", ip.p, &at);
	ask(at.p, &mine, NULL, "a client certificate");
	ask(at.p, &good, "", "none where one is required");
	end(pid);
	/* Somebody who accepts and never speaks. */
	ce_buf_reset(&at);
	fd = listen_at("127.0.0.1:0", &at, &why);
	ok(conn(at.p, &good, 200, &why) == NULL, "a silent server");
	has(why, "TLS handshake: timed out", "why");
	close(fd);
	ce_buf_free(&at);
	ce_buf_free(&ip);
}

int
main(void)
{
	struct ce_buf cmd = { 0 };
	const char *root = getenv("ROOT");

	signal(SIGPIPE, SIG_IGN);
	addresses();
	if (mkdtemp(dir) == NULL)
		return 1;
	echo_once("127.0.0.1:0");
	echo_once("[::1]:0");
	unix_sockets();
	refusals();
	ce_buf_printf(&cmd, "%s/test/certs %s", root != NULL ? root : ".", dir);
	if (ok(system(cmd.p) == 0, "certificates"))
		tls();
	ce_buf_reset(&cmd);
	ce_buf_printf(&cmd, "rm -r %s", dir);
	ok(system(cmd.p) == 0, "cleans up");
	ce_buf_free(&cmd);
	return done();
}
