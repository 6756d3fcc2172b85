package job

import (
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Environment variables that say where Jobs run.
const (
	NamespaceVariable  = "ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE"
	KubeconfigVariable = "ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG"

	// InCluster, as a kubeconfig, is the cluster that the controller runs in.
	InCluster = "in-cluster"
)

// Place is where Jobs run.
type Place struct {
	// Namespace of all Jobs; "" is that of each run.
	Namespace string
	// Kubeconfig is a file, or InCluster; "" is the cluster of the runs.
	Kubeconfig string
}

// Config says how to reach the cluster of the place; home is that of the runs. The
// server's warnings are left out: the one about dots in names would come with every
// Job, and people know the names as they are.
func (p Place) Config(home *rest.Config) (*rest.Config, error) {
	config, err := p.cluster(home)
	if err != nil {
		return nil, fmt.Errorf("find the cluster for Jobs: %w", err)
	}
	config.WarningHandler = rest.NoWarnings{}
	return config, nil
}

func (p Place) cluster(home *rest.Config) (*rest.Config, error) {
	switch p.Kubeconfig {
	case "":
		return rest.CopyConfig(home), nil
	case InCluster:
		return rest.InClusterConfig()
	default:
		return clientcmd.BuildConfigFromFlags("", p.Kubeconfig)
	}
}

func (p Provider) namespace(run *v1alpha1.AnalysisRun) string {
	if p.place.Namespace != "" {
		return p.place.Namespace
	}
	return run.Namespace
}

// elsewhere reports whether a run's Jobs are where the run cannot own them.
func (p Provider) elsewhere(run *v1alpha1.AnalysisRun) bool {
	return p.place.Kubeconfig != "" || p.namespace(run) != run.Namespace
}
