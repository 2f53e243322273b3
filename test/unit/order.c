/* order.c -- tests of CE_USE_ORDER: what comes again is not overtaken
 * A sink of eight under way, whose service refuses as it was told to; what it was
 * handed, in turn, is the answer.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/flow.h"
#include "tap.h"

#define EVENTS 12

static struct ce_event *open_[8];
static int nopen;
static const char *script; /* a letter for each answer: t l n; t for ever behind the last */
static int code;

static enum ce_verdict
verdict(void)
{
	char c = *script != '\0' ? *script++ : 't';

	return c == 'l' ? ce_later("busy") : c == 'n' ? ce_never("ugly") : CE_TAKEN;
}

static bool
answer(void)
{
	struct ce_event *evs[8];
	int i, n = nopen;

	memcpy(evs, open_, sizeof(evs));
	nopen = 0;
	for (i = 0; i < n; i++)
		ce_settle(evs[i], verdict());
	return false;
}

static int
sink(int out)
{
	static const struct ce_program program = { "ce-sink-try", "try", CE_SINK, NULL, NULL, 0, 0,
		CE_USE_INFLIGHT | CE_USE_ORDER };
	char *argv[] = { "ce-sink-try", "--inflight", "8", "--backoff", "1ms", "--quiet", "--dead-letter", "/dev/null", NULL };
	struct ce_event *ev;
	struct ce_str id;

	ce_start(8, argv, &program);
	ce_on_wait(answer);
	while ((ev = ce_next()) != NULL) {
		ce_attr(ev, CE_AT_ID, &id);
		if (write(out, id.p, id.len) < 0 || write(out, " ", 1) < 0)
			return 1;
		open_[nopen++] = ev;
		if (nopen == 8 && write(out, "| ", 2) < 0)
			return 1;
	}
	return ce_finish();
}

/* What a sink is handed whose service answers so. */
static const char *
handed(const char *answers)
{
	static char text[4096];
	int in[2], out[2], i, status = 0;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(in) < 0 || pipe(out) < 0)
		return "no pipe";
	for (i = 1; i <= EVENTS; i++)
		dprintf(in[1], "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/s\",\"type\":\"t\"}\n", i);
	close(in[1]);
	if ((pid = fork()) == 0) {
		dup2(in[0], 0);
		close(out[0]);
		script = answers;
		_exit(sink(out[1]));
	}
	close(in[0]);
	close(out[1]);
	while (len < sizeof(text) - 1 && (n = read(out[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len > 0 ? len - 1 : 0] = '\0';
	close(out[0]);
	waitpid(pid, &status, 0);
	code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return text;
}

int
main(void)
{
	is(handed(""), "1 2 3 4 5 6 7 8 | 9 10 11 12", "all at once");
	is(handed("ttlttttt"), "1 2 3 4 5 6 7 8 | 3 9 10 11 12", "one comes again, before new ones");
	is(handed("ttlttttt" "l" "l"), "1 2 3 4 5 6 7 8 | 3 3 3 9 10 11 12", "alone until it is taken");
	is(handed("ttllllll"), "1 2 3 4 5 6 7 8 | 3 4 5 6 7 8 9 10 11 | 12", "an outage: the first, then the others");
	is(handed("llllllll" "l" "t" "llltttt"), "1 2 3 4 5 6 7 8 | 1 1 2 3 4 5 6 7 8 9 | 2 3 4 10 11 12",
	    "another one, just after it");
	is(handed("lltttttt" "n" "l"), "1 2 3 4 5 6 7 8 | 1 2 2 9 10 11 12", "the first is refused for good");
	is(handed("lntttttt"), "1 2 3 4 5 6 7 8 | 1 9 10 11 12", "one behind it is refused");
	is_int(code, 0, "and the end is a good one");
	return done();
}
