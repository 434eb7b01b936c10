/* host_options.c - reads the options of a host, and opens it. See host_options.h. */
#include "cli/host_options.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>

#include "base/ip_addr.h"
#include "base/time.h"
#include "cli/cli.h"

enum { LEAST_MTU = 68, MOST_MTU = 65535 };      /* RFC 791 3.2 */
static const aksu_time PATIENCE = SECONDS(20);

void cli_host_usage(FILE *out)
{
    fputs("\n"
          "The host:\n"
          "  --device SPEC    tap:NAME, tun:NAME, packet:NAME, fd:N, dgram:OURS,PEER,\n"
          "                   stream:PATH\n"
          "  --address A      10.0.0.2/24, 2001:db8::2/64, dhcp or auto; may be repeated\n"
          "                   [dhcp and auto]\n"
          "  --gateway G      the router for everything else\n"
          "  --route R        another one: \"10.9.0.0/16 via 10.0.0.7\"; may be repeated\n"
          "  --dns ADDRESS    a resolver, asked before the network's own; up to 3 times\n"
          "  --mtu N          largest IP packet, 68..65535 [the device's]\n"
          "  --mac M          as 02:00:00:00:00:01 [a random one]\n"
          "  --ecn WORD       congestion marks: off, accept or ask [accept]\n"
          "  --mtu-probing W  larger segments to find the path's MTU: black-hole (once\n"
          "                   they vanish in silence), off or always [black-hole]\n"
          "  --ao-key K       SEND[,RECEIVE]:sha1|aes128:FILE[@PEER]: TCP-AO (RFC 5925)\n"
          "                   with every peer, or this one; may be repeated\n"
          "  --no-offload     frames of one MTU, with all checksums\n"
          "  --bare-ip        fd:, dgram: or stream: carries IP, not Ethernet\n"
          "  --capture FILE   write all frames to a pcapng file, with reasons as comments\n"
          "  --text           write every event as a line to stderr\n"
          "  --json FILE      write every event as a line of JSON to FILE\n"
          "  --seed N         the same ports, keys and time stamp origins in every run\n", out);
}

/* One more in a list that ends with NULL. */
static bool append(const struct cli_host *c, const char *option, const char **list, unsigned most,
                   const char *value)
{
    for (unsigned i = 0; i < most; i++) {
        if (!list[i]) {
            list[i] = value;
            return true;
        }
    }
    fprintf(stderr, "aksu %s: %s was given more than %u times\n", c->command, option, most);
    return false;
}

static bool take_address(struct cli_host *c, const char *value)
{
    static const char *const words[] = { "dhcp", "auto", NULL };
    struct aksu_ip ip;

    if (strchr(value, '/') || strcmp(value, "dhcp") == 0 || strcmp(value, "auto") == 0)
        return append(c, "--address", c->address, CLI_ADDRESSES, value);
    const char *nearest = cli_nearest(value, words);
    if (aksu_ip_parse(value, &ip))
        fprintf(stderr, "aksu %s: --address %s has no prefix length; write %s/%s (or %s/%s for a "
                        "link with nobody else on it)\n", c->command, value, value,
                ip_is_v4(&ip) ? "24" : "64", value, ip_is_v4(&ip) ? "32" : "128");
    else if (nearest)
        fprintf(stderr, "aksu %s: --address takes an address, dhcp or auto, not '%s'; did you "
                        "mean %s?\n", c->command, value, nearest);
    else
        fprintf(stderr, "aksu %s: --address takes an address such as 10.0.0.2/24, or dhcp, or "
                        "auto, not '%s'\n", c->command, value);
    return false;
}

static bool take_ip(struct cli_host *c, const char *option, const char **list, unsigned most,
                    const char *value)
{
    struct aksu_ip ip;

    if (aksu_ip_parse(value, &ip))
        return append(c, option, list, most, value);
    fprintf(stderr, "aksu %s: %s takes an address such as 10.0.0.1, not '%s'\n", c->command, option,
            value);
    return false;
}

static bool take_mac(struct cli_host *c, const char *value)
{
    unsigned m[6];

    if (strlen(value) != 17 || strspn(value, "0123456789abcdefABCDEF:") != 17
        || sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5])
               != 6) {
        fprintf(stderr, "aksu %s: --mac takes six octets such as 02:00:00:00:00:01, not '%s'\n",
                c->command, value);
        return false;
    }
    for (int i = 0; i < 6; i++)
        c->interface.mac[i] = (uint8_t)m[i];
    if ((m[0] & 1) == 0 && (m[0] | m[1] | m[2] | m[3] | m[4] | m[5]) != 0)
        return true;
    fprintf(stderr, "aksu %s: --mac %s is not the address of one host: the first octet must be "
                    "even, and not all may be 0\n", c->command, value);
    return false;
}

