/* open.c - OPEN, active and passive (RFC 9293 3.9.1.1, 3.10.1), with the choice of the local
 * socket (RFC 6056 3.3), and what listeners add: accept, and the four answers to a held SYN.
 * Installed calls of aksu/socket.h. */
#include "aksu/fast_open.h"
#include "base/ip_addr.h"
#include "stack/calls.h"
#include "wire/ipv4.h"

/* --- active --- */

/* A client that closes first need not wait 2 MSL for a port: timestamps tell the new connection
 * from the old one. *old: what is reopened, NULL: nothing. */
static bool in_use(const struct aksu *net, const struct tcp_tuple *tuple, uint64_t hash,
                   const struct time_wait **old, aksu_time now)
{
    *old = time_wait_lookup(&net->time_wait, tuple, hash);
    if (*old != NULL && !(net->tcp.config.timestamps
                          && time_wait_can_open(&net->time_wait, *old, now)))
        return true;
    return conn_lookup(net, tuple, hash) != NULL
        || syn_cache_lookup(&net->syn_cache, tuple, hash) != NULL;
}

/* RFC 9293 3.9.1.1 [MUST-43]: with a port that is given, the pair must be new. */
static enum aksu_status choose_port(struct aksu *net, struct tcp_tuple *tuple, uint64_t *hash,
                                    const struct time_wait **old, aksu_time now)
{
    if (tuple->local_port != 0) {
        *hash = conn_hash(&net->table.key, tuple);
        return in_use(net, tuple, *hash, old, now) ? AKSU_ALREADY_EXISTS : AKSU_OK;
    }
    struct aksu_endpoint remote = { tuple->remote_ip, tuple->remote_port };
    struct port_walk walk = ports_first(&net->ports, &tuple->local_ip, &remote);
    while ((tuple->local_port = ports_next(&net->ports, &walk)) != 0) {
        *hash = conn_hash(&net->table.key, tuple);
        /* RFC 6056 3.2: not the port of a local service */
        if (!in_use(net, tuple, *hash, old, now)
            && !listener_has_port(&net->listeners, tuple->local_port))
            return AKSU_OK;
    }
    return AKSU_ALREADY_EXISTS;
}

/* RFC 9293 3.9.1.1 [MUST-46]; RFC 9293 3.9.1.1 [MUST-44]: the local address, when it is not
 * given. */
static enum aksu_status choose_local(const struct aksu *net, const struct aksu_open *how,
                                     struct tcp_tuple *tuple, struct route_result *out)
{
    const struct aksu_ip *remote = &how->remote.ip, *local = &how->local.ip;
    bool local_given = !ip_is_unspecified(local);
    if (ip_is_unspecified(remote) || how->remote.port == 0 || ip_is_multicast(remote)
        || ip_is_broadcast(remote))
        return AKSU_REMOTE_UNSPECIFIED;
    if (local_given && ip_is_v4(local) != ip_is_v4(remote))
        return AKSU_ADDRESS_UNAVAILABLE;

    static const struct aksu_ip any;
    struct route_result way = route_lookup(&net->routes, remote, local_given ? local : &any);
    if (!way.found)
        return AKSU_UNREACHABLE_NET;
    if (way.broadcast)
        return AKSU_REMOTE_UNSPECIFIED;
    if (local_given && !route_is_own(&net->routes, way.device, local)
        && !route_is_local(&net->routes, way.device, local))
        return AKSU_ADDRESS_UNAVAILABLE;
    *tuple = (struct tcp_tuple){ way.source, *remote, how->local.port, how->remote.port };
    *out = way;
    return AKSU_OK;
}

