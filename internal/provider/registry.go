package provider

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// ErrUnknown is what Find returns for a source that is not registered.
var ErrUnknown = errors.New("unknown metric provider")

// Registry is the sources there are, by their names in a metric's provider block;
// plugins are "plugin:NAME". It is written out where the program is wired and never
// changes afterwards.
type Registry map[string]Source

// Source is one of the two: a Provider, or a Job.
type Source struct {
	Provider Provider
	Job      Job
}

// Find returns the source that a metric names. There is no default.
func (r Registry) Find(p v1alpha1.MetricProvider) (Source, error) {
	name := NameOf(p)
	source, found := r[name]
	if !found {
		known := strings.Join(slices.Sorted(maps.Keys(r)), ", ")
		return Source{}, fmt.Errorf("%w %q, known are: %s", ErrUnknown, name, known)
	}
	return source, nil
}

// NameOf is the name of the one source that p sets; "" when it sets none.
func NameOf(p v1alpha1.MetricProvider) string {
	for name, set := range map[string]bool{
		"prometheus": p.Prometheus != nil, "kayenta": p.Kayenta != nil, "web": p.Web != nil,
		"datadog": p.Datadog != nil, "wavefront": p.Wavefront != nil, "newRelic": p.NewRelic != nil,
		"job": p.Job != nil, "cloudWatch": p.CloudWatch != nil, "graphite": p.Graphite != nil,
		"influxdb": p.Influxdb != nil, "skywalking": p.SkyWalking != nil,
	} {
		if set {
			return name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Plugin)) {
		return "plugin:" + name
	}
	return ""
}
