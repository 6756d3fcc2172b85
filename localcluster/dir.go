package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// What a cluster's directory holds.
const (
	defaultDir     = ".serin"
	kubeconfigName = "kubeconfig"
	addressesName  = "addresses.json"
	lockName       = "lock"
	logsName       = "logs"
	nodeName       = "node"
	prometheusName = "prometheus"
)

// errNotRunning says that no cluster runs on a directory.
var errNotRunning = errors.New("no cluster is running")

// addresses are where the parts of a running cluster listen, as host:port.
// Empty: the part is not there.
type addresses struct {
	API        string `json:"api"`
	Gateway    string `json:"gateway"`
	Prometheus string `json:"prometheus"`
	Dashboard  string `json:"dashboard"`
	Proxy      string `json:"proxy"`
	// Web is where the gateway listens as well, for those who expect port 80.
	Web string `json:"web,omitempty"`
	// GatewayMetrics is where Prometheus finds the gateway's request counts.
	GatewayMetrics string `json:"gatewayMetrics"`
}

// readAddresses returns what the last start wrote; nothing when there was none.
func readAddresses(dir string) (addresses, error) {
	var a addresses
	data, err := os.ReadFile(filepath.Join(dir, addressesName))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("read addresses: %w", err)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("read %s: %w", filepath.Join(dir, addressesName), err)
	}
	return a, nil
}

// write replaces the file as a whole, so that nobody reads half of it.
func (a addresses) write(dir string) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("encode addresses: %w", err)
	}
	file := filepath.Join(dir, addressesName)
	if err := os.WriteFile(file+".new", append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	return nil
}

// lockDir makes this process the only one that runs a cluster on dir. The kernel
// gives the lock back when the process ends, however it ends.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create cluster directory: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		pid, _ := readPID(dir)
		return nil, fmt.Errorf("a cluster is already running on %s (process %d); stop it with: serin-local stop --dir %s", dir, pid, dir)
	}
	if err := file.Truncate(0); err != nil {
		return nil, fmt.Errorf("write lock: %w", err)
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return nil, fmt.Errorf("write lock: %w", err)
	}
	return file, nil
}

// runningPID returns the process that runs the cluster on dir, or errNotRunning.
func runningPID(dir string) (int, error) {
	file, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, errNotRunning
	}
	if err != nil {
		return 0, fmt.Errorf("open lock: %w", err)
	}
	defer file.Close()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return 0, errNotRunning
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, fmt.Errorf("test lock %s: %w", file.Name(), err)
	}
	return readPID(dir)
}

func readPID(dir string) (int, error) {
	data, err := os.ReadFile(filepath.Join(dir, lockName))
	if err != nil {
		return 0, fmt.Errorf("read lock: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0, fmt.Errorf("read lock: %w", err)
	}
	return pid, nil
}

// wipe removes the cluster's state from dir, and nothing else that may lie there.
func wipe(dir string) error {
	for _, name := range []string{"etcd", "etcd.sockets", "pki", nodeName, prometheusName, logsName, kubeconfigName, addressesName} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("wipe cluster: %w", err)
		}
	}
	return nil
}
