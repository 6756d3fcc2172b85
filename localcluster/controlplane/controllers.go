package controlplane

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/component-base/configz"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	"k8s.io/kubernetes/cmd/kube-controller-manager/names"
)

// controllerNames are the controllers that make workloads, Services and deletion
// behave as on a real cluster. Nodes, volumes and certificates are left out:
// there is one node, which looks after itself.
func controllerNames() []string {
	return []string{
		names.DeploymentController,
		names.ReplicaSetController,
		names.ReplicationControllerController,
		names.StatefulSetController,
		names.JobController,
		names.CronJobController,
		names.TTLAfterFinishedController,
		names.EndpointsController,
		names.EndpointSliceController,
		names.GarbageCollectorController,
		names.NamespaceController,
		names.ServiceAccountController,
		names.DisruptionController,
		names.HorizontalPodAutoscalerController,
		names.ClusterRoleAggregationController,
	}
}

// controllers are kube-controller-manager's loops.
type controllers struct {
	cancel context.CancelFunc
	done   chan error
}

func startControllers(ctx context.Context, kubeconfig string, p *pki) (*controllers, error) {
	s, err := options.NewKubeControllerManagerOptions()
	if err != nil {
		return nil, fmt.Errorf("configure controllers: %w", err)
	}
	known, disabled, aliases := app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases()
	flags := pflag.NewFlagSet("kube-controller-manager", pflag.ContinueOnError)
	named := s.Flags(known, disabled, aliases)
	for _, set := range named.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(controllerFlags(kubeconfig, p)); err != nil {
		return nil, fmt.Errorf("configure controllers: %w", err)
	}
	s.ParsedFlags = &named
	if err := s.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("configure controllers: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	config, err := s.Config(ctx, known, disabled, aliases)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("configure controllers: %w", err)
	}
	c := &controllers{cancel: cancel, done: make(chan error, 1)}
	go func() {
		// Run registers its configuration in a table of the process.
		defer configz.Delete(app.ConfigzName)
		c.done <- app.Run(ctx, config.Complete())
	}()
	return c, nil
}

func controllerFlags(kubeconfig string, p *pki) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--controllers=" + strings.Join(controllerNames(), ","),
		"--leader-elect=false",
		// No server of its own: nobody scrapes it.
		"--secure-port=0",
		"--kube-api-qps=2000",
		"--kube-api-burst=4000",
		"--kube-api-content-type=application/vnd.kubernetes.protobuf",
		"--service-account-private-key-file=" + p.ServiceAccountKeyFile,
		"--root-ca-file=" + p.CAFile,
		"--concurrent-deployment-syncs=10",
		"--concurrent-replicaset-syncs=20",
		"--concurrent-job-syncs=10",
		"--concurrent-service-endpoint-syncs=10",
		"--concurrent-endpoint-syncs=10",
		"--concurrent-gc-syncs=20",
		// How long Services' endpoints may lag to save writes: not at all.
		"--endpointslice-updates-batch-period=0s",
		"--endpoint-updates-batch-period=0s",
		"--profiling=false",
	}
}

func (c *controllers) stop(ctx context.Context) {
	c.cancel()
	select {
	case err := <-c.done:
		c.done <- err
	case <-ctx.Done():
	}
}
