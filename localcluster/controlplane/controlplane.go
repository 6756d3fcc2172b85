package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
)

// stopTimeout is how long etcd and the API server may each take to end in good
// order.
const stopTimeout = 5 * time.Second

// Config says where a control plane lives.
type Config struct {
	// Dir holds all state: certificates, etcd's data, the kubeconfig and logs.
	Dir string
	// API is where the API server listens. It is closed with the control plane.
	API net.Listener
	// NodeName is the name that the node's serving certificate is issued for.
	NodeName string
}

// ControlPlane is a running control plane.
type ControlPlane struct {
	// REST reaches the API server as administrator, unthrottled.
	REST *rest.Config
	// Kubeconfig is the file to hand to other programs.
	Kubeconfig string
	// Node is the serving certificate for the node's kubelet API.
	Node tls.Certificate
	// Authority is who signed every certificate of the cluster.
	Authority *x509.CertPool

	pki   *pki
	store *store
	api   *apiServer
}

// Start runs etcd and the API server and returns when the API server is ready.
func Start(ctx context.Context, cfg Config) (*ControlPlane, error) {
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("create %s: %w", cfg.Dir, err)
	}
	host := cfg.API.Addr().(*net.TCPAddr).IP.String()
	certificates, err := preparePKI(filepath.Join(cfg.Dir, "pki"), []string{host}, cfg.NodeName)
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{pki: certificates, Kubeconfig: filepath.Join(cfg.Dir, "kubeconfig")}
	if err := c.identify(cfg); err != nil {
		return nil, err
	}
	etcdLog, err := redirectLogs(filepath.Join(cfg.Dir, "logs"))
	if err != nil {
		return nil, err
	}
	if err := c.start(ctx, cfg, etcdLog); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// identify fills in what callers need to prove who they are.
func (c *ControlPlane) identify(cfg Config) error {
	err := writeKubeconfig(c.Kubeconfig, "https://"+cfg.API.Addr().String(), c.pki)
	if err != nil {
		return err
	}
	if c.REST, err = restConfig(c.Kubeconfig); err != nil {
		return err
	}
	if c.Node, err = tls.LoadX509KeyPair(c.pki.Node.CertFile, c.pki.Node.KeyFile); err != nil {
		return fmt.Errorf("load the node's certificate: %w", err)
	}
	c.Authority = x509.NewCertPool()
	c.Authority.AppendCertsFromPEM(c.REST.CAData)
	return nil
}

func (c *ControlPlane) start(ctx context.Context, cfg Config, etcdLog *os.File) (err error) {
	if c.store, err = startStore(ctx, filepath.Join(cfg.Dir, "etcd"), etcdLog); err != nil {
		return err
	}
	if c.api, err = startAPIServer(ctx, cfg.API, c.store.endpoint, c.pki); err != nil {
		return err
	}
	return c.api.waitReady(ctx, c.REST)
}

// Wait blocks until the API server or etcd ends, and says why if nobody stopped
// it.
func (c *ControlPlane) Wait() error {
	select {
	case <-c.api.done:
		return c.api.failure()
	case err := <-c.store.server.Err():
		return fmt.Errorf("etcd ended: %w", err)
	}
}

// Stop ends what was started, in reverse order.
func (c *ControlPlane) Stop() {
	if c.api != nil {
		c.api.stop()
	}
	if c.store != nil {
		c.store.stop()
	}
}