static bool take_seed(struct cli_host *c, const char *value)
{
    uint64_t number;

    c->seeded = cli_number(c->command, "--seed", value, 0, UINT64_MAX, &number);
    for (size_t i = 0; i < 8; i++)
        c->stack.seed[i] = (uint8_t)(number >> 8 * i);
    return c->seeded;
}

static bool take_mtu(struct cli_host *c, const char *value)
{
    uint64_t number;

    if (!cli_number(c->command, "--mtu", value, LEAST_MTU, MOST_MTU, &number))
        return false;
    c->interface.mtu = (uint32_t)number;
    return true;
}

/* Which of the words, the last of which is NULL; -1: none, and a sentence was written. */
static int take_word(const struct cli_host *c, const char *option, const char *const *words,
                     const char *value)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(value, words[i]) == 0)
            return i;
    fprintf(stderr, "aksu %s: %s takes %s, %s or %s, not '%s'\n", c->command, option, words[0],
            words[1], words[2], value);
    return -1;
}

static bool take_ecn(struct cli_host *c, const char *value)
{
    static const char *const words[] = { "accept", "ask", "off", NULL };     /* enum aksu_ecn */
    int which = take_word(c, "--ecn", words, value);

    if (which >= 0)
        c->stack.ecn = (enum aksu_ecn)which;
    return which >= 0;
}

static bool take_mtu_probing(struct cli_host *c, const char *value)
{
    static const char *const words[] = { "black-hole", "off", "always", NULL };
    int which = take_word(c, "--mtu-probing", words, value);

    if (which >= 0)
        c->stack.mtu_probing = (enum aksu_mtu_probing)which;
    return which >= 0;
}

static bool take_ao_key(struct cli_host *c, const char *value)
{
    unsigned i = c->ao_keys;

    if (i == CLI_AO_KEYS) {
        fprintf(stderr, "aksu %s: --ao-key was given more than %d times\n", c->command,
                CLI_AO_KEYS);
        return false;
    }
    if (!cli_ao_take(c->command, value, c->ao_octets[i], &c->ao[i]))
        return false;
    c->ao_keys++;
    return true;
}

bool cli_host_take(struct cli_host *c, int option, const char *value)
{
    switch (option) {
    case CLI_AO_KEY:
        return take_ao_key(c, value);
    case CLI_DEVICE:
        c->device = value;
        return true;
    case CLI_ADDRESS:
        return take_address(c, value);
    case CLI_GATEWAY:
        return take_ip(c, "--gateway", c->route, CLI_ROUTES, value);
    case CLI_ROUTE:
        return append(c, "--route", c->route, CLI_ROUTES, value);
    case CLI_DNS:
        return take_ip(c, "--dns", c->resolver, CLI_RESOLVERS, value);
    case CLI_MTU:
        return take_mtu(c, value);
    case CLI_MAC:
        return take_mac(c, value);
    case CLI_CAPTURE:
        return cli_file(c->command, "--capture", c->capture = value);
    case CLI_JSON:
        return cli_file(c->command, "--json", c->json = value);
    case CLI_SEED:
        return take_seed(c, value);
    case CLI_ECN:
        return take_ecn(c, value);
    case CLI_MTU_PROBING:
        return take_mtu_probing(c, value);
    case CLI_NO_OFFLOAD:
        c->interface.no_offload = true;
        return true;
    case CLI_BARE_IP:
        c->interface.bare_ip = true;
        return true;
    case CLI_TEXT:
        c->text = true;
        return true;
    default:
        fprintf(stderr, "aksu %s: an option that it does not know\n", c->command);
        return false;
    }
}

static void write_file(void *context, const char *text, size_t length)
{
    fwrite(text, 1, length, context);
}

