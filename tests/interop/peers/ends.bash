# ends.bash - for scripts that drive both ends of a connection, command by command; after common.bash.
# One namespace `net` with the TAP `tap`: the kernel at 10.9.0.1 and fd09::1, our stack at 10.9.0.2 and fd09::2.
# `us COMMAND...` and `them COMMAND...` print the answer; commands are those of tests/interop/tool.c and peers/end.py.

tool=${TOOL:-$(dirname "$aksu")/tests/interop-tool}
them4=10.9.0.1 us4=10.9.0.2 them6=fd09::1 us6=fd09::2
declare -A to from

[ -x "$tool" ] || { fail tool "no program at $tool (make tests first, or set TOOL)"; exit; }

# end_new NAME NS COMMAND...: a program that answers commands
end_new()
{
    local name=$1 in out
    rm -f "$work/$1.in" "$work/$1.reply"
    mkfifo "$work/$1.in" "$work/$1.reply"
    exec {in}<>"$work/$1.in" {out}<>"$work/$1.reply"
    to[$1]=$in from[$1]=$out
    begin_in "$2" "$1" bash -c 'exec "${@:2}" <"$1.in" >"$1.reply"' - "$work/$1" "${@:3}"
    read -r -t 10 reply <&"$out" && [ "$reply" = ready ] && return 0
    fail "$name does not begin" "$(cat "$work/$name.out")"
    return 1
}

us_new() # [OPTION...]
{
    end_new us "${us_ns:-net}" "$tool" --device "${device:-tap:tap}" --address $us4/24 --address $us6/64 "$@"
}

them_new() # [NS]
{
    end_new them "${1:-net}" python3 "$here/peers/end.py"
}

end_stop() # NAME [SIGNAL]
{
    stop "$@" 2>/dev/null
    exec {to[$1]}>&- {from[$1]}>&-
}

ask() # NAME COMMAND...: prints the answer
{
    tell "$@"
    reply "$1"
}

tell() # NAME COMMAND...: does not wait for the answer
{
    echo "${*:2}" >&"${to[$1]}"
}

reply() # NAME: the answer to what it was told
{
    local reply
    read -r -t 60 reply <&"${from[$1]}" || reply="silence: $(tail -n 3 "$work/$1.out")"
    echo "$reply"
}

us() { ask us "$@"; }
them() { ask them "$@"; }

# step COMMAND...: a step on the way: nothing is said about it unless it fails
step()
{
    local seen
    seen=$("$@")
    case $seen in
    ok*) return 0 ;;
    esac
    fail "$case: $*" "$seen"
    return 1
}

# a connection: we_open VERSION PORT [SIZE of Linux's receive buffer], they_open VERSION PORT
we_open()
{
    local them=them$1
    step them listen "${@:2}" && step us connect "${!them}" "$2" && step us wait ESTABLISHED &&
        step them accept && step them unlisten
}

they_open()
{
    local us=us$1
    step us listen "$2" && step them connect "${!us}" "$2" && step us accept && step us unlisten
}

# both_ways OCTETS [TIME]
both_ways()
{
    step us send "$1" && step them send "$1" && step us expect "$1" "${2:-20000}" &&
        step them expect "$1" "${2:-20000}"
}

# says NAME WANTED COMMAND...
says()
{
    is "$1" "$2" "$("${@:3}")"
}

# the state of the kernel's connection with that port at either end, as `ss` says, in the words of the RFC
ss_state() # PORT [NS]
{
    in_ns "${2:-net}" ss -Htan "( sport = :$1 or dport = :$1 )" |
        awk '$1 != "LISTEN" { sub("ESTAB", "ESTABLISHED", $1); print $1 }'
}

net_new()
{
    ns_new net && tap_new net tap 1500 $them4/24 $them6/64
}

# block NS DIRECTION RULE...: an nft rule at `input` or `output` of the kernel's end; unblock takes all away
block()
{
    in_ns "$1" nft "add table inet block; add chain inet block $2 { type filter hook $2 priority 0; }
        add rule inet block $2 ${*:3}"
}

unblock()
{
    in_ns "$1" nft delete table inet block
}

# shark CAPTURE FILTER [OPTION...]: its frames that pass. Without looking for larger units in the text: with some ports
# that takes minutes.
shark()
{
    tshark -n -o tcp.desegment_tcp_streams:FALSE -r "$work/$1.pcap" -Y "$2" "${@:3}" 2>/dev/null
}

# parallel 'CASE ARGUMENT...'...: the script again for each case, all at a time; for cases that mostly wait
parallel()
{
    local name status
    for name; do
        begin "$name" bash "$0" $name
    done
    for name; do
        end_of "$name" 80
        status=$?
        cat "$work/$name.out"
        [ $status -eq 0 ] || grep -q '^FAIL ' "$work/$name.out" || fail "$name: exit status $status"
        [ $status -eq 0 ] || failed=1
        grep -Eq '^(ok|FAIL|skip) ' "$work/$name.out" || fail "$name says nothing"
    done
}
