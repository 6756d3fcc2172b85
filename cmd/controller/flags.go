package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// flags are the command line. Names and defaults are those of rollouts-controller;
// --bind-address is ours, and --qps and --burst have other defaults.
type flags struct {
	kubeconfig string
	overrides  clientcmd.ConfigOverrides

	resync                         int64
	namespaced                     bool
	instanceID                     string
	rolloutThreads, serviceThreads int
	analysisThreads                int
	experimentThreads              int
	qps                            float32
	burst                          int

	logLevel, logFormat string
	klogLevel           int

	bindAddress             string
	metricsPort, healthPort int
	profileAddress          string

	elect                                     bool
	leaseDuration, renewDeadline, retryPeriod time.Duration

	controllers []string
	version     bool
	// later holds the flags that are accepted and do nothing yet.
	later *pflag.FlagSet
}

func newFlags() *flags { return &flags{later: pflag.NewFlagSet("later", pflag.ContinueOnError)} }

func (f *flags) bind(set *pflag.FlagSet) {
	set.SortFlags = false
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "path to a kubeconfig file; inside a cluster none is needed")
	clientcmd.BindOverrideFlags(&f.overrides, set, clientcmd.RecommendedConfigOverrideFlags(""))

	set.BoolVar(&f.namespaced, "namespaced", false, "watch only one namespace: that of --namespace, or the controller's own")
	set.StringVar(&f.instanceID, "instance-id", "", "work only on objects with this instance label; without it, only on those that have none")
	set.Int64Var(&f.resync, "rollout-resync", 900, "seconds after which every Rollout is looked at again without a reason")
	set.IntVar(&f.rolloutThreads, "rollout-threads", 10, "how many Rollouts are worked on at a time")
	set.IntVar(&f.serviceThreads, "service-threads", 10, "how many Services are worked on at a time")
	set.IntVar(&f.analysisThreads, "analysis-threads", 30, "how many AnalysisRuns are worked on at a time; measuring takes none of them")
	set.IntVar(&f.experimentThreads, "experiment-threads", 10, "how many Experiments are worked on at a time")
	set.Float32Var(&f.qps, "qps", -1, "most requests a second to the API server; below 0: no limit, that is the server's job")
	set.IntVar(&f.burst, "burst", 80, "most requests at once, when --qps sets a limit")

	set.StringVar(&f.logLevel, "loglevel", "info", "debug, info, warn or error")
	set.StringVar(&f.logFormat, "logformat", "", "text or json; empty: text")
	set.IntVar(&f.klogLevel, "kloglevel", 0, "verbosity of the Kubernetes client library")

	set.StringVar(&f.bindAddress, "bind-address", "", "address to answer on; empty: all")
	set.IntVar(&f.healthPort, "healthzPort", 8080, "port of /healthz and /readyz; 0: any free port")
	set.IntVar(&f.metricsPort, "metricsPort", 8090, "port of /metrics; 0: any free port")
	set.IntVar(&f.metricsPort, "metricsport", 8090, "port of /metrics")
	_ = set.MarkDeprecated("metricsport", "use --metricsPort") // it is defined one line above
	set.StringVar(&f.profileAddress, "enable-pprof-address", "", "address to serve profiles on; empty: none")

	set.BoolVar(&f.elect, "leader-elect", true, "work only while holding the lease, so that one of several controllers works")
	set.DurationVar(&f.leaseDuration, "leader-election-lease-duration", 15*time.Second, "how long a lease is good for")
	set.DurationVar(&f.renewDeadline, "leader-election-renew-deadline", 10*time.Second, "how long a leader tries to renew before it gives up")
	set.DurationVar(&f.retryPeriod, "leader-election-retry-period", 2*time.Second, "how often the lease is tried for")
	set.StringSliceVar(&f.controllers, "controllers", nil, "analysis: only AnalysisRuns and Experiments are worked on; empty: everything is")
	set.BoolVar(&f.version, "version", false, "print the version and exit")

	f.bindLater(set)
}

