#!/usr/bin/env python
"""Starts the server that DOCKER_STACKS_JUPYTER_CMD names, with NOTEBOOK_ARGS."""

import os
import shlex
import sys

command = []
if os.environ.get("RESTARTABLE") == "yes":
    command.append("run-one-constantly")
command += ["jupyter", os.environ.get("DOCKER_STACKS_JUPYTER_CMD", "lab")]
command += shlex.split(os.environ.get("NOTEBOOK_ARGS", "")) + sys.argv[1:]
print("Executing: " + " ".join(command), flush=True)
os.execvp(command[0], command)
