// Package controlplane runs a Kubernetes control plane inside this process:
// etcd, kube-apiserver and those of kube-controller-manager's controllers that
// a workload needs.
//
// It promises that all state lives below one directory, that everything listens
// on the listeners it was given (etcd on a Unix socket nobody else is told of),
// that a stopped control plane continues where it was when started again on the
// same directory, and that nothing of it writes to the terminal.
package controlplane
