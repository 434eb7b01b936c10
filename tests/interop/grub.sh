#!/bin/bash
# GRUB, an EFI program in a machine of qemu's, fetches 8 MiB from us. Its TCP sends no options, so that no segment may
# have more than 536 octets, and has a window of 8 KiB.
. "$(dirname "$0")/common.bash"
. "$here/peers/lan.bash"

for tool in qemu-system-x86_64 grub-mkstandalone /usr/lib/grub/x86_64-efi/http.mod /usr/share/OVMF/OVMF_CODE.fd; do
    there $tool grub || exit
done
lan

boot() # NAME SERVER
{
    mkdir -p "$work/disk/EFI/BOOT"
    printf '%s\n' 'insmod efinet' 'insmod http' "net_add_addr eth efinet0 $peer4" \
        "hashsum --hash sha256 '(http,$2)/$octets'" 'echo THE-END' 'sleep 60' >"$work/grub.cfg"
    grub-mkstandalone -O x86_64-efi --modules="net efinet http" \
        --install-modules="normal net efinet http hashsum gcry_sha256 sleep echo" --locales= --themes= \
        --fonts= -o "$work/disk/EFI/BOOT/BOOTX64.EFI" "boot/grub/grub.cfg=$work/grub.cfg" || return 1
    cp /usr/share/OVMF/OVMF_VARS.fd "$work/vars"
    begin_in net grub qemu-system-x86_64 -accel tcg -m 256 -nographic -serial stdio -monitor none -no-reboot \
        -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd \
        -drive "if=pflash,format=raw,file=$work/vars" -drive "file=fat:rw:$work/disk,format=raw" \
        -netdev tap,id=n,ifname=peer,script=no,downscript=no -device virtio-net-pci,netdev=n,romfile=
    if ready grub 'THE-END' 40; then
        has "$1" "$(sha256sum <"$big" | cut -d ' ' -f 1)" "$(tail -n 5 "$work/grub.out")"
    fi
    stop grub
}

serve_files net 80 "$work/files"
boot "grub gets from Linux" $kernel4
stop http80

aksu_serve net tap:ours $ours4/24 "$work/files" || exit
capture_start net peer serve
boot "grub gets from aksu" $ours4
judge "grub gets from aksu: capture" serve --side $ours4 --payload
