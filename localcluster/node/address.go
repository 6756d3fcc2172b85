package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

const (
	// lastNetwork is the highest second octet of pod addresses. It stays below
	// 96, where clusters conventionally begin their Service addresses.
	lastNetwork = 95
	// guardPort is listened on at an address that no pod gets, to tell other
	// nodes of this machine that a network is taken.
	guardPort = 10250
)

// addresses hands out pod addresses, each to one pod at a time, from a network
// 10.N.0.0/16 that no other node of this machine uses: all of them share the
// loopback device. An address that was given back is reused as late as possible.
// Safe for concurrent use.
type addresses struct {
	mu      sync.Mutex
	used    map[netip.Addr]bool
	next    netip.Addr
	network byte // N; zero until settle
	guard   net.Listener
}

func newAddresses() *addresses {
	return &addresses{used: map[netip.Addr]bool{}}
}

// claim marks an address as used by a pod of an earlier run.
func (a *addresses) claim(ip netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used[ip] = true
	if !ip.Less(a.next) {
		a.next = ip.Next()
	}
}

// settle takes the network of the addresses claimed so far, or the first free
// one. It is called once, before the first take.
func (a *addresses) settle() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := podnet.First.As4()[1]
	candidates := []byte{}
	if a.next.IsValid() {
		candidates = append(candidates, a.next.As4()[1])
	}
	for n := first; n <= lastNetwork; n++ {
		candidates = append(candidates, n)
	}
	for _, n := range candidates {
		// An error means that another node has it.
		guard, err := net.Listen("tcp", fmt.Sprintf("127.%d.255.255:%d", n, guardPort))
		if err != nil {
			continue
		}
		a.network, a.guard = n, guard
		if !a.next.IsValid() || !a.has(a.next) {
			a.next = a.first()
		}
		return nil
	}
	return errors.New("every network for pod addresses is taken by another node of this machine")
}

// close lets other nodes have the network.
func (a *addresses) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.guard == nil {
		return nil
	}
	return a.guard.Close()
}

// has tells whether an address lies in the network. The caller holds the lock.
func (a *addresses) has(ip netip.Addr) bool {
	octets := ip.As4()
	return octets[0] == podnet.First.As4()[0] && octets[1] == a.network
}

// owns tells whether a pod may keep an address that it had in an earlier run.
func (a *addresses) owns(ip netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return ip.Is4() && a.has(ip)
}

// first is the lowest address of the network.
func (a *addresses) first() netip.Addr {
	octets := podnet.First.As4()
	octets[1] = a.network
	return netip.AddrFrom4(octets)
}

// take returns an address that no pod has.
func (a *addresses) take() (netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range 1 << 16 {
		ip := a.next
		a.next = ip.Next()
		if !a.has(a.next) {
			a.next = a.first()
		}
		if usable(ip) && !a.used[ip] {
			a.used[ip] = true
			return ip, nil
		}
	}
	return netip.Addr{}, errors.New("no free pod address")
}

// give returns an address that its pod no longer needs.
func (a *addresses) give(ip netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.used, ip)
}

// usable leaves out what people read as network and broadcast addresses.
func usable(ip netip.Addr) bool {
	last := ip.As4()[3]
	return last != 0 && last != 255
}
