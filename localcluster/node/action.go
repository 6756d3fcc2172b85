package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

// messageLimit bounds what is kept of the answer to a check. Unit: bytes.
const messageLimit = 1024

// target is the container that probes and hooks act on.
type target struct {
	ip   netip.Addr // pod address
	spec *corev1.Container
	env  []string
	dir  string
}

// probeCheck returns the check that a probe asks for.
func (n *node) probeCheck(p *corev1.Probe, t target) func(context.Context) outcome {
	switch {
	case p.HTTPGet != nil:
		return func(ctx context.Context) outcome { return n.httpGet(ctx, p.HTTPGet, t) }
	case p.TCPSocket != nil:
		return func(ctx context.Context) outcome { return dialOnce(ctx, p.TCPSocket, t) }
	case p.Exec != nil:
		return func(ctx context.Context) outcome { return n.execute(ctx, p.Exec.Command, t) }
	case p.GRPC != nil:
		socket := &corev1.TCPSocketAction{Port: intstr.FromInt32(p.GRPC.Port)}
		return func(ctx context.Context) outcome { return dialOnce(ctx, socket, t) }
	default:
		return func(context.Context) outcome { return outcome{ok: true} }
	}
}

// runHook carries out a preStop or postStart hook.
func (n *node) runHook(ctx context.Context, h *corev1.LifecycleHandler, t target) outcome {
	switch {
	case h.Exec != nil:
		return n.execute(ctx, h.Exec.Command, t)
	case h.HTTPGet != nil:
		return n.httpGet(ctx, h.HTTPGet, t)
	case h.TCPSocket != nil:
		return dialOnce(ctx, h.TCPSocket, t)
	case h.Sleep != nil:
		return sleep(ctx, time.Duration(h.Sleep.Seconds)*time.Second)
	default:
		return outcome{ok: true}
	}
}

func sleep(ctx context.Context, d time.Duration) outcome {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return outcome{ok: true}
	case <-ctx.Done():
		return outcome{message: ctx.Err().Error()}
	}
}

// newProbeClient makes requests as the kubelet does: a connection each, no
// certificate check, pod addresses mapped to where pods listen.
func newProbeClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:       podnet.DialContext,
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if next.URL.Hostname() != via[0].URL.Hostname() || len(via) >= 10 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// httpGet is fulfilled by any answer from 200 to 399.
func (n *node) httpGet(ctx context.Context, a *corev1.HTTPGetAction, t target) outcome {
	port, err := portNumber(a.Port, t.spec)
	if err != nil {
		return outcome{message: err.Error()}
	}
	host := a.Host
	if host == "" {
		host = t.ip.String()
	}
	scheme := strings.ToLower(string(a.Scheme))
	if scheme == "" {
		scheme = "http"
	}
	url := scheme + "://" + net.JoinHostPort(host, strconv.Itoa(port)) + "/" + strings.TrimPrefix(a.Path, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return outcome{message: err.Error()}
	}
	request.Header.Set("User-Agent", "kube-probe/serin")
	for _, h := range a.HTTPHeaders {
		request.Header.Add(h.Name, h.Value)
		if strings.EqualFold(h.Name, "Host") {
			request.Host = h.Value
		}
	}
	return n.answer(request)
}

func (n *node) answer(request *http.Request) outcome {
	response, err := n.probes.Do(request)
	if err != nil {
		return outcome{message: err.Error()}
	}
	defer response.Body.Close()
	if response.StatusCode >= 200 && response.StatusCode < 400 {
		return outcome{ok: true}
	}
	return outcome{message: fmt.Sprintf("HTTP probe failed with statuscode: %d", response.StatusCode)}
}

// dialOnce is fulfilled by a connection.
func dialOnce(ctx context.Context, a *corev1.TCPSocketAction, t target) outcome {
	port, err := portNumber(a.Port, t.spec)
	if err != nil {
		return outcome{message: err.Error()}
	}
	host := a.Host
	if host == "" {
		host = t.ip.String()
	}
	conn, err := podnet.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return outcome{message: err.Error()}
	}
	conn.Close()
	return outcome{ok: true}
}

// portNumber finds a port by number or by the name the container gives it.
func portNumber(port intstr.IntOrString, c *corev1.Container) (int, error) {
	if port.Type == intstr.Int {
		return port.IntValue(), nil
	}
	for _, p := range c.Ports {
		if p.Name == port.StrVal {
			return int(p.ContainerPort), nil
		}
	}
	if number, err := strconv.Atoi(port.StrVal); err == nil {
		return number, nil
	}
	return 0, fmt.Errorf("couldn't find port: %s in container %s", port.StrVal, c.Name)
}

// execute runs a command beside the container; exit code 0 fulfils it. When ctx
// ends, the command and what it started are killed.
func (n *node) execute(ctx context.Context, argv []string, t target) outcome {
	if len(argv) == 0 {
		return outcome{message: "no command"}
	}
	// An application inside this process has had no need of its directory yet.
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return outcome{message: err.Error()}
	}
	var out limitedBuffer
	end := make(chan ending, 1)
	p, err := n.launcher.start(command{argv: argv, env: t.env, dir: t.dir, out: &out}, func(e ending) { end <- e })
	if err != nil {
		return outcome{message: err.Error()}
	}
	select {
	case e := <-end:
		return outcome{ok: e.code == 0, message: execMessage(e, out.text)}
	case <-ctx.Done():
		p.kill()
		<-end
		return outcome{message: fmt.Sprintf("command %q: %v", strings.Join(argv, " "), ctx.Err())}
	}
}

func execMessage(e ending, text []byte) string {
	if e.code == 0 {
		return ""
	}
	if len(text) == 0 {
		return fmt.Sprintf("command ended with exit code %d", e.code)
	}
	return string(text)
}

// limitedBuffer keeps the first messageLimit bytes and forgets the rest.
type limitedBuffer struct{ text []byte }

var _ io.Writer = (*limitedBuffer)(nil)

func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), messageLimit-len(b.text))]...)
	return len(p), nil
}

// startFailure words the reason why a command could not be started.
func startFailure(argv []string, err error) string {
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Sprintf("exec: %q: executable file not found in $PATH", argv[0])
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return fmt.Sprintf("exec: %q: %v", argv[0], errno)
	}
	return err.Error()
}
