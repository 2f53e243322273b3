/* ce-map -- set, rename and remove attributes, cut the data to size.
 *
 * Edits are splices: what is not named stays as it was.  What would be no event
 * any more is refused, never passed on.
 * SPDX-License-Identifier: Apache-2.0 */

#include "map.h"

enum { KEEP, HASH };
static struct map_conf conf;
static int id;

static const struct ce_opt opts[] = {
	CE_STR(0, "data", &conf.data, "template|@pointer",
	    "what becomes of the data: text, or a part of itself by JSON Pointer"),
	CE_TEMPLATE(0, "datacontenttype", &conf.ctype, "template", "media type of the data"),
	CE_CHOICE(0, "id", &id, "keep|hash", "hash makes the id anew, from source and id"),
	CE_LIST(0, "remove", &conf.remove, "name", "attribute to remove, or data"),
	CE_LIST(0, "rename", &conf.rename, "old=new", "attribute to rename"),
	CE_LIST(0, "set", &conf.set, "name=template", "attribute to set"),
	CE_STR(0, "time", &conf.time, "now|template", "set the time"),
	CE_END
};

static const struct ce_program program = {
	"ce-map", "set, rename and remove attributes of events", CE_FILTER, opts, NULL, 0, 0, 0
};

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	const char *why;
	struct map *m;

	ce_start(argc, argv, &program);
	conf.hash = id == HASH;
	if ((m = map_new(&conf, &why)) == NULL)
		ce_die(CE_USAGE, "%s", why);
	while ((ev = ce_next()) != NULL) {
		if ((why = map_event(m, ev)) != NULL)
			ce_settle(ev, ce_never("%s", why));
		else
			ce_pass_with(ev, m->edits, m->n);
	}
	map_free(m);
	return ce_finish();
}
