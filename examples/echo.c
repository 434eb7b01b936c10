/* echo.c - an echo server and a client, two stacks joined in memory by the pair device. Build it
 * against the installed library: cc echo.c $(pkg-config --cflags --libs aksu) */
#include <aksu/device.h>
#include <aksu/socket.h>
#include <stdio.h>
#include <time.h>

static aksu_time now_ns(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);         /* a real program takes CLOCK_MONOTONIC */
    return AKSU_SECONDS(t.tv_sec) + (aksu_time)t.tv_nsec;
}

static void check(enum aksu_status status, const char *what)
{
    if (status != AKSU_OK)
        printf("%s: %s\n", what, aksu_status_text(status));
}

static struct aksu *new_host(const char *address, uint8_t seed, aksu_device *device)
{
    struct aksu_config config = { .memory_limit = 4 << 20, .seed = { seed } };
    struct aksu *net = aksu_new(&config, now_ns());
    check(aksu_attach(net, &(struct aksu_device_config){ .name = "pair0" }, device), "attach");
    check(aksu_address_add(net, *device, address), "address");
    return net;
}

/* The server: accept, send back what comes, close when the peer has closed. */
static void serve(struct aksu *net, aksu_time now)
{
    struct aksu_ready r;
    aksu_conn conn;
    char text[512];
    ptrdiff_t n;
    while (aksu_next_ready(net, &r)) {
        if (r.what & AKSU_ACCEPTABLE)
            while (aksu_accept(net, r.listener, &conn, now) == AKSU_OK)
                printf("server: accepted a connection\n");
        if (r.what & AKSU_READABLE)
            while ((n = aksu_receive(net, r.conn, text, sizeof text, now)) > 0)
                aksu_send(net, r.conn, text, (size_t)n, 0, now);
        if (r.what & (AKSU_PEER_CLOSED | AKSU_FAILED))
            aksu_close(net, r.conn, now);
    }
}

int main(void)
{
    static const char greeting[] = "hello, this is aksu";
    char answer[sizeof greeting];
    struct aksu_pair pair;
    struct aksu *client = pair.net[0] = new_host("10.0.0.1/24", 1, &pair.device[0]);
    struct aksu *server = pair.net[1] = new_host("10.0.0.2/24", 2, &pair.device[1]);

    aksu_listener listener;
    struct aksu_listen echo = { .local = { .port = 7 } };
    check(aksu_listen(server, &echo, &listener, now_ns()), "listen");

    aksu_conn conn;
    struct aksu_open how = { .remote = { .port = 7 } };
    aksu_ip_parse("10.0.0.2", &how.remote.ip);
    check(aksu_open(client, &how, &conn, now_ns()), "open");
    aksu_send(client, conn, greeting, sizeof greeting, 0, now_ns());

    ptrdiff_t n = -AKSU_WOULD_BLOCK;
    for (int i = 0; i < 100 && n == -AKSU_WOULD_BLOCK; i++) {
        aksu_pair_move(&pair, 1000, now_ns());
        serve(server, now_ns());
        n = aksu_receive(client, conn, answer, sizeof answer, now_ns());
    }
    printf("client: %s\n", n > 0 ? answer : aksu_status_text((enum aksu_status)-n));
    aksu_free(client);
    aksu_free(server);
    return n > 0 ? 0 : 1;
}
