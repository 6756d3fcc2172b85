package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listeners are the ports of a cluster, taken before anything is started.
type listeners struct {
	API, Gateway, GatewayMetrics, Proxy net.Listener
	all                                 []net.Listener
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
	return l, nil
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
