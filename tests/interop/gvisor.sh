#!/bin/bash
# gVisor's netstack fetches 8 MiB from us, and we from it, over IPv4 and IPv6.
. "$(dirname "$0")/common.bash"
. "$here/peers/lan.bash"

there go gvisor || exit
there /usr/share/gocode/src/gvisor.dev/gvisor/pkg/tcpip/stack gvisor || exit
go_peer gvisor "$here/peers/gvisor_tap.go" || exit
lan

peer_get() # NAME ADDRESS SERVER
{
    works "$1" in_ns net timeout 30 "$peers/gvisor" get peer "$2" "$(url "$3" 80 "$big")" "$work/got"
    same "$1: octets" "$big" "$work/got"
    rm -f "$work/got"
}

begin_serve() # ADDRESS
{
    begin_in net gvisor "$peers/gvisor" serve peer "$1" 80 "$work/files"
    ready gvisor listening
}

serve_files net 80 "$work/files"
peer_get "gvisor gets from Linux" $peer4 $kernel4
stop http80
begin_serve $peer4
works "curl gets from gvisor" in_ns net curl -s -m 20 -o "$work/got" "$(url $peer4 80 "$big")"
same "curl gets from gvisor: octets" "$big" "$work/got"
stop gvisor

for version in 4 6; do
    ours=ours$version peer=peer$version bits=24
    [ $version = 4 ] || bits=64
    aksu_serve net tap:ours ${!ours}/$bits "$work/files" || exit
    capture_start net peer serve$version
    peer_get "gvisor gets from aksu over IPv$version" ${!peer} ${!ours}
    judge "gvisor gets from aksu over IPv$version: capture" serve$version --side ${!ours} --payload
    stop serve

    begin_serve ${!peer}
    rm -f "$work/got"
    capture_start net peer get$version
    works "aksu gets from gvisor over IPv$version" \
        aksu_get net tap:ours ${!ours}/$bits "$work/got" "$(url ${!peer} 80 "$big")"
    same "aksu gets from gvisor over IPv$version: octets" "$big" "$work/got"
    judge "aksu gets from gvisor over IPv$version: capture" get$version --side ${!ours} --gro $gro
    stop gvisor
done
