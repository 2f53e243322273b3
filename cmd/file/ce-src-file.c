/* ce-src-file -- print an event for each line, record or whole of files.
 *
 * A file's position follows the events that are finished, in the order in which
 * they were emitted: it never steps over one that is still on its way.  Source
 * and id come from where the file was first seen, its inode, the offset and the
 * bytes (record.c), so what is read again is the same event again.  The time is
 * the file's modification time when the bytes were read, of a pipe the time of
 * reading.  Hidden files of a directory and its subdirectories are passed over.
 * With --follow an unfinished last line is left for later, also at --until-end;
 * without, it is an event.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "ce.h"
#include "follow.h"
#include "record.h"

static struct record_how how;
static bool follow;
static int from;

static const struct ce_opt opts[] = {
	CE_CHOICE('a', "as", &how.as, "lines|json|events|whole|nul", "what makes an event"),
	CE_STR(0, "content-type", &how.ctype, "type", "what the data is (default: by --as)"),
	CE_STR(0, "done", &files_how.done, "delete|dir", "delete or move what is finished"),
	CE_LIST('e', "ext", &how.exts, "name=template", "set an extension attribute"),
	CE_FLAG('f', "follow", &follow, "wait for more, as tail -F does"),
	CE_CHOICE(0, "from", &from, "start|end", "where to begin in files without a position"),
	CE_STR(0, "source", &how.source, "uri", "source of the events (default: the file's URI)"),
	CE_TEMPLATE(0, "subject", &how.subject, "template", "subject (default: the file's name)"),
	CE_STR(0, "type", &how.type, "type", "type of the events (default: file. and what it is)"),
	CE_END
};

static const struct ce_program program = {
	"ce-src-file", "print an event for each line or record of files", CE_SOURCE, opts,
	"[FILE|DIR|GLOB ...]", 0, -1, CE_USE_COMMIT | CE_USE_STATE | CE_USE_END | CE_USE_DEAD
};

#define SPARE 40 /* descriptors for all but the files */

static struct ce_timer tidy;
static ce_settled *settled; /* NULL: nobody wants to know */

static bool
commit(void)
{
	if (!position_save())
		return false;
	done_sweep();
	return true;
}

/* Positions also move without an event: an empty file, one that was deleted. */
static void
tidy_up(void *arg)
{
	(void)arg;
	if (files_changed && !commit()) {
		ce_warn("cannot keep the position in %s: %m", ce_conf.state);
		ce_timer(&tidy, 1000);
	}
}

static void
refuse(struct file *f, const char *p, size_t n, uint64_t offset, const char *why)
{
	struct ce_buf where = { 0 };

	ce_buf_printf(&where, "%s, byte %llu", f->path, (unsigned long long)offset);
	ce_refuse(p, n, where.p, why, settled, NULL);
	ce_buf_free(&where);
}

static void
send(struct file *f, const struct ce_record *r, bool toobig)
{
	static struct ce_event line;
	const char *why = toobig ? "longer than --max-event" : NULL;
	struct ce_event *ev = &line;

	if (settled != NULL)
		files_sent(f, r->next);
	f->read = r->next;
	if (why == NULL && how.as == AS_EVENTS)
		why = ce_event_parse(ev, r->p, r->len);
	else if (why == NULL) {
		if (!f->seeded)
			input_seed(f);
		ev = record_event(f, r->offset, r->p, r->len);
		if (ev->len > (size_t)ce_conf.max_event)
			why = "longer than --max-event as an event";
	}
	if (why != NULL)
		refuse(f, r->p, r->len, r->offset, why);
	else
		ce_emit(ev, settled, NULL);
}

static void
read_whole(struct file *f)
{
	struct ce_record r = { 0 };
	bool toobig;

	if (input_whole(f, &toobig) != INPUT_END)
		return;
	r.p = f->whole->p;
	r.len = f->whole->len;
	r.next = input_size(f, toobig);
	send(f, &r, toobig);
	input_rest(f, INPUT_END);
}

/* A block of it. */
static void
read_some(struct file *f)
{
	enum input in = input_fill(f);
	struct ce_record r;
	enum ce_got got;

	if (in == INPUT_GONE || f->lines == NULL)
		return;
	while (ce_running()) {
		got = ce_lines_get(f->lines, &r);
		if (got == CE_L_NONE || got == CE_L_END) {
			if (in == INPUT_DATA)
				files_ready(f);
			else
				input_rest(f, in);
			return;
		}
		send(f, &r, got == CE_L_LONG);
		ce_block_drop(r.block);
	}
}

static void
begin(char *operands[], int n)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) == 0) {
		most.rlim_cur = most.rlim_max; /* a followed file stays open */
		setrlimit(RLIMIT_NOFILE, &most);
		files_how.most = most.rlim_max > 1 << 30 ? 1 << 30 :
		    most.rlim_max > SPARE ? (long)most.rlim_max - SPARE : 1;
	}
	record_start(&how);
	files_how.sep = how.as == AS_NUL ? '\0' : '\n';
	files_how.whole = how.as == AS_WHOLE;
	files_how.follow = follow;
	files_how.watch = follow && !ce_conf.until_end;
	files_how.from_end = from == 1;
	files_how.state = ce_conf.state != NULL;
	done_check();
	if (files_how.state || files_how.done != NULL) {
		settled = files_settled;
		ce_on_commit(commit);
		ce_commits();
	}
	if (files_how.state)
		position_load(ce_conf.state);
	if (files_how.watch)
		follow_start();
	if (n == 0)
		names_add("-");
	for (int i = 0; i < n; i++)
		names_add(operands[i]);
	meet_started();
	tidy.fn = tidy_up;
	if (files_how.from_end)
		tidy_up(NULL); /* where the end is must be known before the first event */
}

static int
leave(void)
{
	int code = ce_finish();

	if (files_changed && !commit()) {
		ce_warn("cannot keep the position in %s: %m", ce_conf.state);
		code = code != CE_OK ? code : CE_IOERR;
	}
	return code == CE_OK && files_failed ? CE_IOERR : code;
}

int
main(int argc, char *argv[])
{
	struct file *f;
	int first = ce_start(argc, argv, &program);

	begin(argv + first, argc - first);
	while (ce_running()) {
		follow_turn();
		if (files_changed && tidy.due == 0)
			ce_timer(&tidy, 2000);
		if ((f = files_turn()) != NULL)
			files_how.whole ? read_whole(f) : read_some(f);
		else if (follow_alive())
			ce_wait(-1);
		else if (!names_next())
			break;
	}
	return leave();
}
