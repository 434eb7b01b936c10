/* client.c - connects from a host of its own, says hello, and prints what comes back, until the
 * peer closes. Build it against the installed library: cc client.c $(pkg-config --cflags --libs
 * aksu). Then, as root: ./a.out tap:tap0 10.0.0.2/24 10.0.0.1 7 */
#include <aksu/host.h>
#include <stdio.h>
#include <stdlib.h>

/* Everything that has arrived goes to stdout. False: no more will. */
static bool print(struct aksu *net, aksu_conn conn)
{
    char text[4096];
    ptrdiff_t n;

    while ((n = aksu_receive(net, conn, text, sizeof text, aksu_host_now())) > 0)
        fwrite(text, 1, (size_t)n, stdout);
    if (n < 0 && n != -AKSU_WOULD_BLOCK)
        fprintf(stderr, "client: %s\n", aksu_status_text((enum aksu_status)-n));
    return n == -AKSU_WOULD_BLOCK;
}

static bool talk(struct aksu_host *host, const struct aksu_open *how)
{
    static const char hello[] = "hello, this is aksu\n";
    struct aksu *net = aksu_host_stack(host);
    struct aksu_ready ready;
    struct aksu_info info = { .reason = AKSU_OK };
    aksu_conn conn;
    bool more = true;

    enum aksu_status status = aksu_open(net, how, &conn, aksu_host_now());
    if (status != AKSU_OK) {
        fprintf(stderr, "client: %s\n", aksu_status_text(status));
        return false;
    }
    aksu_send(net, conn, hello, sizeof hello - 1, 0, aksu_host_now());  /* once connected */
    while (more && aksu_host_wait(host, NULL, 0, AKSU_NEVER)) {
        while (more && aksu_host_next_ready(host, &ready)) {
            if (ready.what & AKSU_CONNECTED)
                aksu_shutdown(net, conn, aksu_host_now());
            if (ready.what & (AKSU_READABLE | AKSU_PEER_CLOSED | AKSU_FAILED))
                more = print(net, conn);
        }
    }
    aksu_status(net, conn, &info);
    aksu_close(net, conn, aksu_host_now());
    aksu_host_drain(host, aksu_host_now() + AKSU_SECONDS(5));
    return !more && info.reason == AKSU_OK;
}

int main(int argc, char **argv)
{
    char why[AKSU_WHY] = "usage: client DEVICE ADDRESS/BITS|dhcp|auto HOST PORT";
    struct aksu_host *host = NULL;
    struct aksu_open how = { 0 };
    aksu_time soon = aksu_host_now() + AKSU_SECONDS(20);
    bool good = false;

    if (argc == 5) {
        const char *const addresses[] = { argv[2], NULL };
        host = aksu_host_open(&(struct aksu_host_config){ .device = argv[1],
                                                          .addresses = addresses }, why);
        how.remote.port = (uint16_t)strtoul(argv[4], NULL, 10);
    }
    if (host && aksu_host_resolve(host, argv[3], &how.remote.ip, 1, soon, why) > 0
        && aksu_host_settle(host, soon, why))
        good = talk(host, &how);
    else
        fprintf(stderr, "client: %s\n", why);
    aksu_host_close(host);
    return good ? 0 : 1;
}
