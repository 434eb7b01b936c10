#!/bin/bash
# A minute of connections that come, ask once and go (wrk with `Connection: close`): none fails, none is left over.
# SECONDS_OF_CHURN [60]
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

there wrk linux_churn || exit
linux 1500
mkdir -p "$work/files"
echo "hello, all of you" >"$work/files/hello.txt"
aksu_serve net tap:ours $ours4/24 "$work/files" $both --control "$control" || exit

# churn VERSION CONNECTIONS SECONDS
churn()
{
    local ours=ours$1
    answers "$2 connections that come and go, for $3 s over IPv$1" "$(in_ns net wrk -t 2 -c "$2" -d "$3" --timeout 5s \
        -H 'Connection: close' "$(url "${!ours}" 80 "$work/files/hello.txt")")"
}

# Of the clients' ports one in a thousand is captured, with all that its connections say.
capture_start net ours churn 0 \
    "tcp and ((dst port 80 and tcp[0:2] & 1023 = 76) or (src port 80 and tcp[2:2] & 1023 = 76))"
length=${SECONDS_OF_CHURN:-60}
churn 4 20 $((length / 3))
churn 4 200 $((length / 3))
judge "churn: capture" churn --side $ours4 --gro $gro --offload
churn 6 100 $((length / 3))
all_closed "none is left but in TIME-WAIT"
is "as many records were made as deleted" "$(count opened)" "$(count deleted)"
