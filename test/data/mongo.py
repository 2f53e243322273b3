# mongo.py URL -- an independent client of MongoDB, pymongo: runs the Python on standard
# input with c, the client; d, its database t; and show, which prints documents as
# canonical Extended JSON.
# SPDX-License-Identifier: Apache-2.0

import sys
import pymongo
from bson.json_util import dumps, CANONICAL_JSON_OPTIONS

c = pymongo.MongoClient(sys.argv[1], directConnection=True, serverSelectionTimeoutMS=20000, retryWrites=False)
d = c.t


def show(documents):
    for x in documents:
        print(dumps(x, json_options=CANONICAL_JSON_OPTIONS, ensure_ascii=False))


exec(sys.stdin.read())
