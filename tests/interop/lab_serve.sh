#!/bin/bash
# aksu lab --serve: the page of the labs comes whole from a stack of our own to Linux's TCP.
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

page=$(dirname "$aksu")/../web/lab/index.html
for thing in curl openssl "$page"; do
    there "$thing" lab_serve || exit
done
linux 1500
begin_in net lab "$aksu" lab --serve --device tap:ours --address $ours4/24
ready lab 'http://'
is "the page of the labs" "$(sum <"$page")" "$(in_ns net curl -sSg -m 20 "http://$ours4/" | sum)"
is "its type" "text/html" "$(in_ns net curl -sSg -m 20 -o "$work/page" -w '%{content_type}' "http://$ours4/" | cut -d ';' -f 1)"
