/* stack.c - Aksu's end of the device benchmark, on aksu/host.h: takes or gives octets over one
 * connection, or opens or serves many short ones. Prints one line of numbers when it is done, as
 * kernel.c does. Started by bench/device/run inside a network namespace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "aksu/host.h"

enum { PARTS = 16, PORTS_MOST = 64 };

struct end {
    struct aksu_host *host;
    struct aksu *net;
    aksu_time now;
    unsigned port, ports;
    struct aksu_ip remote;
    uint64_t count, parallel;       /* octets or connections, as asked for */
    uint64_t opened, done, failed;
    aksu_time start;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "aksu end: %s: %s\n", what, why);
    exit(1);
}

static void check(const char *what, enum aksu_status status)
{
    if (status != AKSU_OK)
        die(what, aksu_status_text(status));
}

static double processor_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
         + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(const struct end *e)
{
    printf("%llu %.6f %.6f\n", (unsigned long long)e->done, (double)(e->now - e->start) / 1e9,
           processor_seconds());
    if (e->failed > 0)
        fprintf(stderr, "aksu end: %llu connections failed\n", (unsigned long long)e->failed);
}

static void wait_for_news(struct end *e)
{
    if (!aksu_host_wait(e->host, NULL, 0, aksu_host_now() + AKSU_SECONDS(10)))
        die("interface", aksu_host_why(e->host));
    e->now = aksu_host_now();
}

static void listen_on(struct end *e, unsigned port)
{
    struct aksu_listen how = { .local.port = (uint16_t)port, .backlog = 4096 };
    aksu_listener listener;
    check("listen", aksu_listen(e->net, &how, &listener, e->now));
}

static void open_one(struct end *e)
{
    struct aksu_open how = { .remote = { e->remote, (uint16_t)(e->port + e->opened % e->ports) } };
    aksu_conn conn;
    e->opened++;
    if (aksu_open(e->net, &how, &conn, e->now) != AKSU_OK)
        e->failed++;
}

/* The connection of a bulk transfer: the first one that is accepted, or our own. */
static aksu_conn one_connection(struct end *e, bool active)
{
    struct aksu_ready r;
    if (active)
        open_one(e);
    else
        listen_on(e, e->port);
    puts("ready");
    fflush(stdout);
    for (;;) {
        wait_for_news(e);
        while (aksu_host_next_ready(e->host, &r)) {
            aksu_conn conn = r.conn;
            if (r.what & AKSU_FAILED)
                die("open", "connection failed");
            if (r.what & AKSU_ACCEPTABLE)
                check("accept", aksu_accept(e->net, r.listener, &conn, e->now));
            if (r.what & (AKSU_ACCEPTABLE | AKSU_CONNECTED)) {
                e->start = e->now;
                return conn;
            }
        }
    }
}

/* Looks at every octet only as much as to say that it was there. */
static void sink(struct end *e, bool active)
{
    aksu_conn conn = one_connection(e, active);
    struct aksu_slice part[PARTS];
    struct aksu_ready r;
    for (;;) {
        ptrdiff_t n;
        while ((n = aksu_peek(e->net, conn, part, PARTS)) > 0) {
            size_t length = 0;
            for (ptrdiff_t i = 0; i < n; i++)
                length += part[i].length;
            e->done += length;
            check("consume", aksu_consume(e->net, conn, length, e->now));
        }
        if (n == 0)
            break;
        if (n != -AKSU_WOULD_BLOCK)
            die("receive", aksu_status_text((enum aksu_status)-n));
        wait_for_news(e);
        while (aksu_host_next_ready(e->host, &r))
            continue;
    }
    (void)aksu_close(e->net, conn, e->now);
    report(e);
    aksu_host_drain(e->host, e->now + AKSU_SECONDS(2));
}

static void source(struct end *e, bool active)
{
    static char block[1 << 20];
    aksu_conn conn = one_connection(e, active);
    struct aksu_ready r = { 0 };
    while (e->done < e->count) {
        uint64_t left = e->count - e->done;
        ptrdiff_t n = aksu_send(e->net, conn, block, left < sizeof block ? left : sizeof block, 0,
                                e->now);
        if (n > 0) {
            e->done += (uint64_t)n;
            continue;
        }
        if (n != -AKSU_WOULD_BLOCK)
            die("send", aksu_status_text((enum aksu_status)-n));
        wait_for_news(e);
        while (aksu_host_next_ready(e->host, &r))
            continue;
    }
    check("shutdown", aksu_shutdown(e->net, conn, e->now));
    while (!(r.what & (AKSU_SENT | AKSU_FAILED))) {
        wait_for_news(e);
        while (aksu_host_next_ready(e->host, &r) && !(r.what & (AKSU_SENT | AKSU_FAILED)))
            continue;
    }
    report(e);
    (void)aksu_close(e->net, conn, e->now);
    aksu_host_drain(e->host, e->now + AKSU_SECONDS(2));
}

