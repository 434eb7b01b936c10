/* tool_open.c - reads the options of tests/interop/tool.c and opens its host.
 *   --device SPEC --address A/N... --route R... --mtu N --no-offload   as those of `aksu get`
 *   --events FILE      every event, as a line
 *   --config NAME=N    a field of struct aksu_config; times in milliseconds */
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/interop/tool.h"

enum { MOST = 4 };
enum type { TYPE_BOOL, TYPE_U32, TYPE_TIME };

static const struct { const char *name; enum type type; size_t at; } fields[] = {
    { "msl", TYPE_TIME, offsetof(struct aksu_config, msl) },
    { "rto_initial", TYPE_TIME, offsetof(struct aksu_config, rto_initial) },
    { "rto_max", TYPE_TIME, offsetof(struct aksu_config, rto_max) },
    { "syn_r2", TYPE_TIME, offsetof(struct aksu_config, syn_r2) },
    { "data_r1", TYPE_U32, offsetof(struct aksu_config, data_r1) },
    { "data_r2", TYPE_U32, offsetof(struct aksu_config, data_r2) },
    { "orphan_probes", TYPE_U32, offsetof(struct aksu_config, orphan_probes) },
    { "receive_buffer", TYPE_U32, offsetof(struct aksu_config, receive_buffer) },
    { "send_buffer", TYPE_U32, offsetof(struct aksu_config, send_buffer) },
    { "ecn", TYPE_U32, offsetof(struct aksu_config, ecn) },
    { "no_timestamps", TYPE_BOOL, offsetof(struct aksu_config, no_timestamps) },
    { "no_sack", TYPE_BOOL, offsetof(struct aksu_config, no_sack) },
    { "no_window_scale", TYPE_BOOL, offsetof(struct aksu_config, no_window_scale) },
};

static bool configure(struct aksu_config *config, const char *setting)
{
    const char *value = strchr(setting, '=');
    uint64_t n = value ? strtoull(value + 1, NULL, 10) : 1;
    size_t length = value ? (size_t)(value - setting) : strlen(setting);

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strlen(fields[i].name) != length || strncmp(setting, fields[i].name, length) != 0)
            continue;
        void *field = (char *)config + fields[i].at;
        if (fields[i].type == TYPE_BOOL)
            *(bool *)field = n != 0;
        else if (fields[i].type == TYPE_U32)
            *(uint32_t *)field = (uint32_t)n;
        else
            *(aksu_time *)field = AKSU_MS(n);
        return true;
    }
    fprintf(stderr, "interop-tool: there is no field %s\n", setting);
    return false;
}

/* One more in a list, as far as there is room. */
static void note(char *list, const char *text)
{
    size_t used = strlen(list);
    snprintf(list + used, TOOL_LIST - used, "%s%s", used ? ", " : "", text);
}

static void watch(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct tool_host *at = (struct tool_host *)sink;

    if (e->kind == AKSU_EV_opened) {
        at->watched = e->conn;
        at->path[0] = at->signals[0] = '\0';
    }
    if (e->kind == AKSU_EV_completed && e->completed.half_open == at->watched)
        at->watched = e->conn;
    if (e->conn != at->watched || at->watched == 0)
        return;
    if (e->kind == AKSU_EV_state)
        note(at->path, aksu_tcp_state_name(e->state.to));
    if (e->kind == AKSU_EV_signal)
        note(at->signals, e->signal.what);
    if (e->kind == AKSU_EV_soft_error)
        note(at->signals, aksu_status_text(e->soft_error.status));
}

static void write_file(void *context, const char *text, size_t length)
{
    fwrite(text, 1, length, context);
}

static bool open_events(struct tool_host *at, const char *path)
{
    struct aksu_sink *to[2] = { &at->sink, &at->text.sink };

    at->sink.put = watch;
    at->events = path ? fopen(path, "we") : NULL;
    if (path && !at->events) {
        perror(path);
        return false;
    }
    if (path)
        aksu_text_init(&at->text, (struct aksu_writer){ write_file, at->events }, NULL);
    aksu_tee_init(&at->tee, to, path ? 2 : 1);
    return true;
}

static bool random_seed(struct aksu_config *config)
{
    FILE *file = fopen("/dev/urandom", "re");
    bool good = file && fread(config->seed, sizeof config->seed, 1, file) == 1;
    if (file)
        fclose(file);
    return good;
}

/* Options into `host` and `config`. */
static bool take(int argc, char **argv, struct aksu_host_config *host, struct aksu_config *config,
                 const char **events)
{
    static const struct option options[] = {
        { "device", required_argument, NULL, 'd' }, { "address", required_argument, NULL, 'a' },
        { "route", required_argument, NULL, 'r' }, { "mtu", required_argument, NULL, 'm' },
        { "no-offload", no_argument, NULL, 'n' }, { "events", required_argument, NULL, 'e' },
        { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 } };
    static const char *addresses[MOST + 1], *routes[MOST + 1];
    unsigned count[2] = { 0, 0 };
    int option;

    host->addresses = addresses;
    host->routes = routes;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'd')
            host->device = optarg;
        else if (option == 'a' && count[0] < MOST)
            addresses[count[0]++] = optarg;
        else if (option == 'r' && count[1] < MOST)
            routes[count[1]++] = optarg;
        else if (option == 'm')
            host->interface.mtu = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 'n')
            host->interface.no_offload = true;
        else if (option == 'e')
            *events = optarg;
        else if (option != 'c' || !configure(config, optarg))
            return false;
    }
    return true;
}

bool tool_open(struct tool_host *at, int argc, char **argv)
{
    char why[AKSU_WHY] = "which --device?";
    struct aksu_config config = { 0 };
    struct aksu_host_config host = { .sink = &at->tee.sink, .stack = &config };
    const char *events = NULL;

    if (!take(argc, argv, &host, &config, &events) || !open_events(at, events)
        || !random_seed(&config))
        return false;
    if (host.device)
        at->host = aksu_host_open(&host, why);
    if (at->host && aksu_host_settle(at->host, aksu_host_now() + AKSU_SECONDS(5), why))
        return true;
    fprintf(stderr, "interop-tool: %s\n", why);
    tool_close(at);
    return false;
}

void tool_close(struct tool_host *at)
{
    aksu_host_close(at->host);
    if (at->events)
        fclose(at->events);
}