enum aksu_status aksu_open(struct aksu *net, const struct aksu_open *how, aksu_conn *out,
                           aksu_time now)
{
    struct tcp_tuple tuple;
    struct route_result way;
    const struct time_wait *old;
    uint64_t hash;
    enum aksu_status status = choose_local(net, how, &tuple, &way);
    if (status == AKSU_OK)
        status = choose_port(net, &tuple, &hash, &old, now);
    if (status != AKSU_OK)
        return status;

    const char *why;
    struct conn *c = conn_new(net, &why);
    if (c == NULL) {
        EMIT(&net->events, 0, now, memory, .answer = why, .left = stack_memory_left(net));
        return AKSU_NO_RESOURCES;
    }
    /* RFC 9293 3.9.1.1 [MUST-45]: the pair stays what it is now */
    EMIT(&net->events, c->tcp.conn, now, opened, .local = { tuple.local_ip, tuple.local_port },
         .remote = how->remote, .active = true);
    conn_insert(net, c, &tuple, hash);
    slab_ref ao = ao_match(&net->tcp.ao, &tuple, AO_ANY_ID, AO_ANY_ID);     /* RFC 5925 7.4 1.a */
    if (ao != 0 && !ao_begin(&c->tcp, ao)) {
        conn_delete(net, c, now);
        return AKSU_NO_RESOURCES;
    }
    (void)stack_use_route(net, c, &way);
    tcp_set_mtu(&c->tcp, stack_conn_mtu(net, c, now));
    c->cookie = how->cookie;
    (void)tcp_open_active(&c->tcp, &tuple, now);
    if (old != NULL) {
        tcp_iss_after(&c->tcp, old->tcp.snd_nxt);
        c->reopens = true;              /* the record stays until the connection is ESTABLISHED */
    }
    if ((how->fast_open || how->fast_open_no_cookie) && c->tcp.ao == 0)
        (void)tcp_fast_open(&c->tcp, how->fast_open_no_cookie, how->fast_open_wait, now);
    *out = conn_handle(c);
    stack_settle(net, c, now);
    return AKSU_OK;
}

ptrdiff_t aksu_fast_open_room(const struct aksu *net, const struct aksu_open *how, aksu_time now)
{
    struct tcp_tuple tuple;
    struct route_result way;
    enum aksu_status status = choose_local(net, how, &tuple, &way);
    if (status != AKSU_OK)
        return -(ptrdiff_t)status;
    if (ao_match(&net->tcp.ao, &tuple, AO_ANY_ID, AO_ANY_ID) != 0)
        return 0;
    uint32_t device = way.to_self ? (uint32_t)DEVICE_SELF : way.device;
    uint32_t mtu = path_mtu_get(&net->path_mtu, &tuple.remote_ip,
                                stack_device_mtu(net, device, &tuple.remote_ip), now);
    uint32_t mss = mtu - (uint32_t)ip_header_length(&tuple.remote_ip) - TCP_HEADER;
    return (ptrdiff_t)fast_open_room(&net->tcp, &tuple, (uint16_t)mss, how->fast_open_no_cookie,
                                     now);
}

/* --- passive --- */

static bool address_is_ours(const struct aksu *net, const struct aksu_ip *ip)
{
    if (ip_is_unspecified(ip) || ip_is_loopback(ip))
        return true;
    for (uint32_t device = 1; device <= net->devices; device++) {
        if (route_is_local(&net->routes, device, ip))
            return true;
    }
    return false;
}

enum aksu_status aksu_listen(struct aksu *net, const struct aksu_listen *how, aksu_listener *out,
                             aksu_time now)
{
    struct listener *l;
    if (!address_is_ours(net, &how->local.ip))          /* RFC 9293 3.9.1.1 [MUST-43] */
        return AKSU_ADDRESS_UNAVAILABLE;
    /* RFC 9293 3.9.1.1 [MUST-41], 3.9.1.1 [MUST-42]: connections of that port are elsewhere */
    enum aksu_status status = listener_add(&net->listeners, how, &l);
    if (status != AKSU_OK)
        return status;
    EMIT(&net->events, 0, now, listening, .local = l->local, .backlog = l->backlog);
    *out = listener_handle(l);
    return AKSU_OK;
}

enum aksu_status aksu_close_listener(struct aksu *net, aksu_listener handle, aksu_time now)
{
    struct listener *l = listener_find(&net->listeners, handle);
    if (l == NULL)
        return AKSU_DOES_NOT_EXIST;
    stack_close_listener(net, l, now);
    return AKSU_OK;
}

/* The same on every machine. */
static struct sipkey key_of(const uint8_t *octets)
{
    struct sipkey key = { 0, 0 };
    for (unsigned i = 0; i < 8; i++) {
        key.k0 |= (uint64_t)octets[i] << 8 * i;
        key.k1 |= (uint64_t)octets[8 + i] << 8 * i;
    }
    return key;
}

void aksu_set_syn_cookie_key(struct aksu *net, const uint8_t *key, aksu_time now)
{
    struct sipkey both = key_of(key);
    cookie_share(&net->tcp.cookies, &both, now);
}

void aksu_set_fast_open_key(struct aksu *net, const uint8_t *key, const uint8_t *before)
{
    struct sipkey now = key_of(key), last = key_of(before != NULL ? before : key);
    fast_open_share(&net->tcp.fast_open, &now, before != NULL ? &last : NULL);
}

