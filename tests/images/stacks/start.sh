#!/bin/bash
# Runs a command as the notebook's user. Started as root, it first gives that
# user the name, uid and gid of NB_USER, NB_UID and NB_GID; started as somebody
# unknown, it writes a passwd line.
set -e
[ $# -gt 0 ] || set -- bash

hooks() {
	local f
	[ -d "$1" ] || return 0
	for f in "$1"/*; do
		# shellcheck disable=SC1090 # hooks are whoever's
		case $f in *.sh) . "$f" ;; *) [ ! -x "$f" ] || "$f" ;; esac
	done
}

become() {
	if [ "$NB_UID" != "$(id -u jovyan 2>/dev/null)" ] || [ "$NB_GID" != "$(id -g jovyan 2>/dev/null)" ] || [ "$NB_USER" != jovyan ]; then
		getent group "$NB_GID" >/dev/null || groupadd --force --gid "$NB_GID" --non-unique "${NB_GROUP:-$NB_USER}"
		userdel jovyan
		useradd --no-log-init --home "/home/$NB_USER" --shell /bin/bash --uid "$NB_UID" --gid "$NB_GID" --groups 100 "$NB_USER"
	fi
	if [ "$NB_USER" != jovyan ] && [ ! -e "/home/$NB_USER" ]; then
		mkdir "/home/$NB_USER" && cp -a /home/jovyan/. "/home/$NB_USER/"
	fi
	if [ "${CHOWN_HOME:-}" = 1 ] || [ "${CHOWN_HOME:-}" = yes ]; then
		# shellcheck disable=SC2086 # a list of options
		chown ${CHOWN_HOME_OPTS:-} "$NB_UID:$NB_GID" "/home/$NB_USER"
	else
		chown "$NB_UID:$NB_GID" "/home/$NB_USER"
	fi
	cd "/home/$NB_USER"
	export HOME="/home/$NB_USER"
}

if [ "$(id -u)" = 0 ]; then
	become
	hooks /usr/local/bin/before-notebook.d
	echo "Running as $NB_USER: $*"
	exec sudo --preserve-env --set-home --user "$NB_USER" \
		LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" PATH="$PATH" PYTHONPATH="${PYTHONPATH:-}" "$@"
fi
if ! whoami >/dev/null 2>&1 && [ -w /etc/passwd ]; then
	sed -i.bak '/^jovyan:/d' /etc/passwd 2>/dev/null || true
	echo "jovyan:x:$(id -u):$(id -g)::/home/jovyan:/bin/bash" >>/etc/passwd
fi
[ -w "$HOME" ] || echo "WARNING: no write access to $HOME: use --group-add users" >&2
hooks /usr/local/bin/before-notebook.d
echo "Executing the command: $*"
exec "$@"
