#!/bin/bash
# Files between Linux and us, byte-exact, in both roles and both directions, over IPv4 and IPv6: 1 GiB at MTU 1500, and
# 64 MiB at each MTU with and without offloads. Captures are made at the kernel's end.
room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
[ "${room:-0}" -lt 6000000 ] || export TMPDIR=${TMPDIR:-/dev/shm}
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

for tool in curl nginx openssl ping; do
    there $tool linux_transfer || exit
done
linux 1500
kernel_nginx || exit
kernel_takes || exit

# served NAME VERSION FILE: curl gets it from our server, and puts it there
served()
{
    local name=$1 ours=ours$2 file=$3 sum=${sums[$3]} at
    at=$(url "${!ours}" 80 "$file")
    is "curl gets $name" "$sum" "$(in_ns net curl -sSg -m 60 "$at" 2>&1 | sum)"
    is "curl puts $name" "201 $sum" "$(in_ns net curl -sSg -m 60 -o /dev/null -w '%{http_code}' -T "$file" \
        "${at%/*}/put" 2>&1) $(sum <"$work/files/put")"
    rm -f "$work/files/put"
}

# fetched NAME VERSION FILE [OPTION...]: we get it from nginx, and put it to Python
fetched()
{
    local name=$1 ours=ours$2 kernel=kernel$2 file=$3 sum=${sums[$3]} bits=24
    [ "$2" = 4 ] || bits=64
    is "aksu gets $name" "$sum" "$(aksu_get net tap:ours "${!ours}/$bits" - \
        "$(url "${!kernel}" $nginx_port "$file")" "${@:4}" 2>&1 | sum)"
    is "aksu puts $name" "$sum" "$(aksu_get net tap:ours "${!ours}/$bits" - \
        "$(url "${!kernel}" $put_port put)" -T "$file" "${@:4}" 2>&1)"
}

declare -A sums
huge=$(file_of $((1 << 30))) big=$(file_of $((1 << 26))) small=$(file_of $((1 << 21)))
for file in "$huge" "$big" "$small"; do
    sums[$file]=$(sum <"$file")
done

# each ROLE NAME FILE MTU OPTION...: over each version of IP
each()
{
    local version
    for version in $(families "$4"); do
        "$1" "$2 over IPv$version" "$version" "$3" "${@:5}"
    done
}

aksu_serve net tap:ours $ours4/24 "$work/files" $both --writable || exit
each served "1 GiB" "$huge" 1500
stop serve
each fetched "1 GiB" "$huge" 1500
for mtu in 1500 9000 1280 576; do
    for option in "" --no-offload; do
        name="MTU $mtu${option:+, $option}"
        mtu $mtu
        here6=$both
        [ $mtu -ge 1280 ] || here6=
        aksu_serve net tap:ours $ours4/24 "$work/files" $here6 --writable $option || exit
        works "ping as large as the MTU, $name" in_ns net ping -q -c 2 -i 0.05 -W 2 -s $((mtu - 28)) -M do $ours4
        each served "64 MiB, $name" "$big" $mtu
        stop serve
        each fetched "64 MiB, $name" "$big" $mtu $option
    done

    name="2 MiB, MTU $mtu, --no-offload"
    capture_start net ours judged
    aksu_serve net tap:ours $ours4/24 "$work/files" $here6 --writable --no-offload || exit
    each served "$name" "$small" $mtu
    stop serve
    each fetched "$name" "$small" $mtu --no-offload
    judge "$name: capture" judged --side $ours4 --side $ours6 --gro $gro --payload
done
