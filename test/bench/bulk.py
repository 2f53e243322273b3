# bulk.py URL COLLECTION -- events from standard input into MongoDB as a script would put
# them there: pymongo's ordered bulk writes of 1000, with the _id of ce-sink-mongodb.
# SPDX-License-Identifier: Apache-2.0

import json, sys, pymongo

coll = pymongo.MongoClient(sys.argv[1], directConnection=True).bench[sys.argv[2]]
ops = []
for line in sys.stdin:
    e = json.loads(line)
    e["_id"] = e["source"] + " " + e["id"]
    ops.append(pymongo.InsertOne(e))
    if len(ops) == 1000:
        coll.bulk_write(ops)
        ops = []
if ops:
    coll.bulk_write(ops)
