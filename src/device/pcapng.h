/* pcapng.h - blocks of a capture file (pcapng: IETF draft-ietf-opsawg-pcapng), in memory, in
 * little-endian order whatever the machine is. Called by capture.c. */
#ifndef DEVICE_PCAPNG_H
#define DEVICE_PCAPNG_H

#include "aksu/types.h"
#include "base/bytes.h"

enum { PCAPNG_ETHERNET = 1, PCAPNG_RAW = 101 /* an IPv4 or IPv6 packet */ };
enum { PCAPNG_SNAPLEN = 262144,
       PCAPNG_TEXT_MOST = 65532 };  /* octets of one comment or name: 16 bits, padded to 4 */

struct pcapng_packet {
    uint64_t at;                    /* nanoseconds since 1970 */
    bool outgoing;
    uint32_t length;                /* on the wire */
    uint32_t kept;                  /* octets in the file, at most `length` and PCAPNG_SNAPLEN */
    unsigned parts;
    const struct aksu_slice *part;  /* borrowed; together at least `kept` octets */
};

struct pcapng_statistics {
    uint64_t start, end;            /* nanoseconds since 1970 */
    uint64_t received, dropped;     /* packets */
    struct aksu_slice comment;      /* UTF-8; length 0: none */
};

/* The head of the file: who wrote it, and its one interface. A text that is too long is cut. */
void pcapng_section(struct writer *w, const char *application);
void pcapng_interface(struct writer *w, uint16_t link, const char *name);

/* An Enhanced Packet Block is opened with its octets, and closed with its comment when that is
 * known; nothing else may be written in between. The first returns where the packet stands in the
 * writer's memory; NULL, and w->bad: no room. PCAPNG_PACKET_ROOM is enough for both. */
#define PCAPNG_PACKET_ROOM(kept, comment) ((size_t)(kept) + (comment) + 64)
uint8_t *pcapng_packet_begin(struct writer *w, const struct pcapng_packet *p);
void pcapng_packet_end(struct writer *w, uint8_t *packet, const struct pcapng_packet *p,
                       struct aksu_slice comment);

void pcapng_statistics(struct writer *w, const struct pcapng_statistics *s);

#endif
