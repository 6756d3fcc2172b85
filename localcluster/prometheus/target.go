package prometheus

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/util/strutil"
	corev1 "k8s.io/api/core/v1"
)

// What pods say about their metrics, by convention.
const (
	annotationScrape = "prometheus.io/scrape"
	annotationPort   = "prometheus.io/port"
	annotationPath   = "prometheus.io/path"
	annotationScheme = "prometheus.io/scheme"
)

const (
	defaultPath   = "/metrics"
	defaultScheme = "http"
)

// targetSets are the targets of every job, as the scraping takes them.
type targetSets = map[string][]*targetgroup.Group

// staticTargets are the parts of the cluster itself.
func staticTargets(cfg Config) targetSets {
	sets := targetSets{}
	for job, address := range map[string]string{gatewayJob: cfg.Gateway, controllerJob: cfg.Controller} {
		group := &targetgroup.Group{Source: job}
		if address != "" {
			group.Targets = []model.LabelSet{{model.AddressLabel: model.LabelValue(address)}}
		}
		sets[job] = []*targetgroup.Group{group}
	}
	return sets
}

// withPods adds the targets of pods, in a stable order.
func withPods(static targetSets, pods []*corev1.Pod) targetSets {
	sets := maps.Clone(static)
	group := &targetgroup.Group{Source: podsJob}
	for _, pod := range pods {
		group.Targets = append(group.Targets, podTargets(pod)...)
	}
	slices.SortFunc(group.Targets, func(a, b model.LabelSet) int {
		switch {
		case a.Before(b):
			return -1
		case b.Before(a):
			return 1
		}
		return 0
	})
	sets[podsJob] = []*targetgroup.Group{group}
	return sets
}

// podTargets returns where a pod wants to be scraped: at the port of its
// annotation, otherwise at every TCP port that its containers declare. Labels of
// the pod become labels of the target, beside namespace, pod and node.
func podTargets(pod *corev1.Pod) []model.LabelSet {
	if pod.Annotations[annotationScrape] != "true" || pod.Status.Phase != corev1.PodRunning || pod.Status.PodIP == "" {
		return nil
	}
	shared := model.LabelSet{}
	for name, value := range pod.Labels {
		shared[model.LabelName(strutil.SanitizeLabelName(name))] = model.LabelValue(value)
	}
	shared["namespace"] = model.LabelValue(pod.Namespace)
	shared["pod"] = model.LabelValue(pod.Name)
	shared["node"] = model.LabelValue(pod.Spec.NodeName)
	shared[model.SchemeLabel] = model.LabelValue(valueOr(pod.Annotations[annotationScheme], defaultScheme))
	maps.Copy(shared, pathLabels(valueOr(pod.Annotations[annotationPath], defaultPath)))
	var targets []model.LabelSet
	for _, port := range metricsPorts(pod) {
		target := shared.Clone()
		target[model.AddressLabel] = model.LabelValue(net.JoinHostPort(pod.Status.PodIP, port))
		targets = append(targets, target)
	}
	return targets
}

// pathLabels takes a path apart that may have a query.
// Example: /stats?format=prometheus -> path /stats, parameter format.
func pathLabels(path string) model.LabelSet {
	parsed, err := url.Parse(path)
	if err != nil {
		return model.LabelSet{model.MetricsPathLabel: model.LabelValue(path)}
	}
	set := model.LabelSet{model.MetricsPathLabel: model.LabelValue(parsed.Path)}
	for name, values := range parsed.Query() {
		set[model.LabelName(model.ParamLabelPrefix+name)] = model.LabelValue(values[0])
	}
	return set
}

func metricsPorts(pod *corev1.Pod) []string {
	if port := pod.Annotations[annotationPort]; port != "" {
		return []string{port}
	}
	var ports []string
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Protocol == corev1.ProtocolTCP || port.Protocol == "" {
				ports = append(ports, strconv.Itoa(int(port.ContainerPort)))
			}
		}
	}
	return ports
}

func valueOr(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// prune keeps of a pod what targets are made of.
func prune(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return nil, fmt.Errorf("prune %T: not a Pod", object)
	}
	kept := &corev1.Pod{}
	kept.Namespace, kept.Name, kept.ResourceVersion, kept.UID = pod.Namespace, pod.Name, pod.ResourceVersion, pod.UID
	kept.Labels, kept.Annotations = pod.Labels, pod.Annotations
	kept.Spec.NodeName = pod.Spec.NodeName
	for _, container := range pod.Spec.Containers {
		kept.Spec.Containers = append(kept.Spec.Containers, corev1.Container{Name: container.Name, Ports: container.Ports})
	}
	kept.Status.Phase, kept.Status.PodIP = pod.Status.Phase, pod.Status.PodIP
	return kept, nil
}
