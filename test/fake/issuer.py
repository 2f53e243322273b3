# issuer.py DIR [serve] -- an OpenID Connect issuer as far as a Kafka client needs one: makes the
# RSA key DIR/key.pem and DIR/jwks.json, which a broker checks tokens by; with "serve", also gives
# tokens for the client credentials "carol" and "carol-pw" (RFC 6749 4.4), signed by it (RS256) and
# good for DIR/lifetime seconds (300): the URL goes to DIR/url, each request to DIR/asked.
# Started again it has the same URL.
# "other" in place of carol gets one that is signed by nobody whom the broker knows.
# SPDX-License-Identifier: Apache-2.0

import base64, http.server, json, os, random, subprocess, sys, time, urllib.parse

os.chdir(sys.argv[1])


def b64(b):
    return base64.urlsafe_b64encode(b).rstrip(b'=').decode()


def openssl(*args, data=None):
    return subprocess.run(('openssl',) + args, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


for name in ('key', 'otherkey'):
    if not os.path.exists(name + '.pem'):
        openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', name + '.pem')
modulus = openssl('rsa', '-in', 'key.pem', '-noout', '-modulus').decode().strip().split('=')[1]
with open('jwks.json', 'w') as f:
    json.dump({'keys': [{'kty': 'RSA', 'kid': 'k1', 'use': 'sig', 'alg': 'RS256', 'e': 'AQAB', 'n': b64(bytes.fromhex(modulus))}]}, f)


def lifetime():
    return int(open('lifetime').read()) if os.path.exists('lifetime') else 300


def token(key, sub, aud):
    now = int(time.time())
    text = '.'.join(b64(json.dumps(p).encode()) for p in (
        {'alg': 'RS256', 'typ': 'JWT', 'kid': 'k1'},
        {'iss': 'test', 'sub': sub, 'aud': aud, 'iat': now, 'exp': now + lifetime()}))
    return text + '.' + b64(openssl('dgst', '-sha256', '-sign', key + '.pem', data=text.encode()))


class Issuer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get('Content-Length', 0))).decode())
        who = base64.b64decode(self.headers.get('Authorization', '').removeprefix('Basic ')).decode()
        with open('asked', 'a') as f:
            print(who.split(':')[0], form.get('grant_type'), form.get('scope'), file=f)
        status, answer = 401, {'error': 'invalid_client'}
        if form.get('grant_type') != ['client_credentials']:
            status, answer = 400, {'error': 'unsupported_grant_type'}
        elif who in ('carol:carol-pw', 'other:other-pw'):
            key = 'key' if who.startswith('carol') else 'otherkey'
            status, answer = 200, {'access_token': token(key, 'carol', 'kafka'), 'token_type': 'Bearer', 'expires_in': lifetime()}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if 'serve' in sys.argv:
    server = None
    while server is None: # below the ports that the kernel gives to clients
        port = int(open('port').read()) if os.path.exists('port') else random.randrange(15000, 32000)
        try:
            server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Issuer)
        except OSError:
            time.sleep(0.01)
    for name, text in ('port', port), ('url', 'http://127.0.0.1:%d/token' % port):
        with open(name + '.new', 'w') as f:
            print(text, file=f)
        os.rename(name + '.new', name)
    with open('pid', 'w') as f:
        print(os.getpid(), file=f)
    server.serve_forever()
