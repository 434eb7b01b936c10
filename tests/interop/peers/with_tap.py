"""with_tap.py - python3 with_tap.py TAP COMMAND...: runs the command with the TAP open as descriptor 9, as a program that
hands a device over to another one."""
import fcntl
import os
import struct
import sys

tap = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH', sys.argv[1].encode(), 0x1002))     # TUNSETIFF: TAP, no header
os.dup2(tap, 9)
os.execvp(sys.argv[2], sys.argv[2:])
