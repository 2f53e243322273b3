/* ce-top -- show the pipelines that are running.
 *
 * It only reads: what the stages count is in files of the runtime directory,
 * who is joined to whom is in /proc.  No stage knows that it is looked at.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ce.h"
#include "screen.h"
#include "serve.h"
#include "stage.h"

static long interval = 1000;
static const char *address, *textfile;
static bool once, json;
static bool shown; /* on a terminal, again and again */

static const struct ce_opt opts[] = {
	CE_TIME('i', "interval", &interval, "time", 0, 86400000, "time between two samples"),
	CE_FLAG(0, "json", &json, "print one sample as JSON, and exit"),
	CE_STR(0, "metrics", &address, "address", "serve Prometheus metrics on HOST:PORT or unix:PATH"),
	CE_FLAG('1', "once", &once, "print one sample as text, and exit"),
	CE_STR(0, "textfile", &textfile, "file", "write Prometheus metrics to this file"),
	CE_END
};

static const struct ce_program program = {
	"ce-top", "show the pipelines that are running", CE_TOOL, opts, NULL, 0, 0, 0
};

static const char *dir;
static struct view now, before;
static struct ce_timer timer;

static void
sample(void)
{
	struct view spare = before;

	before = now;
	now = spare;
	if (!view_collect(&now, dir, &before)) {
		screen_stop(); /* or the message would go with it */
		ce_die(CE_CONFIG, "cannot read %s: %m", dir);
	}
	view_rates(&now, &before);
	view_join(&now);
}

static bool
write_all(int fd, const struct ce_buf *b)
{
	size_t done = 0;
	ssize_t k;

	while (done < b->len)
		if ((k = write(fd, b->p + done, b->len - done)) >= 0)
			done += (size_t)k;
		else if (errno != EINTR)
			return false;
	return true;
}

/* Who reads the file sees all of a sample, this one or the one before. */
static bool
replace(const char *path, const struct ce_buf *b)
{
	struct ce_buf tmp = { 0 };
	bool good = false;
	int fd, saved;

	ce_buf_printf(&tmp, "%s.%ld.tmp", path, (long)getpid());
	unlink(tmp.p);
	fd = open(tmp.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd != -1) {
		good = write_all(fd, b);
		good = close(fd) == 0 && good && rename(tmp.p, path) == 0;
		saved = errno;
		if (!good)
			unlink(tmp.p);
		errno = saved;
	}
	ce_buf_free(&tmp);
	return good;
}

static void
write_textfile(void)
{
	static struct ce_buf b;
	static bool failed;

	if (textfile == NULL)
		return;
	ce_buf_reset(&b);
	print_prom(&b, &now);
	if (replace(textfile, &b))
		failed = false;
	else if (once || json)
		ce_die(CE_IOERR, "cannot write %s: %m", textfile);
	else if (!failed) {
		failed = true;
		ce_warn("cannot write %s: %m", textfile);
	}
}

static void
draw(void)
{
	static struct ce_buf text;
	char title[120], day[16];
	time_t t = time(NULL);
	struct tm tm;

	strftime(day, sizeof(day), "%H:%M:%S", localtime_r(&t, &tm));
	snprintf(title, sizeof(title), "ce-top %s  %d stage%s  %d pipeline%s  q quits", day, now.n,
	    now.n == 1 ? "" : "s", now.npipelines, now.npipelines == 1 ? "" : "s");
	ce_buf_reset(&text);
	if (now.n == 0)
		ce_buf_puts(&text, "no stages are running\n");
	else
		print_table(&text, &now, screen_width());
	screen_draw(title, &text);
}

static void
page(struct ce_buf *out)
{
	if (now.at == 0 || ce_now_us() - now.at > 1000000)
		sample();
	print_prom(out, &now);
}

static void
tick(void *arg)
{
	(void)arg;
	ce_timer(&timer, interval);
	sample();
	write_textfile();
	if (shown)
		draw();
}

/* The second of two samples, for what happened between them; --interval 0: the
 * first, for what happened since each stage began. */
static void
print_once(void)
{
	struct ce_buf out = { 0 };
	int64_t until;

	sample();
	until = now.at + interval * 1000;
	while (now.n > 0 && ce_now_us() < until && ce_running())
		ce_wait((long)(until - ce_now_us()) / 1000 + 1);
	if (now.n > 0 && interval > 0)
		sample();
	write_textfile();
	if (json)
		print_json(&out, &now);
	else if (now.n == 0)
		ce_buf_puts(&out, "no stages are running\n");
	else
		print_table(&out, &now, screen_width());
	if (!write_all(1, &out))
		ce_die(CE_IOERR, "cannot write standard output: %m");
	ce_buf_free(&out);
}

/* One that knows escape sequences. */
static bool
is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(1) && term != NULL && strcmp(term, "dumb") != 0;
}

static void
watch(void)
{
	if (interval < 100)
		ce_die(CE_USAGE, "--interval: at least 100ms without -1 or --json");
	if (address != NULL)
		serve_start(address, page);
	if (shown)
		screen_start(draw);
	timer.fn = tick;
	if (shown || textfile != NULL)
		tick(NULL);
	while (ce_running())
		ce_wait(-1);
	if (shown)
		screen_stop();
	serve_stop();
}

int
main(int argc, char *argv[])
{
	const char *why;

	ce_start(argc, argv, &program);
	if ((dir = ce_runtime_dir(&why)) == NULL)
		ce_die(CE_CONFIG, "cannot use the runtime directory %s", why);
	if ((once || json) && address != NULL)
		ce_die(CE_USAGE, "--metrics does not go with -1 or --json");
	if (once && json)
		ce_die(CE_USAGE, "-1 and --json exclude each other");
	shown = is_terminal();
	if (!shown && address == NULL && textfile == NULL && !json)
		once = true;
	if (once || json)
		print_once();
	else
		watch();
	view_free(&now);
	view_free(&before);
	return ce_finish();
}