// bindLater accepts what belongs to parts that do not exist yet, so that a Deployment
// of the other controller starts as it is.
func (f *flags) bindLater(set *pflag.FlagSet) {
	l := f.later
	l.Int("ingress-threads", 10, "Ingresses are worked on with their Rollouts")
	l.Int("ephemeral-metadata-threads", 10, "pods are changed one after the other")
	l.Int("ephemeral-metadata-update-pod-retries", 3, "a pod that changed meanwhile is looked at again")
	l.String("aws-target-group-binding-api-version", "elbv2.k8s.aws/v1beta1", "for AWS load balancers")
	l.String("alb-tag-key-resource-id", "ingress.k8s.aws/resource", "for AWS load balancers")
	l.Bool("aws-verify-target-group", false, "for AWS load balancers")
	l.Bool("alb-verify-weight", false, "for AWS load balancers")
	l.StringArray("alb-ingress-classes", []string{"alb"}, "for AWS load balancers")
	l.StringArray("nginx-ingress-classes", []string{"nginx"}, "every Ingress that a Rollout names is used")
	l.String("ingress-api-version", "", "networking.k8s.io/v1 is used")
	l.String("istio-api-version", "v1alpha3", "for Istio")
	l.String("ambassador-api-version", "getambassador.io/v2", "for Ambassador")
	l.String("traffic-split-api-version", "v1alpha1", "for SMI")
	l.String("traefik-api-group", "traefik.io", "for Traefik")
	l.String("traefik-api-version", "traefik.io/v1alpha1", "for Traefik")
	l.String("appmesh-crd-version", "v1beta2", "for App Mesh")
	l.Bool("self-service-notification-enabled", false, "for notifications")
	l.VisitAll(func(each *pflag.Flag) { each.Usage += " (no effect yet)" })
	set.AddFlagSet(l)
}

// withoutEffect lists the flags that were given and do nothing.
func (f *flags) withoutEffect(set *pflag.FlagSet) []string {
	var given []string
	set.Visit(func(each *pflag.Flag) {
		if f.later.Lookup(each.Name) != nil {
			given = append(given, each.Name)
		}
	})
	return given
}

// analysisOnly is what --controllers may say.
const analysisOnly = "analysis"

// check refuses what cannot be meant.
func (f *flags) check() error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, f.logLevel) {
		return fmt.Errorf("--loglevel %s: want debug, info, warn or error", f.logLevel)
	}
	for _, name := range f.controllers {
		if name != analysisOnly {
			return fmt.Errorf("unsupported controller: %s", name)
		}
	}
	return nil
}

// scope is the only namespace to watch; "" for all.
func (f *flags) scope(home string) string {
	switch {
	case !f.namespaced:
		return ""
	case f.overrides.Context.Namespace != "":
		return f.overrides.Context.Namespace
	default:
		return home
	}
}

func (f *flags) address(port int) string { return net.JoinHostPort(f.bindAddress, strconv.Itoa(port)) }

// restConfig says how to reach the API server. There is no limit on our side unless
// one is asked for: API priority and fairness is the server's job.
func (f *flags) restConfig() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &f.overrides).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find API server: %w", err)
	}
	config.UserAgent = "serin-controller/" + version
	config.QPS, config.Burst = f.qps, f.burst
	return config, nil
}

const (
	namespaceVariable = "POD_NAMESPACE"
	namespaceFile     = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
	namespaceDefault  = "argo-rollouts"
)

// controllerNamespace is where the controller runs, for its lease.
func controllerNamespace() string {
	if namespace := os.Getenv(namespaceVariable); namespace != "" {
		return namespace
	}
	if data, err := os.ReadFile(namespaceFile); err == nil && len(data) > 0 {
		return strings.TrimSpace(string(data))
	}
	return namespaceDefault
}
