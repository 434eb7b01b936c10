/* arp.c - ARP packets, with padding behind them or without. */
#include "proof.h"
#include "wire/arp.h"

static uint8_t room[50];
static struct arp_packet out;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    wire_arp_parse(&r, &out);
}

void prove(void)
{
    TEN(0), TEN(10), TEN(20), TEN(30), of(46);
    proved();
}
