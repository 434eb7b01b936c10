# common.bash - sourced by every tests/run/*.sh: the program under test, the host's servers, verdicts.
# Usage from the top of the tree, after make:  [AKSU=path] tests/run/NAME.sh
# Each check prints `ok NAME`, `FAIL NAME` or `skip NAME reason`; a script with a FAIL exits with 1.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
aksu=${AKSU:-build/gcc/aksu}
work=$(mktemp -d)
server=
declare -A port
. "$here/../verdicts.bash"

there() # COMMAND NAME: or the check is skipped
{
    command -v "$1" >/dev/null && return 0
    skip "$2" "$1 is not installed"
    return 1
}

# Every run is bounded in time: nothing here takes a minute.
run()
{
    timeout -k 5 60 "$aksu" run "$@"
}

start_server()
{
    mkfifo "$work/control" "$work/ports"
    python3 "$here/server.py" <"$work/control" >"$work/ports" &
    server=$!
    exec 9>"$work/control"
    read -r -a words <"$work/ports"
    for ((i = 0; i < ${#words[@]}; i += 2)); do
        port[${words[i]}]=${words[i + 1]}
    done
}

# What the http server sends for this many octets, as its digest.
digest_of()
{
    python3 - "$1" <<'PYTHON'
import hashlib, sys
block, left, digest = hashlib.shake_256(b"aksu").digest(1 << 20), int(sys.argv[1]), hashlib.sha256()
while left > 0:
    digest.update(block[:left])
    left -= len(block)
print(digest.hexdigest())
PYTHON
}

# What the judge server saw last; it needs a moment to see it.
verdict()
{
    sleep 0.3
    python3 -c "
import socket
print(socket.create_connection(('127.0.0.1', ${port[verdict4]})).makefile().read().strip())"
}

sum()
{
    sha256sum | cut -d ' ' -f 1
}

finish()
{
    if [ -n "$server" ]; then
        exec 9>&-
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    rm -rf "$work"
    exit $failed
}

[ -x "$aksu" ] || { echo "FAIL aksu: no program at $aksu (make first, or set AKSU)"; exit 1; }
if ! "$aksu" run -- true 2>"$work/why"; then
    skip "$(basename "$0" .sh)" "aksu run does not work here: $(head -1 "$work/why")"
    exit $failed
fi
