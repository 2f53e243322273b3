# receive.py -- prints its port, then what the Python SDK makes of each event it is sent
# SPDX-License-Identifier: Apache-2.0
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        form = JSONFormat()
        try:
            if self.headers["content-type"].startswith("application/cloudevents-batch+json"):
                events = [form.read(None, json.dumps(e).encode()) for e in json.loads(body)]
            else:
                events = [from_http_event(HTTPMessage(dict(self.headers), body))]
            for e in events:
                print(form.write(e).decode(), flush=True)
            status = 204
        except Exception as e:
            print("receive.py: %r" % e, file=sys.stderr)
            status = 400
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *a):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
