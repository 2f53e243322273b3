/* error.c -- what an error means, by its code.
 *
 * The codes are those that the drivers' specifications call retryable, and a few
 * that go away without anybody's change to the event.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "mongodb.h"

char *
mongodb_why(const bson_error_t *e)
{
	struct ce_buf text = { 0 };
	const char *from = strchr(e->message, '['), *end;

	ce_buf_reset(&text);
	if (e->domain == MONGOC_ERROR_SERVER_SELECTION && from != NULL && (end = strrchr(from, ']')) != NULL)
		ce_buf_printf(&text, "cannot reach a server: %.*s", (int)(end - from - 1), from + 1);
	else if (e->domain == MONGOC_ERROR_SERVER_SELECTION)
		ce_buf_printf(&text, "cannot reach a server at %s: %s", mongodb_hosts(), e->message);
	else
		ce_buf_puts(&text, e->message);
	while (text.len > 0 && strchr("\n .", text.p[text.len - 1]) != NULL)
		text.p[--text.len] = '\0';
	return ce_buf_take(&text);
}

bool
mongodb_passes(int code)
{
	static const int codes[] = {
		6,     /* HostUnreachable */
		7,     /* HostNotFound */
		24,    /* LockTimeout */
		46,    /* LockBusy */
		50,    /* MaxTimeMSExpired */
		63,    /* StaleShardVersion */
		64,    /* WriteConcernFailed */
		79,    /* UnknownReplWriteConcern: the set is being changed */
		89,    /* NetworkTimeout */
		91,    /* ShutdownInProgress */
		100,   /* UnsatisfiableWriteConcern */
		112,   /* WriteConflict */
		133,   /* FailedToSatisfyReadPreference */
		150,   /* StaleEpoch */
		189,   /* PrimarySteppedDown */
		202,   /* NetworkInterfaceExceededTimeLimit */
		234,   /* RetryChangeStream */
		262,   /* ExceededTimeLimit */
		9001,  /* SocketException */
		10058, /* LegacyNotPrimary */
		10107, /* NotWritablePrimary */
		11600, /* InterruptedAtShutdown */
		11602, /* InterruptedDueToReplStateChange */
		13388, /* StaleConfig */
		13435, /* NotPrimaryNoSecondaryOk */
		13436, /* NotPrimaryOrSecondary */
		14031  /* OutOfDiskSpace */
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static bool
labelled(const bson_t *reply)
{
	return reply != NULL && (mongoc_error_has_label(reply, "RetryableWriteError") ||
	    mongoc_error_has_label(reply, "TransientTransactionError") ||
	    mongoc_error_has_label(reply, "ResumableChangeStreamError"));
}

enum mongodb_kind
mongodb_kind(const bson_error_t *e, const bson_t *reply)
{
	int code = (int)e->code;
	bool server = e->domain == MONGOC_ERROR_SERVER || e->domain == MONGOC_ERROR_WRITE_CONCERN ||
	    e->domain == MONGOC_ERROR_QUERY || e->domain == MONGOC_ERROR_COMMAND;

	if (e->domain == MONGOC_ERROR_SERVER_SELECTION || e->domain == MONGOC_ERROR_STREAM)
		return MONGODB_GONE;
	if (e->domain == MONGOC_ERROR_CLIENT && code == MONGOC_ERROR_CLIENT_AUTHENTICATE)
		return MONGODB_DENIED;
	if (e->domain == MONGOC_ERROR_SCRAM || e->domain == MONGOC_ERROR_SASL)
		return MONGODB_DENIED;
	if ((e->domain == MONGOC_ERROR_CLIENT && (code == MONGOC_ERROR_CLIENT_NOT_READY ||
	    code == MONGOC_ERROR_CLIENT_NO_ACCEPTABLE_PEER)) ||
	    (e->domain == MONGOC_ERROR_PROTOCOL && code == MONGOC_ERROR_PROTOCOL_INVALID_REPLY))
		return MONGODB_GONE;
	if (server && (code == 13 || code == 18 || code == 8000))
		return MONGODB_DENIED;
	return labelled(reply) || (server && mongodb_passes(code)) ? MONGODB_LATER : MONGODB_OTHER;
}
