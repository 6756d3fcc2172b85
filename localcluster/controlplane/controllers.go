package controlplane

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
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

// RunControllers runs the upstream controllers until ctx ends. Start them once
// the API has all its kinds: the garbage collector notices later ones only after
// half a minute.
func (c *ControlPlane) RunControllers(ctx context.Context) error {
	s, err := options.NewKubeControllerManagerOptions()
	if err != nil {
		return fmt.Errorf("configure controllers: %w", err)
	}
	known, disabled, aliases := app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases()
	flags := pflag.NewFlagSet("kube-controller-manager", pflag.ContinueOnError)
	named := s.Flags(known, disabled, aliases)
	for _, set := range named.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(controllerFlags(c.Kubeconfig, c.pki)); err != nil {
		return fmt.Errorf("configure controllers: %w", err)
	}
	s.ParsedFlags = &named
	if err := s.ComponentGlobalsRegistry.Set(); err != nil {
		return fmt.Errorf("configure controllers: %w", err)
	}
	config, err := s.Config(ctx, known, disabled, aliases)
	if err != nil {
		return fmt.Errorf("configure controllers: %w", err)
	}
	// They use deprecated kinds on purpose; nobody needs to read that in the log.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	// Run registers its configuration in a table of the process.
	defer configz.Delete(app.ConfigzName)
	if err := app.Run(ctx, config.Complete()); err != nil && ctx.Err() == nil {
		return fmt.Errorf("run controllers: %w", err)
	}
	return nil
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
