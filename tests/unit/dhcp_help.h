/* dhcp_help.h - a stack without an address, and another with small DHCP servers that lie when they
 * are told to: what the tests of host/dhcp*.c share. */
#ifndef TESTS_DHCP_HELP_H
#define TESTS_DHCP_HELP_H

#include "stack_help.h"

#include "aksu/dhcp.h"
#include "aksu/ip.h"
#include "wire/dhcp.h"

enum { DHCP_SEEN = 256, DHCP_TEXT = 1500 };

/* A message of the client's, as it arrived. */
struct dhcp_seen {
    aksu_time at;
    struct aksu_endpoint from;
    bool unicast;                   /* to one host, not to everybody */
    struct dhcp_message m;          /* without its borrowed options */
    uint8_t parameters, client[8];  /* how many parameters; the client identifier */
};
struct dhcp_world {
    struct two two;
    struct aksu_dhcp dhcp;
    aksu_udp udp;                   /* port 67 of the server */
    bool silent;
    uint8_t silent_to;              /* enum dhcp_type: these are not answered */
    bool nak;                       /* requests are refused */
    struct dhcp_message reply;      /* what the answers are made of */
    void (*lie)(struct dhcp_message *reply);
    void (*damage)(uint8_t *text, size_t *length);
    bool news;                      /* aksu_dhcp_work has said that the lease changed */
    uint32_t count;
    struct dhcp_seen seen[DHCP_SEEN];
};
extern struct dhcp_world hw;

/* The server is 10.0.0.1 and has 10.0.0.7/24 for 1000 seconds, with a router and two resolvers. */
int dhcp_setup(void **state);
int dhcp_teardown(void **state);
void dhcp_begin(void);
/* Virtual time, with frames, timers, client and server. */
void dhcp_pass(aksu_time time);
/* Begins, and is bound. */
void dhcp_bound(void);
bool dhcp_in_stack(const char *address, uint8_t bits);
/* A UDP datagram to this address would find a way. */
bool dhcp_reaches(const char *address);

#endif
