#!/bin/bash
echo "WARNING: use start-notebook.py instead of start-notebook.sh" >&2
exec /usr/local/bin/start-notebook.py "$@"
