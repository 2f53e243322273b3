/* bare-mongodb -- the least that libmongoc needs to put lines into MongoDB, and to get
 * them out again: what it takes of memory.
 *
 * bare-mongodb URL COLLECTION: each line of standard input as a document, in bulks of
 * 1000; bare-mongodb -r URL COLLECTION: prints all documents.
 * needs: cmd/mongodb/extjson.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mongoc/mongoc.h>

static bool
read_all(mongoc_collection_t *coll)
{
	bson_t all = BSON_INITIALIZER;
	mongoc_cursor_t *cur = mongoc_collection_find_with_opts(coll, &all, NULL, NULL);
	bson_error_t why;
	const bson_t *doc;
	char *text;
	bool good;

	while (mongoc_cursor_next(cur, &doc)) {
		puts(text = bson_as_relaxed_extended_json(doc, NULL));
		bson_free(text);
	}
	good = !mongoc_cursor_error(cur, &why);
	mongoc_cursor_destroy(cur);
	return good;
}

static bool
flush(mongoc_bulk_operation_t *bulk)
{
	bson_t reply;
	bson_error_t why;
	bool good = mongoc_bulk_operation_execute(bulk, &reply, &why) != 0;

	bson_destroy(&reply);
	mongoc_bulk_operation_destroy(bulk);
	return good;
}

static bool
write_all(mongoc_collection_t *coll)
{
	mongoc_bulk_operation_t *bulk = NULL;
	bson_error_t why;
	char *line = NULL;
	size_t cap = 0, n = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		bson_t *doc = bson_new_from_json((uint8_t *)line, len, &why);

		if (doc == NULL)
			return false;
		if (bulk == NULL)
			bulk = mongoc_collection_create_bulk_operation_with_opts(coll, NULL);
		mongoc_bulk_operation_insert(bulk, doc);
		bson_destroy(doc);
		if (++n % 1000 == 0) {
			if (!flush(bulk))
				return false;
			bulk = NULL;
		}
	}
	free(line);
	return bulk == NULL || flush(bulk);
}

int
main(int argc, char *argv[])
{
	bool reads = argc == 4 && strcmp(argv[1], "-r") == 0, good;
	mongoc_client_t *c;
	mongoc_collection_t *coll;

	if (argc != 3 && !reads)
		return 64;
	mongoc_init();
	if ((c = mongoc_client_new(argv[argc - 2])) == NULL)
		return 64;
	coll = mongoc_client_get_collection(c, "bench", argv[argc - 1]);
	good = reads ? read_all(coll) : write_all(coll);
	mongoc_collection_destroy(coll);
	mongoc_client_destroy(c);
	mongoc_cleanup();
	return !good;
}
