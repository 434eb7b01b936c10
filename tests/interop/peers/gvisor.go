// gvisor.go - gVisor's netstack (Debian's golang-gvisor-gvisor-dev) as a peer: an HTTP client and server on a TAP.
//
//	gvisor get TAP ADDRESS URL FILE
//	gvisor serve TAP ADDRESS PORT DIRECTORY
//
// ADDRESS is IPv4 or IPv6, of a network of 24 or 64 bits.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

func get(s *stack.Stack, url, path string) error {
	dial := func(ctx context.Context, network, target string) (net.Conn, error) {
		to, err := net.ResolveTCPAddr("tcp", target)
		if err != nil {
			return nil, err
		}
		return gonet.DialContextTCP(ctx, s, tcpip.FullAddress{NIC: nic, Addr: addressOf(to.IP),
			Port: uint16(to.Port)}, protocolOf(to.IP))
	}
	transport := &http.Transport{DialContext: dial}
	client := http.Client{Transport: transport, Timeout: 50 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", response.Status)
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, response.Body); err != nil {
		return err
	}
	response.Body.Close()
	transport.CloseIdleConnections()
	time.Sleep(300 * time.Millisecond) // until FIN and its ACK have left
	return out.Close()
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: gvisor get TAP ADDRESS URL FILE | serve TAP ADDRESS PORT DIRECTORY")
	}
	ip := net.ParseIP(os.Args[3])
	s := start(os.Args[2], ip, false)
	switch os.Args[1] {
	case "get":
		if err := get(s, os.Args[4], os.Args[5]); err != nil {
			log.Fatal(err)
		}
	case "serve":
		port, _ := strconv.Atoi(os.Args[4])
		listener, err := gonet.ListenTCP(s, tcpip.FullAddress{NIC: nic, Addr: addressOf(ip),
			Port: uint16(port)}, protocolOf(ip))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("listening")
		log.Fatal(http.Serve(listener, http.FileServer(http.Dir(os.Args[5]))))
	}
}
