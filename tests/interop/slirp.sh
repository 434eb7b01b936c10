#!/bin/bash
# The TCPs in user space that connect virtual machines to the kernel's sockets: libslirp, of qemu, and passt. No machine
# runs: our stack is at the other end of an AF_UNIX socket.
. "$(dirname "$0")/common.bash"

ns_new net
veth_new net out net end 1500 on        # passt takes its address from the one with a default route
addresses net out 1500 192.0.2.2/24
in_ns net ip route add default via 192.0.2.1
big=$(file_of 8388608)
name=$(basename "$big")
mac="--mac 02:00:00:00:00:15"           # the other end remembers it from one program to the next
serve_files net 8000 "$work/files"

# transfers NAME DEVICE GATEWAY ADDRESS: the gateway's address is the kernel's loopback, its port 8081 is ours
transfers()
{
    rm -f "$work/got"
    works "aksu gets through $1" aksu_get net "$2" "$4" "$work/got" "http://$3:8000/$name" $mac
    same "aksu gets through $1: octets" "$big" "$work/got"
    rm -f "$work/got"
    begin_in net serve "$aksu" serve --device "$2" --address "$address" $mac "$work/files"
    if ready serve 'http://'; then
        works "curl gets from aksu through $1" in_ns net curl -s -m 20 -o "$work/got" "http://127.0.0.1:8081/$name"
        same "curl gets from aksu through $1: octets" "$big" "$work/got"
    fi
    stop serve
}

if there qemu-system-x86_64 slirp; then
    address=10.0.2.15/24
    begin_in net slirp qemu-system-x86_64 -machine none -nodefaults -display none -monitor none \
        -netdev "user,id=u,hostfwd=tcp:127.0.0.1:8081-10.0.2.15:80" -netdev hubport,id=p,hubid=0,netdev=u \
        -netdev "dgram,id=d,local.type=unix,local.path=$work/slirp,remote.type=unix,remote.path=$work/ours" \
        -netdev hubport,id=q,hubid=0,netdev=d -object "filter-dump,id=f,netdev=d,file=$work/slirp.pcap"
    within 10 test -S "$work/slirp"
    transfers slirp "dgram:$work/ours,$work/slirp" 10.0.2.2 dhcp
    stop slirp
    judge_file "slirp: capture" slirp --side 10.0.2.15 --payload --gro $gro
fi

if there passt passt; then
    address=192.0.2.2/24
    chmod 755 "$work"
    mkdir -m 777 "$work/nobody"         # whom passt becomes
    begin_in net passt passt -f -e -s "$work/nobody/passt" -p "$work/nobody/passt.pcap" -t 8081:80 -g 192.0.2.1
    within 10 test -S "$work/nobody/passt"
    transfers passt "stream:$work/nobody/passt" 192.0.2.1 $address
    # Its offer is sent to the address offered, although the client asks for a broadcast (RFC 2131 4.1).
    works "aksu takes an address from passt" in_ns net timeout 8 "$aksu" get --device "stream:$work/nobody/passt" \
        --address dhcp $mac -o "$work/got" "http://192.0.2.1:8000/$name"
    stop passt
    judge_file "passt: capture" nobody/passt --side 192.0.2.2 --payload --gro $gro
fi