/* One octet, or the end without one: the connection has served. */
static void take_octet(struct end *e, aksu_conn conn)
{
    char octet;
    ptrdiff_t n = aksu_receive(e->net, conn, &octet, 1, e->now);
    if (n == -AKSU_WOULD_BLOCK)
        return;
    if (n == 1)
        e->done++;
    else
        e->failed++;
    (void)aksu_close(e->net, conn, e->now);
}

static void serve_short(struct end *e)
{
    struct aksu_ready r;
    aksu_conn conn;
    for (unsigned i = 0; i < e->ports; i++)
        listen_on(e, e->port + i);
    puts("ready");
    fflush(stdout);
    while (e->done + e->failed < e->count) {
        wait_for_news(e);
        while (aksu_host_next_ready(e->host, &r)) {
            if (e->start == 0)
                e->start = e->now;
            if (r.what & AKSU_ACCEPTABLE) {
                while (aksu_accept(e->net, r.listener, &conn, e->now) == AKSU_OK)
                    take_octet(e, conn);
            } else if (r.what & (AKSU_READABLE | AKSU_PEER_CLOSED | AKSU_FAILED)) {
                take_octet(e, r.conn);
            }
        }
    }
    report(e);
    aksu_host_drain(e->host, e->now + AKSU_SECONDS(1));
}

static void open_short(struct end *e)
{
    struct aksu_ready r;
    e->start = aksu_host_now();
    while (e->done + e->failed < e->count) {
        while (e->opened < e->count && e->opened - e->done - e->failed < e->parallel)
            open_one(e);
        wait_for_news(e);
        while (aksu_host_next_ready(e->host, &r)) {
            if (r.what & AKSU_CONNECTED && aksu_send(e->net, r.conn, "x", 1, 0, e->now) == 1)
                e->done++;
            else if (r.what & (AKSU_FAILED | AKSU_CONNECTED))
                e->failed++;
            if (r.what & (AKSU_CONNECTED | AKSU_FAILED))
                (void)aksu_close(e->net, r.conn, e->now);
        }
    }
    report(e);
    aksu_host_drain(e->host, e->now + AKSU_SECONDS(1));
}

static void usage(const char *name)
{
    fprintf(stderr, "usage: %s sink|source|serve|open DEVICE ADDRESS/BITS PEER PORT "
                    "active|passive|PORTS [COUNT [PARALLEL [no-offload]]]\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    char why[AKSU_WHY];
    if (argc < 7)
        usage(argv[0]);
    struct aksu_config stack = { .memory_limit = (size_t)1 << 30, .send_buffer = 4 << 20,
                                 .receive_buffer = 4 << 20, .max_connections = 1 << 16,
                                 .max_time_wait = 1 << 19, .msl = AKSU_SECONDS(2) };
    const char *addresses[] = { argv[3], NULL };
    struct aksu_host_config config = { .device = argv[2], .addresses = addresses, .stack = &stack };
    config.interface.no_offload = argc > 9 && strcmp(argv[9], "no-offload") == 0;
    struct end e = { .port = (unsigned)atoi(argv[5]), .ports = (unsigned)atoi(argv[6]) };
    bool active = strcmp(argv[6], "active") == 0;
    if (e.ports == 0)
        e.ports = 1;
    e.count = argc > 7 ? strtoull(argv[7], NULL, 0) : 0;
    e.parallel = argc > 8 ? strtoull(argv[8], NULL, 0) : 64;
    if (!aksu_ip_parse(argv[4], &e.remote) || e.ports > PORTS_MOST)
        usage(argv[0]);
    e.host = aksu_host_open(&config, why);
    if (e.host == NULL)
        die(argv[2], why);
    e.net = aksu_host_stack(e.host);
    e.now = aksu_host_now();
    if (strcmp(argv[1], "sink") == 0)
        sink(&e, active);
    else if (strcmp(argv[1], "source") == 0)
        source(&e, active);
    else if (strcmp(argv[1], "serve") == 0)
        serve_short(&e);
    else if (strcmp(argv[1], "open") == 0)
        open_short(&e);
    else
        usage(argv[0]);
    aksu_host_close(e.host);
    return 0;
}
