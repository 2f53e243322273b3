# same.py A B -- do two files of events say the same, whatever the spelling?
# SPDX-License-Identifier: Apache-2.0
import base64, datetime, json, sys


def canonical(line):
    e = {k: v for k, v in json.loads(line).items() if v is not None}
    data = e.pop("data", None)
    if "data_base64" in e:
        data = base64.b64decode(e.pop("data_base64")).hex()
    elif isinstance(data, str) and "json" not in e.get("datacontenttype", "json"):
        data = data.encode().hex()
    if "time" in e:
        t = datetime.datetime.fromisoformat(e["time"].replace("Z", "+00:00"))
        e["time"] = t.astimezone(datetime.timezone.utc).isoformat()
    # Through headers every attribute is a string.
    e = {k: {True: "true", False: "false"}.get(v, str(v)) if isinstance(v, bool) else str(v) for k, v in e.items()}
    return json.dumps([e, data], sort_keys=True)


a, b = ([canonical(line) for line in open(f) if line.strip()] for f in sys.argv[1:])
for x, y in zip(a, b):
    if x != y:
        print("- %s\n+ %s" % (x, y))
if len(a) != len(b):
    print("%d events against %d" % (len(a), len(b)))
sys.exit(a != b or not a)
