/* dhcp.c - the states of a DHCP client (RFC 2131 4.4, figure 5) and its timers (RFC 2131 4.1,
 * 4.4.5). Called by programs and by host.c. */
#include "aksu/dhcp.h"
#include "base/ip_addr.h"
#include "base/time.h"
#include "host/dhcp_internal.h"
#include "host/random.h"

enum { REQUESTS = 5 /* then from the start, RFC 2131 3.1 */, LONGEST_NAK_DELAY = 6,
       LONGEST_REPLY = 1500 };
static const aksu_time LEAST_RENEWAL = SECONDS(60);     /* RFC 2131 4.4.5 */
static const aksu_time AFTER_DECLINE = SECONDS(10);     /* RFC 2131 3.1 */
static const aksu_time FAREWELL = SECONDS(1);

const char *aksu_dhcp_state_name(enum aksu_dhcp_state state)
{
    switch (state) {
    case AKSU_DHCP_OFF: return "OFF";
    case AKSU_DHCP_INIT: return "INIT";
    case AKSU_DHCP_SELECTING: return "SELECTING";
    case AKSU_DHCP_REQUESTING: return "REQUESTING";
    case AKSU_DHCP_BOUND: return "BOUND";
    case AKSU_DHCP_RENEWING: return "RENEWING";
    case AKSU_DHCP_REBINDING: return "REBINDING";
    }
    return "?";
}

static bool has_lease(const struct aksu_dhcp *dhcp)
{
    switch (dhcp->state) {
    case AKSU_DHCP_OFF: case AKSU_DHCP_INIT: case AKSU_DHCP_SELECTING: case AKSU_DHCP_REQUESTING:
        return false;
    case AKSU_DHCP_BOUND: case AKSU_DHCP_RENEWING: case AKSU_DHCP_REBINDING:
        return true;
    }
    return false;
}

/* --- without a lease --- */

/* RFC 2131 4.1: 4, 8, 16, 32, 64 s, a second more or less. Before them comes one of a second: the
 * first message on a link that has just come up is often lost, and somebody waits. */
static aksu_time backoff(struct aksu_dhcp *dhcp, aksu_time now)
{
    aksu_time jitter = host_random(dhcp->random, &dhcp->drawn) % SECONDS(2);
    if (dhcp->tries < 2)
        return time_after(now, MS(750) + jitter / 4);
    unsigned doubled = dhcp->tries < 6 ? dhcp->tries : 6;
    return time_after(now, (SECONDS(1) << doubled) - SECONDS(1) + jitter);
}

/* RFC 2131 4.4.1 wants a random wait of 1 to 10 s before: not for a host that one person starts. */
static void start_over(struct aksu_dhcp *dhcp, aksu_time at)
{
    dhcp->lease = (struct aksu_dhcp_lease){ .bits = 0 };
    dhcp->state = AKSU_DHCP_INIT;
    dhcp->tries = 0;
    dhcp->started = at;
    dhcp->deadline = at;
}

static void discover(struct aksu_dhcp *dhcp, aksu_time now)
{
    dhcp->state = AKSU_DHCP_SELECTING;
    dhcp->tries++;
    host_dhcp_discover(dhcp, now);
    dhcp->deadline = backoff(dhcp, now);
}

static void request(struct aksu_dhcp *dhcp, aksu_time now)
{
    dhcp->tries++;
    host_dhcp_request(dhcp, now);
    dhcp->deadline = backoff(dhcp, now);
}

/* The first offer that is one is taken. */
static void take_offer(struct aksu_dhcp *dhcp, const struct dhcp_message *m, aksu_time now)
{
    struct aksu_dhcp_lease offer;
    if (m->type != DHCP_OFFER || !host_dhcp_lease_of(m, now, 0, &offer))
        return;
    dhcp->lease = offer;
    dhcp->state = AKSU_DHCP_REQUESTING;
    dhcp->tries = 0;
    dhcp->asked = now;
    request(dhcp, now);
}

/* --- with one --- */

/* The address is no longer ours. */
static void lose(struct aksu_dhcp *dhcp, aksu_time again)
{
    host_dhcp_leave(dhcp, &dhcp->lease);
    start_over(dhcp, again);
}

