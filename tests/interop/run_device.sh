#!/bin/bash
# Programs that know nothing of it on our TCP, under `aksu run --device`, against Linux: iperf3, nc, curl, wget, Python;
# what they see of refusal, bind() and the device's end; captures of both ends.
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

for tool in curl nginx openssl; do
    there $tool run_device || exit
done
linux 1500
kernel_nginx || exit
seconds=${SECONDS_EACH:-3}
device="--device tap:ours --address $ours4/24 --address $ours6/64"
big=$(file_of $((1 << 28))) middle=$(file_of $((1 << 23)))

# run [OPTION...] -- PROGRAM...
run()
{
    in_ns net timeout -k 5 60 "$aksu" run $device "$@"
}

# answer PYTHON-CODE [OPTION...]: what it prints; `attempt` is the name of the error that something ends with
answer()
{
    run "${@:2}" -- timeout 30 python3 -c "
import errno, os, socket, sys, time
def attempt(what):
    try: return str(what())
    except OSError as e: return errno.errorcode.get(e.errno, str(e))
$1" 2>&1
}

# -- iperf3 ----------------------------------------------------------------------------------------

# measured NAME JSON STREAMS: it has ended well, and what has arrived is what was sent but for what was on its way
measured()
{
    local seen
    if seen=$(python3 - "$2" "$3" 2>&1 <<'PYTHON'
import json, sys
end = json.load(open(sys.argv[1]))["end"]
sent, got = end["sum_sent"]["bytes"], end["sum_received"]["bytes"]
if not 10e6 < got <= sent or sent - got > int(sys.argv[2]) << 25:    # what the buffers of both ends hold
    sys.exit(f"sent {sent}, received {got}")
print(f"{end['sum_received']['bits_per_second'] / 1e9:.1f} Gbit/s")
PYTHON
    ); then
        ok "$1 ($seen)"
    else
        fail "$1" "$seen" "$(head -c 2000 "$2")"
    fi
}

# iperf NAME STREAMS ARGUMENT...
iperf()
{
    run -- iperf3 -J -P "$2" -c "${@:3}" >"$work/iperf.json" 2>"$work/iperf.err"
    is "$1: exit status" 0 $?
    is "$1: nothing is said" '' "$(cat "$work/iperf.err")"
    measured "$1" "$work/iperf.json" "$2"
}

there iperf3 iperf3 && {
    begin_in net iperf iperf3 -s
    listening net 5201 || exit
    for version in 4 6; do
        kernel=kernel$version
        iperf "iperf3 to Linux over IPv$version" 1 ${!kernel} -t "$seconds"
        iperf "iperf3 from Linux over IPv$version" 1 ${!kernel} -t "$seconds" -R
    done
    iperf "iperf3 to Linux, 8 connections" 8 $kernel4 -t 1
    iperf "iperf3 from Linux, 8 connections" 8 $kernel6 -t 1 -R
    capture_start net ours iperf 128
    iperf "iperf3 to Linux, captured" 1 $kernel4 -n 200M
    iperf "iperf3 from Linux, captured" 1 $kernel6 -n 200M -R
    judge "iperf3: capture" iperf --side $ours4 --side $ours6 --gro $gro --offload
    stop iperf
}

# -- files -----------------------------------------------------------------------------------------

# both_ways NAME PORT ADDRESS: each end of nc sends its file and closes; the other's comes all the same
both_ways()
{
    rm -f "$work/there" "$work/back"
    begin_in net nc bash -c "exec nc -N ${4:-} -l $2 <'$middle' >'$work/there'"
    listening net "$2" || return
    works "$1" run -- bash -c "nc -N $3 $2 <'$other' >'$work/back'"
    end_of nc 10
    same "$1: there" "$other" "$work/there"
    same "$1: back" "$middle" "$work/back"
}

