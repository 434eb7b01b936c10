#!/bin/bash
# process.sh - aksu run as a process: exit status, signals, standard streams, what it says when it cannot,
# and that nothing is left behind.
. "$(dirname "$0")/common.bash"
start_server

run -- sh -c 'exit 7'
is exit-status 7 $?
run -- true
is exit-success 0 $?
run -- "$work/no-such-program" 2>"$work/err"
is not-found 127 $?
has not-found-words 'No such file' "$(cat "$work/err")"
run -- "$work" 2>/dev/null
is cannot-be-run 126 $?
(run -- sh -c 'kill -KILL $$') 2>/dev/null
is killed-program 137 $?
is death-by-the-same-signal -15 "$(python3 -c "
import subprocess; print(subprocess.run(['$aksu', 'run', '--', 'sh', '-c', 'kill -TERM \$\$']).returncode)")"
is streams 'in out' "$(echo in | run -- sh -c 'read x; echo "$x out"; echo err >&2' 2>/dev/null)"
run --no-such-option -- true 2>"$work/err"
is unknown-option 125 $?
run --laddr -- true 2>"$work/err"
has unknown-option-hint 'did you mean --ladder?' "$(cat "$work/err")"
has nested 'the kernel allows one' "$(run -- "$aksu" run -- true 2>&1)"
has help 'Usage: aksu run' "$("$aksu" run --help)"
has version 'aksu ' "$("$aksu" --version)"

cat >"$work/forward.py" <<'PYTHON'
import signal, subprocess, sys
aksu, name = sys.argv[1:]
number = getattr(signal, "SIG" + name)
program = f"trap 'echo got {name}; exit 3' {name}; echo ready; while :; do sleep 0.05; done"
with subprocess.Popen([aksu, "run", "--", "sh", "-c", program], stdout=subprocess.PIPE, text=True,
                      preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)) as p:
    p.stdout.readline()
    p.send_signal(number)
    print(p.stdout.read().strip(), p.wait())
PYTHON
for signal in INT TERM HUP QUIT USR1; do
    is "forwards-SIG$signal" "got $signal 3" "$(timeout 20 python3 "$work/forward.py" "$aksu" $signal)"
done

# In the middle of a transfer.
sockets_to() # PORT: lines of /proc/net/tcp with this remote port that are open
{
    awk -v port="$(printf '%04X' "$1")" '$3 ~ ":" port "$" && ($4 == "01" || $4 == "02")' /proc/net/tcp | wc -l
}
long_run='
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /900000000 HTTP/1.0\r\n\r\n")
print("ready", flush=True)
while True: s.recv(100); time.sleep(0.01)'
for how in TERM KILL; do
    : >"$work/middle"
    "$aksu" run -- python3 -c "$long_run" "${port[http4]}" >"$work/middle" 2>/dev/null &
    pid=$!
    for _ in $(seq 100); do grep -q ready "$work/middle" && break; sleep 0.05; done
    child=$(pgrep -P $pid)
    before=$(sockets_to "${port[http4]}")
    kill -$how $pid
    wait $pid 2>/dev/null
    sleep 0.3
    after=$(sockets_to "${port[http4]}")
    alive=$(grep -q '^State:.[^ZX]' "/proc/$child/status" 2>/dev/null && echo alive || echo gone)
    is "killed-in-the-middle-$how" "1 0 gone" "$before $after $alive"
done

# What was written before the end is delivered after it.
run -- python3 -c "
import socket, os
s = socket.create_connection(('127.0.0.1', ${port[judge4]}))
s.recv(2)
s.sendall(b'x' * 5000000)
os._exit(0)"
is delivered-after-exit 'end 5000000' "$(verdict)"

# A job that the program leaves in the background goes on, and the prompt comes back.
begin=$(date +%s%N)
run -- sh -c "(sleep 1; python3 -c \"
import socket
s = socket.create_connection(('127.0.0.1', ${port[echo4]})); s.sendall(b'late'); print(s.recv(9).decode())\" \
    >'$work/background' 2>&1) >/dev/null 2>&1 </dev/null &"
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt 900 ] && ok prompt-comes-back || fail prompt-comes-back "$took ms"
for _ in $(seq 60); do [ -s "$work/background" ] && break; sleep 0.1; done
is background-job-is-served late "$(cat "$work/background")"

# What is forbidden is named, with the way round it.
if cc -o "$work/deny" "$here/clients/deny.c" -lseccomp 2>"$work/err"; then
    has seccomp-forbidden 'seccomp() system call is forbidden' \
        "$(timeout 20 "$work/deny" seccomp "$aksu" run -- true 2>&1)"
    has memory-forbidden process_vm_readv \
        "$(timeout 20 "$work/deny" process_vm_readv "$aksu" run -- curl -s http://127.0.0.1:9/ 2>&1)"
else
    skip what-is-forbidden 'the helper needs cc and libseccomp'
fi
has json-is-no-option "--json takes the name of a file, not '--'" "$(run --json -- true 2>&1)"

# Diagrams and events.
if there curl ladder; then
    run --ladder -- curl -s "http://127.0.0.1:${port[http4]}/1000" 2>"$work/ladder" >/dev/null
    has ladder ESTABLISHED "$(cat "$work/ladder")"
    run --json "$work/json" -- curl -s "http://127.0.0.1:${port[http4]}/1000" >/dev/null
    is json-lines ok "$(python3 -c "
import json
events = [json.loads(line) for line in open('$work/json')]
hosts = {e['host'] for e in events}
print('ok' if hosts == {'guest', 'gateway'} and any(e['event'] == 'segment_out' for e in events) else hosts)" 2>&1)"
    run --html "$work/page.html" -- curl -s "http://127.0.0.1:${port[http4]}/1000" >/dev/null
    is html-page "1 1 2" "$(grep -c '^<!DOCTYPE html>' "$work/page.html") $(grep -c '^{"record":1,' "$work/page.html") \
$(grep '"event":"state"' "$work/page.html" | grep -c '"to":"ESTABLISHED"')"
    has html-incomplete "cannot be written: No space left" \
        "$(run --html /dev/full -- curl -s "http://127.0.0.1:${port[http4]}/1000" 2>&1 >/dev/null)"
    has html-nowhere "cannot be written: No such file" "$(run --html /nonexistent/page -- true 2>&1)"
    has json-incomplete "not complete" \
        "$(run --json /dev/full -- curl -s "http://127.0.0.1:${port[http4]}/1000" 2>&1 >/dev/null)"
    run --text -- sh -c "curl -s http://127.0.0.1:${port[http4]}/1000 >/dev/null; sleep 0.3; echo whole >'$work/left'" \
        2>&1 | head -n 1 >/dev/null
    is reader-of-the-log-leaves whole "$(cat "$work/left" 2>&1)"
    for i in 1 2; do
        run --seed 7 --json "$work/seed$i" -- curl -s "http://127.0.0.1:${port[http4]}/1000" >/dev/null
    done
    is seed-repeats same "$(python3 -c "
import json
def first(path): return next(e for e in map(json.loads, open(path)) if e['event'] == 'segment_out')
print('same' if first('$work/seed1')['local'] == first('$work/seed2')['local'] else 'different')" 2>&1)"
fi
finish
