/* ao_option.c - reads --ao-key. See ao_option.h. The key is what stands in the file, less the end
 * of its line: ASCII, or hexadecimal behind "0x" (RFC 5926 3.1). */
#include "cli/ao_option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip_addr.h"
#include "cli/cli.h"

enum { FILE_MOST = 2 + 2 * AKSU_AO_KEY_MOST + 2, ID_MOST = 255 };

static bool bad(const char *command, const char *value, const char *what)
{
    fprintf(stderr, "aksu %s: --ao-key %s: %s; write SEND[,RECEIVE]:sha1|aes128:FILE[@PEER]\n",
            command, value, what);
    return false;
}

/* Digits up to `end`. */
static bool take_id(const char *text, char end, const char **rest, uint8_t *out)
{
    char *at;
    unsigned long n = strtoul(text, &at, 10);

    *rest = at + 1;
    *out = (uint8_t)n;
    return at != text && *text >= '0' && *text <= '9' && *at == end && n <= ID_MOST;
}

static bool take_ids(const char *text, const char **rest, struct aksu_mkt *out)
{
    const char *comma = strchr(text, ','), *colon = strchr(text, ':');

    if (comma && colon && comma < colon)
        return take_id(text, ',', rest, &out->send_id)
            && take_id(*rest, ':', rest, &out->receive_id);
    bool good = take_id(text, ':', rest, &out->send_id);
    out->receive_id = out->send_id;
    return good;
}

static bool take_algorithm(const char *text, const char **rest, struct aksu_mkt *out)
{
    static const char *const names[2] = { "sha1:", "aes128:" };

    for (int i = 0; i < 2; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(text, names[i], length) == 0) {
            out->algorithm = (enum aksu_ao_algorithm)i;
            *rest = text + length;
            return true;
        }
    }
    return false;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                                            : -1;
}

/* Octets; 0: they make no key. */
static size_t key_of_text(const char *text, size_t length, uint8_t out[AKSU_AO_KEY_MOST])
{
    if (length < 2 || text[0] != '0' || text[1] != 'x') {
        if (length > AKSU_AO_KEY_MOST)
            return 0;
        memcpy(out, text, length);
        return length;
    }
    size_t octets = (length - 2) / 2;
    if (length % 2 != 0 || octets > AKSU_AO_KEY_MOST)
        return 0;
    for (size_t i = 0; i < octets; i++) {
        int high = digit(text[2 + 2 * i]), low = digit(text[3 + 2 * i]);
        if (high < 0 || low < 0)
            return 0;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return octets;
}

static bool read_key(const char *command, const char *name, uint8_t room[AKSU_AO_KEY_MOST],
                     struct aksu_mkt *out)
{
    char text[FILE_MOST + 1];
    FILE *f = fopen(name, "re");

    if (!f) {
        fprintf(stderr, "aksu %s: --ao-key: %s cannot be read: %s\n", command, name,
                strerror(errno));
        return false;
    }
    setvbuf(f, NULL, _IONBF, 0);                /* no copy of it is left in a buffer */
    size_t length = fread(text, 1, sizeof text, f);
    fclose(f);
    if (length > 0 && length < sizeof text && text[length - 1] == '\n')
        length--;
    out->key = room;
    out->key_length = length < sizeof text ? key_of_text(text, length, room) : 0;
    explicit_bzero(text, sizeof text);
    if (out->key_length == 0)
        fprintf(stderr, "aksu %s: --ao-key: %s has no key: 1 to %d octets on a line, or 0x and so "
                        "many in hexadecimal\n", command, name, AKSU_AO_KEY_MOST);
    return out->key_length > 0;
}

bool cli_ao_take(const char *command, const char *value, uint8_t room[AKSU_AO_KEY_MOST],
                 struct aksu_mkt *out)
{
    const char *rest;
    char name[256];

    *out = (struct aksu_mkt){ .send_id = 0 };
    if (!take_ids(value, &rest, out))
        return bad(command, value, "an ID is a number, 0..255");
    if (!take_algorithm(rest, &rest, out))
        return bad(command, value, "the algorithm is sha1 or aes128");
    const char *at = strrchr(rest, '@');
    if (at && !aksu_ip_parse(at + 1, &out->remote.ip))
        return bad(command, value, "behind @ stands the address of the peer");
    size_t length = at ? (size_t)(at - rest) : strlen(rest);
    if (length == 0 || length >= sizeof name)
        return bad(command, value, "which file has the key");
    memcpy(name, rest, length);
    name[length] = '\0';
    return read_key(command, name, room, out);
}

bool cli_ao_apply(const char *command, struct aksu *net, struct cli_ao_macs *macs,
                  const struct aksu_mkt *mkt, unsigned count)
{
    struct aksu_ao_config config = { .mac = cli_ao_mac, .user = macs };
    aksu_ao_key key;

    if (!macs || aksu_ao_setup(net, &config) != AKSU_OK) {
        fprintf(stderr, "aksu %s: --ao-key: this libcrypto has no HMAC-SHA-1 or AES-128-CMAC\n",
                command);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        enum aksu_status status = aksu_ao_add(net, &mkt[i], &key);
        if (status == AKSU_OK)
            continue;
        fprintf(stderr, "aksu %s: --ao-key: the key with the ID %u cannot be used: %s\n", command,
                mkt[i].send_id, status == AKSU_ALREADY_EXISTS
                    ? "another one for the same peer has that ID" : aksu_status_text(status));
        return false;
    }
    return true;
}
