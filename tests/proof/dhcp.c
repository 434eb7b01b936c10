/* dhcp.c - DHCP messages with two octets of options at most: more of them cost hours. */
#include "proof.h"
#include "wire/dhcp.h"

static uint8_t room[242];
static struct dhcp_message out;

static void of(size_t length)
{
    wire_dhcp_parse(anything(room, sizeof room, length), length, &out);
}

void prove(void)
{
    of(0), of(239), of(240), of(241), of(242);
    proved();
}
