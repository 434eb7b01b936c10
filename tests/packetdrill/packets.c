/* packets.c - packets into the stack, and those that leave it, each with the time at which it did.
 * clock.c pumps. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "wire/checksum.h"

#define PATIENCE AKSU_SECONDS(600)

/* packetdrill does not look at TCP checksums: a wrong one ends the run here. */
static void verify(const uint8_t *packet, size_t length)
{
    bool v6 = packet[0] >> 4 == 6;
    size_t header = v6 ? 40 : (size_t)(packet[0] & 15) * 4;
    uint8_t protocol = packet[v6 ? 6 : 9];
    size_t text = length - header;
    uint8_t rest[4] = { (uint8_t)(text >> 8), (uint8_t)text, 0, protocol };
    struct checksum sum = { 0, false };

    if (protocol != IPPROTO_TCP)
        return;
    checksum_add(&sum, packet + (v6 ? 8 : 12), v6 ? 32 : 8);
    checksum_add(&sum, rest, sizeof rest);
    checksum_add(&sum, packet + header, text);
    if (checksum_finish(&sum) == 0)
        return;
    fprintf(stderr, "aksu: the stack has sent a segment with a wrong checksum\n");
    abort();
}

/* For scripts that have PSH where another stack puts it. The checksum was verified before. */
static void without_psh(uint8_t *packet)
{
    bool v6 = packet[0] >> 4 == 6;

    if (packet[v6 ? 6 : 9] == IPPROTO_TCP)
        packet[(v6 ? 40 : (packet[0] & 15) * 4) + 13] &= (uint8_t)~AKSU_PSH;
}

static void keep(const struct aksu_frame *frame)
{
    struct pd_packet *packet = malloc(sizeof *packet + frame->length);

    if (!packet)
        abort();
    *packet = (struct pd_packet){ .at = pd.now, .length = frame->length };
    uint8_t *to = packet->octets;
    for (uint32_t i = 0; i < frame->parts; i++) {
        memcpy(to, frame->part[i].data, frame->part[i].length);
        to += frame->part[i].length;
    }
    if (!frame->checksum_partial)
        verify(packet->octets, packet->length);
    if (pd.no_psh)
        without_psh(packet->octets);
    *pd.last = packet;
    pd.last = &packet->next;
}

void pd_pump(void)
{
    struct aksu_frame frame;

    if (!pd.net)
        return;
    pd_news();
    while (aksu_frame_out(pd.net, &frame, pd.now))
        keep(&frame);
    pd_news();
}

int pd_netdev_send(void *u, const void *packet, size_t length)
{
    struct aksu_frame frame = { .parts = 1, .length = (uint32_t)length };

    (void)u;
    frame.part[0] = (struct aksu_slice){ packet, length };
    pthread_mutex_lock(&pd.lock);
    pd_stack_up();
    frame.device = pd.device;
    aksu_frame_in(pd.net, pd.device, &frame, pd.now);
    pd_acknowledgment();
    pd_after();
    pthread_mutex_unlock(&pd.lock);
    return 0;
}

int pd_netdev_receive(void *u, void *packet, size_t *length, long long *microseconds)
{
    aksu_time next;

    (void)u;
    pthread_mutex_lock(&pd.lock);
    pd_stack_up();
    while (!pd.first && (next = pd_next()) != AKSU_NEVER && next < pd.now + PATIENCE)
        pd_advance(next);
    struct pd_packet *first = pd.first;
    size_t room = *length;
    *length = 0;                        /* none will come */
    if (first) {
        *length = first->length < room ? first->length : room;
        memcpy(packet, first->octets, *length);
        *microseconds = (long long)(first->at / AKSU_US(1));
        pd.first = first->next;
        if (!pd.first)
            pd.last = &pd.first;
        free(first);
    }
    pthread_mutex_unlock(&pd.lock);
    return 0;
}
