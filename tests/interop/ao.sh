#!/bin/bash
# TCP-AO (RFC 5925) of the installed program: aksu serve and aksu get on two TAPs of one bridge, both algorithms, IPv4 and
# IPv6. The MAC of every segment on the bridge is computed anew by peers/ao.py, from the master key alone. Who has no key
# or another one is not heard.
. "$(dirname "$0")/common.bash"
. "$here/peers/lan.bash"

for tool in tcpdump openssl curl; do
    there $tool ao || exit
done
lan || exit
file=$(file_of 150000)
printf 'a secret of both ends\n' >"$work/key"
printf '0x%032d\n' 7 >"$work/other"

# serve_with OPTION...: our server on the TAP `ours`, with these keys
serve_with()
{
    begin_in net serve "$aksu" serve --device tap:ours --address $ours4/24 --address $ours6/64 "$@" "$work/files"
    ready serve 'http://'
}

# get_with ADDRESS OPTION...: the file, from the TAP `peer`
get_with()
{
    in_ns net timeout 60 "$aksu" get --device tap:peer --address $peer4/24 --address $peer6/64 -o "$work/got" \
        --connect-timeout 5 "${@:2}" "$(url "$1" 80 "$file")"
}

for algorithm in sha1 aes128; do
    serve_with --ao-key "1,2:$algorithm:$work/key" || exit
    for version in 4 6; do
        case="$algorithm, IPv$version" at=ours$version
        capture_start net br "$algorithm$version" 0 tcp || exit
        works "$case: 150,000 octets" get_with "${!at}" --ao-key "2,1:$algorithm:$work/key"
        same "$case: the file" "$file" "$work/got"
        capture_stop "$algorithm$version"
        seen=$(python3 "$here/peers/ao.py" "$work/$algorithm$version.pcap" $algorithm 'a secret of both ends')
        if [[ $seen == *' good, 0 bad' ]] && [ "${seen%% *}" -gt 50 ]; then
            ok "$case: every segment has its MAC ($seen)"
        else
            fail "$case: every segment has its MAC" "$seen"
        fi
    done
    get_with $ours4 --ao-key "2,1:$algorithm:$work/other" >/dev/null 2>&1
    is "$algorithm: another key is not heard" 28 $?
    get_with $ours4 >/dev/null 2>&1
    is "$algorithm: who has none is not heard" 28 $?
    in_ns net curl -s -m 3 -o "$work/got" "http://$ours4/"
    is "$algorithm: nor is Linux without one" 28 $?
    works "$algorithm: who has it is, still" get_with $ours4 --ao-key "2,1:$algorithm:$work/key"
    stop serve
done

# -- a key for one peer is not for the others ------------------------------------------------------

serve_with --ao-key "1:sha1:$work/key@$peer4" || exit
in_ns net curl -s -m 10 -o "$work/got" "http://$ours4/$(basename "$file")"
same "a peer that needs no key" "$file" "$work/got"
get_with $ours4 >/dev/null 2>&1
is "the one that needs it, without" 28 $?
works "the one that needs it, with" get_with $ours4 --ao-key "1:sha1:$work/key@$ours4"
get_with $ours4 --ao-key "1:sha1:$work/nothing" >"$work/said" 2>&1
is "a file that is not there" 125 $?
has "a file that is not there: the sentence" "cannot be read" "$(cat "$work/said")"
