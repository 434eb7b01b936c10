/* ao_option.h - keys of TCP-AO (RFC 5925) on the command line, and the MACs that they need. Used by
 * host_options.c. */
#ifndef CLI_AO_OPTION_H
#define CLI_AO_OPTION_H

#include "aksu/ao.h"

/* aksu_ao_config.mac and .user. NULL: libcrypto has no HMAC-SHA-1 or no AES-128-CMAC. */
struct cli_ao_macs;
struct cli_ao_macs *cli_ao_macs_new(void);
void cli_ao_macs_free(struct cli_ao_macs *m);
aksu_ao_mac cli_ao_mac;

/* Reads "SEND[,RECEIVE]:ALGORITHM:FILE[@PEER]" into *out, whose key is then `room`. False: a
 * sentence was written. */
bool cli_ao_take(const char *command, const char *value, uint8_t room[AKSU_AO_KEY_MOST],
                 struct aksu_mkt *out);
/* Gives the keys to the stack. False: a sentence was written. */
bool cli_ao_apply(const char *command, struct aksu *net, struct cli_ao_macs *macs,
                  const struct aksu_mkt *mkt, unsigned count);

#endif
