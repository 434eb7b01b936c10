// gvisor_bench.go - gVisor's end of the device benchmark (bench/device/run), with the command line of
// bench/device/stack.c. Its link endpoint leaves segments large and checksums open on a socket only, not on a TAP;
// what comes in it takes without verifying.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const buffer = 4 << 20

type end struct {
	s           *stack.Stack
	peer        net.IP
	port, ports int
	count       int64
	parallel    int
}

func check(err error) {
	if err != nil {
		log.Fatal("gvisor: ", err)
	}
}

func report(count int64, since time.Time) {
	wall := time.Since(since).Seconds()
	var u unix.Rusage
	check(unix.Getrusage(unix.RUSAGE_SELF, &u))
	cpu := float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
	fmt.Println(count, wall, cpu)
}

func (e *end) listen(port int) net.Listener {
	l, err := gonet.ListenTCP(e.s, tcpip.FullAddress{NIC: nic, Port: uint16(port)}, ipv4.ProtocolNumber)
	check(err)
	return l
}

func (e *end) dial(port int) (net.Conn, error) {
	return gonet.DialTCP(e.s, tcpip.FullAddress{NIC: nic, Addr: addressOf(e.peer), Port: uint16(port)},
		ipv4.ProtocolNumber)
}

func (e *end) one(active bool) net.Conn {
	if active {
		fmt.Println("ready")
		c, err := e.dial(e.port)
		check(err)
		return c
	}
	l := e.listen(e.port)
	fmt.Println("ready")
	c, err := l.Accept()
	check(err)
	return c
}

func (e *end) sink(active bool) {
	c := e.one(active)
	since, block, total := time.Now(), make([]byte, 1<<20), int64(0)
	for {
		n, err := c.Read(block)
		total += int64(n)
		if err == io.EOF {
			break
		}
		check(err)
	}
	c.Close()
	report(total, since)
}

func (e *end) source(active bool) {
	c := e.one(active)
	since, block := time.Now(), make([]byte, 1<<20)
	for left := e.count; left > 0; {
		if left < int64(len(block)) {
			block = block[:left]
		}
		n, err := c.Write(block)
		check(err)
		left -= int64(n)
	}
	check(c.(*gonet.TCPConn).CloseWrite())
	_, err := c.Read(block) // the peer has it all when it closes
	if err != io.EOF {
		check(err)
	}
	report(e.count, since)
	c.Close()
}

func (e *end) serve() {
	var since time.Time
	var begin, once sync.Once
	var done atomic.Int64
	over := make(chan bool)
	for i := 0; i < e.ports; i++ {
		l := e.listen(e.port + i)
		go func() {
			for {
				c, err := l.Accept()
				check(err)
				begin.Do(func() { since = time.Now() })
				go func() {
					c.Read(make([]byte, 1))
					c.Close()
					if done.Add(1) == e.count {
						once.Do(func() { close(over) })
					}
				}()
			}
		}()
	}
	fmt.Println("ready")
	<-over
	report(done.Load(), since)
}

func (e *end) open() {
	var opened, failed atomic.Int64
	var all sync.WaitGroup
	since := time.Now()
	for i := 0; i < e.parallel; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := opened.Add(1); n <= e.count; n = opened.Add(1) {
				c, err := e.dial(e.port + int(n)%e.ports)
				if err != nil {
					failed.Add(1)
					continue
				}
				c.Write([]byte("x"))
				c.Close()
			}
		}()
	}
	all.Wait()
	report(e.count-failed.Load(), since)
	if failed.Load() > 0 {
		log.Print("gvisor: ", failed.Load(), " connections failed")
	}
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func settings(s *stack.Stack) {
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: buffer, Max: buffer}
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: buffer, Max: buffer}
	wait := tcpip.TCPTimeWaitTimeoutOption(4 * time.Second) // as our own end: 2 MSL of 2 s
	for _, err := range []tcpip.Error{s.SetTransportProtocolOption(tcp.ProtocolNumber, &send),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &receive),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &wait)} {
		if err != nil {
			log.Fatal("gvisor: ", err)
		}
	}
}

func main() {
	log.SetFlags(0)
	a := os.Args
	if len(a) < 8 || !strings.HasPrefix(a[2], "tap:") {
		log.Fatal("usage: ROLE tap:NAME ADDRESS/24 PEER PORT active|passive|PORTS COUNT [PARALLEL]")
	}
	ip, _, err := net.ParseCIDR(a[3])
	check(err)
	e := &end{s: start(a[2][4:], ip, true), peer: net.ParseIP(a[4]), port: number(a[5]), ports: number(a[6]),
		count: int64(number(a[7])), parallel: 64}
	if len(a) > 8 {
		e.parallel = number(a[8])
	}
	settings(e.s)
	switch a[1] {
	case "sink":
		e.sink(a[6] == "active")
	case "source":
		e.source(a[6] == "active")
	case "serve":
		e.serve()
	case "open":
		e.open()
	}
	time.Sleep(300 * time.Millisecond) // until the last FIN and its ACK have left
}
