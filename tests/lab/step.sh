#!/bin/bash
# aksu lab NAME --step in a real terminal of 80 columns and 24 lines (tmux): forward, backward, the same screens.
set -u
cd "$(dirname "$0")" || exit 1
aksu=$(realpath "${AKSU:-../../build/gcc/aksu}")
tmp=$(mktemp -d) && trap 'terminal kill-server 2> /dev/null; rm -rf "$tmp"' EXIT
export LC_ALL=C.UTF-8 TERM=xterm

terminal() { tmux -f /dev/null -S "$tmp/socket" "$@"; }

verdict() # NAME CONDITION-COMMAND...
{
    local name=$1
    shift
    if "$@"; then
        echo "ok step: $name"
    else
        echo "FAIL step: $name"
        screen | sed 's/^/    /'
    fi
}

start() # COLUMNS LINES ARGUMENT...
{
    local columns=$1 lines=$2
    shift 2
    terminal kill-server 2> /dev/null
    terminal new-session -d -x "$columns" -y "$lines" "'$aksu' lab $* 2>&1; echo ended with \$?; sleep 100"
}

screen() { terminal capture-pane -p 2> /dev/null; }

shows() # TEXT: within 10 s
{
    local i
    for ((i = 0; i < 100; i++)); do
        screen | grep -qF -- "$1" && return 0
        sleep 0.1
    done
    return 1
}

press() # KEY TEXT: and then TEXT is there
{
    terminal send-keys "$1"
    shows "$2"
}

same() { cmp -s "$tmp/$1" "$tmp/$2"; }

start 80 24 handshake --step
verdict "begins with the question" shows "0/10  0.000 ms   1. Three segments"
verdict "the keys are on the screen" shows "q quit"
screen > "$tmp/start"
verdict "one step" press Right "1/10  0.000 ms"
verdict "what is under way is not lost" shows "SYN seq 0 wnd 65535 ───→"
verdict "the state" shows "SYN-SENT"
screen > "$tmp/one"
verdict "the SYN arrives" press Right "2/10  10.000 ms"
verdict "the part of RFC 9293" shows "server: RFC 9293 3.10.7.2 third SYN"
verdict "back" press Left "1/10  0.000 ms"
screen > "$tmp/one again"
verdict "the screen is what it was" same one "one again"
verdict "to the end" press End "10/10"
verdict "the next act's text" press t "The client has a request ready."
verdict "to the start" press Home "0/10"
screen > "$tmp/start again"
verdict "the start is what it was" same start "start again"
verdict "nothing before the start" press Left "0/10"
verdict "leaves" press q "ended with 0"

start 80 24 two-way --step --lang ko
verdict "Korean" shows "두 단계로는"
verdict "leaves in Korean" press q "ended with 0"

start 79 24 handshake --step
verdict "a terminal that is too small is told so" shows "needs a terminal of 80 columns and 24 lines"
verdict "and ends" shows "ended with 125"

verdict "plain text without a terminal" diff <("$aksu" lab handshake --step) <("$aksu" lab handshake)
