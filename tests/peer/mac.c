/* mac.c - see mac.h. */
#include "tests/peer/mac.h"

#include <string.h>

#include "base/bytes.h"

/* --- SHA-1 --- */

struct sha1 {
    uint32_t h[5];
    uint8_t block[64];
    size_t length;
};

static uint32_t left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void sha1_block(struct sha1 *s)
{
    uint32_t w[80], v[5];
    for (unsigned i = 0; i < 80; i++)
        w[i] = i < 16 ? load_be32(s->block + 4 * i)
                      : left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(v, s->h, sizeof v);
    for (unsigned i = 0; i < 80; i++) {
        static const uint32_t k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
        uint32_t f = i < 20 ? (v[1] & v[2]) | (~v[1] & v[3])
                   : i >= 40 && i < 60 ? (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])
                                       : v[1] ^ v[2] ^ v[3];
        uint32_t t = left(v[0], 5) + f + v[4] + k[i / 20] + w[i];
        memmove(v + 1, v, 4 * sizeof v[0]);
        v[2] = left(v[2], 30);
        v[0] = t;
    }
    for (unsigned i = 0; i < 5; i++)
        s->h[i] += v[i];
}

static void sha1_add(struct sha1 *s, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        s->block[s->length++ % 64] = data[i];
        if (s->length % 64 == 0)
            sha1_block(s);
    }
}

static struct sha1 sha1_new(void)
{
    return (struct sha1){ .h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } };
}

static void sha1_end(struct sha1 *s, uint8_t out[20])
{
    static const uint8_t pad[64] = { 0x80 };
    uint8_t bits[8] = { 0 };
    store_be32(bits + 4, (uint32_t)(s->length * 8));
    sha1_add(s, pad, 1 + (119 - s->length % 64) % 64);
    sha1_add(s, bits, sizeof bits);
    for (unsigned i = 0; i < 5; i++)
        store_be32(out + 4 * i, s->h[i]);
}

static void hmac_sha1(const uint8_t *key, size_t key_length, const struct aksu_slice *part,
                      unsigned parts, uint8_t out[20])
{
    uint8_t inner[64] = { 0 }, outer[64];
    struct sha1 s = sha1_new();
    if (key_length > sizeof inner) {
        sha1_add(&s, key, key_length);
        sha1_end(&s, inner);
    } else {
        memcpy(inner, key, key_length);
    }
    for (unsigned i = 0; i < 64; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    s = sha1_new();
    sha1_add(&s, inner, sizeof inner);
    for (unsigned i = 0; i < parts; i++)
        sha1_add(&s, part[i].data, part[i].length);
    sha1_end(&s, out);
    s = sha1_new();
    sha1_add(&s, outer, sizeof outer);
    sha1_add(&s, out, 20);
    sha1_end(&s, out);
}

/* --- AES-128 --- */

/* In GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
static uint8_t twice(uint8_t x)
{
    return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b);
}

static void make_sbox(uint8_t box[256])
{
    uint8_t p = 1, q = 1;
    do {                                        /* p runs over all by 3, q over the inverses */
        p = (uint8_t)(p ^ twice(p));
        q = (uint8_t)(q ^ q << 1);
        q = (uint8_t)(q ^ q << 2);
        q = (uint8_t)(q ^ q << 4);
        q ^= (q & 0x80) ? 0x09 : 0;
        unsigned x = q;
        x = x ^ x << 1 ^ x << 2 ^ x << 3 ^ x << 4;
        box[p] = (uint8_t)((x ^ x >> 8) ^ 0x63);
    } while (p != 1);
    box[0] = 0x63;
}

struct aes {
    uint8_t box[256], round[11][16];
};

