/* discovery.c - an option of router advertisements and of solicitations, wherever it stands. */
#include "proof.h"
#include "wire/discovery.h"

static uint8_t room[80];
static struct discovery_option o;
static struct prefix_option prefix;
static struct resolvers_option resolvers;
static uint32_t mtu;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    if (!wire_discovery_option(&r, &o))
        return;
    wire_prefix_option(&o, &prefix);
    wire_mtu_option(&o, &mtu);
    if (wire_resolvers_option(&o, &resolvers))
        room[0] = resolvers.address[16 * resolvers.count - 1];
}

void prove(void)
{
    TEN(0), TEN(10), TEN(20), TEN(30), TEN(40), TEN(50), TEN(60), TEN(70), of(80);
    proved();
}
