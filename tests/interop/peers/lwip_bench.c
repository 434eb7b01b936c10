/* lwip_bench.c - lwIP's end of the device benchmark (bench/device/run), with the command line of
 * bench/device/stack.c. Its raw API, in one thread that holds the lock of the core while it works:
 * no context switch for a frame. The window is the library's own, compiled in: 65,535 octets. */
#include <poll.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include "lwip_tap.h"
#include <lwip/priv/tcp_priv.h>
#include <netif/ethernet.h>

enum { BLOCK = 65535, TURN = 32 };

static char block[BLOCK];
static ip_addr_t peer;
static u16_t port, ports;
static uint64_t count, parallel, done, opened, failed, in_hand;
static int ended;
static double first, last;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void begin(void)
{
    if (first == 0)
        first = seconds();
}

static void report(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("%llu %.6f %.6f\n", (unsigned long long)done, last - first,
           (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
               + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    if (failed > 0)
        fprintf(stderr, "lwip: %llu connections failed\n", (unsigned long long)failed);
}

static void turn(void)
{
    struct pollfd p = { .fd = tap, .events = POLLIN };
    int n = 0;
    LOCK_TCPIP_CORE();
    while (n < TURN && receive_frame())
        n++;
    UNLOCK_TCPIP_CORE();
    if (n == 0)
        poll(&p, 1, 1000);
}

static void end_of_work(void)
{
    last = seconds();
    ended = 1;
}

/* --- one connection --- */

static void bulk_failed(void *unused, err_t e)
{
    (void)unused;
    fprintf(stderr, "lwip: error %d\n", e);
    die("the connection failed");
}

static err_t sink_received(void *unused, struct tcp_pcb *t, struct pbuf *p, err_t e)
{
    (void)unused, (void)e;
    if (p == NULL) {
        end_of_work();
        tcp_err(t, NULL);
        return tcp_close(t);
    }
    done += p->tot_len;
    tcp_recved(t, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

/* What was sent is counted when it is acknowledged. */
static err_t source_sent(void *unused, struct tcp_pcb *t, u16_t acknowledged)
{
    (void)unused;
    done += acknowledged;
    while (in_hand < count && tcp_sndbuf(t) > 0) {
        uint64_t left = count - in_hand;
        u16_t n = left < tcp_sndbuf(t) ? (u16_t)left : (u16_t)tcp_sndbuf(t);
        if (tcp_write(t, block, n, 0) != ERR_OK)
            break;
        in_hand += n;
    }
    if (done >= count && !ended) {
        end_of_work();
        tcp_err(t, NULL);
        return tcp_close(t);
    }
    return tcp_output(t);
}

static err_t watch(struct tcp_pcb *t, err_t e, tcp_recv_fn received, tcp_err_fn broken)
{
    begin();
    tcp_recv(t, received);
    tcp_err(t, broken);
    return e;
}

static err_t sink_began(void *unused, struct tcp_pcb *t, err_t e)
{
    (void)unused;
    return watch(t, e, sink_received, bulk_failed);
}

static err_t source_began(void *unused, struct tcp_pcb *t, err_t e)
{
    begin();
    tcp_sent(t, source_sent);
    tcp_err(t, bulk_failed);
    return e == ERR_OK ? source_sent(unused, t, 0) : e;
}

/* --- many --- */

static void short_failed(void *unused, err_t e)
{
    (void)unused, (void)e;
    failed++;
}

static err_t octet_received(void *unused, struct tcp_pcb *t, struct pbuf *p, err_t e)
{
    (void)unused, (void)e;
    if (p != NULL) {
        tcp_recved(t, p->tot_len);
        pbuf_free(p);
        done++;
    } else {
        failed++;
    }
    tcp_recv(t, NULL);
    tcp_err(t, NULL);
    return tcp_close(t);
}

static err_t short_accepted(void *unused, struct tcp_pcb *t, err_t e)
{
    (void)unused;
    return watch(t, e, octet_received, short_failed);
}

static err_t short_connected(void *unused, struct tcp_pcb *t, err_t e)
{
    (void)unused, (void)e;
    if (tcp_write(t, "x", 1, 0) == ERR_OK)
        done++;
    else
        failed++;
    tcp_err(t, NULL);
    return tcp_close(t);
}

/* --- who begins --- */

static void open_one(tcp_connected_fn connected, tcp_err_fn broken)
{
    struct tcp_pcb *t = tcp_new();
    u16_t to = (u16_t)(port + opened++ % ports);
    if (t == NULL)
        die("no memory");
    tcp_err(t, broken);
    if (tcp_connect(t, &peer, to, connected) != ERR_OK)
        die("no connection can be opened");
}

static void listen_on(u16_t at, tcp_accept_fn accepted)
{
    struct tcp_pcb *t = tcp_new();
    if (t == NULL || tcp_bind(t, IP4_ADDR_ANY, at) != ERR_OK || (t = tcp_listen(t)) == NULL)
        die("cannot listen");
    tcp_accept(t, accepted);
}

static void one(int active, tcp_connected_fn began)
{
    LOCK_TCPIP_CORE();
    if (active)
        open_one(began, bulk_failed);
    else
        listen_on(port, began);
    UNLOCK_TCPIP_CORE();
    puts("ready");
    fflush(stdout);
    while (!ended)
        turn();
}

static void serve(void)
{
    LOCK_TCPIP_CORE();
    for (u16_t i = 0; i < ports; i++)
        listen_on((u16_t)(port + i), short_accepted);
    UNLOCK_TCPIP_CORE();
    puts("ready");
    fflush(stdout);
    while (done + failed < count)
        turn();
    end_of_work();
}

static void open_many(void)
{
    begin();
    while (done + failed < count) {
        LOCK_TCPIP_CORE();
        while (opened < count && opened - done - failed < parallel)
            open_one(short_connected, short_failed);
        UNLOCK_TCPIP_CORE();
        turn();
    }
    end_of_work();
}

/* Until the last FIN and its ACK have left. */
static void drain(void)
{
    for (double until = seconds() + 1; tcp_active_pcbs != NULL && seconds() < until;)
        turn();
}

int main(int argc, char **argv)
{
    if (argc < 8 || strncmp(argv[2], "tap:", 4) != 0 || !ipaddr_aton(argv[4], &peer))
        die("usage: ROLE tap:NAME ADDRESS/24 PEER PORT active|passive|PORTS COUNT [PARALLEL]");
    argv[3][strcspn(argv[3], "/")] = 0;
    port = (u16_t)atoi(argv[5]);
    ports = (u16_t)atoi(argv[6]);
    int active = strcmp(argv[6], "active") == 0;
    if (ports == 0)
        ports = 1;
    count = strtoull(argv[7], NULL, 0);
    parallel = argc > 8 ? strtoull(argv[8], NULL, 0) : 64;
    start(argv[2] + 4, argv[3], ethernet_input);
    fcntl(tap, F_SETFL, O_NONBLOCK);
    if (strcmp(argv[1], "sink") == 0)
        one(active, sink_began);
    else if (strcmp(argv[1], "source") == 0)
        one(active, source_began);
    else if (strcmp(argv[1], "serve") == 0)
        serve();
    else if (strcmp(argv[1], "open") == 0)
        open_many();
    else
        die("no such role");
    report();
    fflush(stdout);
    drain();
    return 0;
}
