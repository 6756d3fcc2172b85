// Package podnet maps pod addresses to the addresses their processes listen on.
//
// EndpointSlices refuse loopback addresses, so a pod's IP is 10.x.y.z while its
// process listens on 127.x.y.z, the same last three octets. Everything that
// dials a pod (gateway, probes, Prometheus, the names proxy) goes through here.
// Every pod has an address of its own, so every pod may use the same port.
package podnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
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

// UnprivilegedPort is where a process listens that was to listen on port and may
// not, because ports below 1024 need privileges. Example: 80 -> 8080.
func UnprivilegedPort(port uint16) uint16 {
	if port >= 1024 {
		return port
	}
	return port + 8000
}

// DialContext dials like net.Dialer, with pod addresses mapped to where the
// pod's process listens. address is host:port; host may be any IP.
func DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	var dialer net.Dialer
	ip, err := netip.ParseAddr(host)
	if err != nil || Loopback(ip) == ip {
		return dialer.DialContext(ctx, network, address)
	}
	host = Loopback(ip).String()
	conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
	number, notNumber := strconv.ParseUint(port, 10, 16)
	instead := UnprivilegedPort(uint16(number))
	if !errors.Is(err, syscall.ECONNREFUSED) || notNumber != nil || uint64(instead) == number {
		return conn, err
	}
	if conn, e := dialer.DialContext(ctx, network, net.JoinHostPort(host, strconv.Itoa(int(instead)))); e == nil {
		return conn, nil
	}
	return nil, err
}
