/* ping.c - aksu ping: echo requests from a stack of its own (RFC 792, RFC 4443 4). */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ip_addr.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/host_options.h"

enum { MOST_TEXT = 1400, SENT = 1024 /* requests that are remembered */ };
static const aksu_time RESOLVE = SECONDS(10);

struct ping {
    struct cli_host cli;
    uint64_t count;                 /* 0: until a signal */
    uint64_t size, interval, patience;      /* octets, ns, ns */
    bool v4, v6;
    const char *name;
    struct aksu_ip to;
    uint16_t identifier;
    uint64_t sent, received, errors, again;
    uint64_t least, most, sum, squares;     /* of round trip times in us */
    aksu_time first, next;
    struct { aksu_time at; bool answered; } request[SENT];
};

static const struct option options[] = {
    CLI_HOST_OPTIONS,
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu ping --device SPEC [OPTIONS] HOST\n"
          "\n"
          "Sends ICMP echo requests to HOST (a name or an address), and tells who answers.\n"
          "\n"
          "  -c N             stop after N requests\n"
          "  -i SECONDS       between two requests, 0.01 or more [1]\n"
          "  -s SIZE          octets of text in a request, 0..1400 [56]\n"
          "  -W SECONDS       how long to wait for an answer to the last one [2]\n"
          "  -4, -6           only IPv4, only IPv6\n"
          "  -h, --help       this\n", out);
    cli_host_usage(out);
    fputs("\n"
          "Exit status: 0 somebody answered, 1 nobody did, 125 aksu ping failed.\n"
          "Example: aksu ping --device tap:tap0 --address 10.0.0.2/24 10.0.0.1\n", out);
}

/* "1", "0.25": seconds with at most nine digits after the point. */
static bool take_seconds(const char *option, const char *text, aksu_time least, uint64_t *out)
{
    size_t whole = strspn(text, "0123456789");
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    aksu_time unit = SECONDS(1);

    *out = whole > 0 && whole <= 6 ? SECONDS(strtoull(text, NULL, 10)) : 0;
    for (size_t i = 1; i <= part; i++)
        *out += (uint64_t)(text[whole + i] - '0') * (unit /= 10);
    if (whole <= 6 && part <= 9 && whole + part > 0 && *out >= least
        && text[whole + part + (text[whole] == '.')] == '\0')
        return true;
    fprintf(stderr, "aksu ping: %s takes seconds, %s at least, not '%s'\n", option,
            least > 0 ? "0.01" : "0", text);
    return false;
}

static bool take_option(struct ping *p, int option)
{
    switch (option) {
    case 'c':
        return cli_number("ping", "-c", optarg, 1, UINT32_MAX, &p->count);
    case 'i':
        return take_seconds("-i", optarg, MS(10), &p->interval);
    case 's':
        return cli_number("ping", "-s", optarg, 0, MOST_TEXT, &p->size);
    case 'W':
        return take_seconds("-W", optarg, 0, &p->patience);
    case '4':
        p->v4 = true;
        return true;
    case '6':
        p->v6 = true;
        return true;
    default:
        return cli_host_take(&p->cli, option, optarg);
    }
}

/* The first address of a family that was asked for. */
static bool resolve(struct ping *p)
{
    struct aksu_ip ip[AKSU_DNS_ANSWERS];
    char why[AKSU_WHY] = "";

    if (!cli_host_settle(&p->cli, p->name))
        return false;
    unsigned count = aksu_host_resolve(p->cli.host, p->name, ip, AKSU_DNS_ANSWERS,
                                       aksu_host_now() + RESOLVE, why);
    for (unsigned i = 0; i < count; i++) {
        p->to = ip[i];
        if (p->v4 == p->v6 || ip_is_v4(&ip[i]) == p->v4)
            return true;
    }
    if (count > 0)
        snprintf(why, sizeof why, "'%s' has no address of that family", p->name);
    fprintf(stderr, "aksu ping: %s\n", why);
    return false;
}

static bool request(struct ping *p, aksu_time now)
{
    uint8_t text[MOST_TEXT];
    uint16_t sequence = (uint16_t)(p->sent + 1);

    for (size_t i = 0; i < p->size; i++)
        text[i] = (uint8_t)i;
    enum aksu_status status = aksu_echo_send(aksu_host_stack(p->cli.host), &p->to, p->identifier,
                                             sequence, text, (size_t)p->size, 0, now);
    if (status != AKSU_OK) {
        fprintf(stderr, "aksu ping: request %u could not be sent: %s%s\n", sequence,
                aksu_status_text(status),
                status == AKSU_UNREACHABLE_NET ? " (--gateway tells where to)" : "");
        return false;
    }
    p->request[p->sent % SENT].at = now;
    p->request[p->sent++ % SENT].answered = false;
    p->next = now + p->interval;
    return true;
}

/* Milliseconds with three digits after the point. */
static void print_time(uint64_t us)
{
    printf("%" PRIu64 ".%03" PRIu64, us / 1000, us % 1000);
}

