#!/usr/bin/env bash
# A throw-away PostgreSQL server for tests.
#
#   scripts/postgres.sh start          start the server unless it runs, and print its URL
#   scripts/postgres.sh url            print the URL of the running server
#   scripts/postgres.sh restart        end the server as a crash would, and start it again on its port
#   scripts/postgres.sh stop           stop the server and delete its data
#   scripts/postgres.sh with COMMAND   run a command with ASHNA_TEST_POSTGRES set to the URL of a server of its own, and stop that server
#                                      afterwards, also when the command fails. A URL that is already set is used as it is; "off" means
#                                      no server.
#
# ASHNA_TEST_SERVER names the server (default "hand"), so that several can stand side by side. The server listens on a free port of
# 127.0.0.1 and on a socket in its folder, asks for a random password, and keeps the durability settings of production, because
# the tests of crashes are about them. It never runs as root: root starts it as the user "postgres".
set -euo pipefail

name=${ASHNA_TEST_SERVER:-hand}
case $name in *[!a-zA-Z0-9-]*) echo "ASHNA_TEST_SERVER may hold letters, digits and hyphens only" >&2; exit 2 ;; esac
stem=${TMPDIR:-/tmp}/ashna-postgres-$(id -u)
home=$stem-$name
wanted=15 # the oldest major version that is supported

say() { echo "postgres.sh: $*" >&2; }

# as_server runs a command as the user who owns the server. The folder is left first: that user may not enter the caller's.
as_server() {
	if [ "$(id -u)" -ne 0 ]; then
		(cd / && "$@")
	elif command -v runuser >/dev/null; then
		(cd / && runuser -u postgres -- "$@")
	else
		(cd / && su -s /bin/sh postgres -c "$(printf '%q ' "$@")")
	fi
}

# find_programs prints the folder with the newest server programs.
find_programs() {
	local dir best='' best_version=0 version
	for dir in "$(dirname "$(readlink -f "$(command -v initdb || echo /none)")")" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin; do
		if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/postgres" ]; then
			version=$("$dir/postgres" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
			if [ "$version" -gt "$best_version" ]; then best=$dir best_version=$version; fi
		fi
	done
	[ "$best_version" -ge "$wanted" ] && echo "$best"
}

# install_server installs PostgreSQL where that is possible without asking.
install_server() {
	local root=()
	if [ "$(id -u)" -ne 0 ]; then root=(sudo -n); fi
	if ! command -v apt-get >/dev/null || ! "${root[@]}" true 2>/dev/null; then return 1; fi
	say "PostgreSQL is not here: installing it with apt-get"
	"${root[@]}" apt-get update -q >&2 && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y postgresql >&2
}

programs() {
	local found
	found=$(find_programs) || found=''
	if [ -z "$found" ]; then
		install_server || true
		found=$(find_programs) || found=''
	fi
	if [ -z "$found" ]; then
		say "install PostgreSQL $wanted or newer with its server programs (Debian and Ubuntu: apt-get install postgresql;"
		say "Fedora: dnf install postgresql-server; macOS: brew install postgresql), or set ASHNA_TEST_POSTGRES to the URL"
		say "of a server where tests may create schemas, or to \"off\" to run without it"
		exit 1
	fi
	echo "$found"
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# running says whether the server of this name runs; a folder that belongs to another user is not ours.
running() { { [ "$(id -u)" -eq 0 ] || [ -O "$home" ]; } && [ -s "$home/url" ] && as_server "$1/pg_ctl" -D "$home/data" status >/dev/null 2>&1; }

# make_home makes the folder of the server, and refuses one that somebody else put in its place.
make_home() {
	if [ "$(id -u)" -eq 0 ]; then
		if ! id postgres >/dev/null 2>&1; then say "root needs a user \"postgres\" to run the server as"; exit 1; fi
		mkdir -m 700 "$home" && chown postgres "$home"
		as_server test -w "$home" || { say "the user postgres cannot reach $home: set TMPDIR to a folder that others may enter"; exit 1; }
	else
		mkdir -m 700 "$home"
	fi
}

# init_cluster makes an empty cluster with the settings of the tests.
init_cluster() {
	local bin=$1 password=$2
	printf '%s\n' "$password" | as_server tee "$home/password" >/dev/null
	as_server "$bin/initdb" -D "$home/data" -U ashna --pwfile="$home/password" --auth=scram-sha-256 \
		--encoding=UTF8 --locale=C --no-sync >"$home/initdb.log" 2>&1 || { cat "$home/initdb.log" >&2; exit 1; }
	as_server tee -a "$home/data/postgresql.conf" >/dev/null <<-SETTINGS
		listen_addresses = '127.0.0.1'
		unix_socket_directories = '$home'
		unix_socket_permissions = 0700
		fsync = on
		full_page_writes = on
		synchronous_commit = on
		max_connections = 200
		shared_buffers = 256MB
		timezone = 'UTC'
	SETTINGS
}

# start_on_free_port tries random ports until one is free: another program may take a port between looking and using.
start_on_free_port() {
	local bin=$1 password=$2 port
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		port=$((20000 + 0x$(random_hex 2) % 12000)) # below the ports that systems give to outgoing connections
		if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
		if as_server "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -o "-p $port" -w -t 60 start >/dev/null 2>&1; then
			printf 'postgres://ashna:%s@127.0.0.1:%s/postgres?sslmode=disable\n' "$password" "$port" | as_server tee "$home/url" >/dev/null
			return 0
		fi
	done
	say "the server did not start:"
	tail -n 20 "$home/server.log" >&2
	exit 1
}

start() {
	local bin password
	bin=$(programs)
	if running "$bin"; then cat "$home/url"; return; fi
	rm -rf "$home"
	make_home
	password=$(random_hex 16)
	init_cluster "$bin" "$password"
	start_on_free_port "$bin" "$password"
	cat "$home/url"
}

restart() {
	local bin
	bin=$(programs)
	running "$bin" || { say "no server is running: scripts/postgres.sh start"; exit 1; }
	as_server "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -m immediate -w -t 60 restart >/dev/null
}

stop() {
	local bin
	[ -d "$home" ] || return 0
	bin=$(programs)
	as_server "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$home"
}

# sweep stops the servers of runs that were killed before they could stop them: their folders end in a process that is gone.
sweep() {
	local dir
	for dir in "$stem"-with-*; do
		if [ -d "$dir" ] && ! kill -0 "${dir##*-}" 2>/dev/null; then
			home=$dir
			stop
		fi
	done
}

# with runs a command beside a server of its own. Signals reach the command first; the server goes when the command has gone.
with() {
	local status=0
	if [ "${ASHNA_TEST_POSTGRES:-}" = off ]; then
		echo "PostgreSQL tests are OFF"
		"$@"
		return
	fi
	if [ -n "${ASHNA_TEST_POSTGRES:-}" ]; then
		"$@"
		return
	fi
	sweep
	home=$stem-with-$$
	trap stop EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	ASHNA_TEST_POSTGRES=$(start)
	export ASHNA_TEST_POSTGRES
	"$@" || status=$?
	return "$status"
}

case ${1:-} in
start) start ;;
restart) restart ;;
stop) stop ;;
url)
	[ -s "$home/url" ] || { say "no server is running: scripts/postgres.sh start"; exit 1; }
	cat "$home/url"
	;;
with)
	shift
	[ $# -gt 0 ] || { say "with needs a command"; exit 2; }
	with "$@"
	;;
*)
	sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
	exit 2
	;;
esac
