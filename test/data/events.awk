# events.awk -- n valid events, ids first and up, one a line, in many spellings.
# SPDX-License-Identifier: Apache-2.0

BEGIN {
	if (first == "")
		first = 1
	for (i = first; i < first + n; i++) {
		id = "\"id\":\"" i "\""
		k = i % 10
		if (k == 0)
			print "{\"specversion\":\"1.0\"," id ",\"source\":\"/test/a\",\"type\":\"org.test.plain\",\"data\":{\"n\":" i "}}"
		else if (k == 1)
			print "{ \"type\" : \"org.test.spaced\", " id " ,\t\"source\" : \"urn:test:b\", \"specversion\" : \"1.0\" , \"data\" : [ 1.0e+2, -0, 12345678901234567890, 0.10 ] }"
		else if (k == 2)
			print "{\"data\":\"tab \\t quote \\\" back \\\\ slash \\/ nul \\u0000 \\u00e9 \\ud83d\\ude00\",\"datacontenttype\":\"text/plain\",\"specversion\":\"1.0\",\"type\":\"org.test.escapes\",\"source\":\"/test/c?q=1#f\"," id "}"
		else if (k == 3)
			print "{\"specversion\":\"1.0\",\"type\":\"org.test.bytes\",\"source\":\"/test/d\"," id ",\"data_base64\":\"AAH/gMMo8A==\",\"datacontenttype\":\"application/octet-stream\"}"
		else if (k == 4)
			print "{\"specversion\":\"1.0\",\"type\":\"org.test.twice\",\"source\":\"/test/e\"," id ",\"data\":{\"a\":1,\"a\":{\"b\":[null,true,false,{}]},\"\":\"\"}}"
		else if (k == 5)
			print "{\"specversion\":\"1.0\",\"type\":\"org.test.bare\",\"source\":\"/test/f\"," id "}"
		else if (k == 6)
			print "{\"specversion\":\"1.0\",\"type\":\"org.test.unicode\",\"source\":\"/test/g\"," id ",\"subject\":\"Gr\303\266\303\237e \360\237\230\200 100% \\\"q\\\"\",\"data\":\"\316\261\316\262\342\200\250\"}"
		else if (k == 7)
			print "{\"specversion\":\"1.0\",\"type\":\"org.test.full\",\"source\":\"//host/h\"," id ",\"time\":\"2026-11-23T14:58:01.123456789+05:30\",\"dataschema\":\"https://test/s#1\",\"count\":-7,\"flag\":true,\"none\":null,\"partitionkey\":\"k" (i % 3) "\",\"data\":{\"x\":\"\\u0078\"}}"
		else if (k == 8)
			print "{\"specversion\":\"1.0\",\"type\":\"org.test.string\",\"source\":\"/test/i\"," id ",\"datacontenttype\":\"application/json\",\"data\":\"a JSON string\"}"
		else
			print "{\"specversion\":\"1.0\",\"type\":\"org.test.xml\",\"source\":\"/test/j\"," id ",\"datacontenttype\":\"application/xml\",\"data\":\"<a b='c'>&amp;</a>\"}"
	}
}
