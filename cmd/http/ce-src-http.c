/* ce-src-http -- take events from HTTP clients.
 *
 * A request is answered 202 when all of its events were finished at the far
 * end of the pipeline, and not before: the client is who still has them until
 * then.  What cannot be finished now is answered 503, and comes again.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "src.h"

static struct wrap wrap;

static const struct ce_opt opts[] = {
	CE_LIST(0, "keep-header", &wrap.keep, "name", "header that becomes an extension of them"),
	CE_STR(0, "source", &wrap.source, "uri", "their source (default: the path of the request)"),
	CE_STR(0, "type", &wrap.type, "type", "type of the events that other bodies are wrapped in"),
	CE_GROUP(ce_httpd_opts),
	CE_GROUP(auth_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-src-http", "take events from HTTP clients", CE_SOURCE, opts, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_LISTEN
};

/* A batch on its way: emitted as the window has room. */
struct job {
	struct ce_req *req;
	struct batch batch;
	long open;   /* emitted and not settled */
	bool failed; /* one of them will not be finished in this run */
	bool emitted;
	struct job *next;
};
static struct job *jobs, **last_job = &jobs; /* not wholly emitted yet */

static void
come_again(struct ce_req *r, const char *why)
{
	ce_req_add(r, "Retry-After", "1");
	ce_req_problem(r, 503, "%s", why);
}

static void
answer(struct ce_req *r, bool finished)
{
	if (finished)
		ce_req_done(r, 202);
	else
		come_again(r, "the service is leaving");
}

static void
settled(void *req, enum ce_verdict v)
{
	answer(req, v == CE_TAKEN || v == CE_NEVER);
}

static void
job_end(struct job *j)
{
	if (!j->emitted || j->open > 0)
		return;
	answer(j->req, !j->failed);
	free(j);
}

static void
job_settled(void *job, enum ce_verdict v)
{
	struct job *j = job;

	j->open--;
	if (v != CE_TAKEN && v != CE_NEVER)
		j->failed = true;
	job_end(j);
}

static void
job_emitted(struct job *j)
{
	if ((jobs = j->next) == NULL)
		last_job = &jobs;
	j->emitted = true;
	job_end(j);
}

/* A client that does not wait any more has been told to send all of it again. */
static void
emit_jobs(void)
{
	static struct ce_event ev;
	struct job *j;

	while ((j = jobs) != NULL) {
		while (ce_req_waits(j->req)) {
			if (!ce_room())
				return;
			if (!batch_next(&j->batch, &ev))
				break;
			j->open++;
			ce_emit(&ev, job_settled, j);
		}
		job_emitted(j);
	}
}

static void
take_batch(struct ce_req *r)
{
	struct batch b = { 0 };
	struct refusal no = batch_open(&b, ce_req_body(r));
	struct job *j;

	if (no.status != 0) {
		ce_req_problem(r, no.status, "%s", no.why);
		return;
	}
	j = CE_NEW(struct job);
	j->req = r;
	j->batch = b;
	*last_job = j;
	last_job = &j->next;
	emit_jobs();
}

static struct binding_header *headers;
static int nheaders, capheaders;

static void
collect(void *arg, struct ce_str name, struct ce_str value)
{
	(void)arg;
	if (nheaders == capheaders) {
		capheaders = capheaders > 0 ? 2 * capheaders : 32;
		headers = ce_realloc(headers, (size_t)capheaders * sizeof(*headers));
	}
	headers[nheaders++] = (struct binding_header){ name, value };
}

static void
take(struct ce_req *r)
{
	struct request q = { ce_req_path(r), NULL, 0, ce_req_body(r) };
	enum binding_mode mode;
	struct ce_event *ev;
	struct refusal no;
	bool wrapped;

	nheaders = 0;
	ce_req_each(r, collect, NULL);
	q.h = headers;
	q.n = nheaders;
	no = request_mode(&q, &wrap, &mode, &wrapped);
	if (no.status == 0 && mode == BINDING_BATCH) {
		take_batch(r);
		return;
	}
	if (no.status == 0)
		no = request_event(&q, &wrap, mode, wrapped, &ev);
	if (no.status != 0)
		ce_req_problem(r, no.status, "%s", no.why);
	else
		ce_emit(ev, settled, r);
}

static bool
window_full(void)
{
	return ce_unfinished() >= ce_conf.window;
}

/* Output waits to be read, or a batch for its turn: requests wait in the queue.
 * A full window is another matter: it may stay so, and is said at once. */
static bool
held_up(void)
{
	return !window_full() && (jobs != NULL || !ce_room());
}

static void
handle(struct ce_req *r)
{
	if (window_full())
		come_again(r, "the window is full");
	else if (auth_body(r))
		take(r);
}

static void
head(struct ce_req *r)
{
	auth_head(r);
}

static void
serve(void)
{
	struct ce_req *r;
	bool waits;

	emit_jobs();
	while (!held_up() && (r = ce_httpd_next()) != NULL)
		handle(r);
	waits = held_up();
	ce_wait(waits ? 0 : -1);
	if (waits && held_up())
		ce_wait(-1);
}

int
main(int argc, char *argv[])
{
	const char *why;
	int code;

	ce_start(argc, argv, &program);
	if ((why = wrap_check(&wrap)) != NULL)
		ce_die(CE_USAGE, "%s", why);
	auth_start();
	ce_httpd_start(head);
	while (ce_running())
		serve();
	ce_httpd_leave();
	while (jobs != NULL) { /* what was not emitted will not be */
		jobs->failed = true;
		job_emitted(jobs);
	}
	code = ce_finish();
	ce_httpd_stop();
	return code;
}
