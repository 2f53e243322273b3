# amqp.py -- an independent client of RabbitMQ, pika:
#   get URL QUEUE N          N messages, acknowledged; a line of JSON each
#   put URL EXCHANGE KEY     publishes lines of JSON {body, headers, and properties}
#   publish URL QUEUE        lines as they are, persistent, each confirmed
#   queue URL NAME [ARGS]    a durable queue with arguments (JSON)
#   exchange URL NAME TYPE   bind URL QUEUE EXCHANGE KEY   drop URL QUEUE
#   count URL QUEUE          its messages that are ready   consumers URL QUEUE
# SPDX-License-Identifier: Apache-2.0

import base64, json, sys, pika

what, url, *args = sys.argv[1:]
c = pika.BlockingConnection(pika.URLParameters(url.replace("//", "//guest:guest@", 1) + "/%2f"))
ch = c.channel()
PROPERTIES = "content_type delivery_mode message_id timestamp type app_id correlation_id reply_to expiration priority".split()


def show(m, p, body):
    d = {k: getattr(p, k) for k in PROPERTIES if getattr(p, k) is not None}
    d.update(headers=p.headers or {}, body=body.decode("utf-8", "replace"), body64=base64.b64encode(body).decode(),
             redelivered=m.redelivered, exchange=m.exchange, key=m.routing_key)
    print(json.dumps(d, default=str), flush=True)


if what == "get":
    n = int(args[1])
    ch.basic_qos(prefetch_count=500)
    for m, p, body in ch.consume(args[0], inactivity_timeout=20):
        if m is None:
            sys.exit("only so many: %d are missing" % n)
        show(m, p, body)
        n -= 1
        if n % 250 == 0:
            ch.basic_ack(m.delivery_tag, multiple=True)
        if n == 0:
            ch.basic_ack(m.delivery_tag, multiple=True)
            break
elif what == "put":
    ch.confirm_delivery()
    for line in sys.stdin:
        d = json.loads(line)
        body = base64.b64decode(d.pop("body64")) if "body64" in d else d.pop("body", "").encode()
        ch.basic_publish(args[0], args[1], body, pika.BasicProperties(**d))
elif what == "publish":
    ch.confirm_delivery()
    p = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2)
    for line in sys.stdin.buffer:
        ch.basic_publish("", args[0], line[:-1], p)
elif what == "queue":
    ch.queue_declare(args[0], durable=True, arguments=json.loads(args[1]) if len(args) > 1 else None)
elif what == "exchange":
    ch.exchange_declare(args[0], args[1], durable=True)
elif what == "bind":
    ch.queue_bind(args[0], args[1], args[2])
elif what == "drop":
    ch.queue_delete(args[0])
elif what == "count":
    print(ch.queue_declare(args[0], passive=True).method.message_count)
elif what == "consumers":
    print(ch.queue_declare(args[0], passive=True).method.consumer_count)
c.close()
