#!/usr/bin/env python3
# receiver.py DIR [PORT] -- an HTTP receiver that does what a test tells it.
#
# It writes its address to DIR/url when it listens and each request, one JSON
# object a line, to DIR/log before it answers.  The k-th request that is neither
# for a token nor OPTIONS is answered as line k of DIR/answers says: {"status",
# "headers", "body", "wait" (s), "cut": true (close instead), "raw": all of the
# answer, "close": true (after it)}; without such a line with 204.  Paths: /token is an OAuth 2 server (client "me", secret
# "s3:cret %"; tokens live DIR/lifetime seconds); below /oauth/ one of its tokens
# is needed, and DIR/revoke, when it appears, makes those given out so far
# worthless; below /nobad/ a body with "bad" in it gets 422; below /slow/ an
# answer takes 0.1 s.  OPTIONS gets the headers in DIR/consent.
# SPDX-License-Identifier: Apache-2.0

import base64, gzip, json, os, sys, threading, time, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIR = sys.argv[1]
lock = threading.Lock()
count = 0
tokens = {}
open_now = 0


def read(name):
    try:
        with open(os.path.join(DIR, name)) as f:
            return f.read()
    except FileNotFoundError:
        return ''


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def body(self):
        if self.headers.get('Transfer-Encoding', '').lower() == 'chunked':
            data = b''
            while size := int(self.rfile.readline().split(b';')[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get('Content-Length') or 0))

    def record(self, raw):
        body = gzip.decompress(raw) if self.headers.get('Content-Encoding') == 'gzip' else raw
        entry = {'at': time.time(), 'method': self.command, 'path': self.path, 'port': self.client_address[1],
                 'headers': {k.lower(): v for k, v in self.headers.items()},
                 'names': [k.lower() for k in self.headers.keys()], 'open': open_now, 'size': len(raw),
                 'raw64': base64.b64encode(raw).decode(), 'body64': base64.b64encode(body).decode()}
        with open(os.path.join(DIR, 'log'), 'a') as f:
            f.write(json.dumps(entry) + '\n')
        return body

    def answer(self, status=204, headers={}, body='', wait=0, cut=False, raw=None, close=False):
        if wait:
            time.sleep(wait)
        if cut:
            self.close_connection = True
            self.connection.close()
            return
        if raw is not None:
            self.wfile.write(raw.encode())
            self.close_connection = close
            return
        data = body.encode()
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        if status != 204:
            self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data if status != 204 else b'')

    def token(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        auth = self.headers.get('Authorization', '')
        if auth.startswith('Basic '):
            pair = base64.b64decode(auth[6:]).decode().split(':')
            who = [urllib.parse.unquote(x) for x in pair]
        else:
            who = [form.get('client_id'), form.get('client_secret')]
        if form.get('grant_type') != 'client_credentials':
            return self.answer(400, {}, '{"error":"unsupported_grant_type"}')
        if who != ['me', 's3:cret %']:
            return self.answer(401, {}, '{"error":"invalid_client","error_description":"no such client"}')
        life = float(read('lifetime') or 3600)
        name = 'tok%d' % (len(tokens) + 1)
        tokens[name] = time.time() + life
        self.answer(200, {'Content-Type': 'application/json'}, json.dumps(
            {'access_token': name, 'token_type': 'Bearer', 'expires_in': life, 'scope': form.get('scope', '')}))

    def token_is_good(self):
        if os.path.exists(os.path.join(DIR, 'revoke')):
            os.unlink(os.path.join(DIR, 'revoke'))
            tokens.update({k: 0 for k in tokens})
        return tokens.get(self.headers.get('Authorization', '')[7:], 0) > time.time()

    def scripted(self):
        global count
        with lock:
            k, count = count, count + 1
        lines = read('answers').splitlines()
        self.answer(**(json.loads(lines[k]) if k < len(lines) else {}))

    def handle_request(self):
        global open_now
        raw = self.body()
        with lock:
            open_now += 1
            good = not self.path.startswith('/oauth/') or self.token_is_good()
            body = self.record(raw) # what is logged was looked at
        try:
            if self.path == '/token':
                with lock:
                    return self.token(body)
            if self.command == 'OPTIONS':
                return self.answer(200, json.loads(read('consent') or '{}'))
            if not good:
                return self.answer(401, {'WWW-Authenticate': 'Bearer'})
            if self.path.startswith('/nobad/') and b'"bad"' in body:
                return self.answer(422, {'Content-Type': 'text/plain'}, 'this is bad')
            if self.path.startswith('/slow/'):
                time.sleep(0.1)
            self.scripted()
        finally:
            with lock:
                open_now -= 1

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


server = Server(('127.0.0.1', int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
with open(os.path.join(DIR, 'url.new'), 'w') as f:
    f.write('http://127.0.0.1:%d\n' % server.server_address[1])
os.rename(os.path.join(DIR, 'url.new'), os.path.join(DIR, 'url'))
server.serve_forever()
