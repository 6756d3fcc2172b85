package node

import (
	"errors"
	"net/netip"
	"sync"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

// lastAddress is where the search for a free pod address wraps around.
var lastAddress = netip.AddrFrom4([4]byte{10, 255, 255, 254})

// addresses hands out pod addresses, each to one pod at a time. An address that
// was given back is reused as late as possible. Safe for concurrent use.
type addresses struct {
	mu   sync.Mutex
	used map[netip.Addr]bool
	next netip.Addr
}

func newAddresses() *addresses {
	return &addresses{used: map[netip.Addr]bool{}, next: podnet.First}
}

// claim marks an address as used by a pod of an earlier run.
func (a *addresses) claim(ip netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used[ip] = true
	if !ip.Less(a.next) && ip.Less(lastAddress) {
		a.next = ip.Next()
	}
}

// take returns an address that no pod has.
func (a *addresses) take() (netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	start := a.next
	for {
		ip := a.next
		a.next = ip.Next()
		if a.next == lastAddress {
			a.next = podnet.First
		}
		if usable(ip) && !a.used[ip] {
			a.used[ip] = true
			return ip, nil
		}
		if a.next == start {
			return netip.Addr{}, errors.New("no free pod address")
		}
	}
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
