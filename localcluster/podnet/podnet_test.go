package podnet

import (
	"net/netip"
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
