/* host_wait.c - the loop of a host: frames, timers, DHCP and resolver, then sleep. While frames
 * move, the only calls to the system are the interface's own. Called by programs. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "host/host_internal.h"

/* The caller's descriptors are looked at in every so many turns while frames keep coming. */
enum { LOOK_AWAY = 64 };
static const aksu_time DEAF = MS(10);

enum slept { SLEPT, SLEPT_MORE /* a descriptor of the caller's, or a signal */, SLEPT_FAILED };

/* What DHCP and the resolver make of what came, or of the time. True: they had their turn. */
static bool work(struct aksu_host *host, bool news, aksu_time now)
{
    bool dhcp = host->asks_dhcp && (news || aksu_dhcp_next_timeout(&host->dhcp) <= now);
    bool dns = host->dns.state == AKSU_DNS_ASKING
               && (news || aksu_dns_next_timeout(&host->dns) <= now);

    if (dhcp)
        aksu_dhcp_work(&host->dhcp, now);
    if (dns)
        aksu_dns_work(&host->dns, now);
    return dhcp || dns;
}

/* One turn without waiting. True: something moved, another turn may find more. */
static bool turn(struct aksu_host *host, aksu_time now)
{
    if (aksu_next_timeout(host->net) <= now) {
        aksu_timeouts(host->net, now);
        host->happened = true;
    }
    bool moved = aksu_interface_move_out(host->interface, host->net, now);
    if (moved)
        now = aksu_host_now();      /* else the answer would be as old as the question */
    moved = aksu_interface_move_in(host->interface, host->net, host->device, now) || moved;
    host->deaf = host->suspect && !moved;
    host->suspect = false;
    moved = work(host, moved || host->news, now) || moved;
    host->news = false;
    return moved;
}

static aksu_time deadline(const struct aksu_host *host, aksu_time until)
{
    aksu_time at = time_min(until, aksu_next_timeout(host->net));

    if (host->interface->blocked)
        at = time_min(at, host->interface->retry_at);
    if (host->interface->due_at != 0)
        at = time_min(at, host->interface->due_at);
    if (host->asks_dhcp)
        at = time_min(at, aksu_dhcp_next_timeout(&host->dhcp));
    if (host->dns.state == AKSU_DNS_ASKING)
        at = time_min(at, aksu_dns_next_timeout(&host->dns));
    return at;
}

static bool make_room(struct aksu_host *host, unsigned count)
{
    if (count <= host->poll_room)
        return true;
    struct pollfd *grown = realloc(host->poll, count * sizeof *grown);
    if (!grown)
        return host_say(host->why, "no memory to wait on %u descriptors", count);
    host->poll = grown;
    host->poll_room = count;
    return true;
}

/* ppoll() until `at`; not at all when that has passed. */
static int poll_until(struct pollfd *poll, unsigned count, aksu_time at, aksu_time now)
{
    aksu_time left = at > now ? at - now : 0;
    struct timespec timeout = { (time_t)(left / SECONDS(1)), (long)(left % SECONDS(1)) };

    return ppoll(poll, count, at == NEVER ? NULL : &timeout, NULL);
}

static enum slept sleep_until(struct aksu_host *host, struct pollfd *more, unsigned count,
                              aksu_time at, aksu_time now)
{
    struct aksu_interface *i = host->interface;

    if (!make_room(host, count + 1))
        return SLEPT_FAILED;
    bool full = i->blocked && i->retry_at == NEVER;
    host->poll[0] = (struct pollfd){ .fd = host->deaf ? -1 : i->fd,
                                     .events = (short)(full ? POLLIN | POLLOUT : POLLIN) };
    if (count > 0)
        memcpy(host->poll + 1, more, count * sizeof *more);
    if (host->deaf)
        at = time_min(at, time_after(now, DEAF));
    int ready = poll_until(host->poll, count + 1, at, now);
    if (ready < 0 && errno != EINTR) {
        host_say(host->why, "the descriptors cannot be waited on: %s", strerror(errno));
        return SLEPT_FAILED;
    }
    if (ready < 0)
        return SLEPT_MORE;
    host->suspect = (host->poll[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    for (unsigned k = 0; k < count; k++)
        more[k].revents = host->poll[k + 1].revents;
    return ready > (host->poll[0].revents != 0) ? SLEPT_MORE : SLEPT;
}

/* Is there something to tell? What is the host's own goes no further. */
static bool has_ready(struct aksu_host *host)
{
    while (!host->keeps && aksu_next_ready(host->net, &host->kept)) {
        bool own = (host->asks_dhcp && aksu_dhcp_owns(&host->dhcp, &host->kept))
                   || (host->dns.state == AKSU_DNS_ASKING
                       && aksu_dns_owns(&host->dns, &host->kept));
        host->keeps = !own;
        host->news = host->news || own;
    }
    return host->keeps;
}

bool aksu_host_next_ready(struct aksu_host *host, struct aksu_ready *out)
{
    if (!has_ready(host))
        return false;
    *out = host->kept;
    host->keeps = false;
    return true;
}

static bool look_at(struct pollfd *more, unsigned count)
{
    return count > 0 && poll(more, count, 0) != 0;
}

bool aksu_host_wait(struct aksu_host *host, struct pollfd *more, unsigned count, aksu_time until)
{
    for (unsigned k = 0; k < count; k++)
        more[k].revents = 0;
    for (aksu_time now = aksu_host_now();; now = aksu_host_now()) {
        bool moved = turn(host, now);
        bool look = ++host->turns % LOOK_AWAY == 0;
        if (host->interface->gone)
            return false;
        if (has_ready(host)) {
            if (look)
                look_at(more, count);
            return true;
        }
        if (now >= until) {
            look_at(more, count);
            return true;
        }
        if (moved || host->news) {
            if (look && look_at(more, count))
                return true;
            continue;
        }
        enum slept slept = sleep_until(host, more, count, deadline(host, until), now);
        if (slept != SLEPT)
            return slept == SLEPT_MORE;
    }
}

bool aksu_host_turn(struct aksu_host *host, aksu_time now)
{
    bool moved = turn(host, now);

    return has_ready(host) || host->news || moved;
}

aksu_time aksu_host_next_timeout(const struct aksu_host *host)
{
    return host->news ? 0 : deadline(host, NEVER);
}

bool host_step(struct aksu_host *host, aksu_time until)
{
    aksu_time now = aksu_host_now();

    host->happened = false;
    if (turn(host, now) || host->happened || host->interface->gone)
        return !host->interface->gone;
    return sleep_until(host, NULL, 0, deadline(host, until), now) != SLEPT_FAILED;
}

/* Connections that have not ended, or a frame that is still on its way. */
static bool owes(const struct aksu_host *host)
{
    struct aksu_counters counters;

    aksu_counters(host->net, &counters);
    return counters.connections > 0 || host->interface->blocked || host->interface->due_at != 0;
}

void aksu_host_drain(struct aksu_host *host, aksu_time until)
{
    for (;;) {
        aksu_time now = aksu_host_now();
        bool moved = turn(host, now);
        if (host->interface->gone || now >= until || (!moved && !owes(host)))
            return;
        if (!moved && sleep_until(host, NULL, 0, deadline(host, until), now) == SLEPT_FAILED)
            return;
    }
}
