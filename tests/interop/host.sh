#!/bin/bash
# A host in one call: dnsmasq gives addresses and names, radvd a prefix, a router and a resolver; a lease is renewed,
# refused and given back, what a router has told is withdrawn.
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

for tool in dnsmasq radvd curl openssl; do
    there $tool host || exit
done
file=$(file_of $((1 << 21)))
path=$(basename "$file")
sum=$(sum <"$file")
mac=02:00:00:00:00:09
linux 1500
in_ns net sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1
in_ns net ip address add 10.99.0.1/32 dev lo
in_ns net ip address add fd99::1/128 dev lo
serve_files net 8000 "$work/files" || exit

# A name with as many addresses as do not fit into a datagram; the kernel has all of them.
for i in $(seq 101 220); do
    in_ns net ip address add 10.9.0.$i/24 dev ours
    echo "10.9.0.$i many.test"
done >"$work/hosts"

# begin_dnsmasq RANGE: it makes leases of at least two minutes; with T2 at 5 s, T1 is at 4
begin_dnsmasq()
{
    begin_in net dnsmasq dnsmasq -k -C /dev/null --user=root --no-resolv --no-hosts --pid-file= --log-facility=- --no-ping \
        --interface=ours --bind-interfaces --except-interface=lo --log-dhcp --log-queries --local=/test/ \
        --addn-hosts="$work/hosts" --dhcp-leasefile="$work/leases" --dhcp-authoritative --dhcp-range="$1,120" \
        --dhcp-option=option:T2,5 --host-record=four.test,10.99.0.1 \
        --host-record=six.test,fd99::1 --host-record=both.test,10.99.0.1,fd99::1 --cname=alias.test,four.test
    listening net 53
}

# begin_radvd PREFIX-LIFETIME ROUTER-LIFETIME RESOLVER-LIFETIME
begin_radvd()
{
    cat >"$work/radvd.conf" <<CONF
interface ours {
    AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime $2;
    prefix fd09::/64 { AdvValidLifetime 7200; AdvPreferredLifetime $1; };
    RDNSS $kernel6 { AdvRDNSSLifetime $3; };
};
CONF
    begin_in net radvd radvd -n -m stderr -d 1 -C "$work/radvd.conf" -p "$work/radvd.pid"
    ready radvd 'sending|version'
}

ours() # COMMAND...: a host with nothing but a device
{
    in_ns net timeout -k 5 40 "$aksu" "$1" --device tap:ours "${@:2}"
}

gets() # NAME URL [OPTION...]
{
    is "$1" "$sum" "$(ours get "${@:3}" "$2/$path" 2>"$work/said" | sum)"
    [ ! -s "$work/said" ] || sed 's/^/    /' "$work/said"
}

begin_dnsmasq 10.9.0.50,10.9.0.60 || exit
begin_radvd 3600 1800 600 || exit
capture_start net ours host
gets "aksu get, of a name with one IPv4 address" http://four.test:8000
gets "aksu get, of a name with one IPv6 address" http://six.test:8000
gets "aksu get, of a name with both" http://both.test:8000
gets "aksu get, of another name for it" http://alias.test:8000
gets "aksu get, of a name whose answer needs TCP" http://many.test:8000
gets "aksu get, with DHCP alone" http://four.test:8000 --address dhcp
gets "aksu get, with router advertisements alone" http://six.test:8000 --address auto
gets "aksu get, with a resolver that is not there" http://four.test:8000 --address dhcp --dns 10.9.0.99
works "aksu ping, of a name" ours ping -c 2 -i 0.05 both.test
ours get http://nothing.test/ >"$work/said" 2>&1
is "aksu get, of a name that is not: exit status" 6 $?
is "aksu get, of a name that is not" \
    "aksu get: nothing.test: there is no such name as 'nothing.test', says $kernel4" "$(cat "$work/said")"
is "every lease is given back" 9 "$(grep -c DHCPRELEASE "$work/dnsmasq.out")"
judge "a host: capture" host --gro $gro --offload
is "many.test was asked for by TCP" 1 \
    "$(tshark -r "$work/host.pcap" -Y 'tcp.dstport == 53 and dns.qry.name == "many.test" and dns.qry.type == 1' 2>/dev/null | wc -l)"

# -- a lease is renewed, then refused --------------------------------------------------------------

reaches() # ADDRESS
{
    [ "$(in_ns net curl -sSg -m 2 "http://$1/$path" 2>&1 | sum)" = "$sum" ]
}

stop radvd
begin_in net serve "$aksu" serve --device tap:ours --address dhcp --mac $mac "$work/files"
ready serve 'http://' || exit
old=$(sed -n 's,.*http://\([0-9.]*\)/.*,\1,p' "$work/serve.out")
works "an address from DHCP is in use" reaches "$old"
acks() { grep -c "DHCPACK.*$old" "$work/dnsmasq.out"; }
before=$(acks)
works "it is renewed at T1" within 6 eval '[ $(acks) -gt $before ]'
stop dnsmasq                            # before it is asked again
rm "$work/leases"
begin_dnsmasq 10.9.0.70,10.9.0.79 || exit
works "it is refused" within 8 grep -q "DHCPNAK.*$old" "$work/dnsmasq.out"
works "there is another one" within 5 eval "grep -q 'DHCPACK.*10.9.0.7' '$work/dnsmasq.out'"
new=$(sed -n 's/.*DHCPACK(ours) \(10.9.0.7[0-9]\) .*/\1/p' "$work/dnsmasq.out" | tail -n 1)
works "which is in use" within 3 reaches "$new"
in_ns net ip neigh flush dev ours
if reaches "$old"; then fail "the old one is still in use"; else ok "the old one is not"; fi
stop serve
works "and given back" within 2 grep -q "DHCPRELEASE.*$new" "$work/dnsmasq.out"
stop dnsmasq

# -- what a router tells, and takes back -----------------------------------------------------------

begin_radvd 3600 1800 600 || exit
begin_in net serve "$aksu" serve --device tap:ours --address auto --mac $mac --text "$work/files"
ready serve 'http://' || exit
slaac=$(sed -n 's,.*http://\[\([0-9a-f:]*\)\]/.*,\1,p' "$work/serve.out")
works "an address from a router's prefix is in use" reaches "[$slaac]"
off_link() # the address is reached only through the router
{
    [ "$(in_ns net curl -sSg -m 2 --interface fd99::1 "http://[$slaac]/$path" 2>&1 | sum)" = "$sum" ]
}
works "the router leads elsewhere" off_link
stop radvd                              # it says farewell: a lifetime of 0
works "the router says farewell" within 3 grep -q 'router:.*withdrawn' "$work/serve.out"
if off_link; then fail "the router is gone, and still used"; else ok "without the router nothing leads elsewhere"; fi
works "but the address is still in use on the link" reaches "[$slaac]"
begin_radvd 0 1800 0 || exit
works "a prefix is withdrawn: its address is deprecated" within 6 grep -q "address: ip $slaac, state DEPRECATED" "$work/serve.out"
works "and still answers" reaches "[$slaac]"
stop serve
ours get --address auto "http://six.test:8000/$path" >"$work/said" 2>&1
is "the resolver is withdrawn: exit status" 6 $?
is "the resolver is withdrawn" "aksu get: six.test:8000: there is no resolver to ask for 'six.test': give one, or an \
address instead of the name" "$(cat "$work/said")"
