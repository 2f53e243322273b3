/* http.c -- HTTP requests side by side, on libcurl's multi interface
 *
 * libcurl says which sockets it waits for and until when; ce_watch and ce_timer
 * do the waiting.  Its answers are handed over from reap() alone, outside of every
 * libcurl callback, so done() may send again at once.  What is plain HTTP and has
 * a connection already does not come here: httpwarm.c.
 * SPDX-License-Identifier: Apache-2.0 */

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http.h"
#include "httpwarm.h"

static CURLM *multi;
static struct ce_timer alarm_timer, reap_timer;
static bool due, reaping;
static int nopen, running;

static void reap(void *arg);

/* Once: what libcurl wants to do next at once waits until other sockets have
 * been looked at, or each request would be answered before the next is sent. */
static void
drive(curl_socket_t fd, int what)
{
	due = false;
	curl_multi_socket_action(multi, fd, what, &running);
	if (due)
		ce_timer(&alarm_timer, 0);
}

static void
ready(void *arg, short revents)
{
	curl_socket_t fd = *(curl_socket_t *)arg;
	int what = 0;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		what |= CURL_CSELECT_IN;
	if (revents & POLLOUT)
		what |= CURL_CSELECT_OUT;
	drive(fd, what);
	reap(NULL);
}

static void
on_alarm(void *arg)
{
	(void)arg;
	drive(CURL_SOCKET_TIMEOUT, 0);
	reap(NULL);
}

static int
set_alarm(CURLM *m, long ms, void *arg)
{
	(void)m;
	(void)arg;
	due = ms == 0;
	ce_timer(&alarm_timer, ms > 0 ? ms : -1);
	return 0;
}

static int
set_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	short events = 0;
	curl_socket_t *own = known;
	struct ce_http *h = NULL;

	(void)arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&h);
	if (h != NULL && what != CURL_POLL_REMOVE)
		warm_socket(h, fd);
	if (what == CURL_POLL_REMOVE) {
		ce_watch(fd, 0, NULL, NULL);
		curl_multi_assign(multi, fd, NULL);
		free(own);
		return 0;
	}
	if (own == NULL) {
		own = CE_NEW(curl_socket_t);
		*own = fd;
		curl_multi_assign(multi, fd, own);
	}
	if (what & CURL_POLL_IN)
		events |= POLLIN;
	if (what & CURL_POLL_OUT)
		events |= POLLOUT;
	ce_watch(fd, events, ready, own);
	return 0;
}

static const char *
say(struct ce_http *h, CURLcode code)
{
	long err = 0;

	if (code == CURLE_COULDNT_CONNECT) {
		curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &err);
		if (err != 0)
			return strerror((int)err);
	}
	if (h->seen > CE_HTTP_HEAD_MAX)
		return "the header of the answer is too long";
	return h->errbuf[0] != '\0' ? h->errbuf : curl_easy_strerror(code);
}

static enum ce_http_trouble
trouble(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return CE_HTTP_NONE;
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_NOTFOUND:
		return CE_HTTP_MISUSED;
	default:
		return CE_HTTP_FAILED;
	}
}

static void
submit(struct ce_http *h)
{
	ce_buf_reset(&h->body);
	h->cut = false;
	h->seen = 0;
	h->errbuf[0] = '\0';
	warm_socket(h, -1);
	curl_easy_setopt(h->easy, CURLOPT_FORBID_REUSE, warm_possible(h) ? 1L : 0L);
	if (curl_multi_add_handle(multi, h->easy) != CURLM_OK)
		ce_bug("libcurl does not take a request");
	h->open = true;
	nopen++;
}

static void
withdraw(struct ce_http *h)
{
	curl_multi_remove_handle(multi, h->easy);
	h->open = false;
	nopen--;
}

/* A kept connection that the server was about to close (HTTP/2: GOAWAY) is not
 * an outage: the request gets a connection of its own, once.  Streams of others may
 * have used up one that was made for it. */
static bool
once_more(struct ce_http *h, CURLcode code)
{
	long connects = 1;

	curl_easy_getinfo(h->easy, CURLINFO_NUM_CONNECTS, &connects);
	if ((connects > 0 && code != CURLE_HTTP2_STREAM) || h->seen > 0 || h->again ||
	    (code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR && code != CURLE_GOT_NOTHING &&
		code != CURLE_HTTP2 && code != CURLE_HTTP2_STREAM))
		return false;
	withdraw(h);
	h->again = true;
	curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, 1L);
	submit(h);
	if (due)
		ce_timer(&alarm_timer, 0);
	return true;
}

/* libcurl gives up its end of a connection whose twin httpwarm.c has. */
static void
keep_warm(struct ce_http *h, CURLcode code)
{
	const char *connection = ce_http_get(h, "Connection", 0);
	curl_off_t sent = -1;
	long version = 0;
	bool stays;

	curl_easy_getinfo(h->easy, CURLINFO_HTTP_VERSION, &version);
	curl_easy_getinfo(h->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	stays = connection != NULL ? strcasecmp(connection, "keep-alive") == 0 :
				     version == CURL_HTTP_VERSION_1_1;
	warm_made(h, code == CURLE_OK && stays, (uint64_t)sent);
}

static void
finished(struct ce_http *h, CURLcode code)
{
	curl_off_t after = 0, length = -1;
	long status = 0;

	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &after);
	curl_easy_getinfo(h->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	keep_warm(h, code);
	withdraw(h);
	if (h->again)
		curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, 0L);
	/* A refusal, or an answer that has no body, counts though the connection
	 * broke after it: servers close while we send what they will not read. */
	if (status >= 300 || status == 204 || (status >= 200 && length == 0))
		code = CURLE_OK;
	h->trouble = trouble(code);
	h->status = h->trouble == CE_HTTP_NONE ? (int)status : 0;
	h->error = h->trouble == CE_HTTP_NONE ? NULL : say(h, code);
	ce_http_retry_after(h, (int64_t)after);
	h->done(h);
}

static void
reap(void *arg)
{
	CURLMsg *m;
	int left;

	(void)arg;
	if (reaping)
		return;
	reaping = true;
	while ((m = curl_multi_info_read(multi, &left)) != NULL) {
		struct ce_http *h;
		CURLcode code;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&h);
		code = m->data.result;
		if (!once_more(h, code))
			finished(h, code);
	}
	reaping = false;
}

void
ce_http_start(long n)
{
	if (multi != NULL)
		return;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (multi = curl_multi_init()) == NULL)
		ce_die(CE_TEMPFAIL, "cannot start libcurl");
	alarm_timer.fn = on_alarm;
	reap_timer.fn = reap;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_watch);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_alarm);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, n + 2);
	warm_start(n);
	ce_forget_libraries();
}

void
ce_http_free(struct ce_http *h)
{
	if (h == NULL)
		return;
	if (h->open)
		withdraw(h);
	warm_free(h);
	curl_easy_cleanup(h->easy);
	ce_buf_free(&h->body);
	ce_buf_free(&h->head);
	free(h->lines);
	free(h);
}

void
ce_http_send(struct ce_http *h)
{
	if (!warm_send(h))
		ce_http_send_cold(h);
}

void
ce_http_send_cold(struct ce_http *h)
{
	if (h->lines_changed)
		ce_http_link(h);
	h->again = false;
	submit(h);
	drive(CURL_SOCKET_TIMEOUT, 0);
	if (running < nopen)
		ce_timer(&reap_timer, 0);
}
