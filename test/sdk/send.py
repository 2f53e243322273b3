# send.py URL binary|structured|batch -- posts the events on standard input with the Python SDK
# SPDX-License-Identifier: Apache-2.0
import base64, json, sys, urllib.request
from dateutil.parser import isoparse
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

url, mode = sys.argv[1:]


def event(line):
    a = json.loads(line)
    data = base64.b64decode(a.pop("data_base64")) if "data_base64" in a else a.pop("data", None)
    if "time" in a:
        a["time"] = isoparse(a["time"])
    return CloudEvent(attributes=a, data=data)


def post(headers, body):
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as r:
        assert r.status == 202, r.status


events = [event(line) for line in sys.stdin]
if mode == "batch":
    bodies = [to_structured_event(e).body for e in events]
    post({"content-type": "application/cloudevents-batch+json"}, b"[" + b",".join(bodies) + b"]")
else:
    for e in events:
        m = (to_binary_event if mode == "binary" else to_structured_event)(e)
        post(m.headers, m.body)