# answers_at_the_end PORT: the peer sends only when it has seen our end of the text
answers_at_the_end()
{
    begin_in net late python3 -c "
import hashlib, socket
s, text = socket.create_server(('', $1)).accept()[0], hashlib.sha256()
while part := s.recv(1 << 16): text.update(part)
s.sendall(text.hexdigest().encode())"
    listening net "$1" || return
    is "nc gets an answer after its half-close" "$(sum <"$big")" "$(run -- nc -N $kernel4 "$1" <"$big")"
}

capture_start net ours files 128
# The longer one: an nc that listens leaves, whatever it still has to send, when its peer's end of the text comes.
other=$(file_of $((24 << 20)))
there nc nc && {
    both_ways "nc both ways over IPv4" 7001 $kernel4
    both_ways "nc both ways over IPv6" 7002 $kernel6 -6
    answers_at_the_end 7003
}
for version in 4 6; do
    kernel=kernel$version
    is "curl gets 256 MiB over IPv$version" "$(sum <"$big")" \
        "$(run -- curl -sSg -m 30 "$(url ${!kernel} $nginx_port "$big")" | sum)"
done
there wget wget &&
    is "wget gets 256 MiB" "$(sum <"$big")" "$(run -- wget -q -T 30 -O - "$(url $kernel4 $nginx_port "$big")" | sum)"
is "segments of one MTU" "$(sum <"$middle")" \
    "$(run --no-offload -- curl -sSg -m 30 "$(url $kernel6 $nginx_port "$middle")" | sum)"
capture_stop files
judge_file "files: capture" files --side $ours4 --side $ours6 --gro $gro --offload

run --capture "$work/own.pcap" -- curl -s -m 30 -o "$work/got" "$(url $kernel4 $nginx_port "$middle")"
same "--capture: octets" "$middle" "$work/got"
works "--capture: tshark reads it" tshark -r "$work/own.pcap" -q
is "--capture: checksums" 0 "$(tshark -r "$work/own.pcap" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
    -Y 'tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed' 2>/dev/null | wc -l)"
judge_file "--capture" own --side $ours4 --gro $gro --offload

# -- what is shown ---------------------------------------------------------------------------------

small=$(file_of 1000)
get="curl -s -o /dev/null $(url $kernel4 $nginx_port "$small")"
seen=$(run --ladder -- $get 2>&1)
has "--ladder: the peer's address" "<->  $kernel4:$nginx_port" "$seen"
has "--ladder: our states" ESTABLISHED "$seen"
run --json "$work/json" -- $get
is "--json: one stack" "['guest'] True" "$(python3 -c "
import json
events = [json.loads(line) for line in open('$work/json')]
print(sorted({e['host'] for e in events}), any(e['event'] == 'segment_in' for e in events))" 2>&1)"
has "--text" "segment arrives: local $ours4" "$(run --text -- $get 2>&1)"

# -- addresses and refusals ------------------------------------------------------------------------