enum aksu_status aksu_accept(struct aksu *net, aksu_listener handle, aksu_conn *out, aksu_time now)
{
    struct listener *l = listener_find(&net->listeners, handle);
    if (l == NULL)
        return AKSU_DOES_NOT_EXIST;
    if (l->accept.first == 0)
        return AKSU_WOULD_BLOCK;

    struct conn *c = conn_at(net, l->accept.first);
    if (c->fast_open_pending) {                 /* it counts as half-open until it is ESTABLISHED */
        conn_list_remove(net, &l->accept, c);
        l->waiting--;
        net->half_open++;
    } else {
        stack_leave_listener(net, c);
    }
    c->tcp.notify &= ~(uint32_t)AKSU_CONNECTED;
    EMIT(&net->events, c->tcp.conn, now, accepted,
         .remote = { c->tcp.tuple.remote_ip, c->tcp.tuple.remote_port });
    *out = conn_handle(c);
    stack_settle(net, c, now);
    return AKSU_OK;
}

/* --- the answers to a held SYN --- */

static enum aksu_status find_held(const struct aksu *net, aksu_conn handle, struct conn **out)
{
    *out = conn_find(net, handle);
    if (*out == NULL)
        return AKSU_DOES_NOT_EXIST;
    return (*out)->tcp.held ? AKSU_OK : AKSU_ILLEGAL;
}

enum aksu_status aksu_complete(struct aksu *net, aksu_conn handle, aksu_time now)
{
    struct conn *c;
    enum aksu_status status = find_held(net, handle, &c);
    if (status != AKSU_OK)
        return status;
    (void)tcp_complete(&c->tcp, now);
    stack_settle(net, c, now);
    return AKSU_OK;
}

enum aksu_status aksu_refuse(struct aksu *net, aksu_conn handle, aksu_time now)
{
    struct conn *c;
    enum aksu_status status = find_held(net, handle, &c);
    if (status != AKSU_OK)
        return status;
    (void)tcp_refuse(&c->tcp, now);
    stack_let_go(net, c, now);
    return AKSU_OK;
}

/* The record goes without a word. */
static void vanish(struct aksu *net, struct conn *c, const char *how, aksu_time now)
{
    EMIT(&net->events, c->tcp.conn, now, syn_answered, .how = how);
    tcp_abandon(&c->tcp, now);
    c->tcp.rst_owed = false;
    stack_let_go(net, c, now);
}

enum aksu_status aksu_ignore(struct aksu *net, aksu_conn handle, aksu_time now)
{
    struct conn *c;
    enum aksu_status status = find_held(net, handle, &c);
    if (status == AKSU_OK)
        vanish(net, c, "ignore", now);
    return status;
}

/* The SYN is gone; what an ICMP message must quote of it (RFC 792: 64 bits of its text) is
 * known. */
static void send_unreachable(struct aksu *net, const struct conn *c, uint8_t code, aksu_time now)
{
    const struct tcp_tuple *tuple = &c->tcp.tuple;
    struct ip_out syn = { .source = tuple->remote_ip, .destination = tuple->local_ip,
                          .protocol = IP_PROTOCOL_TCP, .ttl = net->ttl, .dont_fragment = true };
    uint8_t octets[IP_OUT_HEADER_MOST + 8];
    struct writer w = writer_of(octets, sizeof octets);
    struct icmp_limit limit;

    ip_build(&w, &syn, TCP_HEADER);
    size_t header = writer_length(&w);
    write_be16(&w, tuple->remote_port);
    write_be16(&w, tuple->local_port);
    write_be32(&w, c->tcp.irs.n);
    struct ip_packet about = { .source = syn.source, .destination = syn.destination,
        .device = 1, .protocol = IP_PROTOCOL_TCP, .header = octets,
        .header_length = (uint32_t)header, .length = 8, .parts = 1 };
    about.payload[0] = (struct aksu_slice){ octets + header, 8 };
    icmp_limit_init(&limit, 1, 1, now);         /* what the application asks for is sent */
    stack_icmp_error(net, &limit, &about,
                     &(struct icmp_error_out){ .kind = ICMP_UNREACHABLE, .code = code }, now);
}

enum aksu_status aksu_unreachable(struct aksu *net, aksu_conn handle, uint8_t code, aksu_time now)
{
    struct conn *c;
    enum aksu_status status = find_held(net, handle, &c);
    if (status != AKSU_OK)
        return status;
    if (code > 15 || code == 4)
        return AKSU_INVALID;
    send_unreachable(net, c, code, now);
    vanish(net, c, "unreachable", now);
    return AKSU_OK;
}
