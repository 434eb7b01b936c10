/* path.c - the path of path.h and the peer at its end. Called by mtu_probe.c and mtu_search.c. */
#include "tests/script/path.h"

#include <string.h>

struct path path;

void path_begin(int line, bool sack, bool ipv6)
{
    if (w.live)
        (void)script_discard(line);
    memset(&path, 0, sizeof path);
    path.limit = FULL;
    config.initial_window = 10;
    config.send_buffer = 500000;
    if (config.mtu_probing == AKSU_MTU_PROBING_OFF)
        config.mtu_probing = AKSU_MTU_PROBING_BLACK_HOLE;
    w.env.loss = &loss_sack;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = sack, .ipv6 = ipv6,
        .mss = ipv6 ? 1440 : FULL, .wnd = 260000, .wscale = SHIFT(4), .rtt = MS(RTT) });
}

void path_deliver(int line, uint32_t at, uint32_t len)
{
    if (len > path.limit)
        return;
    if (at >= path.lose_from && at < path.lose_to) {
        path.lose_to = path.lose_from;
        return;
    }
    memset(path.here + at, true, len);
    while (path.here[path.una])
        path.una++;
    struct line x = { .ctl = ACK, .seq = 1, .ack = 1 + path.una };
    if (at > path.una && w.peer_sack) {
        uint32_t left = at, right = at;
        while (path.here[left - 1])
            left--;
        while (path.here[right])
            right++;
        x.sack[0].left = 1 + left;
        x.sack[0].right = 1 + right;
    }
    script_batch(line, &x);
}

unsigned path_turn(int line)
{
    struct { uint32_t at, len; } sent[512];
    struct tcp_segment seg;
    unsigned n = 0;
    bool stopped = false;
    while (!stopped && world_pull(line, &seg)) {
        script_check(line, n < 512, "not too many");
        sent[n].at = seg.seq.n - w.iss.n - 1;
        sent[n++].len = seg.text_len;
        uint32_t mss = script_status().snd_mss;
        if (seg.text_len > path.largest)
            path.largest = seg.text_len;
        if (seg.text_len <= mss)
            continue;
        path.probes++;
        path.last_probe = seg.text_len;
        stopped = path.stop;
        n -= stopped;
    }
    w.now += MS(RTT);
    for (unsigned i = 0; i < n; i++)
        path_deliver(line, sent[i].at, sent[i].len);
    if (n == 0 && !stopped && tcp_next_timeout(&w.tcp) != NEVER) {
        if (tcp_next_timeout(&w.tcp) > w.now)
            w.now = tcp_next_timeout(&w.tcp);
        tcp_timeouts(&w.tcp, w.now);
    }
    return n;
}

void path_black_hole(int line, bool sack, bool ipv6)
{
    path_begin(line, sack, ipv6);
    path.limit = ipv6 ? 1220 : BASE;
    script_send(line, 400000, 0);
    for (unsigned i = 0; i < 8 && !w.tcp.black_hole; i++)
        (void)path_turn(line);
    script_check(line, w.tcp.black_hole, "it is a black hole");
}

bool path_until_probe(int line, unsigned turns)
{
    uint32_t before = path.probes;
    for (unsigned i = 0; i < turns && path.probes == before && path.una < 400000; i++)
        (void)path_turn(line);
    return path.probes != before;
}

uint32_t path_probe(int line)
{
    uint32_t before = path.probes;
    path.stop = true;
    for (unsigned i = 0; i < 200 && path.probes == before; i++)
        (void)path_turn(line);
    path.stop = false;
    script_check(line, path.probes == before + 1, "a probe");
    return w.tcp.out->mtu.left.n - w.iss.n;
}
