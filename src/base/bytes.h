/* bytes.h - octets in network order, a reader and a writer that never leave their bounds, and the
 * four functions of string.h that the core may use. Called by every wire format. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict, const void *restrict, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);

static inline uint16_t load_be16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[0] << 8 | p[1]);
}

static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}
/* For what is hashed or drawn: the same octets on every machine. */
static inline void store_le64(uint8_t *p, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

/* Reads forward. The first read past the end sets `bad`; it and all later reads give 0 / NULL. */
struct reader {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct reader reader_of(const uint8_t *data, size_t length)
{
    return (struct reader){ data, data + length, false };
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

/* The next `length` octets, borrowed; NULL when there are not so many. */
static inline const uint8_t *read_octets(struct reader *r, size_t length)
{
    if (r->bad || reader_left(r) < length) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += length;
    return p;
}

static inline uint8_t read_u8(struct reader *r)
{
    const uint8_t *p = read_octets(r, 1);
    return p ? *p : 0;
}

static inline uint16_t read_be16(struct reader *r)
{
    const uint8_t *p = read_octets(r, 2);
    return p ? load_be16(p) : (uint16_t)0;
}

static inline uint32_t read_be32(struct reader *r)
{
    const uint8_t *p = read_octets(r, 4);
    return p ? load_be32(p) : 0;
}

/* Writes forward. The first write past the end sets `bad` and writes nothing from then on. */
struct writer {
    uint8_t *start, *at, *end;
    bool bad;
};

static inline struct writer writer_of(uint8_t *data, size_t room)
{
    return (struct writer){ data, data, data + room, false };
}

static inline size_t writer_length(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

/* Room for the next `length` octets, to be filled by the caller; NULL when there is not so much. */
static inline uint8_t *write_space(struct writer *w, size_t length)
{
    if (w->bad || (size_t)(w->end - w->at) < length) {
        w->bad = true;
        return NULL;
    }
    uint8_t *p = w->at;
    w->at += length;
    return p;
}

static inline void write_u8(struct writer *w, uint8_t v)
{
    uint8_t *p = write_space(w, 1);
    if (p)
        *p = v;
}

static inline void write_be16(struct writer *w, uint16_t v)
{
    uint8_t *p = write_space(w, 2);
    if (p)
        store_be16(p, v);
}

static inline void write_be32(struct writer *w, uint32_t v)
{
    uint8_t *p = write_space(w, 4);
    if (p)
        store_be32(p, v);
}

#endif
