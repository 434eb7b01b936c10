// gvisor_tap.go - gVisor's netstack on a TAP. Built into each program that makes a peer of it.
package main

import (
	"log"
	"net"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/link/tun"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const nic = 1

func protocolOf(ip net.IP) tcpip.NetworkProtocolNumber {
	if ip.To4() != nil {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}

func addressOf(ip net.IP) tcpip.Address {
	if short := ip.To4(); short != nil {
		return tcpip.Address(short)
	}
	return tcpip.Address(ip.To16())
}

// start attaches a stack to a TAP. trusting: checksums of what comes in are not verified.
func start(device string, ip net.IP, trusting bool) *stack.Stack {
	s := stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{
			ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	fd, err := tun.OpenTAP(device)
	if err != nil {
		log.Fatal("the TAP cannot be opened: ", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		log.Fatal(err)
	}
	link, err := fdbased.New(&fdbased.Options{FDs: []int{fd}, MTU: 1500, EthernetHeader: true,
		Address: "\x02\x00\x00\x67\x56\x01", PacketDispatchMode: fdbased.Readv,
		RXChecksumOffload: trusting})
	if err != nil {
		log.Fatal(err)
	}
	sack := tcpip.TCPSACKEnabled(true)
	s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack)
	if err := s.CreateNIC(nic, link); err != nil {
		log.Fatal(err)
	}
	bits := 24
	if ip.To4() == nil {
		bits = 64
	}
	address := tcpip.AddressWithPrefix{Address: addressOf(ip), PrefixLen: bits}
	if err := s.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: protocolOf(ip),
		AddressWithPrefix: address}, stack.AddressProperties{}); err != nil {
		log.Fatal(err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: address.Subnet(), NIC: nic}})
	return s
}
