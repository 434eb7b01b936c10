/* ethernet.c - the Ethernet header. */
#include "proof.h"
#include "wire/ethernet.h"

static uint8_t room[20];
static struct ethernet_header out;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    wire_ethernet_parse(&r, &out);
}

void prove(void)
{
    TEN(0), TEN(10);
    proved();
}
