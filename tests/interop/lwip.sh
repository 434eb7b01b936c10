#!/bin/bash
# lwIP 2.1 (no SACK, no timestamps) fetches 8 MiB from us, and we from it.
. "$(dirname "$0")/common.bash"
. "$here/peers/lan.bash"

there gcc lwip || exit
there /usr/include/lwip/lwip/tcpip.h lwip || exit
c_peer lwip -llwip -lpthread || exit
lan

peer_get() # NAME SERVER
{
    works "$1" in_ns net timeout 30 "$peers/lwip" get peer $peer4 "$2" 80 "/$octets" "$work/got"
    same "$1: octets" "$big" "$work/got"
    rm -f "$work/got"
}

serve_files net 80 "$work/files"
peer_get "lwip gets from Linux" $kernel4
stop http80

aksu_serve net tap:ours $ours4/24 "$work/files" || exit
capture_start net peer serve
peer_get "lwip gets from aksu" $ours4
judge "lwip gets from aksu: capture" serve --side $ours4 --payload
stop serve

begin_in net lwip "$peers/lwip" serve peer $peer4 80 "$big"
ready lwip listening
works "curl gets from lwip" in_ns net curl -s -m 20 -o "$work/got" "$(url $peer4 80 "$big")"
same "curl gets from lwip: octets" "$big" "$work/got"
capture_start net peer get
works "aksu gets from lwip" aksu_get net tap:ours $ours4/24 "$work/got2" "$(url $peer4 80 "$big")"
same "aksu gets from lwip: octets" "$big" "$work/got2"
judge "aksu gets from lwip: capture" get --side $ours4 --gro $gro
