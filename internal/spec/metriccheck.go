package spec

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// CheckMetrics checks metrics whose placeholders are filled in. The first thing that
// is wrong is returned, in words that users know from Argo Rollouts. Conditions are not
// looked at: a run with a condition that does not compile is made, and errs.
func CheckMetrics(metrics []v1alpha1.Metric) error {
	if len(metrics) == 0 {
		return errNoMetrics
	}
	seen := make(map[string]bool, len(metrics))
	for i, m := range metrics {
		if seen[m.Name] {
			return fmt.Errorf("metrics[%d]: duplicate name '%s'", i, m.Name)
		}
		seen[m.Name] = true
		if err := checkMetric(m); err != nil {
			return fmt.Errorf("metrics[%d]: %w", i, err)
		}
	}
	return nil
}

func checkMetric(m v1alpha1.Metric) error {
	if err := checkLimits(limitsOf(m)); err != nil {
		return err
	}
	if number(m.Count) > 1 && m.Interval == "" {
		return errors.New("interval must be specified when count > 1")
	}
	if err := checkDuration("interval", m.Interval); err != nil {
		return err
	}
	if err := checkDuration("startDelay", m.InitialDelay); err != nil {
		return err
	}
	return checkProvider(m.Provider)
}

// limits are a metric's limits with their defaults. Count is as it is written; zero
// when it is not.
type limits struct {
	count, failures, inconclusive, consecutiveErrors, consecutiveSuccesses int32
}

func limitsOf(m v1alpha1.Metric) limits {
	l := limits{
		count:                number(m.Count),
		failures:             number(m.FailureLimit),
		inconclusive:         number(m.InconclusiveLimit),
		consecutiveErrors:    defaultConsecutiveErrors,
		consecutiveSuccesses: number(m.ConsecutiveSuccessLimit),
	}
	if m.ConsecutiveErrorLimit != nil {
		l.consecutiveErrors = number(m.ConsecutiveErrorLimit)
	}
	return l
}

func checkLimits(l limits) error {
	switch {
	case l.consecutiveSuccesses < 0:
		return errors.New("consecutiveSuccessLimit must be >= 0")
	case l.failures < -1:
		return errors.New("failureLimit must be >= 0, or -1 to be disabled")
	case l.consecutiveSuccesses == 0 && l.failures == -1:
		return errors.New("failureLimit and consecutiveSuccessLimit cannot both be disabled")
	case l.inconclusive < 0:
		return errors.New("inconclusiveLimit must be >= 0")
	case l.consecutiveErrors < 0:
		return errors.New("consecutiveErrorLimit must be >= 0")
	case l.count <= 0:
		return nil
	case l.failures >= 0 && int64(l.count) < int64(l.failures)+int64(l.consecutiveSuccesses):
		return fmt.Errorf("count (%d) must be >= failureLimit + consecutiveSuccessLimit (%d + %d) if both >= 0", l.count, l.failures, l.consecutiveSuccesses)
	case l.failures == -1 && l.count < l.consecutiveSuccesses:
		return errors.New("count must be >= consecutiveSuccessLimit")
	case l.count < l.inconclusive:
		return errors.New("count must be >= inconclusiveLimit")
	default:
		return nil
	}
}

func checkDuration(what string, d v1alpha1.DurationString) error {
	if d == "" {
		return nil
	}
	if _, err := time.ParseDuration(string(d)); err != nil {
		return fmt.Errorf("invalid %s string: %w", what, err)
	}
	return nil
}

func checkProvider(p v1alpha1.MetricProvider) error {
	switch n := providers(p); {
	case n == 0:
		return errors.New("no provider specified")
	case n > 1:
		return errors.New("multiple providers specified")
	default:
		return nil
	}
}

// providers counts the sources that are set; every plugin is one.
func providers(p v1alpha1.MetricProvider) int {
	n := len(p.Plugin)
	for _, set := range []bool{
		p.Prometheus != nil, p.Kayenta != nil, p.Web != nil, p.Datadog != nil, p.Wavefront != nil, p.NewRelic != nil,
		p.Job != nil, p.CloudWatch != nil, p.Graphite != nil, p.Influxdb != nil, p.SkyWalking != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// number reads a limit; nil is zero.
// Compat: Argo Rollouts reads text that is no whole number as zero. TestNumbers holds it.
func number(n *intstr.IntOrString) int32 {
	switch {
	case n == nil:
		return 0
	case n.Type == intstr.Int:
		return n.IntVal
	}
	parsed, err := strconv.ParseInt(n.StrVal, 10, 64)
	if err != nil {
		return 0
	}
	return int32(max(math.MinInt32, min(parsed, math.MaxInt32)))
}