static void told_of(struct ping *p, const struct aksu_echo *e)
{
    /* The newest request with these 16 bits of its number. */
    uint16_t behind = (uint16_t)((uint16_t)p->sent - e->sequence);
    char from[AKSU_IP_TEXT];

    if (e->identifier != p->identifier || behind >= p->sent || behind >= SENT)
        return;
    uint64_t at = (p->sent - 1 - behind) % SENT;
    bool again = p->request[at].answered;
    aksu_ip_format(&e->from, from);
    p->request[at].answered = true;
    if (e->status != AKSU_OK) {
        printf("From %s icmp_seq=%u Destination %s\n", from, e->sequence,
               aksu_status_text(e->status));
        p->errors++;
        return;
    }
    uint64_t us = (e->at - p->request[at].at) / 1000;
    printf("%u bytes from %s: icmp_seq=%u ttl=%u time=", e->length + 8, from, e->sequence, e->ttl);
    print_time(us);
    printf(" ms%s\n", again ? " (DUP!)" : "");
    if (again) {
        p->again++;
        return;
    }
    p->least = p->received == 0 || us < p->least ? us : p->least;
    p->most = us > p->most ? us : p->most;
    p->sum += us;
    p->squares += us * us;
    p->received++;
}

/* Nothing is left to be answered. */
static bool complete(const struct ping *p)
{
    uint64_t recent = p->sent < SENT ? p->sent : SENT;

    for (uint64_t i = 0; i < recent; i++) {
        if (!p->request[i].answered)
            return false;
    }
    return p->count > 0 && p->sent == p->count;
}

/* Until all is sent and answered, or a signal comes. False: a sentence was written. */
static bool loop(struct ping *p, int signals)
{
    struct pollfd stop = { .fd = signals, .events = POLLIN };
    struct aksu_ready ready;
    struct aksu_echo echo;

    p->first = p->next = aksu_host_now();
    while (!complete(p) && !(stop.revents & POLLIN)) {
        aksu_time now = aksu_host_now();
        bool all = p->count > 0 && p->sent == p->count;
        aksu_time until = all ? p->next - p->interval + p->patience : p->next;
        if (now >= until && (all || !request(p, now)))
            return all;
        if (!aksu_host_wait(p->cli.host, &stop, 1, now >= until ? p->next : until)) {
            fprintf(stderr, "aksu ping: %s\n", aksu_host_why(p->cli.host));
            return false;
        }
        while (aksu_host_next_ready(p->cli.host, &ready))
            continue;
        while (aksu_echo_receive(aksu_host_stack(p->cli.host), &echo))
            told_of(p, &echo);
        fflush(stdout);
    }
    return true;
}

static uint64_t square_root(uint64_t n)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= n)
            root += bit;
    }
    return root;
}

static void summary(const struct ping *p)
{
    uint64_t mean = p->received > 0 ? p->sum / p->received : 0;

    printf("\n--- %s ping statistics ---\n%" PRIu64 " packets transmitted, %" PRIu64 " received, ",
           p->name, p->sent, p->received);
    if (p->again > 0)
        printf("+%" PRIu64 " duplicates, ", p->again);
    if (p->errors > 0)
        printf("+%" PRIu64 " errors, ", p->errors);
    printf("%" PRIu64 "%% packet loss, time %" PRIu64 "ms\n",
           p->sent > 0 ? (p->sent - p->received) * 100 / p->sent : 0,
           (aksu_host_now() - p->first) / 1000000);
    if (p->received == 0)
        return;
    uint64_t variance = p->squares / p->received;
    uint64_t value[4] = { p->least, mean, p->most,
                          variance > mean * mean ? square_root(variance - mean * mean) : 0 };
    fputs("rtt min/avg/max/mdev = ", stdout);
    for (int i = 0; i < 4; i++) {
        print_time(value[i]);
        fputs(i < 3 ? "/" : " ms\n", stdout);
    }
}

static int run(struct ping *p)
{
    char ip[AKSU_IP_TEXT];

    if (!cli_host_open(&p->cli))
        return CLI_USAGE;
    int signals = resolve(p) ? cli_signals("ping") : -1;
    if (signals < 0) {
        cli_host_close(&p->cli);
        return CLI_USAGE;
    }
    aksu_ip_format(&p->to, ip);
    printf("PING %s (%s): %" PRIu64 " data bytes\n", p->name, ip, p->size);
    fflush(stdout);
    bool good = loop(p, signals);
    if (p->sent > 0)
        summary(p);
    cli_host_close(&p->cli);
    close(signals);
    if (fflush(stdout) != 0 || !good)
        return CLI_USAGE;
    return p->received > 0 ? 0 : 1;
}

int cli_ping(int argc, char **argv)
{
    struct ping p = { .cli.command = "ping", .size = 56, .interval = SECONDS(1),
                      .patience = SECONDS(2), .identifier = (uint16_t)getpid() };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:i:s:W:46h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return cli_refuse("ping", argv, options, option);
        if (!take_option(&p, option))
            return CLI_USAGE;
    }
    if (optind != argc - 1) {
        fputs(optind == argc ? "aksu ping: which host? For example: aksu ping --device tap:tap0 "
                               "--address 10.0.0.2/24 10.0.0.1\n"
                             : "aksu ping: one host at a time; see aksu ping --help\n", stderr);
        return CLI_USAGE;
    }
    p.name = argv[optind];
    return run(&p);
}
