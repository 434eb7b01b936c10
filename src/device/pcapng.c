/* pcapng.c - see pcapng.h. Every block is type, total length, body, total length again; every body
 * may end with options: code, length, value padded to 4 octets. */
#include "device/pcapng.h"

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6 };
enum { BYTE_ORDER_MAGIC = 0x1a2b3c4d };
enum { OPTION_END = 0, OPTION_COMMENT = 1, SECTION_APPLICATION = 4, INTERFACE_NAME = 2,
       INTERFACE_RESOLUTION = 9, PACKET_FLAGS = 2, STATISTICS_START = 2, STATISTICS_END = 3,
       STATISTICS_RECEIVED = 4, STATISTICS_DROPPED = 5 };
enum { INBOUND = 1, OUTBOUND = 2, NANOSECONDS = 9 };
enum { PACKET_FIXED = 28 };         /* from the start of a packet's block to its octets */

static void put_le16(struct writer *w, uint16_t v)
{
    write_u8(w, (uint8_t)v);
    write_u8(w, (uint8_t)(v >> 8));
}

static void put_le32(struct writer *w, uint32_t v)
{
    put_le16(w, (uint16_t)v);
    put_le16(w, (uint16_t)(v >> 16));
}

static void put_le64(struct writer *w, uint64_t v)
{
    put_le32(w, (uint32_t)v);
    put_le32(w, (uint32_t)(v >> 32));
}

static void put_octets(struct writer *w, const void *data, size_t length)
{
    uint8_t *to = write_space(w, length);
    if (to != NULL && length > 0)
        memcpy(to, data, length);
}

/* Blocks start at multiples of 4 in the file, not in memory: counted from the block. */
static void pad(struct writer *w, const uint8_t *block)
{
    while (!w->bad && (w->at - block) % 4 != 0)
        write_u8(w, 0);
}

/* The total length is not known yet. */
static uint8_t *block_begin(struct writer *w, uint32_t type)
{
    uint8_t *block = w->at;
    put_le32(w, type);
    put_le32(w, 0);
    return block;
}

static void block_end(struct writer *w, uint8_t *block)
{
    uint32_t length = (uint32_t)(w->at - block) + 4;
    put_le32(w, length);
    if (w->bad)
        return;
    struct writer head = writer_of(block + 4, 4);
    put_le32(&head, length);
}

static void option(struct writer *w, const uint8_t *block, uint16_t code, const void *value,
                   size_t length)
{
    length = length < PCAPNG_TEXT_MOST ? length : PCAPNG_TEXT_MOST;
    put_le16(w, code);
    put_le16(w, (uint16_t)length);
    put_octets(w, value, length);
    pad(w, block);
}

static void option_text(struct writer *w, const uint8_t *block, uint16_t code, const char *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    option(w, block, code, text, length);
}

static void option_u64(struct writer *w, uint16_t code, uint64_t value)
{
    put_le16(w, code);
    put_le16(w, 8);
    put_le64(w, value);
}

/* Times are two words, the upper first, in either byte order. */
static void put_time(struct writer *w, uint64_t at)
{
    put_le32(w, (uint32_t)(at >> 32));
    put_le32(w, (uint32_t)at);
}

static void option_time(struct writer *w, uint16_t code, uint64_t at)
{
    put_le16(w, code);
    put_le16(w, 8);
    put_time(w, at);
}

static void options_end(struct writer *w)
{
    put_le16(w, OPTION_END);
    put_le16(w, 0);
}

void pcapng_section(struct writer *w, const char *application)
{
    uint8_t *block = block_begin(w, BLOCK_SECTION);
    put_le32(w, BYTE_ORDER_MAGIC);
    put_le16(w, 1);
    put_le16(w, 0);
    put_le64(w, UINT64_MAX);                /* the section's length is not said */
    option_text(w, block, SECTION_APPLICATION, application);
    options_end(w);
    block_end(w, block);
}

void pcapng_interface(struct writer *w, uint16_t link, const char *name)
{
    static const uint8_t resolution = NANOSECONDS;
    uint8_t *block = block_begin(w, BLOCK_INTERFACE);
    put_le16(w, link);
    put_le16(w, 0);
    put_le32(w, PCAPNG_SNAPLEN);
    option_text(w, block, INTERFACE_NAME, name);
    option(w, block, INTERFACE_RESOLUTION, &resolution, 1);
    options_end(w);
    block_end(w, block);
}

uint8_t *pcapng_packet_begin(struct writer *w, const struct pcapng_packet *p)
{
    uint8_t *block = block_begin(w, BLOCK_PACKET);
    put_le32(w, 0);                         /* the first interface */
    put_time(w, p->at);
    put_le32(w, p->kept);
    put_le32(w, p->length);
    uint8_t *packet = w->at;
    uint32_t left = p->kept;
    for (unsigned i = 0; i < p->parts && left > 0; i++) {
        uint32_t n = p->part[i].length < left ? (uint32_t)p->part[i].length : left;
        put_octets(w, p->part[i].data, n);
        left -= n;
    }
    pad(w, block);
    return w->bad ? NULL : packet;
}

void pcapng_packet_end(struct writer *w, uint8_t *packet, const struct pcapng_packet *p,
                       struct aksu_slice comment)
{
    uint8_t *block = packet - PACKET_FIXED;
    put_le16(w, PACKET_FLAGS);
    put_le16(w, 4);
    put_le32(w, p->outgoing ? OUTBOUND : INBOUND);
    if (comment.length > 0)
        option(w, block, OPTION_COMMENT, comment.data, comment.length);
    options_end(w);
    block_end(w, block);
}

void pcapng_statistics(struct writer *w, const struct pcapng_statistics *s)
{
    uint8_t *block = block_begin(w, BLOCK_STATISTICS);
    put_le32(w, 0);
    put_time(w, s->end);
    option_time(w, STATISTICS_START, s->start);
    option_time(w, STATISTICS_END, s->end);
    option_u64(w, STATISTICS_RECEIVED, s->received);
    option_u64(w, STATISTICS_DROPPED, s->dropped);
    if (s->comment.length > 0)
        option(w, block, OPTION_COMMENT, s->comment.data, s->comment.length);
    options_end(w);
    block_end(w, block);
}