/* RFC 2131 3.1: from the start. A server that refuses what it offers is not asked faster and
 * faster. */
static void refused(struct aksu_dhcp *dhcp, aksu_time now)
{
    unsigned doubled = dhcp->naks < LONGEST_NAK_DELAY ? dhcp->naks : LONGEST_NAK_DELAY;
    lose(dhcp, time_after(now, dhcp->naks > 0 ? SECONDS(1) << doubled : 0));
    dhcp->naks++;
}

static bool bind(struct aksu_dhcp *dhcp, const struct dhcp_message *m, aksu_time now)
{
    struct aksu_dhcp_lease lease, before = dhcp->lease;
    uint64_t random = host_random(dhcp->random, &dhcp->drawn);
    /* RFC 2131 4.3.1: the address of the offer, or the one that is being renewed */
    if (!host_dhcp_lease_of(m, dhcp->asked, random, &lease)
        || !ip_eq(&lease.address, &before.address))
        return false;
    dhcp->lease = lease;
    dhcp->tries = 0;
    dhcp->naks = 0;
    if (!host_dhcp_enter(dhcp, dhcp->in_stack ? &before : NULL)) {
        start_over(dhcp, time_after(now, AFTER_DECLINE));
        return true;
    }
    dhcp->state = AKSU_DHCP_BOUND;
    dhcp->deadline = lease.t1;
    return true;
}

static bool take_answer(struct aksu_dhcp *dhcp, const struct dhcp_message *m, aksu_time now)
{
    /* RFC 2131 4.4.1: only the server whose offer was taken has something to say */
    if (dhcp->state == AKSU_DHCP_REQUESTING
        && memcmp(m->server, ip_v4(&dhcp->lease.server), 4) != 0)
        return false;
    if (m->type == DHCP_ACK)
        return bind(dhcp, m, now);
    if (m->type != DHCP_NAK)
        return false;
    refused(dhcp, now);
    return true;
}

/* RFC 2131 4.4.5: half of what is left to T2, or to the end, but at least a minute. */
static void renew(struct aksu_dhcp *dhcp, aksu_time now)
{
    bool rebinding = now >= dhcp->lease.t2;
    aksu_time limit = rebinding ? dhcp->lease.end : dhcp->lease.t2, wait = (limit - now) / 2;
    if (dhcp->state == AKSU_DHCP_BOUND)
        dhcp->started = now;
    dhcp->state = rebinding ? AKSU_DHCP_REBINDING : AKSU_DHCP_RENEWING;
    dhcp->tries++;
    host_dhcp_request(dhcp, now);
    wait = wait > LEAST_RENEWAL ? wait : LEAST_RENEWAL;
    dhcp->deadline = time_min(time_after(now, wait), limit);
}

/* --- what happens --- */

static bool is_ours(const struct aksu_dhcp *dhcp, const struct dhcp_message *m)
{
    return m->reply && m->xid == dhcp->xid && memcmp(m->chaddr, dhcp->mac, sizeof m->chaddr) == 0;
}

static bool take(struct aksu_dhcp *dhcp, const struct dhcp_message *m, aksu_time now)
{
    if (!is_ours(dhcp, m))
        return false;
    switch (dhcp->state) {
    case AKSU_DHCP_OFF: case AKSU_DHCP_INIT:
        break;
    case AKSU_DHCP_BOUND:                       /* RFC 2131 4.4.1: the same answer once more */
        break;
    case AKSU_DHCP_SELECTING:
        take_offer(dhcp, m, now);
        break;
    case AKSU_DHCP_REQUESTING: case AKSU_DHCP_RENEWING: case AKSU_DHCP_REBINDING:
        return take_answer(dhcp, m, now);
    }
    return false;
}

static bool read_all(struct aksu_dhcp *dhcp, aksu_time now)
{
    uint8_t reply[LONGEST_REPLY];
    struct dhcp_message m;
    bool changed = false;
    for (;;) {
        ptrdiff_t n = aksu_udp_receive(dhcp->net, dhcp->udp, NULL, reply, sizeof reply);
        if (n == -(ptrdiff_t)AKSU_WOULD_BLOCK || n == -(ptrdiff_t)AKSU_DOES_NOT_EXIST)
            return changed;
        if (n >= 0 && wire_dhcp_parse(reply, (size_t)n, &m) == DHCP_GOOD)
            changed = take(dhcp, &m, now) || changed;
    }
}

