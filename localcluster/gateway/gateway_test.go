package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// kubeconfigVariable names a cluster whose API server the tests may use.
const kubeconfigVariable = "SERIN_LOCAL_KUBECONFIG"

func TestGatewayOnFakeClient(t *testing.T) {
	client := fake.NewClientset()
	playGateway(t, client, func(ctx context.Context, cfg Config) error { return run(ctx, client, cfg) })
}

func TestGatewayOnAPIServer(t *testing.T) {
	path := os.Getenv(kubeconfigVariable)
	if path == "" {
		t.Skip(kubeconfigVariable + " is not set")
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(rest.CopyConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	playGateway(t, client, func(ctx context.Context, cfg Config) error {
		cfg.REST = config
		return Run(ctx, cfg)
	})
}

// stage is a running gateway, a namespace and a client.
type stage struct {
	t         *testing.T
	client    kubernetes.Interface
	namespace string
	host      string
	webs      []string // URLs, all of the same gateway
	ops       string   // URL
}

// startGateway runs a gateway until the test ends, in a namespace of its own.
func startGateway(t *testing.T, client kubernetes.Interface, runGateway func(context.Context, Config) error) *stage {
	t.Helper()
	name := "gateway-" + strings.ToLower(rand.Text()[:8])
	s := &stage{t: t, client: client, namespace: name, host: name + ".example.org"}
	_, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	s.must(err)
	t.Cleanup(func() { client.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}) })

	listeners, ops := []net.Listener{listen(t), listen(t)}, listen(t)
	s.ops = "http://" + ops.Addr().String()
	for _, listener := range listeners {
		s.webs = append(s.webs, "http://"+listener.Addr().String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- runGateway(ctx, Config{Listeners: listeners, Metrics: ops, Log: slog.New(slog.DiscardHandler), Ready: func() { close(ready) }})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	waitFor(t, func() bool {
		select {
		case <-ready:
			return true
		case err := <-ended:
			ended <- err
			t.Fatalf("Run() = %v before it was ready", err)
			return false
		default:
			return false
		}
	})
	return s
}

func listen(t *testing.T) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// get returns status and body.
func (s *stage) get(url string, header http.Header) (int, string) {
	s.t.Helper()
	request, err := http.NewRequest("GET", url, nil)
	s.must(err)
	request.Host = s.host
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	s.must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	s.must(err)
	return answer.StatusCode, string(text)
}

// answers waits until requests are answered so, whichever listener takes them.
func (s *stage) answers(status int, text string, header http.Header) {
	s.t.Helper()
	for _, web := range s.webs {
		waitFor(s.t, func() bool {
			gotStatus, got := s.get(web+"/", header)
			return gotStatus == status && strings.Contains(got, text)
		})
	}
}

// backend makes a Service without selector, and a slice with one endpoint.
func (s *stage) backend(name string, endpoint Endpoint) {
	svc := service(name)
	svc.Namespace = s.namespace
	_, err := s.client.CoreV1().Services(s.namespace).Create(s.t.Context(), svc, metav1.CreateOptions{})
	s.must(err)
	_, err = s.client.DiscoveryV1().EndpointSlices(s.namespace).Create(s.t.Context(), s.slice(name, endpoint), metav1.CreateOptions{})
	s.must(err)
}

func (s *stage) slice(service string, at Endpoint) *discoveryv1.EndpointSlice {
	host, port, err := net.SplitHostPort(string(at))
	s.must(err)
	var number int32
	_, err = fmt.Sscan(port, &number)
	s.must(err)
	made := slice(service, number, ready(host))
	made.Name, made.Namespace = service, s.namespace
	return made
}

func (s *stage) ingress(name string, options ...ingressOption) {
	s.t.Helper()
	_, err := s.client.NetworkingV1().Ingresses(s.namespace).Create(s.t.Context(),
		ingress(name, append(options, inNamespace(s.namespace))...), metav1.CreateOptions{})
	s.must(err)
}

// annotate changes one canary annotation of an Ingress.
func (s *stage) annotate(name, annotation, value string) {
	s.t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{annotationPrefix + annotation: value}}})
	s.must(err)
	_, err = s.client.NetworkingV1().Ingresses(s.namespace).Patch(s.t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{})
	s.must(err)
}

// address is what the status of an Ingress says.
func (s *stage) address(name string) []networkingv1.IngressLoadBalancerIngress {
	found, err := s.client.NetworkingV1().Ingresses(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{})
	s.must(err)
	return found.Status.LoadBalancer.Ingress
}

// playGateway tells the story of a canary, with the objects that a rollout
// would write.
func playGateway(t *testing.T, client kubernetes.Interface, runGateway func(context.Context, Config) error) {
	s := startGateway(t, client, runGateway)
	s.answers(404, "no Ingress serves", nil)
	s.backend("stable", startPod(t, saying("stable")).endpoint)
	s.backend("canary", startPod(t, saying("canary")).endpoint)
	s.ingress("web", serving(s.host, "/", prefix, "stable"), withTLS(s.host))
	s.ingress("foreign", ofClass("alb"), serving(s.host, "/foreign", prefix, "stable"))
	s.answers(200, "stable", nil)
	waitFor(t, func() bool {
		got := s.address("web")
		return len(got) == 1 && got[0].IP == "127.0.0.1" && got[0].Hostname == "localhost"
	})

	s.ingress("web-canary", serving(s.host, "/", prefix, "canary"), annotated("canary", "true", "canary-weight", "0", "canary-by-header", "X-Canary"))
	s.answers(200, "canary", headers("X-Canary", "always"))
	s.answers(200, "stable", nil)
	s.annotate("web-canary", "canary-weight", "100")
	s.answers(200, "canary", nil)
	waitFor(t, func() bool {
		_, text := s.get(s.ops+"/routes", nil)
		return strings.Contains(text, s.namespace+"/canary:http")
	})

	_, metrics := s.get(s.ops+"/metrics", nil)
	if want := fmt.Sprintf(`nginx_ingress_controller_requests{canary="%s-canary-http"`, s.namespace); !strings.Contains(metrics, want) {
		t.Errorf("metrics lack %s", want)
	}
	if status, _ := s.get(s.ops+"/healthz", nil); status != http.StatusOK {
		t.Errorf("/healthz = %d, want 200", status)
	}

	// The stable Service selects other pods, and the canary loses its own.
	slices := client.DiscoveryV1().EndpointSlices(s.namespace)
	_, err := slices.Update(t.Context(), s.slice("stable", startPod(t, saying("promoted")).endpoint), metav1.UpdateOptions{})
	s.must(err)
	s.must(slices.Delete(t.Context(), "canary", metav1.DeleteOptions{}))
	s.answers(200, "promoted", nil)
	s.must(client.CoreV1().Services(s.namespace).Delete(t.Context(), "stable", metav1.DeleteOptions{}))
	s.answers(503, "service "+s.namespace+"/stable has no ready endpoint", nil)
	s.must(client.NetworkingV1().Ingresses(s.namespace).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	s.answers(404, "no Ingress serves", nil)

	if got := s.address("foreign"); len(got) != 0 {
		t.Errorf("the Ingress of another class got address %v, want none", got)
	}
}
