#!/bin/bash
# options.sh - command lines that make no sense, or whose device cannot be had: one sentence with the way round it, the
# exit status 125, and the program is not started.
. "$(dirname "$0")/common.bash"

# refused NAME TEXT OPTION...
refused()
{
    local seen status
    seen=$(run "${@:3}" -- touch "$work/started" 2>&1)
    status=$?
    is "$1: exit status" 125 $status
    has "$1" "$2" "$seen"
    is "$1: one line" 1 "$(wc -l <<<"$seen")"
    [ ! -e "$work/started" ] || fail "$1: the program was started"
    rm -f "$work/started"
}

refused "address without a device" "--address is for a device: add one" --address 10.0.0.2/24
refused "gateway without a device" "--gateway or --route is for a device" --gateway 10.0.0.1
refused "route without a device" "--gateway or --route is for a device" --route "10.9.0.0/16 via 10.0.0.1"
refused "mac without a device" "--mac is for a device" --mac 02:00:00:00:00:01
refused "bare-ip without a device" "--bare-ip is for a device" --bare-ip
refused "capture without a device" "--capture is for a device" --capture "$work/capture"
[ ! -e "$work/capture" ] || fail "capture without a device: the file was made"
refused "small mtu without a device" "from 1280 to 65535" --mtu 576
refused "mtu" "--mtu" --mtu 67 --device fd:9
refused "dns" "--dns" --device fd:9 --dns 10.0.0.1
refused "address without a length" "10.0.0.2/24" --device fd:9 --address 10.0.0.2
refused "group mac" "not the address of one host" --device fd:9 --mac 01:00:00:00:00:00
refused "no such kind of device" "tap:NAME" --device eth0 --address 10.0.0.2/24
refused "no such descriptor" "descriptor 99 is not open" --device fd:99 --address 10.0.0.2/24
refused "no such socket" "$work/nobody" --device "stream:$work/nobody" --address 10.0.0.2/24

# With sockets that are there.
cat >"$work/with.py" <<'PYTHON'
import os, socket, subprocess, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
os.set_inheritable(ours.fileno(), True)
number = int(sys.argv[1])
if number >= 0:
    os.dup2(ours.fileno(), number)
command = [a.replace("FD", f"fd:{number if number >= 0 else ours.fileno()}") for a in sys.argv[2:]]
p = subprocess.run(command, close_fds=False, stdin=ours if number == 0 else subprocess.DEVNULL, capture_output=True,
                   text=True, timeout=20)
print(" ".join(filter(None, [str(p.returncode), p.stdout.strip(), p.stderr.strip()])))
PYTHON
with() # NUMBER OPTION... -- PROGRAM...
{
    python3 "$work/with.py" "$1" "$aksu" run --device FD "${@:2}" 2>&1
}

has "standard input is the program's" "125 aksu run: descriptors 0 to 2 are the program's" \
    "$(with 0 --address 10.0.0.2/24 -- echo hello)"
is "a program that needs no network" "0 hello" "$(with -1 --address 10.0.0.2/24 -- echo hello)"
is "its exit status" 3 "$(with -1 --address 10.0.0.2/24 -- sh -c 'exit 3')"
is "not found" 127 "$(with -1 --address 10.0.0.2/24 -- "$work/none" | cut -d ' ' -f 1)"
is "the device does not reach it" "0 closed" \
    "$(with 77 --address 10.0.0.2/24 -- sh -c '[ -e /proc/self/fd/77 ] && echo open || echo closed')"
has "an address without a prefix on a link without Ethernet" "give one instead of dhcp" \
    "$(with -1 --bare-ip --address dhcp -- true)"
has "no route" "Network is unreachable" "$(with -1 --address 10.0.0.2/24 -- python3 -c "
import socket
try: socket.create_connection(('192.0.2.1', 80))
except OSError as e: print(e)")"

# A word that is none of three: which three is said.
has "--ecn" "aksu get: --ecn takes accept, ask or off, not 'yes'" \
    "$("$aksu" get --device tap:none --ecn yes http://192.0.2.1/ 2>&1)"
has "--mtu-probing" "aksu get: --mtu-probing takes black-hole, off or always, not 'on'" \
    "$("$aksu" get --device tap:none --mtu-probing on http://192.0.2.1/ 2>&1)"
finish
