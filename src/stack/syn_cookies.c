/* syn_cookies.c - listeners that answer SYNs without a record (RFC 4987 3.6, 3.7): when the backlog
 * is full or memory is short, or always, or never, as struct aksu_config says. Called by
 * tcp_input.c. */
#include "stack/gro.h"

/* RFC 4987 3.4: one whose SYN,ACK was repeated twice, over three seconds or more, makes room for a
 * record; before that a cookie costs less than what it would lose. */
static bool oldest_is_dead(const struct aksu *net, const struct listener *l)
{
    return l->half_open.first != 0 && conn_at(net, l->half_open.first)->tcp.resends >= 2;
}

static bool wanted(const struct aksu *net, const struct listener *l)
{
    /* A SYN that the application is to decide on must be kept for it; and accepting is up to the
     * application: while it does not, an answer would promise too much. So would one when there
     * is no record to be had for it, or no memory. */
    if (l->hold_syn || l->waiting >= l->backlog || net->conns.in_use >= net->max_connections
        || pool_left(&net->pool) <= net->tcp.reserve_pages)
        return false;
    switch ((enum aksu_syn_cookies)net->syn_cookies) {
    case AKSU_SYN_COOKIES_ALWAYS:
        return true;
    case AKSU_SYN_COOKIES_NEVER:
        return false;
    case AKSU_SYN_COOKIES_WHEN_FULL:
        break;
    }
    return l->pending >= l->backlog && !oldest_is_dead(net, l);
}

bool stack_cookies_instead(struct aksu *net, const struct listener *l, const struct arriving *a,
                           struct route_result *way, aksu_time now)
{
    uint8_t mac[6];
    if (a->ao != 0 || !wanted(net, l))          /* with TCP-AO there is more to be kept */
        return false;
    *way = route_lookup(&net->routes, &a->tuple.remote_ip, &a->tuple.local_ip);
    if (!way->found || way->broadcast || way->multicast)
        return false;
    /* An answer never waits for a neighbour to be found: forged ones would fill what there is to
     * wait in. A record waits, if there is room for one, or the peer asks again. */
    uint32_t device = way->to_self ? (uint32_t)DEVICE_SELF : way->device;
    return stack_link(net, device, &way->next_hop, &a->tuple.local_ip, mac, now)
        == NEIGHBOR_KNOWN;
}

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

void stack_follow_cookie(struct aksu *net, struct conn *c, struct arriving *a, aksu_time now)
{
    if (now < net->cookies_until || net->tcp.cookies.shared)
        cookie_keep_isn(&c->tcp, &a->seg, now);
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
