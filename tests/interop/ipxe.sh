#!/bin/bash
# iPXE, in a machine of qemu's without a disk, fetches 8 MiB from us into its memory.
. "$(dirname "$0")/common.bash"
. "$here/peers/lan.bash"

there qemu-system-x86_64 ipxe || exit
there /boot/ipxe.lkrn ipxe || exit
lan
memory=$((256 << 20))

boot() # NAME SERVER
{
    printf '%s\n' '#!ipxe' "set net0/ip $peer4" 'set net0/netmask 255.255.255.0' 'ifopen net0' \
        "imgfetch --name big $(url "$2" 80 "$big") && imgstat big && echo GOT-IT || echo GOT-NOTHING" \
        'sleep 60' >"$work/script.ipxe"
    begin_in net ipxe qemu-system-x86_64 -accel tcg -m 256 -nographic -serial stdio -no-reboot \
        -qmp "unix:$work/qmp,server,nowait" -monitor none -kernel /boot/ipxe.lkrn -initrd "$work/script.ipxe" \
        -netdev tap,id=n,ifname=peer,script=no,downscript=no -device e1000,netdev=n,romfile=
    if ready ipxe 'GOT-(IT|NOTHING)' 30 && grep -q GOT-IT "$work/ipxe.out"; then
        ok "$1"
        works "$1: octets" python3 "$here/peers/memory.py" "$work/qmp" $memory "$work/dump" "$big"
    else
        fail "$1" "$(tail -n 5 "$work/ipxe.out")"
    fi
    stop ipxe
}

serve_files net 80 "$work/files"
boot "ipxe gets from Linux" $kernel4
stop http80

aksu_serve net tap:ours $ours4/24 "$work/files" || exit
capture_start net peer serve
boot "ipxe gets from aksu" $ours4
judge "ipxe gets from aksu: capture" serve --side $ours4 --payload
