/* flow.c - datagrams and feedback of paced flows. */
#include "proof.h"
#include "wire/flow.h"

static uint8_t room[AKSU_FLOW_FEEDBACK_MOST + 4];
static struct flow_header header;
static struct flow_feedback feedback;

static void of(size_t length)
{
    const uint8_t *octets = anything(room, sizeof room, length);
    wire_flow_parse(octets, length, &header);
    wire_flow_feedback_parse(octets, length, &feedback);
}

void prove(void)
{
    TEN(0), TEN(10), TEN(20), of(AKSU_FLOW_FEEDBACK_MOST), of(AKSU_FLOW_FEEDBACK_MOST + 4);
    proved();
}
