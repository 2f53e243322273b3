// send.mjs URL binary|structured|batch -- posts the events on standard input with the Node SDK
// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const { CloudEvent, Mode, emitterFor, httpTransport } = createRequire(process.env.SDK + "/")("cloudevents");

const [url, mode] = process.argv.slice(2);
const events = readFileSync(0, "utf8").trim().split("\n").map((line) => {
	const { data_base64, ...a } = JSON.parse(line);
	return new CloudEvent(data_base64 ? { ...a, data: new Uint8Array(Buffer.from(data_base64, "base64")) } : a);
});
if (mode === "batch") {
	const r = await fetch(url, {
		method: "POST",
		headers: { "content-type": "application/cloudevents-batch+json" },
		body: "[" + events.map(String).join(",") + "]",
	});
	if (r.status !== 202)
		throw new Error("answer " + r.status);
} else {
	const emit = emitterFor(httpTransport(url), { mode: mode === "binary" ? Mode.BINARY : Mode.STRUCTURED });
	for (const e of events) {
		const r = await emit(e);
		if (r.body !== "")
			throw new Error(r.body);
	}
}
