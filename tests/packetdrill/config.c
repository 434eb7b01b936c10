/* config.c - the stack that --so_flags and the script's own sysctls ask for. It is made when it is
 * first needed: a script sets its sysctls before that.
 *
 * Flags, separated by commas: local=ADDRESS (more than once; without it any address is ours),
 * mtu=N, tso (large segments leave whole), receive_buffer=N, send_buffer=N, syn_r2=SECONDS,
 * time_wait=SECONDS, delayed_ack_us=N, peer_ack_delay_ms=N, slow_start_limit=N,
 * reordering_window_ms=N, quick_short_acks, empty_window_probes, no_challenge_acks,
 * tolerate_no_timestamps, reset_keeps_text, nodelay (of every socket), paced, no_rfc5961, no_psh
 * (PSH is taken out of what leaves), and sysctls without their net.ipv4 in front. Sysctls are read
 * from the file that the environment names in AKSU_SYSCTLS, a line each: NAME=VALUE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "fast_open.h"
#include "stack/stack.h"

struct wish {
    struct aksu_config stack;
    struct aksu_device_config device;
    const char *local[4];
    unsigned locals;
};

static char words[4][64];               /* what a wish borrows */

/* The last of up to three numbers: "least default most". */
static uint32_t number(const char *value, unsigned which)
{
    unsigned long n[3] = { 0, 0, 0 };
    int found = sscanf(value, "%lu %lu %lu", &n[0], &n[1], &n[2]);

    return (uint32_t)n[found == 3 ? which : 0];
}

/* Room for the most that the window scale has to reach; a buffer that is given stays so. */
static void buffer(const char *value, uint32_t *at_first, uint32_t *most)
{
    uint32_t limit = (64u << 20) - 4096;

    *at_first = number(value, 1);
    *most = number(value, 2);
    if (*most > limit)
        *most = limit;
    if (*at_first < 4096)
        *at_first = 4096;
    if (*most < *at_first)
        *most = *at_first;
}

static const char *keep_word(unsigned slot, const char *value)
{
    snprintf(words[slot], sizeof words[slot], "%s", value);
    return words[slot];
}

/* "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4": four words, the lowest octet of each first. */
static void fast_open_key(const char *value)
{
    unsigned word[4];

    if (sscanf(value, "%x-%x-%x-%x", &word[0], &word[1], &word[2], &word[3]) != 4)
        return;
    for (unsigned i = 0; i < sizeof pd.sysctls.key; i++)
        pd.sysctls.key[i] = (uint8_t)(word[i / 4] >> 8 * (i % 4));
    pd.sysctls.has_key = true;
}

static void one_sysctl(struct wish *wish, const char *name, const char *value)
{
    struct aksu_config *c = &wish->stack;
    uint32_t n = number(value, 0);

    if (!strcmp(name, "tcp_timestamps"))
        c->no_timestamps = n == 0;
    else if (!strcmp(name, "tcp_sack"))
        c->no_sack = n == 0;
    else if (!strcmp(name, "tcp_dsack"))
        c->no_dsack = n == 0;
    else if (!strcmp(name, "tcp_window_scaling"))
        c->no_window_scale = n == 0;
    else if (!strcmp(name, "tcp_ecn"))
        c->ecn = n == 0 ? AKSU_ECN_OFF : n == 1 ? AKSU_ECN_ASK : AKSU_ECN_ACCEPT;
    else if (!strcmp(name, "tcp_recovery"))
        c->loss_detection = n == 0 ? "sack" : "rack";
    else if (!strcmp(name, "tcp_congestion_control"))
        c->congestion_control = keep_word(0, value);
    else if (!strcmp(name, "tcp_rmem"))
        buffer(value, &c->receive_buffer, &c->receive_buffer_most);
    else if (!strcmp(name, "tcp_wmem"))
        buffer(value, &c->send_buffer, &c->send_buffer_most);
    else if (!strcmp(name, "ip_default_ttl"))
        c->ttl = (uint8_t)n;
    else if (!strcmp(name, "tcp_fastopen"))
        pd.sysctls.fast_open = (uint32_t)strtoul(value, NULL, 0);
    else if (!strcmp(name, "tcp_fastopen_key"))
        fast_open_key(value);
    else if (!strcmp(name, "tcp_metrics") && pd.net)
        fast_open_forget(&pd.net->tcp);
}

