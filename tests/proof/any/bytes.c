/* bytes.c - the reader of base/bytes.h: its contracts are those of contracts.h. */
