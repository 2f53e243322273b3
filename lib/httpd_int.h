/* httpd_int.h -- what the files of the HTTP server share; not for connectors.
 *
 * A connection is in exactly one list, oldest first: `active` while the client
 * or the network is to do something, `waiting` while we are.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_HTTPD_INT_H
#define CE_HTTPD_INT_H

#include <microhttpd.h>
#include "httpd.h"

enum phase {
	PH_FREE,    /* no request, or one whose first line is incomplete */
	PH_READING, /* its head or body is on its way */
	PH_READY,   /* whole, in the queue */
	PH_WAITING, /* handed out */
	PH_ANSWERED /* the answer is on its way */
};

struct conn {
	struct conn *prev, *next;
	struct conn_list *list;
	int64_t since; /* when it came into the list */
	size_t mark;   /* bytes of the body that had come then */
	struct MHD_Connection *mhd;
	struct ce_req *req;
	enum phase phase;
	bool suspended;
};

struct conn_list {
	struct conn *first, *last;
};
extern struct conn_list httpd_active, httpd_waiting;
extern long httpd_asked; /* connections in waiting that are not suspended */

struct ce_req {
	struct conn *conn; /* NULL: nobody waits any more */
	const char *method, *path;
	struct ce_buf body;
	size_t seen;       /* bytes of the body that came, kept or not */
	size_t counted;    /* of the memory for large bodies */
	int status;        /* of the answer; 0: none yet */
	struct MHD_Response *answer;
	struct ce_buf extra; /* headers of the answer: NAME\0VALUE\0 ... */
	struct ce_req *next; /* in the queue */
};

/* httpd.c */
extern struct MHD_Daemon *httpd_daemon;
extern bool httpd_leaving;

/* httpd_serve.c */
extern void (*httpd_head)(struct ce_req *r);
void httpd_run(void);
void httpd_soon(void); /* run it, in this turn of the loop or the next */
void httpd_readable(void *arg, short revents);
void *httpd_uri(void *arg, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result httpd_access(void *arg, struct MHD_Connection *mhd, const char *url,
    const char *method, const char *version, const char *data, size_t *size, void **at);
void httpd_completed(void *arg, struct MHD_Connection *mhd, void **at,
    enum MHD_RequestTerminationCode why);
void httpd_connection(void *arg, struct MHD_Connection *mhd, void **at,
    enum MHD_ConnectionNotificationCode what);

/* httpd_conn.c */
#define HTTPD_SMALL 65536 /* bodies up to this are not counted, and keep their memory */
void httpd_conn_opened(struct MHD_Connection *mhd, void **at);
void httpd_conn_closed(void **at);
struct conn *httpd_conn_of(struct MHD_Connection *mhd);
/* The phase changes: the time of the connection begins anew, in the right list. */
void httpd_conn_phase(struct conn *c, enum phase phase);
void httpd_conn_progress(struct conn *c, size_t seen);
/* Says text to a client that is not being answered by the daemon; hangs up. */
void httpd_conn_cut(struct conn *c, int status);
void httpd_conn_farewell(void);  /* 503 to whom nobody will answer any more */
bool httpd_conn_answering(void); /* an answer is still on its way */
bool httpd_body_add(struct ce_req *r, const char *p, size_t n); /* false: no memory for it now */
void httpd_body_forget(struct ce_req *r);

/* httpd_req.c */
void httpd_req_init(struct ce_req *r, struct conn *c, const char *method, const char *path);
void httpd_req_reset(struct ce_req *r); /* after it, another request may use it */
void httpd_req_free(struct ce_req *r);
void httpd_req_detach(struct ce_req *r); /* its connection is gone or answered */
void httpd_req_whole(struct ce_req *r);  /* queues it */
void httpd_answer_free(struct MHD_Response *a);
bool httpd_req_send(struct ce_req *r);   /* the stored answer */

/* httpd_tls.c: what MHD_start_daemon needs for it; false: no TLS is wanted */
bool httpd_tls_options(struct MHD_OptionItem **next);
void httpd_tls_strict(struct MHD_Connection *mhd); /* a verified client certificate, or none */
bool httpd_tls_send(struct MHD_Connection *mhd, const char *p, size_t n); /* false: not TLS */

#endif
