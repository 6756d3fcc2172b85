package controlplane

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// maxSocketPath is the longest path that the kernel takes for a Unix socket.
const maxSocketPath = 100

// store is the running etcd.
type store struct {
	server *embed.Etcd
	// endpoint is where clients find it.
	endpoint string
	// sockets is removed at the end.
	sockets string
}

// startStore runs etcd with its data in dir. Unix sockets spare two ports and
// keep other users of the machine out.
func startStore(ctx context.Context, dir string, logs zapcore.WriteSyncer) (*store, error) {
	sockets, err := socketDir(dir)
	if err != nil {
		return nil, err
	}
	cfg := storeConfig(dir, sockets)
	encoder := zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig())
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.New(zapcore.NewCore(encoder, logs, zapcore.WarnLevel)))
	server, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("start etcd on %s: %w", dir, err)
	}
	s := &store{server: server, endpoint: cfg.ListenClientUrls[0].String(), sockets: sockets}
	select {
	case <-server.Server.ReadyNotify():
		return s, nil
	case err := <-server.Err():
		s.stop()
		return nil, fmt.Errorf("start etcd on %s: %w", dir, err)
	case <-ctx.Done():
		s.stop()
		return nil, fmt.Errorf("start etcd on %s: %w", dir, context.Cause(ctx))
	}
}

func storeConfig(dir, sockets string) *embed.Config {
	cfg := embed.NewConfig()
	cfg.Name = "serin-local"
	cfg.Dir = dir
	client := url.URL{Scheme: "unix", Path: filepath.Join(sockets, "client")}
	peer := url.URL{Scheme: "unix", Path: filepath.Join(sockets, "peer")}
	// What is advertised stays etcd's default: our only client is told the socket
	// and there are no peers.
	cfg.ListenClientUrls, cfg.ListenPeerUrls = []url.URL{client}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	// The state of a local cluster may be lost with the machine's power, so no
	// write waits for the disk.
	cfg.UnsafeNoFsync = true
	// kube-apiserver compacts every five minutes. A small snapshot count keeps
	// the write-ahead log, and with it the next start, short.
	cfg.SnapshotCount = 5000
	cfg.QuotaBackendBytes = 4 << 30
	// Zero, the default outside of etcd's own command line, warns of every request.
	cfg.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	return cfg
}

// socketDir returns where etcd's two sockets go: beside its data, or in a
// temporary directory where that path is too long for a socket.
func socketDir(dataDir string) (string, error) {
	sockets := dataDir + ".sockets"
	if len(sockets) <= maxSocketPath-len("/client") {
		if err := os.MkdirAll(sockets, 0o700); err != nil {
			return "", fmt.Errorf("create directory for etcd's sockets: %w", err)
		}
		return sockets, nil
	}
	sockets, err := os.MkdirTemp("", "serin-local-")
	if err != nil {
		return "", fmt.Errorf("create directory for etcd's sockets: %w", err)
	}
	return sockets, nil
}

func (s *store) stop() {
	// Closing waits for requests in flight, which a hanging one must not prolong.
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.server.Close()
	}()
	select {
	case <-done:
	case <-time.After(stopTimeout):
	}
	os.RemoveAll(s.sockets)
}
