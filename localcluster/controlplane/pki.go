package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	// certificateLifetime is long because nobody rotates a local cluster.
	certificateLifetime = 10 * 365 * 24 * time.Hour
	// renewBefore is how much life a certificate found on disk must have left.
	renewBefore = 30 * 24 * time.Hour
)

// keyPair names the two files of a certificate.
type keyPair struct {
	CertFile, KeyFile string
}

// pki is what the cluster proves identities with. Every certificate is signed by
// the one authority in CAFile.
type pki struct {
	CAFile string
	// APIServer serves the API.
	APIServer keyPair
	// Admin is a client in group system:masters: the user's kubeconfig, the
	// controllers and the API server's calls to the node.
	Admin keyPair
	// Node serves the node's kubelet API.
	Node keyPair
	// ServiceAccountKeyFile signs service account tokens.
	ServiceAccountKeyFile string
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// preparePKI loads the certificates below dir and issues those that are missing,
// expire soon or do not name a host that they must.
func preparePKI(dir string, apiHosts []string, nodeName string) (*pki, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create certificate directory: %w", err)
	}
	ca, err := loadOrCreateAuthority(pairIn(dir, "ca"))
	if err != nil {
		return nil, err
	}
	p := &pki{
		CAFile:                pairIn(dir, "ca").CertFile,
		APIServer:             pairIn(dir, "apiserver"),
		Admin:                 pairIn(dir, "admin"),
		Node:                  pairIn(dir, "node"),
		ServiceAccountKeyFile: filepath.Join(dir, "service-account.key"),
	}
	hosts := append([]string{"localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}, apiHosts...)
	leaves := []struct {
		pair    keyPair
		subject pkix.Name
		hosts   []string
	}{
		{p.APIServer, pkix.Name{CommonName: "kube-apiserver"}, hosts},
		{p.Admin, pkix.Name{CommonName: "serin-local-admin", Organization: []string{"system:masters"}}, nil},
		{p.Node, pkix.Name{CommonName: "system:node:" + nodeName, Organization: []string{"system:nodes"}}, []string{"localhost", "127.0.0.1", nodeName}},
	}
	for _, leaf := range leaves {
		if ca.vouchesFor(leaf.pair, leaf.hosts) {
			continue
		}
		if err := ca.issue(leaf.pair, leaf.subject, leaf.hosts); err != nil {
			return nil, err
		}
	}
	return p, ensureKey(p.ServiceAccountKeyFile)
}

func pairIn(dir, name string) keyPair {
	return keyPair{CertFile: filepath.Join(dir, name+".crt"), KeyFile: filepath.Join(dir, name+".key")}
}

func loadOrCreateAuthority(pair keyPair) (*authority, error) {
	loaded, err := tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
	if err == nil && time.Until(loaded.Leaf.NotAfter) > renewBefore {
		return &authority{cert: loaded.Leaf, key: loaded.PrivateKey.(crypto.Signer)}, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load certificate authority: %w", err)
	}
	key, err := writeKey(pair.KeyFile)
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(pkix.Name{CommonName: "serin-local"})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	cert, err := writeCertificate(pair.CertFile, template, &authority{cert: template, key: key}, key.Public())
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key}, nil
}

// vouchesFor reports whether pair exists, is signed by this authority, lasts and
// is good for every host.
func (a *authority) vouchesFor(pair keyPair, hosts []string) bool {
	loaded, err := tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
	if err != nil || time.Until(loaded.Leaf.NotAfter) < renewBefore {
		return false
	}
	if loaded.Leaf.CheckSignatureFrom(a.cert) != nil {
		return false
	}
	for _, host := range hosts {
		if loaded.Leaf.VerifyHostname(host) != nil {
			return false
		}
	}
	return true
}

// issue writes a fresh key and a certificate for it, good as server and client.
func (a *authority) issue(pair keyPair, subject pkix.Name, hosts []string) error {
	key, err := writeKey(pair.KeyFile)
	if err != nil {
		return err
	}
	template, err := newTemplate(subject)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, host)
	}
	_, err = writeCertificate(pair.CertFile, template, a, key.Public())
	return err
}

func newTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("draw certificate serial: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		// An hour of grace for clocks that are set back.
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(certificateLifetime),
		BasicConstraintsValid: true,
	}, nil
}

func writeCertificate(file string, template *x509.Certificate, signer *authority, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, public, signer.key)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", filepath.Base(file), err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, fmt.Errorf("write certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

func writeKey(file string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, fmt.Errorf("write key: %w", err)
	}
	return key, nil
}

// ensureKey writes a key unless there is one: tokens signed before stay good.
func ensureKey(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	_, err := writeKey(file)
	return err
}
