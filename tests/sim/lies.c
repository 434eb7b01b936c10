/* lies.c - see lies.h. */
#include <string.h>

#include "base/bytes.h"
#include "tests/sim/lies.h"

enum { IP = 20, TCP = 20, OPTIONS = 40 };

static void read_option(const uint8_t *o, uint8_t length, struct header *h)
{
    if (o[0] == 2 && length == 4) {
        h->mss = load_be16(o + 2);
    } else if (o[0] == 3 && length == 3) {
        h->scale = o[2];
    } else if (o[0] == 4) {
        h->sack_permitted = true;
    } else if (o[0] == 8 && length == 10) {
        h->timestamps = true;
        h->ts_val = load_be32(o + 2);
        h->ts_ecr = load_be32(o + 6);
    } else if (o[0] == 5) {
        for (h->blocks = 0; h->blocks < BLOCKS_MOST && 10u + 8 * h->blocks <= length; h->blocks++) {
            h->left[h->blocks] = load_be32(o + 2 + 8 * h->blocks);
            h->right[h->blocks] = load_be32(o + 6 + 8 * h->blocks);
        }
    }
}

bool lies_read(const uint8_t *frame, uint32_t length, struct header *h)
{
    *h = (struct header){ .scale = -1 };
    if (length < IP + TCP || frame[0] != 0x45 || frame[9] != 6)
        return false;
    const uint8_t *tcp = frame + IP;
    uint32_t end = (tcp[12] >> 4) * 4u;
    if (end < TCP || length < IP + end)
        return false;
    h->seq = load_be32(tcp + 4);
    h->ack = load_be32(tcp + 8);
    h->ctl = tcp[13];
    h->wnd = load_be16(tcp + 14);
    h->text = length - IP - end;
    for (uint32_t at = TCP; at < end && tcp[at] != 0;) {
        uint8_t size = tcp[at] == 1 ? 1 : tcp[at + 1];
        if (tcp[at] != 1)
            read_option(tcp + at, size, h);
        at += size > 0 ? size : 40;
    }
    return true;
}

static uint32_t write_syn_options(uint8_t *o, uint32_t at, const struct header *h)
{
    if (h->mss != 0) {
        o[at] = 2;
        o[at + 1] = 4;
        store_be16(o + at + 2, h->mss);
        at += 4;
    }
    if (h->scale >= 0) {
        memcpy(o + at, (uint8_t[4]){ 1, 3, 3, (uint8_t)h->scale }, 4);
        at += 4;
    }
    if (h->sack_permitted) {
        memcpy(o + at, (uint8_t[4]){ 1, 1, 4, 2 }, 4);
        at += 4;
    }
    return at;
}

static uint32_t write_options(uint8_t *o, const struct header *h)
{
    uint32_t at = write_syn_options(o, 0, h);
    if (h->timestamps) {
        memcpy(o + at, (uint8_t[4]){ 1, 1, 8, 10 }, 4);
        store_be32(o + at + 4, h->ts_val);
        store_be32(o + at + 8, h->ts_ecr);
        at += 12;
    }
    unsigned blocks = h->blocks, fit = (OPTIONS - at - 4) / 8;
    blocks = blocks < fit ? blocks : fit;
    if (blocks > 0) {
        memcpy(o + at, (uint8_t[4]){ 1, 1, 5, (uint8_t)(2 + 8 * blocks) }, 4);
        for (unsigned i = 0; i < blocks; i++) {
            store_be32(o + at + 4 + 8 * i, h->left[i]);
            store_be32(o + at + 8 + 8 * i, h->right[i]);
        }
        at += 4 + 8 * blocks;
    }
    return at;
}

static void write_ip_checksum(uint8_t *ip)
{
    uint32_t sum = 0;
    store_be16(ip + 10, 0);
    for (unsigned i = 0; i < IP; i += 2)
        sum += load_be16(ip + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    store_be16(ip + 10, (uint16_t)~sum);
}

uint32_t lies_write(uint8_t *frame, uint32_t length, uint32_t room, const struct header *h)
{
    uint8_t option[OPTIONS + 8] = { 0 }, *tcp = frame + IP;
    uint32_t options = write_options(option, h), text = h->text, old = length - text;
    expect(IP + TCP + options + text <= room, "no room for a lie");
    memmove(frame + IP + TCP + options, frame + old, text);
    memcpy(tcp + TCP, option, options);
    store_be32(tcp + 4, h->seq);
    store_be32(tcp + 8, h->ack);
    tcp[12] = (uint8_t)((TCP + options) / 4 << 4);
    tcp[13] = h->ctl;
    store_be16(tcp + 14, h->wnd);
    length = IP + TCP + options + text;
    store_be16(frame + 2, (uint16_t)length);
    write_ip_checksum(frame);
    return length;
}
