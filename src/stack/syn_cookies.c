/* syn_cookies.c - listeners that answer SYNs without a record (RFC 4987 3.6, 3.7). When they do is
 * decided in listen_input.c, which calls this. */
#include "stack/gro.h"

void stack_answer_by_cookie(struct aksu *net, struct arriving *a, const struct route_result *way,
                            aksu_time now)
{
    const struct aksu_ip *to = &a->tuple.remote_ip;
    const struct aksu_endpoint remote = { *to, a->tuple.remote_port };
    struct tcp_segment answer;
    uint32_t device = way->to_self ? (uint32_t)DEVICE_SELF : way->device;
    uint32_t mtu = path_mtu_get(&net->path_mtu, to, stack_device_mtu(net, device, to), now);
    cookie_answer(&net->tcp, &a->tuple, &a->seg, (uint16_t)(mtu - ip_header_length(to)), &answer,
                  now);
    if (!stack_tcp_reply(net, &a->tuple, &answer, way, now)) {
        EMIT(&net->events, 0, now, syn_refused, .remote = remote, .why = "no room for an answer");
        return;
    }
    net->cookies_until = time_after(now, SECONDS(2 * COOKIE_SECONDS));
    EMIT(&net->events, 0, now, syn_cookie_sent, .remote = remote);
}

void stack_follow_cookie(struct aksu *net, struct tcp *t, struct arriving *a, aksu_time now)
{
    if (now < net->cookies_until || net->tcp.cookies.shared)
        cookie_keep_isn(t, &a->seg, now);
}

bool stack_cookie_comes_back(struct aksu *net, struct listener *l, struct arriving *a,
                             struct tcp_segment *syn, aksu_time now)
{
    if (l->hold_syn || !(net->tcp.cookies.shared || now < net->cookies_until))
        return false;
    const struct aksu_endpoint remote = { a->tuple.remote_ip, a->tuple.remote_port };
    if (!cookie_check(&net->tcp, &a->tuple, &a->seg, syn, now)) {
        EMIT(&net->events, 0, now, syn_cookie_bad, .remote = remote);
        return false;
    }
    EMIT(&net->events, 0, now, syn_cookie_good, .remote = remote);
    return true;
}
