package controlplane

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"google.golang.org/grpc/grpclog"
	"k8s.io/klog/v2"
)

// redirectLogs sends the logs of Kubernetes and of gRPC, which both belong to
// the whole process, to files in dir, and returns the file for etcd's. Each start
// begins new files. They stay open to the end of the process, because components
// that were stopped may still say a last word.
func redirectLogs(dir string) (etcd *os.File, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create log directory: %w", err)
	}
	kubernetes, err := os.Create(filepath.Join(dir, "kubernetes.log"))
	if err != nil {
		return nil, fmt.Errorf("create log file: %w", err)
	}
	if etcd, err = os.Create(filepath.Join(dir, "etcd.log")); err != nil {
		return nil, fmt.Errorf("create log file: %w", err)
	}
	klog.SetSlogLogger(slog.New(slog.NewTextHandler(kubernetes, nil)))
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, etcd))
	return etcd, nil
}
