package gateway

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	networkingv1 "k8s.io/api/networking/v1"
)

// benchRole makes the test binary play one side of the benchmark, so that the
// processor time of the gateway can be told from that of backend and clients.
const benchRole = "SERIN_GATEWAY_BENCH_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(benchRole) {
	case "backend":
		playBackend()
	case "clients":
		playClients()
	default:
		os.Exit(m.Run())
	}
}

// playBackend answers "blue" on a port it prints, until its input ends.
func playBackend() {
	listener, err := net.Listen("tcp", "127.77.9.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().String())
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `"blue"`) }))
	io.Copy(io.Discard, os.Stdin)
}

// playClients sends as many requests as its input says to the address its input
// says, over 16 kept connections, and prints how many were answered by 200.
func playClients() {
	var address string
	var requests int64
	if _, err := fmt.Scan(&address, &requests); err != nil {
		panic(err)
	}
	var left, good atomic.Int64
	left.Store(requests)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { playClient(address, &left, &good) })
	}
	all.Wait()
	fmt.Println(good.Load())
}

// playClient sends requests one after the other until none is left.
func playClient(address string, left, good *atomic.Int64) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for left.Add(-1) >= 0 {
		io.WriteString(conn, "GET /color HTTP/1.1\r\nHost: a\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		if answer.StatusCode == http.StatusOK {
			good.Add(1)
		}
	}
}

// benchProcess starts the test binary in a role. first reads its first line.
func benchProcess(b *testing.B, role string) (stdin io.WriteCloser, first func() string) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), benchRole+"="+role)
	stdin, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		command.Process.Kill()
		command.Wait()
	})
	return stdin, func() string {
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		return strings.TrimSpace(line)
	}
}

// BenchmarkProxy tells how many small answers one core of gateway forwards:
// backend and clients are processes of their own.
func BenchmarkProxy(b *testing.B) {
	_, address := benchProcess(b, "backend")
	_, port, err := net.SplitHostPort(address())
	if err != nil {
		b.Fatal(err)
	}
	locations, _ := FromIngresses([]*networkingv1.Ingress{
		ingress("web", serving("a", "/", prefix, "stable")),
		ingress("web-canary", serving("a", "/", prefix, "canary"), annotated("canary", "true", "canary-weight", "20", "canary-by-header", "X-C")),
	})
	table := &Table{Routes: NewRoutes(locations), Endpoints: map[ServicePort][]Endpoint{}}
	for backend := range table.Routes.Backends() {
		table.Endpoints[backend] = []Endpoint{Endpoint("10.77.9.1:" + port)}
	}
	var pointer atomic.Pointer[Table]
	pointer.Store(table)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	server := httpServer(newProxy(&pointer, rand.Uint32, newMeter(prometheus.NewRegistry()), log), log)
	go server.Serve(listener)
	b.Cleanup(func() { server.Close() })

	stdin, answered := benchProcess(b, "clients")
	before := processorTime(b)
	b.ResetTimer()
	fmt.Fprintln(stdin, listener.Addr(), b.N)
	if good := answered(); good != strconv.Itoa(b.N) {
		b.Fatalf("%s of %d requests were answered", good, b.N)
	}
	b.StopTimer()
	used := processorTime(b) - before
	b.ReportMetric(float64(b.N)/used.Seconds(), "req/core-s")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/req")
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkPick tells what one decision costs with 300 hosts, each with a canary.
func BenchmarkPick(b *testing.B) {
	table := tableOf(nil, manyIngresses(300)...)
	request := Request{Host: "host-150.example.org", Path: "/a/b", Header: headers("X-C", "maybe", "Accept", "*/*", "User-Agent", "x")}
	b.ReportAllocs()
	for b.Loop() {
		request.Draw += 1 << 20
		table.Pick(request)
	}
}

// BenchmarkRoutes tells what reading 300 Ingresses and their canaries costs.
func BenchmarkRoutes(b *testing.B) {
	ingresses := manyIngresses(300)
	for b.Loop() {
		locations, _ := FromIngresses(ingresses)
		NewRoutes(locations).Backends()
	}
}

func manyIngresses(n int) []*networkingv1.Ingress {
	var all []*networkingv1.Ingress
	for i := range n {
		host, name := fmt.Sprintf("host-%d.example.org", i), fmt.Sprintf("web-%d", i)
		all = append(all,
			ingress(name, serving(host, "/", prefix, name)),
			ingress(name+"-canary", serving(host, "/", prefix, name+"-canary"),
				annotated("canary", "true", "canary-weight", "20", "canary-by-header", "X-C")))
	}
	return all
}
