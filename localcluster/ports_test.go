package main

import (
	"net"
	"testing"
)

func TestListenAgain(t *testing.T) {
	taken := takenPort(t)
	free := freeAddress(t)
	cases := map[string]struct {
		address, previous string
		wantPrevious      bool
	}{
		"the earlier port is free, so it is taken again": {address: "127.0.0.1:0", previous: free, wantPrevious: true},
		"the earlier port is taken, so any other does":   {address: "127.0.0.1:0", previous: taken},
		"there was no earlier port":                      {address: "127.0.0.1:0"},
		"another host is wanted now":                     {address: "127.0.0.2:0", previous: free},
		"a port was named, so the earlier one is left":   {address: freeAddress(t), previous: free},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			listener, err := listenAgain(tc.address, tc.previous)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			if got := listener.Addr().String() == tc.previous; got != tc.wantPrevious {
				t.Errorf("listens on %s, earlier %q: got the same %v, want %v", listener.Addr(), tc.previous, got, tc.wantPrevious)
			}
		})
	}
}

// freeAddress finds an address that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestWebPort(t *testing.T) {
	cases := map[string]struct {
		address  string
		wantNote string
	}{
		"free, so it is served": {address: freeAddress(t)},
		"taken, and that is said": {
			address:  takenPort(t),
			wantNote: "the gateway is not at 127.0.0.1:80 as well: another program listens there; where a tutorial visits http://$INGRESS_IP, add :8080",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l := &listeners{Gateway: anyListener(t)}
			l.listenWeb(tc.address)
			defer l.close()
			if got := l.webNote(); got != tc.wantNote {
				t.Errorf("webNote() = %q, want %q", got, tc.wantNote)
			}
			served := map[string]bool{}
			for _, listener := range l.gateway() {
				served[listener.Addr().String()] = true
			}
			if got, want := served[tc.address], tc.wantNote == ""; got != want {
				t.Errorf("the gateway listens on %v; at %s: got %t, want %t", served, tc.address, got, want)
			}
		})
	}
}

func TestWebPortIsWantedOnlyWithTheDefault(t *testing.T) {
	l, err := listen(upOptions{API: "127.0.0.1:0", Gateway: "127.0.0.1:0", Prometheus: "127.0.0.1:0"}, addresses{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if l.Web != nil || l.webNote() != "" {
		t.Errorf("second listener %v, note %q, want neither", l.Web, l.webNote())
	}
}
