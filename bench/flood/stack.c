/* stack.c - Aksu behind a device whose listener answers every SYN by cookie. When it has answered
 * all that was there it lets frames gather for a millisecond, so that it works as it does when more
 * come than it can answer, whatever the sender is able to. Runs until its standard input ends or
 * SECONDS have passed, then prints how many it has answered so, and how many connections it has
 * accepted. Started by bench/flood/run inside a namespace that it made.
 *   bench-flood-aksu DEVICE ADDRESS/BITS GATEWAY PORT SECONDS */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "aksu/host.h"

enum { SECONDS_MOST = 600 };

enum { GATHER_MS = 1 };

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench-flood-aksu: %s: %s\n", what, why);
    exit(1);
}

static uint32_t accept_all(struct aksu_host *host, aksu_listener listener, aksu_time now)
{
    struct aksu *net = aksu_host_stack(host);
    struct aksu_ready r;
    aksu_conn c;
    uint32_t accepted = 0;
    while (aksu_host_next_ready(host, &r)) {
        while ((r.what & AKSU_ACCEPTABLE) && aksu_accept(net, listener, &c, now) == AKSU_OK) {
            accepted++;
            (void)aksu_close(net, c, now);
        }
    }
    return accepted;
}

/* Until `end`, or the end of the standard input. Returns how many were accepted. */
static uint32_t serve(struct aksu_host *host, aksu_listener listener, aksu_time end)
{
    struct pollfd input = { .fd = 0, .events = POLLIN };
    struct aksu_interface *device = aksu_host_interface(host);
    aksu_time now;
    uint32_t accepted = 0;
    while ((now = aksu_host_now()) < end && input.revents == 0) {
        if (device->gone)
            die("device", device->why);
        if (!aksu_host_turn(host, now))
            (void)poll(&input, 1, GATHER_MS);
        accepted += accept_all(host, listener, now);
    }
    return accepted;
}

int main(int argc, char **argv)
{
    char why[AKSU_WHY];
    if (argc != 6 || atoi(argv[5]) < 1 || atoi(argv[5]) > SECONDS_MOST) {
        fprintf(stderr, "usage: %s DEVICE ADDRESS/BITS GATEWAY PORT SECONDS (%d at most)\n",
                argv[0], SECONDS_MOST);
        return 2;
    }
    struct aksu_config stack = { .memory_limit = 64 << 20, .seed = { 1 },
                                 .syn_cookies = AKSU_SYN_COOKIES_ALWAYS };
    const char *addresses[] = { argv[2], NULL }, *routes[] = { argv[3], NULL };
    struct aksu_host_config config = { .device = argv[1], .addresses = addresses,
                                       .routes = routes, .stack = &stack };
    struct aksu_host *host = aksu_host_open(&config, why);
    if (host == NULL)
        die(argv[1], why);
    struct aksu *net = aksu_host_stack(host);
    struct aksu_listen how = { .local.port = (uint16_t)atoi(argv[4]), .backlog = 128 };
    aksu_listener listener;
    aksu_time now = aksu_host_now(), end = now + AKSU_SECONDS((aksu_time)atoi(argv[5]));
    enum aksu_status status = aksu_listen(net, &how, &listener, now);
    if (status != AKSU_OK)
        die("listen", aksu_status_text(status));
    puts("ready");
    fflush(stdout);

    uint32_t accepted = serve(host, listener, end);
    struct aksu_counters counters;
    aksu_counters(net, &counters);
    printf("%llu %u\n", (unsigned long long)counters.event[AKSU_EV_syn_cookie_sent], accepted);
    aksu_host_close(host);
    return 0;
}
