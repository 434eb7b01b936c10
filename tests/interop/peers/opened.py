#!/usr/bin/env python3
"""opened.py NAME tap|tun[,vnet][,pi] COMMAND...: opens a TAP or TUN device and becomes COMMAND, in which fd:N is its
descriptor. vnet: with virtio headers, pi: with packet information."""
import fcntl, os, struct, sys

FLAGS = {'tun': 1, 'tap': 2, 'vnet': 0x4000}
TUNSETIFF, NO_PI = 0x400454ca, 0x1000

name, kind, command = sys.argv[1], sys.argv[2].split(','), sys.argv[3:]
flags = sum(FLAGS[word] for word in kind if word in FLAGS) | (0 if 'pi' in kind else NO_PI)
device = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(device, TUNSETIFF, struct.pack('16sH22x', name.encode(), flags))
os.set_inheritable(device, True)
os.execvp(command[0], [word.replace('fd:N', f'fd:{device}') for word in command])
