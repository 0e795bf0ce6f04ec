"""Runs a command at a pseudo-terminal: what comes in is typed there, what it says comes out. Exits as the command does."""

import os
import pty
import sys

status = pty.spawn(sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(status))
