/* tap_open.c - a TAP or TUN device by its name, or as a descriptor that somebody else opened: what
 * it is, which offloads it can do, and what to say when it cannot be had. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device/names.h"
#include "device/tap.h"
#include "wire/ethernet.h"

#define NODE "/dev/net/tun"

/* --- what is wrong --- */

static void no_node(const char *kind, const char *name, char why[AKSU_WHY])
{
    switch (errno) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        device_why(why, "cannot open %s device %s: there is no " NODE "; as root, `modprobe tun` "
                   "(in a container, give it that device)", kind, name);
        break;
    case EACCES:
    case EPERM:
        device_why(why, "cannot open %s device %s: " NODE " is not permitted; use sudo, or as root "
                   "run `chmod 666 " NODE "` once", kind, name);
        break;
    default:
        device_why(why, "cannot open %s device %s: " NODE ": %s", kind, name, strerror(errno));
        break;
    }
}

static void not_attached(const char *kind, const char *name, char why[AKSU_WHY])
{
    bool tap = strcmp(kind, "TAP") == 0;
    switch (errno) {
    case EPERM:
    case EACCES:
        device_why(why, "cannot open %s device %s: not permitted; use sudo, or as root run "
                   "`ip tuntap add %s mode %s user $USER` first", kind, name, name,
                   tap ? "tap" : "tun");
        break;
    case EBUSY:
        device_why(why, "cannot open %s device %s: another program has it; end that, or take "
                   "another name", kind, name);
        break;
    case EINVAL:
        device_why(why, "cannot open %s device %s: there is an interface of that name that is no "
                   "%s device; take another name, or %s:%s", kind, name, kind,
                   tap ? "packet" : "tap", name);
        break;
    default:
        device_why(why, "cannot open %s device %s: %s", kind, name, strerror(errno));
        break;
    }
}

/* --- what it can do --- */

/* Asks for all that the stack can use, or less; the kernel then hands over frames like that. */
static void set_offload(int fd, bool vnet)
{
    static const unsigned long wish[] = { TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
                                          TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, TUN_F_CSUM, 0 };
    for (size_t k = vnet ? 0 : 3; k < sizeof wish / sizeof wish[0]; k++)
        if (ioctl(fd, TUNSETOFFLOAD, wish[k]) == 0)
            return;
}

/* Little-endian where it can be chosen: a given descriptor may come from a program that chose
 * otherwise, or from a machine of another byte order that this one only imitates. */
static bool set_little(int fd)
{
    int yes = 1;
    return ioctl(fd, TUNSETVNETLE, &yes) == 0;
}

static bool native_little(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static bool set_vnet(int fd, struct tap_format *format)
{
    int size = VNET_HEADER;
    if (ioctl(fd, TUNSETVNETHDRSZ, &size) != 0
        && (ioctl(fd, TUNGETVNETHDRSZ, &size) != 0 || size < VNET_HEADER
            || size > VNET_HEADER_MOST))
        return false;
    format->vnet_header = (unsigned)size;
    format->little = set_little(fd) || native_little();
    return true;
}

/* Is there packet information before a frame (no IFF_NO_PI)? The kernel does not tell: the flag has
 * the value of another one that it reports. So it is offered a frame that is too short by an octet
 * if there is, and whose last octet cannot be read if there is not. It takes neither. */
static bool has_packet_information(int fd, const struct tap_format *format)
{
    static const uint8_t zeros[TAP_HEAD_MOST + ETHERNET_HEADER];
    size_t least = TAP_PACKET_INFORMATION + format->vnet_header
                 + (format->bare ? 0u : ETHERNET_HEADER);
    struct iovec v[2] = { { (void *)(uintptr_t)zeros, least - 2 }, { NULL, 1 } };
    return syscall(SYS_writev, fd, v, 2) < 0 && errno == EINVAL;
}

/* Is the interface of the descriptor one of this network namespace? When nobody may tell: yes. */
static bool is_ours(int fd)
{
    struct stat theirs, ours;
    int space = ioctl(fd, TUNGETDEVNETNS);
    if (space < 0)
        return true;
    bool same = fstat(space, &theirs) != 0 || stat("/proc/self/ns/net", &ours) != 0
                || (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino);
    close(space);
    return same;
}

/* --- opening --- */

static bool set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* Attached to its interface; NULL: `why`, and the descriptor is closed. */
static struct aksu_interface *finish(int fd, const struct ifreq *request,
                                     const struct aksu_interface_config *config,
                                     char why[AKSU_WHY])
{
    struct tap_format format = { .bare = (request->ifr_flags & IFF_TUN) != 0 };
    struct aksu_interface *i = NULL;
    bool vnet = (request->ifr_flags & IFF_VNET_HDR) != 0;
    if (!set_nonblocking(fd) || (vnet && !set_vnet(fd, &format))) {
        device_why(why, "cannot set up the device %s: %s", request->ifr_name, strerror(errno));
    } else {
        format.packet_information = has_packet_information(fd, &format);
        uint32_t mtu = is_ours(fd) ? device_mtu(request->ifr_name) : 0;
        set_offload(fd, vnet && !config->no_offload);
        i = tap_new(fd, request->ifr_name, &format, config, mtu, why);
    }
    if (i == NULL)
        close(fd);
    return i;
}

/* A persistent device with several queues can only be attached as such. */
static bool attach(int fd, struct ifreq *request)
{
    if (ioctl(fd, TUNSETIFF, request) == 0)
        return true;
    if (errno != EINVAL)
        return false;
    request->ifr_flags |= IFF_MULTI_QUEUE;
    return ioctl(fd, TUNSETIFF, request) == 0;
}

struct aksu_interface *device_open_tap(const char *name, bool tun,
                                       const struct aksu_interface_config *config,
                                       char why[AKSU_WHY])
{
    const char *kind = tun ? "TUN" : "TAP";
    struct ifreq request = { .ifr_flags = (short)((tun ? IFF_TUN : IFF_TAP) | IFF_NO_PI) };
    int fd = open(NODE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        no_node(kind, name, why);
        return NULL;
    }
    if (!config->no_offload)
        request.ifr_flags |= IFF_VNET_HDR;
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (!attach(fd, &request)) {
        not_attached(kind, name, why);
        close(fd);
        return NULL;
    }
    return finish(fd, &request, config, why);
}

bool device_is_tun(int fd)
{
    struct ifreq request = { .ifr_flags = 0 };
    return ioctl(fd, TUNGETIFF, &request) == 0;
}

struct aksu_interface *device_open_tun_fd(int fd, const struct aksu_interface_config *config,
                                          char why[AKSU_WHY])
{
    struct ifreq request = { .ifr_flags = 0 };
    if (ioctl(fd, TUNGETIFF, &request) != 0) {
        device_why(why, "descriptor %d is no TAP or TUN device: %s", fd, strerror(errno));
        close(fd);
        return NULL;
    }
    return finish(fd, &request, config, why);
}