static void aes_key(struct aes *a, const uint8_t key[16])
{
    uint8_t constant = 1, *k = a->round[0];
    make_sbox(a->box);
    memcpy(k, key, 16);
    for (unsigned i = 16; i < sizeof a->round; i += 4) {
        uint8_t t[4];
        memcpy(t, k + i - 4, 4);
        if (i % 16 == 0) {
            uint8_t first = t[0];
            t[0] = a->box[t[1]] ^ constant;
            t[1] = a->box[t[2]];
            t[2] = a->box[t[3]];
            t[3] = a->box[first];
            constant = twice(constant);
        }
        for (unsigned j = 0; j < 4; j++)
            k[i + j] = k[i + j - 16] ^ t[j];
    }
}

static void mix_columns(uint8_t s[16])
{
    for (unsigned c = 0; c < 16; c += 4) {
        uint8_t in[4], all = s[c] ^ s[c + 1] ^ s[c + 2] ^ s[c + 3];
        memcpy(in, s + c, 4);
        for (unsigned i = 0; i < 4; i++)
            s[c + i] = in[i] ^ all ^ twice(in[i] ^ in[(i + 1) % 4]);
    }
}

static void aes_block(const struct aes *a, uint8_t s[16])
{
    for (unsigned i = 0; i < 16; i++)
        s[i] ^= a->round[0][i];
    for (unsigned round = 1; round <= 10; round++) {
        uint8_t t[16];
        for (unsigned i = 0; i < 16; i++)       /* SubBytes and ShiftRows */
            t[i] = a->box[s[(i + 4 * (i % 4)) % 16]];
        if (round < 10)
            mix_columns(t);
        for (unsigned i = 0; i < 16; i++)
            s[i] = t[i] ^ a->round[round][i];
    }
}

/* --- CMAC --- */

static void double_block(uint8_t b[16])
{
    uint8_t carry = b[0] >> 7;
    for (unsigned i = 0; i < 16; i++)
        b[i] = (uint8_t)(b[i] << 1 | (i < 15 ? b[i + 1] >> 7 : 0));
    b[15] ^= carry * 0x87;
}

static void cmac_aes(const uint8_t key[16], const struct aksu_slice *part, unsigned parts,
                     uint8_t out[16])
{
    struct aes a;
    uint8_t last[16] = { 0 };
    size_t filled = 0;
    aes_key(&a, key);
    memset(out, 0, 16);
    for (unsigned i = 0; i < parts; i++) {
        for (size_t n = 0; n < part[i].length; n++) {
            if (filled == 16) {                 /* there is more: this block was not the last */
                aes_block(&a, out);
                filled = 0;
            }
            out[filled++] ^= part[i].data[n];
        }
    }
    aes_block(&a, last);
    double_block(last);
    if (filled < 16) {
        out[filled] ^= 0x80;
        double_block(last);
    }
    for (unsigned i = 0; i < 16; i++)
        out[i] ^= last[i];
    aes_block(&a, out);
}

bool peer_mac(void *user, enum aksu_ao_algorithm algorithm, const uint8_t *key, size_t key_length,
              const struct aksu_slice *part, unsigned parts, uint8_t out[AKSU_AO_MAC_MOST])
{
    (void)user;
    if (algorithm == AKSU_AO_SHA1)
        hmac_sha1(key, key_length, part, parts, out);
    else
        cmac_aes(key, part, parts, out);
    return true;
}

bool peer_constant_mac(void *user, enum aksu_ao_algorithm algorithm, const uint8_t *key,
                       size_t key_length, const struct aksu_slice *part, unsigned parts,
                       uint8_t out[AKSU_AO_MAC_MOST])
{
    volatile uint8_t touched = 0;
    (void)user, (void)algorithm;
    for (size_t i = 0; i < key_length; i++)
        touched = key[i];
    for (unsigned i = 0; i < parts; i++)
        for (size_t n = 0; n < part[i].length; n++)
            touched = part[i].data[n];
    (void)touched;
    memset(out, PEER_CONSTANT, AKSU_AO_MAC_MOST);
    return true;
}
