/* host_options.h - the options that every command with a device of its own has, and the host made
 * from them. serve, get and ping use it. */
#ifndef CLI_HOST_OPTIONS_H
#define CLI_HOST_OPTIONS_H

#include <getopt.h>
#include <stdio.h>

#include "aksu/host.h"
#include "aksu/sink.h"
#include "cli/ao_option.h"

enum { CLI_AO_KEYS = 8, CLI_ADDRESSES = 16, CLI_ROUTES = 16, CLI_RESOLVERS = AKSU_DNS_SERVERS };

/* Lists end with NULL; texts are argv's. */
struct cli_host {
    const char *command;            /* "ping" */
    const char *device, *capture, *json;
    const char *address[CLI_ADDRESSES + 1], *route[CLI_ROUTES + 1], *resolver[CLI_RESOLVERS + 1];
    struct aksu_interface_config interface;
    struct aksu_mkt ao[CLI_AO_KEYS];
    uint8_t ao_octets[CLI_AO_KEYS][AKSU_AO_KEY_MOST];
    unsigned ao_keys;
    struct cli_ao_macs *ao_macs;
    struct aksu_config stack;       /* a command may change its sizes before cli_host_open */
    bool text, seeded;
    FILE *json_file;
    struct aksu_text_sink text_sink;
    struct aksu_json_sink json_sink;
    struct aksu_tee_sink tee;
    struct aksu_host *host;
};

/* Values of options; those of a command itself start at CLI_OWN. */
enum cli_host_option { CLI_DEVICE = 512, CLI_ADDRESS, CLI_GATEWAY, CLI_ROUTE, CLI_DNS, CLI_MTU,
                       CLI_MAC, CLI_NO_OFFLOAD, CLI_BARE_IP, CLI_CAPTURE, CLI_TEXT, CLI_JSON,
                       CLI_SEED, CLI_ECN, CLI_MTU_PROBING, CLI_AO_KEY, CLI_OWN = 1024 };
#define CLI_HOST_OPTIONS \
    { "device", required_argument, NULL, CLI_DEVICE }, \
    { "address", required_argument, NULL, CLI_ADDRESS }, \
    { "gateway", required_argument, NULL, CLI_GATEWAY }, \
    { "route", required_argument, NULL, CLI_ROUTE }, \
    { "dns", required_argument, NULL, CLI_DNS }, \
    { "mtu", required_argument, NULL, CLI_MTU }, \
    { "mac", required_argument, NULL, CLI_MAC }, \
    { "no-offload", no_argument, NULL, CLI_NO_OFFLOAD }, \
    { "bare-ip", no_argument, NULL, CLI_BARE_IP }, \
    { "capture", required_argument, NULL, CLI_CAPTURE }, \
    { "text", no_argument, NULL, CLI_TEXT }, \
    { "json", required_argument, NULL, CLI_JSON }, \
    { "seed", required_argument, NULL, CLI_SEED }, \
    { "ecn", required_argument, NULL, CLI_ECN }, \
    { "mtu-probing", required_argument, NULL, CLI_MTU_PROBING }, \
    { "ao-key", required_argument, NULL, CLI_AO_KEY }

/* The lines of --help for them. */
void cli_host_usage(FILE *out);
/* Takes what getopt_long() has just read. False: a sentence was written; exit with CLI_USAGE. */
bool cli_host_take(struct cli_host *c, int option, const char *value);
/* Opens all of it, into c->host. False: a sentence was written, nothing is left open. */
bool cli_host_open(struct cli_host *c);
/* Waits for an address: of the family of `name` if that is an address, else until all that was
 * asked for is settled. False: a sentence was written. */
bool cli_host_settle(struct cli_host *c, const char *name);
void cli_host_close(struct cli_host *c);

/* A descriptor that is readable when SIGINT, SIGTERM or SIGHUP was sent, which then no longer end
 * the process (of SIGHUP: unless nohup has it ignored); -1: a sentence was written. A pipe that
 * nobody reads and a file that may not grow are errors of write() from now on. */
int cli_signals(const char *command);
/* Around a call that cannot be interrupted otherwise: these signals end the process. */
void cli_signals_kill(bool kill);

#endif
