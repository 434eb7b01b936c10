/* flow.c - a game that sends its state 60 times a second, and a video that sends what the path
 * takes: paced, congestion-controlled datagrams between two stacks joined in memory. Build it
 * against the installed library: cc flow.c $(pkg-config --cflags --libs aksu) */
#include <aksu/device.h>
#include <aksu/flow.h>
#include <stdio.h>
#include <string.h>

enum { GAME, VIDEO, FLOWS, FRAME = 1200, STATE = 100 };

static uint64_t memory[FLOWS][1 << 13];
static aksu_time now = AKSU_SECONDS(1);     /* a real program takes CLOCK_MONOTONIC */

static struct aksu *new_host(const char *address, uint8_t seed, aksu_device *device)
{
    struct aksu_config config = { .memory_limit = 4 << 20, .seed = { seed } };
    struct aksu *net = aksu_new(&config, now);
    if (aksu_attach(net, &(struct aksu_device_config){ .name = "pair0" }, device) != AKSU_OK
        || aksu_address_add(net, *device, address) != AKSU_OK)
        printf("no device\n");
    return net;
}

/* The sending end of flow i, from port 7000 + i to port 9000 + i. */
static struct aksu_flow_end new_sender(struct aksu *net, unsigned i, const char *control)
{
    struct aksu_flow_end end = { .net = net, .peer.port = (uint16_t)(9000 + i) };
    struct aksu_flow_config config = { .congestion_control = control, .seed = { (uint8_t)i } };
    struct aksu_udp_open how = { .local.port = (uint16_t)(7000 + i) };
    aksu_ip_parse("10.0.0.2", &end.peer.ip);
    enum aksu_status status = aksu_udp_open(net, &how, &end.udp);
    if (status == AKSU_OK)
        status = aksu_flow_init(memory[i], sizeof memory[i], &config, now, &end.sender);
    if (status != AKSU_OK)
        printf("flow %u: %s\n", i, aksu_status_text(status));
    return end;
}

/* The receiving end takes what comes; aksu_flow_end_work answers. */
static struct aksu_flow_end new_receiver(struct aksu *net, unsigned i,
                                         struct aksu_flow_receiver *receiver)
{
    struct aksu_flow_end end = { .net = net, .receiver = receiver };
    struct aksu_udp_open how = { .local.port = (uint16_t)(9000 + i), .queue = 1 << 19 };
    aksu_udp_open(net, &how, &end.udp);
    return end;
}

static void take_all(struct aksu_flow_end *end)
{
    uint8_t buffer[2048];
    struct aksu_flow_datagram d;
    while (aksu_flow_end_receive(end, buffer, sizeof buffer, now, &d) == AKSU_OK)
        continue;                           /* here the application looks at d.data */
    aksu_flow_end_work(end, now);
}

static void say(const char *name, const struct aksu_flow_end *sender,
                const struct aksu_flow_receiver *receiver)
{
    struct aksu_flow_info info;
    aksu_flow_info(sender->sender, &info);
    printf("%s by %s: %llu datagrams arrived, %llu octets; the path takes %llu octets a second, "
           "%u us there and back\n", name, info.congestion_control,
           (unsigned long long)receiver->datagrams, (unsigned long long)receiver->octets,
           (unsigned long long)info.rate, info.srtt_us);
}

int main(void)
{
    struct aksu_pair pair;
    struct aksu_flow_receiver receiver[FLOWS];
    struct aksu_flow_end sends[FLOWS], takes[FLOWS];
    uint8_t datagram[FRAME];
    memset(receiver, 0, sizeof receiver);
    memset(datagram, 'x', sizeof datagram);
    pair.net[0] = new_host("10.0.0.1/24", 1, &pair.device[0]);
    pair.net[1] = new_host("10.0.0.2/24", 2, &pair.device[1]);
    for (unsigned i = 0; i < FLOWS; i++) {
        sends[i] = new_sender(pair.net[0], i, i == VIDEO ? "bbr" : "cubic");
        takes[i] = new_receiver(pair.net[1], i, &receiver[i]);
    }

    for (unsigned ms = 0; ms < 2000; ms++, now += AKSU_MS(1)) {
        if (ms % 16 == 0)                   /* the first AKSU_FLOW_HEADER octets are the flow's */
            aksu_flow_end_send(&sends[GAME], datagram, AKSU_FLOW_HEADER + STATE, now);
        while (ms < 1000 && aksu_flow_end_send(&sends[VIDEO], datagram, FRAME, now) == AKSU_OK)
            continue;
        aksu_pair_move(&pair, 1000, now);
        for (unsigned i = 0; i < FLOWS; i++) {
            take_all(&takes[i]);
            take_all(&sends[i]);            /* feedback */
        }
        aksu_pair_move(&pair, 1000, now);
    }
    say("game", &sends[GAME], &receiver[GAME]);
    say("video", &sends[VIDEO], &receiver[VIDEO]);
    int good = receiver[GAME].datagrams == 125 && receiver[VIDEO].datagrams > 1000;
    aksu_free(pair.net[0]);
    aksu_free(pair.net[1]);
    return good ? 0 : 1;
}
