/* timers.c - RFC 9293 3.10.8 for everything a stack owns, in an order that depends on the
 * deadlines only. Called by socket/. */
#include "stack/half_open.h"

/* It is in a connection, or in a listener whose half-open connections are records. */
static bool is_of_listener(const struct aksu *net, const struct wheel_node *n)
{
    size_t page = (size_t)((const uint8_t *)n - net->pool.pages) / POOL_PAGE + 1;
    return net->pool.info[page].slab == net->listeners.slab.number;
}

static void timer_expired(struct aksu *net, struct wheel_node *n, aksu_time now)
{
    if (is_of_listener(net, n)) {
        struct listener *l = (void *)((uint8_t *)n - offsetof(struct listener, timer));
        stack_half_open_timeouts(net, l, now);
        return;
    }
    struct conn *c = (void *)((uint8_t *)n - offsetof(struct conn, timer));
    tcp_timeouts(&c->tcp, now);
    stack_settle(net, c, now);
}

void stack_time_wait_over(struct aksu *net, const struct tcp_tuple *tuple, const char *why,
                          aksu_time now)
{
    EMIT(&net->events, 0, now, time_wait_over, .local = { tuple->local_ip, tuple->local_port },
         .remote = { tuple->remote_ip, tuple->remote_port }, .why = why);
}

aksu_time stack_next_timeout(const struct aksu *net)
{
    aksu_time next = wheel_next(&net->wheel);
    next = time_min(next, time_wait_next_timeout(&net->time_wait));
    next = time_min(next, neighbor_next_timeout(&net->neighbors));
    next = time_min(next, net->autoconf_due);
    if (net->announcements != 0)
        next = time_min(next, stack_announce_due(net));
    return net->fragments ? time_min(next, reassembly_next_timeout(&net->reassembly)) : next;
}

static void reassembly_timeouts(struct aksu *net, aksu_time now)
{
    /* Fragment reassembly time exceeded: RFC 1122 3.3.2, RFC 8200 4.5 */
    static const struct icmp_error_out exceeded = { .kind = ICMP_TIME_EXCEEDED, .code = 1 };
    struct ip_packet p;
    while (reassembly_expired(&net->reassembly, &p, now)) {
        stack_frame_dropped(net, "IP", "reassembly time exceeded", p.length, now);
        stack_icmp_error(net, &net->icmp_limit, &p, &exceeded, now);
    }
    net->fragments = reassembly_next_timeout(&net->reassembly) != NEVER;
}

void stack_timeouts(struct aksu *net, aksu_time now)
{
    struct wheel_node *n;
    while ((n = wheel_expired(&net->wheel, now)) != NULL)
        timer_expired(net, n, now);
    struct tcp_tuple tuple;
    while (net->time_wait.slab.in_use != 0 && time_wait_expired(&net->time_wait, &tuple, now))
        stack_time_wait_over(net, &tuple, "2 MSL", now);
    if (neighbor_next_timeout(&net->neighbors) <= now) {
        neighbor_timeouts(&net->neighbors, now);
        stack_neighbor_news(net, now);
    }
    if (net->autoconf_due <= now)
        stack_autoconf_timeouts(net, now);
    stack_announce_timeouts(net, now);
    if (path_mtu_expired(&net->path_mtu, now))
        net->route_version++;               /* connections look again */
    if (net->fragments)
        reassembly_timeouts(net, now);
}