begin_in net names python3 -uc "
import socket
listener = socket.create_server(('::', 7004), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    s, name = listener.accept()
    s.sendall(f'{name[0].removeprefix(\"::ffff:\")} {name[1]}'.encode())
    s.close()"
listening net 7004 || exit
is "our address, as it is and as it is seen" "$ours4 True" "$(answer "
s = socket.create_connection(('$kernel4', 7004))
seen = s.recv(99).decode().split()
print(seen[0], [seen[0], int(seen[1])] == list(s.getsockname()))")"
is "bind() to our address and a port" "$ours6 4321" "$(answer "
print(socket.create_connection(('$kernel6', 7004), source_address=('$ours6', 4321)).recv(99).decode())")"
is "bind() to our address" "$ours4 True" "$(answer "
s = socket.socket()
s.bind(('$ours4', 0))
port = s.getsockname()[1]
s.connect(('$kernel4', 7004))
seen = s.recv(99).decode().split()
print(seen[0], int(seen[1]) == port > 0)")"
is "bind() to others" "EADDRNOTAVAIL EADDRNOTAVAIL" "$(answer "
print(attempt(lambda: socket.socket().bind(('$kernel4', 0))),
      attempt(lambda: socket.socket(socket.AF_INET6).bind(('$kernel6', 1))))")"
is "refused" ECONNREFUSED "$(answer "print(attempt(lambda: socket.create_connection(('$kernel4', 9))))")"
is "refused over IPv6" ECONNREFUSED "$(answer "print(attempt(lambda: socket.create_connection(('$kernel6', 9))))")"
is "nobody listens on our own address" ECONNREFUSED \
    "$(answer "print(attempt(lambda: socket.create_connection(('$ours4', $nginx_port))))")"
seen=$(answer "for i in 1, 2: print(attempt(lambda: socket.create_connection(('127.0.0.1', $nginx_port))), flush=True)")
is "nobody listens on our loopback" "2" "$(grep -c '^ECONNREFUSED' <<<"$seen")"
is "the loopback is explained once" "1" "$(grep -c "that is not the kernel's loopback" <<<"$seen")"
is "no route" ENETUNREACH "$(answer "print(attempt(lambda: socket.create_connection(('192.0.2.1', 80))))")"
is "a route" ECONNREFUSED \
    "$(in_ns net ip address add 192.0.2.1/32 dev lo
    answer "print(attempt(lambda: socket.create_connection(('192.0.2.1', 9))))" --gateway $kernel4)"

if there dnsmasq "an address by DHCP"; then
    begin_in net dnsmasq dnsmasq --keep-in-foreground --log-facility=- --port=0 --interface=ours --bind-dynamic \
        --user=root --dhcp-range=10.9.0.50,10.9.0.50,2m --dhcp-leasefile="$work/leases" --pid-file --conf-file=/dev/null
    ready dnsmasq DHCP
    is "an address by DHCP" 10.9.0.50 "$(device="--device tap:ours --address dhcp" \
        answer "print(socket.create_connection(('$kernel4', 7004)).getsockname()[0])")"
    stop dnsmasq
fi

# -- the end ---------------------------------------------------------------------------------------

veth_new net cable net end 1500 on
in_ns net ip address add 10.8.0.1/24 dev end
is "packet:" "$(sum <"$big")" "$(device="--device packet:cable --address 10.8.0.2/24" \
    run -- curl -sS -m 30 "$(url 10.8.0.1 $nginx_port "$big")" 2>&1 | sum)"

begin_in net sink python3 -c "
import socket, time
s, _ = socket.create_server(('', 7005)).accept()
s.sendall(b'hello')
while s.recv(1 << 16): pass"
listening net 7005 || exit
begin_in net gone "$aksu" run $device -- python3 -uc "
import errno, os, socket, time
s = socket.create_connection(('$kernel4', 7005))
print('connected', s.recv(5))
def attempt(what):
    try: what()
    except OSError as e: return errno.errorcode[e.errno]
print('read', attempt(lambda: s.recv(9)))
print('connect', attempt(lambda: socket.create_connection(('$kernel4', 7005))))
ticks = lambda: sum(map(int, open(f'/proc/{os.getppid()}/stat').read().rsplit(')')[1].split()[11:13]))
before = ticks()
time.sleep(1)
print('ticks', ticks() - before < 10)"
ready gone connected
in_ns net ip link delete dev ours
end_of gone 10
is "the device is deleted: exit status" 0 $?
has "the device is deleted: it is said" "aksu run: the device ours was deleted" "$(cat "$work/gone.out")"
is "the device is deleted: once" 1 "$(grep -c deleted "$work/gone.out")"
has "the device is deleted: connections are reset" "read ECONNRESET" "$(cat "$work/gone.out")"
has "the device is deleted: there will be no others" "connect ENETDOWN" "$(cat "$work/gone.out")"
has "the device is deleted: we are idle" "ticks True" "$(cat "$work/gone.out")"
stop sink
