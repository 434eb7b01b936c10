#!/bin/bash
# aksu lab NAME --step in a real terminal of 80 columns and 24 lines (tmux): forward, backward, the same screens.
set -u
cd "$(dirname "$0")" || exit 1
aksu=$(realpath "${AKSU:-../../build/gcc/aksu}")
tmp=$(mktemp -d) && trap 'terminal kill-server 2> /dev/null; rm -rf "$tmp"' EXIT
export LC_ALL=C.UTF-8 TERM=xterm

number=0
terminal() { tmux -f /dev/null -S "$tmp/socket$number" "$@"; }

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
    number=$((number + 1))      # the old server may still be leaving
    terminal new-session -d -x "$columns" -y "$lines" "trap : INT QUIT; '$aksu' lab $* 2>&1; echo ended with \$?; sleep 100"
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

# The line of the TCBs: the client's end at the left.
state_is() # client|server STATE
{
    local column=24
    [ "$1" = client ] || column=51
    screen | grep "^state " | cut -c $((column + 1))- | grep -q "^$2\b"
}

same() { cmp -s "$tmp/$1" "$tmp/$2"; }

start 80 24 handshake --step
verdict "begins with the question" shows "0/11  0.000 ms   1. Three segments"
verdict "the keys are on the screen" shows "q quit"
screen > "$tmp/start"
verdict "a step of one host" press Right "1/11  0.000 ms"
verdict "a listener has a state" state_is server LISTEN
verdict "one step" press Right "2/11  0.000 ms"
verdict "what is under way is not lost" shows "SYN seq 0 wnd 65535 ───→"
verdict "the state" state_is client SYN-SENT
screen > "$tmp/one"
verdict "the SYN arrives" press Right "3/11  10.000 ms"
verdict "a half-open end has a state" state_is server SYN-RECEIVED
verdict "the part of RFC 9293" shows "server: RFC 9293 3.10.7.2 third SYN"
verdict "back" press Left "2/11  0.000 ms"
screen > "$tmp/one again"
verdict "the screen is what it was" same one "one again"
verdict "to the end" press End "11/11  40.000 ms"
verdict "what came of the act" shows "the server's user has the text after   30.000 ms"
verdict "and what had to hold" shows "✓ the text arrives one and a half round trips after the SYN left"
verdict "the last line of the ladder is still there" shows "client: 2 segments, 77 octets"
verdict "what is hidden is said" shows "lines above (key -): 15   lines below (key +): 0"
verdict "up" press - "lines above (key -): 14   lines below (key +): 1"
verdict "down" press + "lines above (key -): 15   lines below (key +): 0"
verdict "and no further" press + "lines above (key -): 15   lines below (key +): 0"
verdict "back from the end" press Left "10/11  30.000 ms"
verdict "takes all that away" eval '! screen | grep -q "✓\|has the text after"'
verdict "to the end again" press End "11/11  40.000 ms"
verdict "the next act's text" press t "The client has a request ready."
verdict "to the start" press Home "0/11"
screen > "$tmp/start again"
verdict "the start is what it was" same start "start again"
verdict "nothing before the start" press Left "0/11"
verdict "leaves" press q "ended with 0"

start 80 24 two-way --step --lang ko
verdict "Korean" shows "두 단계로는"
verdict "leaves in Korean" press q "ended with 0"

start 80 24 close --step
verdict "close" shows "0/"
for ((i = 0; i < 10; i++)); do terminal send-keys Right; done
verdict "close: the tenth step" shows "10/"
verdict "close: what arrives at the same time is not lost" eval '! screen | grep -q " lost"'
verdict "leaves close" press q "ended with 0"

start 80 24 handshake --step
verdict "handshake" shows "0/11"
verdict "nothing is looked at yet" eval 'press Right "1/11" && ! screen | grep -q "under way"'
verdict "what the scenario looks at stands at its step" press Right "5.000 ms: the SYN is under way"
verdict "with the TCB" eval 'screen | grep -q "^    timer that runs  *RETRANSMISSION 995 ms  *-$"'
verdict "and not behind it" eval 'press Right "3/11" && ! screen | grep -q "under way"'
verdict "leaves it" press q "ended with 0"

