package node

import (
	"context"
	"fmt"
	"runtime"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	leaseDuration = 40 * time.Second
	leaseRenewal  = 10 * time.Second
	// statusRenewal is how often the Node's conditions are confirmed.
	statusRenewal = 5 * time.Minute
)

// register creates the Node or takes it over, marks it Ready, and takes off the
// taints that admission puts on a new node.
func (n *node) register(ctx context.Context, port int32) error {
	nodes := n.client.CoreV1().Nodes()
	object, err := nodes.Create(ctx, newNodeObject(n.name), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		object, err = nodes.Get(ctx, n.name, metav1.GetOptions{})
	}
	if err != nil {
		return fmt.Errorf("register node %s: %w", n.name, err)
	}
	object.Status = nodeStatus(port, metav1.Now())
	if object, err = nodes.UpdateStatus(ctx, object, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("write status of node %s: %w", n.name, err)
	}
	if len(object.Spec.Taints) > 0 {
		object.Spec.Taints = nil
		if _, err = nodes.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("remove taints of node %s: %w", n.name, err)
		}
	}
	return n.renewLease(ctx)
}

func newNodeObject(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name,
		Labels: map[string]string{
			corev1.LabelHostname:   name,
			corev1.LabelOSStable:   runtime.GOOS,
			corev1.LabelArchStable: runtime.GOARCH,
		},
	}}
}

func nodeStatus(port int32, now metav1.Time) corev1.NodeStatus {
	capacity := corev1.ResourceList{
		corev1.ResourcePods:             resource.MustParse("2000"),
		corev1.ResourceCPU:              resource.MustParse("1000"),
		corev1.ResourceMemory:           resource.MustParse("4Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("4Ti"),
	}
	return corev1.NodeStatus{
		Capacity:        capacity,
		Allocatable:     capacity,
		Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: hostIP}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: port}},
		NodeInfo: corev1.NodeSystemInfo{
			OperatingSystem: runtime.GOOS, Architecture: runtime.GOARCH,
			OSImage: "none", ContainerRuntimeVersion: "serin://processes", KubeletVersion: "v1.36.3",
		},
		Conditions: nodeConditions(now),
	}
}

func nodeConditions(now metav1.Time) []corev1.NodeCondition {
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason string) corev1.NodeCondition {
		return corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason, LastHeartbeatTime: now, LastTransitionTime: now,
		}
	}
	return []corev1.NodeCondition{
		condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory"),
		condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure"),
		condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID"),
		condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady"),
	}
}

// heartbeat keeps the node Ready until ctx ends.
func (n *node) heartbeat(ctx context.Context) {
	lease := time.NewTicker(leaseRenewal)
	defer lease.Stop()
	status := time.NewTicker(statusRenewal)
	defer status.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-lease.C:
			err = n.renewLease(ctx)
		case <-status.C:
			err = n.confirmReady(ctx)
		}
		if err != nil && ctx.Err() == nil {
			n.log.Error("heartbeat", "node", n.name, "err", err)
		}
	}
}

func (n *node) renewLease(ctx context.Context) error {
	leases := n.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now := metav1.NewMicroTime(time.Now())
	held := int32(leaseDuration / time.Second)
	lease, err := leases.Get(ctx, n.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: n.name, Namespace: corev1.NamespaceNodeLease}}
		lease.Spec = coordinationv1.LeaseSpec{HolderIdentity: &n.name, LeaseDurationSeconds: &held, RenewTime: &now}
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	} else if err == nil {
		lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds, lease.Spec.RenewTime = &n.name, &held, &now
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("renew lease of node %s: %w", n.name, err)
	}
	return nil
}

// confirmReady writes that the node is still Ready.
func (n *node) confirmReady(ctx context.Context) error {
	nodes := n.client.CoreV1().Nodes()
	object, err := nodes.Get(ctx, n.name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read node %s: %w", n.name, err)
	}
	object.Status.Conditions = nodeConditions(metav1.Now())
	if _, err = nodes.UpdateStatus(ctx, object, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("confirm node %s: %w", n.name, err)
	}
	return nil
}