static void one_flag(struct wish *wish, const char *name, const char *value)
{
    struct aksu_config *c = &wish->stack;
    uint32_t n = number(value, 0);

    if (!strcmp(name, "local") && wish->locals < 4)
        wish->local[wish->locals++] = value;
    else if (!strcmp(name, "mtu"))
        wish->device.mtu = n;
    else if (!strcmp(name, "tso"))
        wish->device.offload = AKSU_OFFLOAD_TSO;
    else if (!strcmp(name, "receive_buffer"))
        c->receive_buffer = c->receive_buffer_most = n;
    else if (!strcmp(name, "send_buffer"))
        c->send_buffer = c->send_buffer_most = n;
    else if (!strcmp(name, "syn_r2"))
        c->syn_r2 = AKSU_SECONDS(n);
    else if (!strcmp(name, "time_wait"))
        c->msl = AKSU_SECONDS(n) / 2;
    else if (!strcmp(name, "delayed_ack_us"))
        c->delayed_ack = AKSU_US(n);
    else if (!strcmp(name, "quick_short_acks"))
        c->quick_short_acks = true;
    else if (!strcmp(name, "slow_start_limit"))
        c->slow_start_limit = n;
    else if (!strcmp(name, "peer_ack_delay_ms"))
        c->peer_ack_delay = AKSU_MS(n);
    else if (!strcmp(name, "empty_window_probes"))
        c->empty_window_probes = true;
    else if (!strcmp(name, "no_challenge_acks"))
        c->no_challenge_acks = true;
    else if (!strcmp(name, "reordering_window_ms"))
        c->reordering_window = AKSU_MS(n);
    else if (!strcmp(name, "reset_keeps_text"))
        c->reset_keeps_text = true;
    else if (!strcmp(name, "nodelay"))
        pd.nodelay = true;
    else if (!strcmp(name, "tolerate_no_timestamps"))
        c->tolerate_no_timestamps = true;
    else if (!strcmp(name, "paced"))
        c->no_pacing = false;
    else if (!strcmp(name, "no_psh"))
        pd.no_psh = true;
    else if (!strcmp(name, "no_rfc5961"))
        c->no_rfc5961 = true;
    else
        one_sysctl(wish, name, value);
}

static void read_flags(struct wish *wish, char *flags)
{
    for (char *next = flags, *flag; (flag = strsep(&next, ",")) != NULL;) {
        char *value = strchr(flag, '=');
        if (value)
            *value++ = '\0';
        one_flag(wish, flag, value ? value : "");
    }
}

/* The lines of the file behind so many octets. */
static void read_sysctls(struct wish *wish, long from)
{
    static const char prefix[] = "net.ipv4.";
    const char *path = getenv("AKSU_SYSCTLS");
    FILE *file = path ? fopen(path, "re") : NULL;
    char line[256];

    if (file && from > 0)
        fseek(file, from, SEEK_SET);
    while (file && fgets(line, sizeof line, file)) {
        char *value = strchr(line, '=');
        line[strcspn(line, "\n")] = '\0';
        if (!value || strncmp(line, prefix, sizeof prefix - 1) != 0)
            continue;
        *value++ = '\0';
        one_sysctl(wish, line + sizeof prefix - 1, value);
    }
    if (file) {
        pd.sysctls_read = ftell(file);
        fclose(file);
    }
}

/* The stack is made once. What a script sets afterwards is true of the connections that come:
 * no user of a stack can do that. */
void pd_sysctls_again(void)
{
    struct wish wish = { .stack = { .no_timestamps = !pd.net->tcp.config.timestamps,
                                    .ecn = (enum aksu_ecn)pd.net->tcp.config.ecn } };

    read_sysctls(&wish, pd.sysctls_read);
    pd.net->tcp.config.timestamps = !wish.stack.no_timestamps;
    pd.net->tcp.config.ecn = (uint8_t)wish.stack.ecn;
}

static void check(enum aksu_status status, const char *what, const char *which)
{
    if (status == AKSU_OK)
        return;
    fprintf(stderr, "aksu: %s %s: %s; look at --so_flags\n", what, which,
            aksu_status_text(status));
    exit(1);
}

static void up(const struct wish *wish)
{
    pd.net = aksu_new(&wish->stack, pd.now);
    if (!pd.net) {
        fprintf(stderr, "aksu: no stack of this kind (congestion control %s); look at --so_flags\n",
                wish->stack.congestion_control ? wish->stack.congestion_control : "cubic");
        exit(1);
    }
    check(aksu_attach(pd.net, &wish->device, &pd.device), "device with the MTU of", "mtu=");
    for (unsigned i = 0; i < wish->locals; i++)
        check(aksu_address_add(pd.net, pd.device, wish->local[i]), "address", wish->local[i]);
    if (wish->locals == 0) {
        check(aksu_accept_any(pd.net, pd.device, true), "any", "address");
        check(aksu_address_add(pd.net, pd.device, "192.168.0.1"), "address", "of IPv4");
        check(aksu_address_add(pd.net, pd.device, "fd3d:a0b:17d6::1"), "address", "of IPv6");
    }
    check(aksu_route_add(pd.net, pd.device, "0.0.0.0/0", NULL), "route", "0.0.0.0/0");
    check(aksu_route_add(pd.net, pd.device, "::/0", NULL), "route", "::/0");
}

void pd_stack_up(void)
{
    char flags[sizeof pd.flags];
    struct wish wish = { .device = { .name = "packetdrill" } };

    if (pd.net)
        return;
    wish.stack.memory_limit = 128u << 20;
    wish.stack.no_pacing = true;        /* unless a script asks for it */
    memcpy(flags, pd.flags, sizeof flags);
    pd.sysctls = (struct pd_sysctls){ .fast_open = PD_TFO_CLIENT };
    read_sysctls(&wish, 0);
    read_flags(&wish, flags);
    up(&wish);
}

void pd_stack_down(void)
{
    for (struct pd_packet *next; pd.first; pd.first = next) {
        next = pd.first->next;
        free(pd.first);
    }
    pd.last = &pd.first;
    pd.no_psh = pd.nodelay = false;
    if (pd.net)
        aksu_free(pd.net);
    pd.net = NULL;
}
