// receive.mjs -- prints its port, then what the Node SDK makes of each event it is sent
// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import { createServer } from "node:http";
const { HTTP } = createRequire(process.env.SDK + "/")("cloudevents");

const server = createServer((req, res) => {
	const parts = [];
	req.on("data", (part) => parts.push(part));
	req.on("end", () => {
		const bytes = Buffer.concat(parts);
		try {
			const body = /octet-stream/.test(req.headers["content-type"]) ? bytes : bytes.toString();
			for (const e of [HTTP.toEvent({ headers: req.headers, body })].flat())
				process.stdout.write(e.toString() + "\n");
			res.statusCode = 204;
		} catch (e) {
			process.stderr.write("receive.mjs: " + e + "\n");
			res.statusCode = 400;
		}
		res.end();
	});
});
server.listen(0, "127.0.0.1", () => process.stdout.write(server.address().port + "\n"));
