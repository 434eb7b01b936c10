/* mac.h - HMAC-SHA-1 (FIPS 198-1, FIPS 180-4) and AES-128-CMAC (SP 800-38B, FIPS 197) as TCP-AO
 * asks for them, plain and slow: so that its tests need nothing beside them, on any machine. */
#ifndef PEER_MAC_H
#define PEER_MAC_H

#include "aksu/ao.h"

aksu_ao_mac peer_mac;           /* `user` is not looked at */
/* Not one, but what a fuzzer can afford: reads all octets, and is always the same octets. */
enum { PEER_CONSTANT = 0x5a };
aksu_ao_mac peer_constant_mac;

#endif
