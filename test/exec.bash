# exec.bash -- what the tests of ce-exec share.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# What is wanted of a command that stays: it answers each line with ok and keeps it.
keeper() {
	cat >keeper <<'END'
import os, sys
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for line in sys.stdin.buffer:
    os.write(out, line)
    os.write(1, b"ok\n")
END
}