static bool open_sinks(struct cli_host *c)
{
    if (c->text) {
        setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
        aksu_text_init(&c->text_sink, (struct aksu_writer){ write_file, stderr }, NULL);
        c->text_sink.first = aksu_host_now();
    }
    if (c->json) {
        c->json_file = fopen(c->json, "we");
        if (!c->json_file) {
            fprintf(stderr, "aksu %s: %s cannot be written: %s\n", c->command, c->json,
                    strerror(errno));
            return false;
        }
        setvbuf(c->json_file, NULL, _IOLBF, BUFSIZ);
        aksu_json_init(&c->json_sink, (struct aksu_writer){ write_file, c->json_file }, NULL);
    }
    struct aksu_sink *to[2] = { c->text ? &c->text_sink.sink : NULL,
                                c->json ? &c->json_sink.sink : NULL };
    aksu_tee_init(&c->tee, to, 2);
    return true;
}

static bool give_keys(struct cli_host *c)
{
    if (c->ao_keys == 0)
        return true;
    c->ao_macs = cli_ao_macs_new();
    bool good = cli_ao_apply(c->command, aksu_host_stack(c->host), c->ao_macs, c->ao, c->ao_keys);
    explicit_bzero(c->ao_octets, sizeof c->ao_octets);
    return good;
}

bool cli_host_open(struct cli_host *c)
{
    char why[AKSU_WHY] = "";

    if (!c->device) {
        fprintf(stderr, "aksu %s: which device? For example: --device tap:tap0 --address "
                        "10.0.0.2/24\n", c->command);
        return false;
    }
    if (!c->seeded && getrandom(c->stack.seed, sizeof c->stack.seed, 0) < 0) {
        fprintf(stderr, "aksu %s: the system has no randomness: getrandom() failed\n", c->command);
        return false;
    }
    if (!open_sinks(c))
        return false;
    struct aksu_host_config config = {
        .device = c->device, .interface = c->interface, .addresses = c->address,
        .routes = c->route, .resolvers = c->resolver, .capture = c->capture,
        .sink = c->text || c->json ? &c->tee.sink : NULL, .stack = &c->stack,
    };
    c->host = aksu_host_open(&config, why);
    if (c->host && give_keys(c))
        return true;
    if (!c->host)
        fprintf(stderr, "aksu %s: %s\n", c->command, why);
    cli_host_close(c);
    return false;
}

bool cli_host_settle(struct cli_host *c, const char *name)
{
    aksu_time until = aksu_host_now() + PATIENCE;
    char why[AKSU_WHY] = "";
    bool usable[2] = { false, false };
    struct aksu_ip ip;

    if (!name || !aksu_ip_parse(name, &ip)) {
        if (aksu_host_settle(c->host, until, why))
            return true;
        fprintf(stderr, "aksu %s: %s\n", c->command, why);
        return false;
    }
    bool v6 = !ip_is_v4(&ip);
    while (!aksu_host_ready(c->host, &usable[0], &usable[1]) && !usable[v6]
           && aksu_host_now() < until) {
        aksu_time soon = time_min(until, aksu_host_now() + MS(10));
        if (!aksu_host_wait(c->host, NULL, 0, soon)) {
            fprintf(stderr, "aksu %s: %s\n", c->command, aksu_host_why(c->host));
            return false;
        }
    }
    if (usable[v6])
        return true;
    if (aksu_host_settle(c->host, 0, why))
        snprintf(why, sizeof why, "%s cannot be reached without an %s address of one's own; "
                                  "--address gives one", name, v6 ? "IPv6" : "IPv4");
    fprintf(stderr, "aksu %s: %s\n", c->command, why);
    return false;
}

void cli_host_close(struct cli_host *c)
{
    const struct aksu_interface *i = c->host ? aksu_host_interface(c->host) : NULL;

    if (c->capture && i && !i->gone && i->why[0] != '\0')
        fprintf(stderr, "aksu %s: %s\n", c->command, i->why);
    aksu_host_close(c->host);
    c->host = NULL;
    cli_ao_macs_free(c->ao_macs);
    c->ao_macs = NULL;
    if (c->json_file) {
        bool lost = ferror(c->json_file) != 0;
        if (fclose(c->json_file) != 0 || lost)
            fprintf(stderr, "aksu %s: the JSON file is not complete: it could not all be written\n",
                    c->command);
        c->json_file = NULL;
    }
    fflush(stderr);
}

static sigset_t those_that_end(void)
{
    struct sigaction hangup = { .sa_handler = SIG_DFL };
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&set, SIGHUP);
    return set;
}

void cli_signals_kill(bool kill)
{
    sigset_t set = those_that_end();

    sigprocmask(kill ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

int cli_signals(const char *command)
{
    sigset_t set = those_that_end();

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    cli_signals_kill(false);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        fprintf(stderr, "aksu %s: signals cannot be waited for: %s\n", command, strerror(errno));
    return fd;
}
