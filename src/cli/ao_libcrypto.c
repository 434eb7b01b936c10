/* ao_libcrypto.c - the MACs of TCP-AO (RFC 5926 3.2) from OpenSSL's libcrypto. The library has
 * none, and does not need it. See ao_option.h. */
#include "cli/ao_option.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

struct cli_ao_macs {
    EVP_MAC *mac[2];                /* by enum aksu_ao_algorithm */
    EVP_MAC_CTX *context[2];
};

struct cli_ao_macs *cli_ao_macs_new(void)
{
    static const char *const names[2] = { "HMAC", "CMAC" };
    static char digest[] = "SHA1", cipher[] = "AES-128-CBC";
    struct cli_ao_macs *m = OPENSSL_zalloc(sizeof *m);

    for (int i = 0; m && i < 2; i++) {
        OSSL_PARAM how[2] = { i == AKSU_AO_SHA1
            ? OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0)
            : OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
            OSSL_PARAM_construct_end() };
        m->mac[i] = EVP_MAC_fetch(NULL, names[i], NULL);
        m->context[i] = m->mac[i] ? EVP_MAC_CTX_new(m->mac[i]) : NULL;
        if (!m->context[i] || !EVP_MAC_CTX_set_params(m->context[i], how)) {
            cli_ao_macs_free(m);
            return NULL;
        }
    }
    return m;
}

void cli_ao_macs_free(struct cli_ao_macs *m)
{
    for (int i = 0; m && i < 2; i++) {
        EVP_MAC_CTX_free(m->context[i]);
        EVP_MAC_free(m->mac[i]);
    }
    OPENSSL_free(m);
}

bool cli_ao_mac(void *user, enum aksu_ao_algorithm algorithm, const uint8_t *key,
                size_t key_length, const struct aksu_slice *part, unsigned parts,
                uint8_t out[AKSU_AO_MAC_MOST])
{
    const struct cli_ao_macs *m = user;
    EVP_MAC_CTX *c = m->context[algorithm];
    size_t length;

    if (!EVP_MAC_init(c, key, key_length, NULL))
        return false;
    for (unsigned i = 0; i < parts; i++)
        if (!EVP_MAC_update(c, part[i].data, part[i].length))
            return false;
    return EVP_MAC_final(c, out, &length, AKSU_AO_MAC_MOST) == 1;
}
