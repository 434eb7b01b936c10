# peers.bash - for scripts whose peer is another TCP on a TAP; after common.bash.
# One namespace `net` with a bridge br: the kernel (10.9.0.1), our stack's TAP (10.9.0.2) and the TAP of the peer
# (10.9.0.3). Each peer first meets the kernel, so that a fault of the peer is not taken for ours.

octets=8388608
kernel4=10.9.0.1 ours4=10.9.0.2 peer4=10.9.0.3
kernel6=fd09::1 ours6=fd09::2 peer6=fd09::3

lan()
{
    ns_new net && tap_new net ours 1500 && tap_new net peer 1500 && bridge_new net br ours peer &&
        addresses net br 1500 $kernel4/24 $kernel6/64
    big=$(file_of $octets)
}

# c_peer NAME LIBRARY...: builds $peers/NAME from tests/interop/peers/NAME.c
c_peer()
{
    mkdir -p "$peers"
    [ "$peers/$1" -nt "$here/peers/$1.c" ] ||
        works "build peers/$1.c" gcc -O2 -Wall -o "$peers/$1" "$here/peers/$1.c" -isystem /usr/include/lwip "${@:2}"
}

# go_peer NAME [FILE]...: builds $peers/NAME from tests/interop/peers/NAME.go with Debian's Go libraries only
go_peer()
{
    mkdir -p "$peers"
    [ "$peers/$1" -nt "$here/peers/$1.go" ] ||
        works "build peers/$1.go" env GO111MODULE=off GOFLAGS= GOPROXY=off GOPATH=/usr/share/gocode \
            GOCACHE="$peers/go-cache" go build -o "$peers/$1" "$here/peers/$1.go" "${@:2}"
}

# url ADDRESS PORT FILE
url()
{
    case $1 in
    *:*) echo "http://[$1]:$2/$(basename "$3")" ;;
    *) echo "http://$1:$2/$(basename "$3")" ;;
    esac
}
