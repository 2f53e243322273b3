/* bucket.h -- token buckets, one a key.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef BUCKET_H
#define BUCKET_H

#include "ce.h"

/* All times in microseconds of ce_now_us. */
struct bucket {
	uint64_t key;
	double full;  /* when it will be full again; 0: not used yet */
	bool behind;  /* somebody waited for it: what came late is caught up with */
};

struct bucket_conf {
	double every; /* between two tokens */
	long burst;   /* tokens when it is full */
	long keys;    /* buckets at most */
};
extern struct bucket_conf bucket_conf;

/* A token from b: 0, and it is taken; else how long until there is one. */
double bucket_take(struct bucket *b, double now);
/* The bucket of that key.  NULL: all are in use, and the first will be full again
 * in *wait. */
struct bucket *bucket_of(uint64_t key, double now, double *wait);
size_t bucket_count(void);

#endif