start 80 24 time-wait --step
verdict "time-wait" shows "0/"
verdict "an act of many networks" press End "5. Whoever closes first has it"
verdict "says so" shows "Several networks at once are not drawn"
verdict "has its table" shows "client, 8 ports, timestamps  40      0        8          0"
verdict "and what had to hold" shows "✓ with timestamps they do so at the client too"
verdict "whose step it is" shows "client 5: TIME-WAIT ended"
verdict "no TCB of one of its networks" eval '! screen | grep -q "SND.UNA\|^ *client  *server$"'
verdict "before the end" press Left "5. Whoever closes first has it"
verdict "the table only" eval 'shows "closes first" && ! screen | grep -q "✓"'
verdict "leaves time-wait" press q "ended with 0"

start 80 24 silent-death --step
verdict "silent-death" shows "0/"
verdict "a step of a network that is not drawn says so" press End "client 3: timer expired   RFC 9293 3.10.8 TIMEOUTS                   (not drawn)"
verdict "another one does not" eval 'press Home "0/" && press Right "1/" && ! screen | grep -q "(not drawn)"'
verdict "leaves silent-death" press q "ended with 0"

start 80 24 reset --step
verdict "reset" shows "0/"
for ((i = 0; i < 62; i++)); do terminal send-keys Right; done
verdict "why it was dropped is not cut" shows "server: dropped: 3.10.7.2 second: ACK for a connection that is not there"
verdict "leaves reset" press q "ended with 0"

start 80 24 isn --step
verdict "isn" shows "0/"
for ((i = 0; i < 7; i++)); do terminal send-keys Right; done
verdict "of three connections the one that the step is of is seen" shows "! user is told: connection refused"
verdict "with what is hidden below" shows "lines above (key -): 0   lines below (key +): 25"
verdict "leaves isn" press q "ended with 0"

start 80 24 item-duplication --step
verdict "item-duplication" shows "0/"
verdict "item-duplication: the end" press End "CLOSED"
verdict "whoever has aborted is CLOSED and has no timer" eval '! screen | grep -q "RETRANSMISSION 0 ms"'
verdict "leaves item-duplication" press q "ended with 0"

start 80 24 handshake --step
verdict "a window" shows "0/11"
terminal resize-window -x 60 -y 20
verdict "that becomes too small says so" shows "80 columns and 24 lines are needed"
terminal resize-window -x 80 -y 24
verdict "and when it is large again" shows "0/11"
verdict "leaves it" press q "ended with 0"

start 80 24 handshake --step "; TERM=dumb '$aksu'" lab handshake --step
verdict "to be followed by a dumb terminal" shows "0/11"
verdict "whose cursor stays" press q "cannot move the cursor of this terminal"

start 80 24 mss --mss 536 --step
verdict "a text of other values says so" shows "(The text describes the first values: --mss 1000.)"
verdict "leaves mss" press q "ended with 0"

start 79 24 handshake --step
verdict "a terminal that is too small is told so" shows "needs a terminal of 80 columns and 24 lines"
verdict "and ends" shows "ended with 125"

ends() # WHAT STATUS
{
    verdict "$1 is what it ends by" shows "ended with $2"
    verdict "$1: the screen is left" eval '! screen | grep -q "q quit"'
    verdict "$1: keys are echoed again" press Z "Z"
}
start 80 24 handshake --step
verdict "before Ctrl-C" shows "q quit"
terminal send-keys C-c
ends Ctrl-C 130
for signal in TERM HUP QUIT; do
    start 80 24 handshake --step
    verdict "before SIG$signal" shows "q quit"
    kill -s "$signal" "$(pgrep -P "$(terminal list-panes -F '#{pane_pid}')")"
    ends "SIG$signal" $((128 + $(kill -l "$signal")))
done

verdict "plain text without a terminal" diff <("$aksu" lab handshake --step) <("$aksu" lab handshake)
