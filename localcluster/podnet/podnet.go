// Package podnet maps pod addresses to the addresses their processes listen on.
//
// EndpointSlices refuse loopback addresses, so a pod's IP is 10.x.y.z while its
// process listens on 127.x.y.z, the same last three octets. Everything that
// dials a pod (gateway, probes, Prometheus, the names proxy) goes through here.
// Every pod has an address of its own, so every pod may use the same port.
package podnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// First is the lowest address given to a pod. 10.0.0.0/16 stays unused, so that
// no pod is mapped to 127.0.0.1.
var First = netip.AddrFrom4([4]byte{10, 1, 0, 1})

// Loopback returns where the process of the pod with this IP listens: the first
// octet replaced by 127. Addresses outside 10.0.0.0/8 are returned unchanged.
func Loopback(podIP netip.Addr) netip.Addr {
	if !podIP.Is4() {
		return podIP
	}
	octets := podIP.As4()
	if octets[0] != 10 {
		return podIP
	}
	octets[0] = 127
	return netip.AddrFrom4(octets)
}

// DialContext dials like net.Dialer, with pod addresses mapped to where the
// pod's process listens. address is host:port; host may be any IP.
func DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		address = net.JoinHostPort(Loopback(ip).String(), port)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}
