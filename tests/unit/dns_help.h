/* dns_help.h - a stack with a resolver, and another with small DNS servers that lie when they are
 * told to: what the tests of host/dns*.c share. */
#ifndef TESTS_DNS_HELP_H
#define TESTS_DNS_HELP_H

#include "stack_help.h"

#include "aksu/dns.h"
#include "wire/dns.h"

enum { SERVERS = 3, MOST_QUERIES = 64, TEXT = 65535 };

/* A record of the zone that all servers share. */
struct dns_row {
    const char *owner;
    uint16_t type;
    const char *value;              /* an address, or a name */
};
enum transport { BY_UDP = 1, BY_TCP = 2 };
/* What one server does. */
struct dns_server {
    bool silent;
    unsigned cut;                   /* enum transport: where it sets TC */
    uint8_t rcode;
    uint8_t rcode_of_edns;          /* to queries with an OPT record */
    bool bare;                      /* the header alone */
    bool no_recursion;
    bool header_only_end;           /* by TCP: closes before the message is complete */
    void (*lie)(uint8_t *message, size_t *length);     /* sent before the truth */
    bool only_lies;
    unsigned only_type;             /* answers no other; 0: all */
    uint32_t fill;                  /* records that nobody asked for, before the others */
    aksu_udp udp;
    aksu_listener listener;
    struct aksu_endpoint answers_from;      /* port 0: where it was asked */
};
struct dns_asked {
    aksu_time at;
    unsigned server;
    enum transport by;
    struct aksu_endpoint from;
    struct dns_query query;
};

struct dns_world {
    struct two two;
    struct aksu_dns dns;
    struct dns_server server[SERVERS];
    struct aksu_ip address[SERVERS];
    const struct dns_row *zone;
    uint32_t rows, queries;
    struct dns_asked query[MOST_QUERIES];
    aksu_udp liar;                  /* 10.0.0.2, another port */
};
extern struct dns_world dw;

/* What all servers know from now on. */
void dns_zone(const struct dns_row *zone, size_t rows);
/* 10.0.0.1 asks 10.0.0.2; cmocka's setup and teardown. */
int dns_setup(void **state);
int dns_teardown(void **state);
/* Frames, servers and resolver until nothing moves. */
void dns_settle(void);
/* Virtual time until the answer is there; how long it took since `started`. */
aksu_time dns_wait(aksu_time started);
aksu_time dns_resolve(const char *name, bool v4, bool v6);
/* The addresses, in their order. */
void dns_is_answered(unsigned count, const char *const *expected);
void dns_failed(enum aksu_status status);
/* One query of one server; false: none. */
bool dns_serve_udp(unsigned number);
bool dns_serve_tcp(unsigned number);

#define ZONE(z) dns_zone(z, sizeof(z) / sizeof *(z))
#define ANSWERED(...) \
    dns_is_answered(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), \
                    (const char *const[]){ __VA_ARGS__ })

#endif
