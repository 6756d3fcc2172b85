package controlplane

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

// serviceRange holds the addresses of Services. It lies far above the pods',
// which are counted up from podnet.First.
const serviceRange = "10.96.0.0/16"

// apiServer is the running kube-apiserver.
type apiServer struct {
	ctx    context.Context
	cancel context.CancelFunc
	// done is closed when the server ended; err is set before.
	done chan struct{}
	err  error
}

// startAPIServer serves the API on listener until stopped. It returns when the
// server was started, which is before it is ready.
func startAPIServer(ctx context.Context, listener net.Listener, etcdEndpoint string, p *pki) (*apiServer, error) {
	s := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	named := s.Flags()
	for _, set := range named.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(apiServerFlags(listener.Addr(), etcdEndpoint, p)); err != nil {
		return nil, fmt.Errorf("configure kube-apiserver: %w", err)
	}
	s.SecureServing.Listener = listener
	s.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("configure kube-apiserver: %w", err)
	}

	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	run, err := buildAPIServer(ctx, s)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start kube-apiserver: %w", err)
	}
	server := &apiServer{ctx: ctx, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(server.done)
		server.err = run(ctx)
	}()
	return server, nil
}

func apiServerFlags(address net.Addr, etcdEndpoint string, p *pki) []string {
	return []string{
		"--etcd-servers=" + etcdEndpoint,
		"--bind-address=" + address.(*net.TCPAddr).IP.String(),
		"--tls-cert-file=" + p.APIServer.CertFile,
		"--tls-private-key-file=" + p.APIServer.KeyFile,
		"--client-ca-file=" + p.CAFile,
		"--anonymous-auth=false",
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=" + serviceRange,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.ServiceAccountKeyFile,
		"--service-account-signing-key-file=" + p.ServiceAccountKeyFile,
		// Pods are processes: they get no token mounted, and a pod must not wait
		// for its namespace's service account. The node has no scheduler to heed
		// its taints.
		"--disable-admission-plugins=ServiceAccount,TaintNodesByCondition,DefaultStorageClass,StorageObjectInUseProtection",
		"--allow-privileged=true",
		// The node is on a loopback address, which EndpointSlices refuse, so
		// Service kubernetes has no endpoints; nothing looks there.
		"--endpoint-reconciler-type=none",
		// Otherwise the address of the default route is looked up, and a machine
		// without network has none.
		"--advertise-address=" + address.(*net.TCPAddr).IP.String(),
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + p.CAFile,
		"--kubelet-client-certificate=" + p.Admin.CertFile,
		"--kubelet-client-key=" + p.Admin.KeyFile,
		// A single server needs no lease to be told from its peers. The gates about
		// stale controllers make those wait with growing pauses until their caches show
		// their own writes, which stalls bursts on a small machine.
		"--feature-gates=APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false," +
			"StaleControllerConsistencyReplicaSet=false,StaleControllerConsistencyJob=false",
		"--profiling=false",
		"--shutdown-delay-duration=0s",
		"--watch-cache=true",
	}
}

// buildAPIServer wires the chain of API servers and returns what runs it.
func buildAPIServer(ctx context.Context, s *options.ServerRunOptions) (func(context.Context) error, error) {
	completedOptions, err := s.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := completedOptions.Validate(); len(errs) != 0 {
		return nil, utilerrors.NewAggregate(errs)
	}
	config, err := app.NewConfig(completedOptions)
	if err != nil {
		return nil, err
	}
	// Webhooks, aggregated APIs and `kubectl get --raw …/proxy` dial pods.
	config.KubeAPIs.ControlPlane.ProxyTransport.DialContext = podnet.DialContext
	completed, err := config.Complete()
	if err != nil {
		return nil, err
	}
	chain, err := app.CreateServerChain(completed)
	if err != nil {
		return nil, err
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, err
	}
	return prepared.Run, nil
}

// waitReady returns when the API server says that all of it works.
func (s *apiServer) waitReady(ctx context.Context, config *rest.Config) error {
	config = rest.CopyConfig(config)
	config.Timeout = time.Second
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("make client for readiness: %w", err)
	}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		if answersOK(ctx, client, config.Host+"/readyz") {
			return nil
		}
		select {
		case <-ticker.C:
		case <-s.done:
			return s.failure()
		case <-ctx.Done():
			return fmt.Errorf("wait for kube-apiserver: %w", context.Cause(ctx))
		}
	}
}

func answersOK(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// failure says why the ended server ended, unless it was stopped.
func (s *apiServer) failure() error {
	if s.ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("kube-apiserver ended: %w", s.err)
}

func (s *apiServer) stop() {
	s.cancel()
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
	}
}
