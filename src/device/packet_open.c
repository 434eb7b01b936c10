/* packet_open.c - a packet socket on an existing interface, with a MAC address of our own: only
 * frames for that address, and broadcast and multicast, reach it. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "device/names.h"
#include "device/packet.h"
#include "wire/ethernet.h"

enum { BLOCKS_MOST = 8, BUFFER = 4 << 20 };

static void not_permitted(const char *name, char why[AKSU_WHY])
{
    if (errno == EPERM || errno == EACCES)
        device_why(why, "cannot open packet:%s: not permitted; use sudo, or give the program "
                   "CAP_NET_RAW: `sudo setcap cap_net_raw+ep PROGRAM`", name);
    else
        device_why(why, "cannot open packet:%s: %s", name, strerror(errno));
}

/* The number of the interface; 0: `why`. */
static int find(int fd, const char *name, char why[AKSU_WHY])
{
    struct ifreq request = { .ifr_flags = 0 };
    char others[128];
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        device_names(others, sizeof others);
        device_why(why, "there is no interface %s here; there are: %s", name, others);
        return 0;
    }
    if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
        device_why(why, "%s is no Ethernet interface, so it cannot carry a second MAC address; "
                   "take another, or make a TAP device (tap:NAME)", name);
        return 0;
    }
    if (ioctl(fd, SIOCGIFINDEX, &request) != 0) {
        not_permitted(name, why);
        return 0;
    }
    return request.ifr_ifindex;
}

#define ANCILLARY(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + (what)))
#define LOAD(size, at) BPF_STMT(BPF_LD | (size) | BPF_ABS, (at))
#define IF(test, value, yes, no) BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), (yes), (no))

/* What others send from here, tagged frames (another network) and other stations' are not ours. */
static bool set_filter(int fd, const uint8_t mac[6])
{
    struct sock_filter code[] = {
        ANCILLARY(SKF_AD_PKTTYPE),
        IF(BPF_JEQ, PACKET_OUTGOING, 12, 0),
        ANCILLARY(SKF_AD_VLAN_TAG_PRESENT),
        IF(BPF_JEQ, 0, 0, 10),
        LOAD(BPF_H, 12),
        IF(BPF_JEQ, ETH_P_IP, 2, 0),
        IF(BPF_JEQ, ETH_P_IPV6, 1, 0),
        IF(BPF_JEQ, ETH_P_ARP, 0, 6),
        LOAD(BPF_B, 0),
        IF(BPF_JSET, 1, 5, 0),                  /* a group */
        LOAD(BPF_W, 0),
        IF(BPF_JEQ, load_be32(mac), 0, 2),
        LOAD(BPF_H, 4),
        IF(BPF_JEQ, load_be16(mac + 4), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = { sizeof code / sizeof code[0], code };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

static bool set_number(int fd, int option, int value)
{
    return setsockopt(fd, SOL_PACKET, option, &value, sizeof value) == 0;
}

static bool join(int fd, int index, uint16_t type, const uint8_t mac[6])
{
    struct packet_mreq request = { .mr_ifindex = index, .mr_type = type, .mr_alen = 6 };
    memcpy(request.mr_address, mac, 6);
    return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) == 0;
}

/* The interface has to let our frames in: one more address, or else all of them. */
static bool listen_to(int fd, int index, const uint8_t mac[6])
{
    return (join(fd, index, PACKET_MR_UNICAST, mac) || join(fd, index, PACKET_MR_PROMISC, mac))
           && join(fd, index, PACKET_MR_ALLMULTI, mac);
}

/* A slot holds any frame that the interface has on its wire; larger ones, which the kernel put
 * together, come by the queue. */
static uint32_t slot_size(uint32_t mtu)
{
    uint32_t size = PACKET_SLOT_LEAST;
    while (size < mtu + ETHERNET_HEADER + PACKET_SLOT_HEAD)
        size *= 2;
    return size;
}

/* As large a ring as there is memory for. */
static bool map_ring(struct packet *p)
{
    int fd = p->base.fd;
    p->slot_size = slot_size(p->base.device.mtu);
    if (!set_number(fd, PACKET_VERSION, TPACKET_V2) || !set_number(fd, PACKET_COPY_THRESH, 1))
        return false;
    for (unsigned blocks = BLOCKS_MOST; blocks > 0; blocks /= 2) {
        struct tpacket_req request = {
            .tp_block_size = PACKET_BLOCK,
            .tp_block_nr = blocks,
            .tp_frame_size = p->slot_size,
            .tp_frame_nr = blocks * (PACKET_BLOCK / p->slot_size),
        };
        if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
            if (errno == ENOMEM)
                continue;
            return false;
        }
        p->slots = request.tp_frame_nr;
        p->ring_length = (size_t)blocks * PACKET_BLOCK;
        void *ring = mmap(NULL, p->ring_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        p->ring = ring != MAP_FAILED ? ring : NULL;
        return p->ring != NULL;
    }
    return false;
}

/* More than the system's limit only for those who may. */
static void set_buffer(int fd, int force, int option)
{
    int room = BUFFER;
    if (setsockopt(fd, SOL_SOCKET, force, &room, sizeof room) != 0)
        (void)setsockopt(fd, SOL_SOCKET, option, &room, sizeof room);
}

/* Without the virtio header large segments are cut here. */
static void set_offload(struct packet *p, bool wanted)
{
    if (!wanted)
        return;
    p->vnet = set_number(p->base.fd, PACKET_VNET_HDR, 1);
    p->base.cuts = !p->vnet;
    p->base.device.offload = AKSU_OFFLOAD_CHECKSUM | AKSU_OFFLOAD_TSO;
}

/* Nothing arrives before the socket is bound, so all of it passes the filter. */
static bool set_up(struct packet *p, int index, bool offload)
{
    int fd = p->base.fd;
    struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = index };
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    (void)set_number(fd, PACKET_IGNORE_OUTGOING, 1);    /* the filter does it too, at a price */
    set_offload(p, offload);
    return set_filter(fd, p->base.device.mac) && map_ring(p)
           && bind(fd, (struct sockaddr *)&address, sizeof address) == 0
           && listen_to(fd, index, p->base.device.mac);
}

struct aksu_interface *device_open_packet(const char *name,
                                          const struct aksu_interface_config *config,
                                          char why[AKSU_WHY])
{
    struct packet *p = calloc(1, sizeof *p);
    if (p == NULL) {
        device_why(why, "no memory for the interface %s", name);
        return NULL;
    }
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        not_permitted(name, why);
        free(p);
        return NULL;
    }
    p->base.fd = fd;
    p->base.ops = &packet_ops;
    int index = find(fd, name, why);
    if (index == 0
        || !device_init(&p->base, &packet_ops, fd, name, config, device_mtu(name), false, why)) {
        packet_ops.close(&p->base);
        return NULL;
    }
    if (!set_up(p, index, !config->no_offload)) {
        not_permitted(name, why);
        packet_ops.close(&p->base);
        return NULL;
    }
    return &p->base;
}