static void close_down(struct aksu_dhcp *dhcp)
{
    host_dhcp_leave(dhcp, &dhcp->lease);
    (void)aksu_udp_close(dhcp->net, dhcp->udp);
    dhcp->udp = (aksu_udp){ 0, 0 };
    dhcp->lease = (struct aksu_dhcp_lease){ .bits = 0 };
    dhcp->releasing = false;
    dhcp->deadline = NEVER;
}

/* True: the lease is gone. */
static bool deadline_passed(struct aksu_dhcp *dhcp, aksu_time now)
{
    switch (dhcp->state) {
    case AKSU_DHCP_OFF:
        close_down(dhcp);
        return false;
    case AKSU_DHCP_INIT: case AKSU_DHCP_SELECTING:
        discover(dhcp, now);
        return false;
    case AKSU_DHCP_REQUESTING:
        if (dhcp->tries < REQUESTS)
            request(dhcp, now);
        else
            start_over(dhcp, now);
        return false;
    case AKSU_DHCP_BOUND: case AKSU_DHCP_RENEWING: case AKSU_DHCP_REBINDING:
        if (now < dhcp->lease.end) {
            renew(dhcp, now);
            return false;
        }
        lose(dhcp, now);                        /* RFC 2131 4.4.5: its use ends at once */
        return true;
    }
    return false;
}

bool aksu_dhcp_work(struct aksu_dhcp *dhcp, aksu_time now)
{
    if (dhcp->state == AKSU_DHCP_OFF && !dhcp->releasing)
        return false;
    bool changed = read_all(dhcp, now);
    while (now >= dhcp->deadline && dhcp->deadline != NEVER)
        changed = deadline_passed(dhcp, now) || changed;
    return changed;
}

/* --- calls --- */

enum aksu_status aksu_dhcp_start(struct aksu_dhcp *dhcp, struct aksu *net, aksu_device device,
                                 const uint8_t mac[6], uint64_t seed, aksu_time now)
{
    static const uint8_t no_mac[6];
    struct aksu_udp_open how = { .local = { ip_from_v4(no_mac), DHCP_CLIENT_PORT },
                                 .device = device };
    *dhcp = (struct aksu_dhcp){ .net = net, .device = device, .random = seed, .deadline = NEVER };
    memcpy(dhcp->mac, mac, sizeof dhcp->mac);
    if (memcmp(mac, no_mac, sizeof no_mac) == 0 || device.index == 0)
        return AKSU_INVALID;
    enum aksu_status status = aksu_udp_open(net, &how, &dhcp->udp);
    if (status != AKSU_OK)
        return status;
    start_over(dhcp, now);
    (void)aksu_dhcp_work(dhcp, now);
    return AKSU_OK;
}

aksu_time aksu_dhcp_next_timeout(const struct aksu_dhcp *dhcp)
{
    return dhcp->state == AKSU_DHCP_OFF && !dhcp->releasing ? NEVER : dhcp->deadline;
}

bool aksu_dhcp_owns(const struct aksu_dhcp *dhcp, const struct aksu_ready *ready)
{
    return dhcp->udp.index != 0 && dhcp->udp.index == ready->udp.index
        && dhcp->udp.generation == ready->udp.generation;
}

enum aksu_status aksu_dhcp_decline(struct aksu_dhcp *dhcp, aksu_time now)
{
    if (!has_lease(dhcp))
        return AKSU_ILLEGAL;
    host_dhcp_refuse(dhcp, now);
    lose(dhcp, time_after(now, AFTER_DECLINE));
    return AKSU_OK;
}

void aksu_dhcp_stop(struct aksu_dhcp *dhcp, aksu_time now)
{
    if (dhcp->state == AKSU_DHCP_OFF)
        return;
    dhcp->releasing = has_lease(dhcp);
    dhcp->state = AKSU_DHCP_OFF;
    if (dhcp->releasing) {
        host_dhcp_release(dhcp, now);
        dhcp->deadline = time_after(now, FAREWELL);
    } else {
        close_down(dhcp);
    }
}
