#!/bin/bash
# Big-endian: the unit and script tests, and transfers with Linux, of a build for s390x under qemu-user. What the kernel
# below gives to a device (interface requests, virtio headers) is little-endian and not all of it known to qemu-user, so
# that the device is a TAP that a native program has opened, and the unit tests of TAP and AF_PACKET are left out; so
# are those of the program `aksu`, its pages and its gateway, which need libseccomp, and of the shared object for
# packetdrill: what is linked statically loads none, and its allocator cannot be told from that of the C library
# (test_lab_memory).
. "$(dirname "$0")/common.bash"
. "$here/peers/ends.bash"

for program in s390x-linux-gnu-gcc qemu-s390x-static /usr/s390x-linux-gnu/lib/libc.a; do
    there $program endian || exit
done
place=${S390X:-$tree/build}/s390x
units=()
for source in tests/unit/test_*.c; do
    case $source in
    */test_cli_* | */test_acceptance_gateway.c | */test_device_tap.c | */test_device_packet.c | */test_packetdrill.c | \
    */test_lab_memory.c | */test_report.c | */test_run_info.c) ;;
    *) units+=("$place/${source%.c}") ;;
    esac
done

build()
{
    make -j2 BUILD="${place%/*}" VARIANT=s390x CC=s390x-linux-gnu-gcc CFLAGS="-O1 -Itests/interop/peers/cmocka" \
        LTO= LDFLAGS=-static pkg= program="$(echo src/trace/*.c lab/*.c lab/scenarios/*.c src/cli/lab_lines.c)" \
        unit="${units[*]}" \
        "${units[@]}" "$place/tests/script" "$place/tests/interop-tool"
}

# What a test program prints at its end.
summary()
{
    grep -aE '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1
}

works "build for s390x" build
is "it is big-endian (EI_DATA of ELF)" 2 "$(od -An -tu1 -j5 -N1 "$place/tests/interop-tool" | tr -d ' ')"

printf '%s\n' "$place/tests/script" "${units[@]}" | xargs -P 2 -I PROGRAM bash -c '
    timeout 150 qemu-s390x-static "$1" >"$0/$(basename "$1").out" 2>&1' "$work" PROGRAM
for program in "$place/tests/script" "${units[@]}"; do
    name=$(basename "$program")
    case $(summary "$work/$name.out") in
    '0 passed, 0 failed'*) fail "s390x: $name has no test" ;;
    *' passed, 0 failed'*) ok "s390x: $name: $(summary "$work/$name.out")" ;;
    *) fail "s390x: $name" "$(grep -aE 'ERROR|FAIL|uncaught' "$work/$name.out" || tail -n 3 "$work/$name.out")" ;;
    esac
done

net_new && them_new || exit
end_new us net python3 "$here/peers/with_tap.py" tap qemu-s390x-static "$place/tests/interop-tool" --device fd:9 \
    --address $us4/24 --address $us6/64 || exit
capture_start net tap endian
for version in 4 6; do
    case="s390x IPv$version"
    [ $version = 4 ] && they_open 4 5000 || we_open 6 5001
    step us send 8388608 && says "s390x, IPv$version: 8 MiB to Linux" ok them expect 8388608
    step them send 8388608 && says "s390x, IPv$version: 8 MiB from Linux" ok us expect 8388608
    step us shutdown && step them eof && step them close && step us eof && step us close
done
judge "s390x: capture" endian --side $us4 --side $us6 --gro $gro --payload
