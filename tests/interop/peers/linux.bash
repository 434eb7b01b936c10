# linux.bash - for scripts whose peer is the kernel; after common.bash. It and our stack are at the two ends of a TAP, in
# a namespace `net`: 10.9.0.1 and fd09::1 are the kernel's, 10.9.0.2 and fd09::2 ours.
. "$here/peers/lan.bash"

put_port=8001 nginx_port=8002
control=$work/control
both="--address $ours6/64"          # beside the IPv4 address that aksu_serve and aksu_get take

linux() # MTU
{
    ns_new net && tap_new net ours "$1" $kernel4/24 || return 1
    [ "$1" -lt 1280 ] || in_ns net ip address add $kernel6/64 dev ours
}

# The TAP gets another MTU; below 1280 the kernel takes IPv6 away, and does not give it back.
mtu() # MTU
{
    in_ns net ip link set dev ours mtu "$1"
    [ "$1" -lt 1280 ] || in_ns net ip address replace $kernel6/64 dev ours
}

# families MTU: "4 6", or "4"
families()
{
    echo 4
    [ "$1" -lt 1280 ] || echo 6
}

sum() # the sha256 of stdin
{
    openssl dgst -sha256 -r | cut -d ' ' -f 1
}

# kernel_takes: curl and aksu get upload to port $put_port; the answer is the sum
kernel_takes() # [SECONDS-OF-SILENCE]
{
    begin_in net put python3 "$here/peers/put.py" $put_port "$@"
    listening net $put_port
}

# nginx on $nginx_port serves $work/files
kernel_nginx()
{
    cat >"$work/nginx.conf" <<CONF
daemon off; user root; worker_processes 2; pid $work/nginx.pid; error_log stderr;
events { worker_connections 4096; }
http {
    access_log off; sendfile on; keepalive_requests 1000000;
    client_body_temp_path $work/nginx; proxy_temp_path $work/nginx; fastcgi_temp_path $work/nginx;
    uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx;
    server { listen $nginx_port; listen [::]:$nginx_port; root $work/files; }
}
CONF
    begin_in net nginx nginx -c "$work/nginx.conf"
    listening net $nginx_port
}

# count NAME: of a running serve's counters, as `aksu stat --json` has them
count()
{
    "$aksu" stat --json "$control" | python3 -c 'import json, sys; print(json.load(sys.stdin)["counters"][sys.argv[1]])' "$1"
}

# Of the connections of the running serve none is left but in TIME-WAIT.
idle()
{
    [ "$(count connections)" = 0 ] && "$aksu" stat --json "$control" | python3 -c '
import json, sys
sys.exit(any(c["state"] != "TIME-WAIT" for c in json.load(sys.stdin)["connections"]))'
}

all_closed() # NAME
{
    if within 10 idle; then ok "$1"; else fail "$1" "$("$aksu" stat "$control")"; fi
}

# answers NAME WRK-OUTPUT: all were 2xx, none failed or took long, and there were a thousand at least
answers()
{
    local requests
    requests=$(sed -n 's/ *\([0-9]*\) requests in .*/\1/p' <<<"$2")
    if [[ $2 != *"Socket errors"* && $2 != *"Non-2xx"* && ${requests:-0} -ge 1000 ]]; then
        ok "$1 ($requests)"
    else
        fail "$1" "$2"
    fi
}
