/* stack.c - our end of bench/path, as kernel.c, with nothing set: every default is the library's.
 * Started by bench/path/run inside a network namespace.
 *   bench-path-aksu source DEVICE ADDRESS/LENGTH PEER PORT
 *   bench-path-aksu sink DEVICE ADDRESS/LENGTH PORT SECONDS    says: octets, seconds */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aksu/host.h"

enum { PARTS = 64 };

static struct aksu_host *host;
static struct aksu *net;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench/path, aksu: %s: %s\n", what, why);
    exit(1);
}

static void check(const char *what, enum aksu_status status)
{
    if (status != AKSU_OK)
        die(what, aksu_status_text(status));
}

static void open_host(const char *device, const char *address)
{
    char why[AKSU_WHY];
    const char *addresses[] = { address, NULL };
    struct aksu_host_config config = { .device = device, .addresses = addresses };
    host = aksu_host_open(&config, why);
    if (!host || !aksu_host_settle(host, aksu_host_now() + AKSU_SECONDS(5), why))
        die(device, why);
    net = aksu_host_stack(host);
}

/* What has happened until then; false: nothing. */
static bool next(struct aksu_ready *r, aksu_time until)
{
    if (aksu_host_next_ready(host, r))
        return true;
    if (!aksu_host_wait(host, NULL, 0, until))
        die("device", aksu_host_why(host));
    return aksu_host_next_ready(host, r);
}

static void source(const char *peer, const char *port)
{
    static char block[1 << 18];
    struct aksu_open how = { .remote.port = (uint16_t)atoi(port) };
    struct aksu_ready r;
    aksu_conn conn;
    if (!aksu_ip_parse(peer, &how.remote.ip))
        die(peer, "no address");
    check("open", aksu_open(net, &how, &conn, aksu_host_now()));
    while (next(&r, AKSU_NEVER)) {
        if (r.what & AKSU_FAILED)
            return;
        while (aksu_send(net, conn, block, sizeof block, 0, aksu_host_now()) > 0)
            continue;
    }
}

/* Octets that can be read now. */
static size_t take_all(aksu_conn conn)
{
    struct aksu_slice part[PARTS];
    size_t all = 0;
    ptrdiff_t n;
    while ((n = aksu_peek(net, conn, part, PARTS)) > 0) {
        size_t length = 0;
        for (ptrdiff_t i = 0; i < n; i++)
            length += part[i].length;
        check("consume", aksu_consume(net, conn, length, aksu_host_now()));
        all += length;
    }
    return n == -AKSU_WOULD_BLOCK ? all : 0;
}

static void sink(const char *port, double length)
{
    struct aksu_listen how = { .local.port = (uint16_t)atoi(port) };
    struct aksu_ready r = { 0 };
    aksu_listener listener;
    aksu_conn conn;
    uint64_t octets = 0;
    check("listen", aksu_listen(net, &how, &listener, aksu_host_now()));
    puts("ready");
    fflush(stdout);
    while (!(r.what & AKSU_ACCEPTABLE))
        next(&r, AKSU_NEVER);
    check("accept", aksu_accept(net, listener, &conn, aksu_host_now()));
    aksu_time begun = aksu_host_now(), end = begun + (aksu_time)(length * 1e9), now;
    for (; (now = aksu_host_now()) < end; octets += take_all(conn)) {
        if (next(&r, end) && r.what & AKSU_FAILED)
            die("the connection ended early", "");
    }
    printf("%llu %.6f\n", (unsigned long long)octets, (double)(now - begun) / 1e9);
    fflush(stdout);
    (void)aksu_abort(net, conn, now);
    aksu_host_drain(host, now + AKSU_MS(10));
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    open_host(argv[2], argv[3]);
    if (strcmp(argv[1], "source") == 0)
        source(argv[4], argv[5]);
    else
        sink(argv[4], atof(argv[5]));
    aksu_host_close(host);
    return 0;
}
