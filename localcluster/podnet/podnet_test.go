package podnet

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

func TestLoopback(t *testing.T) {
	cases := map[string]struct{ ip, want string }{
		"a pod address moves to loopback":       {ip: "10.1.2.3", want: "127.1.2.3"},
		"loopback stays":                        {ip: "127.0.0.1", want: "127.0.0.1"},
		"an address that is no pod's stays":     {ip: "192.168.1.1", want: "192.168.1.1"},
		"IPv6 stays":                            {ip: "::1", want: "::1"},
		"the first pod is not mapped to 127.0.": {ip: First.String(), want: "127.1.0.1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Loopback(netip.MustParseAddr(tc.ip)).String(); got != tc.want {
				t.Errorf("Loopback(%s) = %s, want %s", tc.ip, got, tc.want)
			}
		})
	}
}

func TestDialContextFindsPortsThatNeedPrivileges(t *testing.T) {
	// Away from the addresses of pods, which end at 10.95.255.255.
	pod := netip.AddrFrom4([4]byte{10, 250, byte(rand.Uint32()), byte(rand.Uint32())})
	listener, err := net.Listen("tcp", Loopback(pod).String()+":8081")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cases := map[string]struct {
		address string
		refused bool
	}{
		"where it listens":                        {address: pod.String() + ":8081"},
		"where it was to listen":                  {address: pod.String() + ":81"},
		"a port of nobody":                        {address: pod.String() + ":82", refused: true},
		"a port that needs no privileges":         {address: pod.String() + ":1081", refused: true},
		"an address that is no pod's stays as is": {address: Loopback(pod).String() + ":81", refused: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			conn, err := DialContext(t.Context(), "tcp", tc.address)
			if err == nil {
				conn.Close()
			}
			if got := errors.Is(err, syscall.ECONNREFUSED); got != tc.refused || !got && err != nil {
				t.Errorf("DialContext(%s): %v, refused: want %t", tc.address, err, tc.refused)
			}
		})
	}
}
