package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

const (
	// defaultGateway is where the gateway listens unless told otherwise. Taken
	// there, it is asked for at webAddress too: tutorials visit
	// http://$INGRESS_IP, which means port 80.
	defaultGateway = "127.0.0.1:8080"
	webAddress     = "127.0.0.1:80"
)

// listeners are the ports of a cluster, taken before anything is started.
type listeners struct {
	API, Gateway, GatewayMetrics, Prometheus, Proxy net.Listener
	// Web is the gateway's second listener; nil when there is none, and then
	// webError says why, unless nobody wanted it.
	Web      net.Listener
	webError error
	all      []net.Listener
}

// listen takes every port that the options ask for. previous is where the last
// start on the same directory listened: a port that was free to choose stays the
// same when it can, so that a kubeconfig at hand remains good.
func listen(o upOptions, previous addresses) (*listeners, error) {
	l := &listeners{}
	wanted := []struct {
		flag, address, previous string
		listener                *net.Listener
	}{
		{"--api", o.API, previous.API, &l.API},
		{"--gateway", o.Gateway, previous.Gateway, &l.Gateway},
		{"--prometheus", o.Prometheus, previous.Prometheus, &l.Prometheus},
		{"", "127.0.0.1:0", previous.GatewayMetrics, &l.GatewayMetrics},
		{"", "127.0.0.1:0", previous.Proxy, &l.Proxy},
	}
	for _, w := range wanted {
		listener, err := listenAgain(w.address, w.previous)
		if err != nil {
			l.close()
			return nil, portError(w.flag, w.address, err)
		}
		*w.listener = listener
		l.all = append(l.all, listener)
	}
	if o.Gateway == defaultGateway {
		l.listenWeb(webAddress)
	}
	return l, nil
}

// listenWeb takes the gateway's second port, which it can do without.
func (l *listeners) listenWeb(address string) {
	if l.Web, l.webError = net.Listen("tcp", address); l.webError == nil {
		l.all = append(l.all, l.Web)
	}
}

// gateway returns every listener of the gateway.
func (l *listeners) gateway() []net.Listener {
	if l.Web == nil {
		return []net.Listener{l.Gateway}
	}
	return []net.Listener{l.Gateway, l.Web}
}

// webNote says why nobody serves the gateway's second port; empty when it is
// served, or was not wanted.
func (l *listeners) webNote() string {
	var reason string
	switch {
	case l.webError == nil:
		return ""
	case errors.Is(l.webError, syscall.EACCES):
		reason = "it needs privileges (once: sudo sysctl net.ipv4.ip_unprivileged_port_start=80)"
	case errors.Is(l.webError, syscall.EADDRINUSE):
		reason = "another program listens there"
	default:
		reason = l.webError.Error()
	}
	return fmt.Sprintf("the gateway is not at %s as well: %s; where a tutorial visits http://$INGRESS_IP, add :8080", webAddress, reason)
}

// listenAgain listens on address. Where its port is 0, the port of previous is
// preferred if it is on the same host and free.
func listenAgain(address, previous string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if port == "0" && previous != "" {
		previousHost, _, err := net.SplitHostPort(previous)
		if err == nil && previousHost == host {
			if listener, err := net.Listen("tcp", previous); err == nil {
				return listener, nil
			}
		}
	}
	return net.Listen("tcp", address)
}

func portError(flag, address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s %s: another program listens there; choose a different address or port 0 for any free one", flag, address)
	}
	return fmt.Errorf("%s %s: %w", flag, address, err)
}

func (l *listeners) close() {
	for _, listener := range l.all {
		listener.Close()
	}
}

// freePort finds a port that nobody listens on now, for a child that takes only
// a number.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
