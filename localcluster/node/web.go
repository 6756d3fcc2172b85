package node

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

// defaultPort is where an application listens whose container declares no port.
const defaultPort = 8080

// web is an application to run inside this process.
type web struct {
	handler http.Handler
	ip      netip.Addr // loopback
	ports   []int32
	// stopAfter is how long it goes on serving after it was asked to stop.
	stopAfter time.Duration
	out       *logBuffer
}

// webServer is one run of a web.
type webServer struct {
	server    *http.Server
	stopAfter time.Duration
	done      func(ending)

	stopOnce, endOnce sync.Once
	killed            chan struct{}
}

// startWeb listens on every port, then serves. done is called once, from
// another goroutine, when the run has ended.
func startWeb(w web, done func(ending)) (*webServer, error) {
	listeners, err := listen(w)
	if err != nil {
		return nil, err
	}
	s := &webServer{
		server: &http.Server{
			Handler:           w.handler,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			ErrorLog:          log.New(w.out, "", 0),
		},
		stopAfter: w.stopAfter,
		done:      done,
		killed:    make(chan struct{}),
	}
	for _, l := range listeners {
		go s.serve(l)
	}
	return s, nil
}

// listen opens all ports or none.
func listen(w web) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, port := range w.ports {
		l, err := listenPort(w, int(port))
		if err != nil {
			for _, open := range listeners {
				open.Close()
			}
			return nil, err
		}
		listeners = append(listeners, l)
		fmt.Fprintf(w.out, "listening on port %d\n", l.Addr().(*net.TCPAddr).Port)
	}
	return listeners, nil
}

func listenPort(w web, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(w.ip.String(), strconv.Itoa(port)))
	instead := int(podnet.UnprivilegedPort(uint16(port)))
	if errors.Is(err, syscall.EACCES) && instead != port {
		// Everything that dials a pod through podnet tries that port too.
		fmt.Fprintf(w.out, "port %d needs privileges, taking %d instead\n", port, instead)
		return net.Listen("tcp", net.JoinHostPort(w.ip.String(), strconv.Itoa(instead)))
	}
	return l, err
}

func (s *webServer) serve(l net.Listener) {
	if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		s.end(ending{code: 1, reason: "Error", message: err.Error()})
	}
}

func (s *webServer) stop() { s.stopOnce.Do(func() { go s.shutdown() }) }

// shutdown goes on serving for stopAfter, then finishes the requests at hand.
func (s *webServer) shutdown() {
	linger := time.NewTimer(s.stopAfter)
	defer linger.Stop()
	select {
	case <-linger.C:
	case <-s.killed:
		return
	}
	if err := s.server.Shutdown(context.Background()); err != nil {
		s.end(ending{code: 1, reason: "Error", message: err.Error()})
		return
	}
	s.end(ending{reason: "Completed"})
}

func (s *webServer) kill() { go s.end(ending{code: 128 + int32(syscall.SIGKILL), reason: "Error"}) }

func (s *webServer) end(e ending) {
	s.endOnce.Do(func() {
		close(s.killed)
		// Whatever is still open goes; there is nobody left to tell about errors.
		_ = s.server.Close()
		s.done(e)
	})
}

// webPorts returns the TCP ports a container declares.
func webPorts(c *corev1.Container) []int32 {
	var ports []int32
	for _, p := range c.Ports {
		if p.Protocol == "" || p.Protocol == corev1.ProtocolTCP {
			ports = append(ports, p.ContainerPort)
		}
	}
	if len(ports) == 0 {
		return []int32{defaultPort}
	}
	return ports
}
