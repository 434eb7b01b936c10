/* simulate.c - two hosts in virtual time, 20 ms of cable with 100 Mbit/s and 1 % loss between them:
 * how fast does a transfer get? Build it against the installed library:
 * cc simulate.c $(pkg-config --cflags --libs aksu); ./a.out [SEED [OCTETS [EVENTS]]]
 * EVENTS is a file for all that both stacks say: aksu report EVENTS page.html makes a page of it */
#include <aksu/sim.h>
#include <aksu/sink.h>
#include <stdio.h>
#include <stdlib.h>

enum { OCTETS = 20 * 1000 * 1000 };

static void write_file(void *file, const char *text, size_t length)
{
    fwrite(text, 1, length, file);
}

/* Both hosts write their events to one file, in the order in which they happen. */
static FILE *record(const char *path, struct aksu_sim_host host[2], struct aksu_json_sink sink[2])
{
    FILE *events = fopen(path, "w");
    for (int i = 0; i < 2 && events != NULL; i++) {
        aksu_json_init(&sink[i], (struct aksu_writer){ write_file, events }, host[i].name);
        host[i].stack.sink = &sink[i].sink;
        host[i].no_tso = true;          /* each segment as it is on the cable */
    }
    return events;
}

int main(int argc, char **argv)
{
    char again[64];
    snprintf(again, sizeof again, "%s %s", argv[0], argc > 1 ? argv[1] : "1");
    unsigned long long octets = argc > 2 ? strtoull(argv[2], NULL, 10) : OCTETS;
    struct aksu_sim_config config = { .seed = strtoull(argc > 1 ? argv[1] : "1", NULL, 10),
                                      .replay = again };
    struct aksu_sim *world = aksu_sim_new(&config);
    struct aksu_sim_host host[2] = { { .name = "client" }, { .name = "server" } };
    struct aksu_json_sink sink[2];
    FILE *events = argc > 3 ? record(argv[3], host, sink) : NULL;
    if (argc > 3 && events == NULL) {
        perror(argv[3]);
        return 1;
    }
    struct aksu_sim_node *client = aksu_sim_host(world, &host[0]);
    struct aksu_sim_node *server = aksu_sim_host(world, &host[1]);

    const struct aksu_path_node bad[] = {
        { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(1, 100) },
        { .kind = AKSU_PATH_RATE, .rate = 100000000, .limit = 250000 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) },
    };
    const struct aksu_sim_way ways[2] = { { bad, 3 }, { bad + 2, 1 } };    /* the ACKs arrive */
    aksu_sim_cable(world, client, server, ways);

    struct aksu_sim_flow how = { .host = { client, server }, .app = { { .octets = octets } } };
    struct aksu_sim_end *sender = aksu_sim_flow(world, &how);
    if (sender == NULL || aksu_sim_finish(world, AKSU_SECONDS(3600)) != AKSU_SIM_ENDED) {
        printf("%s\n", aksu_sim_why(world));
        return 1;
    }
    struct aksu_sim_report s, r;
    aksu_sim_report(sender, &s);
    aksu_sim_report(aksu_sim_peer(sender), &r);
    double seconds = (double)(r.received_at - s.opened_at) / 1e9;
    printf("%llu octets in %.3f s: %.1f Mbit/s; %llu segments sent, %llu again, %llu timeouts\n",
           (unsigned long long)r.received, seconds, (double)r.received * 8 / seconds / 1e6,
           (unsigned long long)s.segments, (unsigned long long)s.retransmissions,
           (unsigned long long)s.timeouts);
    aksu_sim_free(world);
    if (events != NULL && fclose(events) != 0) {
        perror(argv[3]);
        return 1;
    }
    return 0;
}
