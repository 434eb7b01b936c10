/* lwip_tap.h - lwIP (Debian's liblwip) on a TAP. The network interface is our own: the tapif of the
 * library uses PBUF_POOL, whose buffers are smaller than the library thinks. Included once by each
 * program that makes a peer of lwIP. */
#ifndef PEERS_LWIP_TAP_H
#define PEERS_LWIP_TAP_H

#include <fcntl.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lwip/etharp.h>
#include <lwip/tcpip.h>

enum { FRAME = 1514 };

static struct netif interface;
static int tap;

static void die(const char *why)
{
    fprintf(stderr, "lwip: %s\n", why);
    exit(1);
}

static err_t transmit(struct netif *n, struct pbuf *p)
{
    char frame[FRAME];

    (void)n;
    if (p->tot_len > FRAME)
        return ERR_IF;
    if (p->next == NULL)
        return write(tap, p->payload, p->len) == p->len ? ERR_OK : ERR_IF;
    pbuf_copy_partial(p, frame, p->tot_len, 0);
    return write(tap, frame, p->tot_len) == p->tot_len ? ERR_OK : ERR_IF;
}

/* One frame from the TAP into lwIP. False: there is none. */
static int receive_frame(void)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, FRAME, PBUF_RAM);
    if (p == NULL)
        die("no memory");
    ssize_t n = read(tap, p->payload, FRAME);
    if (n > 0)
        pbuf_realloc(p, (u16_t)n);
    if (n <= 0 || interface.input(p, &interface) != ERR_OK)
        pbuf_free(p);
    return n > 0;
}

static err_t interface_init(struct netif *n)
{
    static const u8_t mac[6] = { 2, 0, 0, 0x17, 0x1b, 1 };

    memcpy(n->hwaddr, mac, sizeof mac);
    n->hwaddr_len = sizeof mac;
    n->name[0] = 't';
    n->name[1] = 'p';
    n->mtu = 1500;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP | NETIF_FLAG_ETHERNET;
    n->output = etharp_output;
    n->linkoutput = transmit;
    return ERR_OK;
}

static void started(void *flag)
{
    *(volatile int *)flag = 1;
}

/* An address of a network of 24 bits. `input`: tcpip_input, or ethernet_input for a caller who
 * holds the lock of the core. */
static void start(const char *name, const char *address, netif_input_fn input)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    ip4_addr_t ours, mask, none = { 0 };
    volatile int up = 0;

    tap = open("/dev/net/tun", O_RDWR);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) != 0)
        die("the TAP cannot be opened");
    tcpip_init(started, (void *)&up);
    while (!up)
        usleep(1000);
    if (!ip4addr_aton(address, &ours) || !ip4addr_aton("255.255.255.0", &mask))
        die("the address is none");
    LOCK_TCPIP_CORE();
    netif_add(&interface, &ours, &mask, &none, NULL, interface_init, input);
    netif_set_default(&interface);
    netif_set_up(&interface);
    UNLOCK_TCPIP_CORE();
}

#endif
