#!/usr/bin/env python
"""Asks the running server, at the address in its runtime file."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

runtime = subprocess.check_output(["jupyter", "--runtime-dir"], text=True).strip()
files = sorted(pathlib.Path(runtime).glob("*server-*.json"), key=os.path.getmtime)
if not files:
    sys.exit(1)
urllib.request.urlopen(json.loads(files[-1].read_text())["url"] + "api", timeout=1).read()
