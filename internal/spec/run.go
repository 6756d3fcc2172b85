package spec

import (
	"fmt"
	"regexp"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Run is what an AnalysisRun asks for, in the vocabulary of the core.
type Run struct {
	// Metrics in the order of the manifest; never empty.
	Metrics []Metric
	// TTL says when the finished run is deleted.
	TTL TTL
}

// Metric is what is measured and how it is judged. Unit of all numbers: measurements.
type Metric struct {
	Name string
	// InitialDelay is the time from the start of the run to the first measurement.
	// Zero, or less: at once.
	InitialDelay time.Duration
	// Interval is the time from the end of a measurement to the next. Default 10s, as
	// after an error, for a metric that is measured once. Never negative.
	Interval time.Duration
	// Count is how many measurements to complete, errors apart; zero: no end.
	Count int32
	// FailureLimit and InconclusiveLimit are how many are tolerated. A FailureLimit of
	// -1 tolerates any number.
	FailureLimit, InconclusiveLimit int32
	// ConsecutiveErrorLimit is how many errors in a row are tolerated. Default 4.
	ConsecutiveErrorLimit int32
	// ConsecutiveSuccessLimit is how many successes in a row end the metric; zero: none.
	ConsecutiveSuccessLimit int32
	// SuccessCondition and FailureCondition are expressions over result; "" when unset.
	// A secret in them is disguised.
	SuccessCondition, FailureCondition string
	// Slow says that the source takes its time and judges by itself: a Job, Kayenta or a
	// plugin. What it began is in flight until it is looked at again, or stopped.
	Slow bool
	// DryRun says that the verdict does not count.
	DryRun bool
	// Keep is how many measurements the status holds. Default 10.
	Keep int
}

// TTL is how long a finished run is kept; nil: for ever.
type TTL struct{ AfterSuccess, AfterFailure, AfterError *time.Duration }

// ParseRun turns the spec of an AnalysisRun into typed, defaulted and checked values.
// Its errors are final for the run and their texts are the run's message, as users know
// them: "Unable to resolve metric arguments: ..." or "Analysis spec invalid: ...".
//
// Secrets are not read: their place is taken by "temp-for-secret", so that a secret in
// a number or a duration is an error. Resolve fills them in for measuring.
func ParseRun(s v1alpha1.AnalysisRunSpec) (Run, error) {
	metrics, err := disguisedMetrics(s.Metrics, s.Args)
	if err != nil {
		return Run{}, fmt.Errorf("Unable to resolve metric arguments: %w", err) //nolint:staticcheck,revive // the text that users know
	}
	run, err := parseRun(s, metrics)
	if err != nil {
		return Run{}, fmt.Errorf("Analysis spec invalid: %w", err) //nolint:staticcheck,revive // the text that users know
	}
	return run, nil
}

func disguisedMetrics(metrics []v1alpha1.Metric, args []v1alpha1.Argument) ([]v1alpha1.Metric, error) {
	values, err := disguised(args)
	if err != nil {
		return nil, err
	}
	filled := make([]v1alpha1.Metric, 0, len(metrics))
	for _, m := range metrics {
		f, err := fillMetric(m, values)
		if err != nil {
			return nil, err
		}
		filled = append(filled, f)
	}
	return filled, nil
}

func parseRun(s v1alpha1.AnalysisRunSpec, metrics []v1alpha1.Metric) (Run, error) {
	if err := CheckMetrics(metrics); err != nil {
		return Run{}, err
	}
	run := Run{Metrics: make([]Metric, 0, len(metrics)), TTL: ParseTTL(s.TTLStrategy)}
	for _, m := range metrics {
		run.Metrics = append(run.Metrics, parseMetric(m))
	}
	for i, rule := range s.DryRun {
		if !forMatching(run.Metrics, rule.MetricName, func(m *Metric) { m.DryRun = true }) {
			return Run{}, noMatch("dryRun", i)
		}
	}
	for i, rule := range s.MeasurementRetention {
		keep := int(rule.Limit)
		if keep <= 0 {
			keep = defaultKeep
		}
		if !forMatching(run.Metrics, rule.MetricName, func(m *Metric) { m.Keep = keep }) {
			return Run{}, noMatch("measurementRetention", i)
		}
	}
	return run, nil
}

func noMatch(list string, i int) error {
	return fmt.Errorf("%s[%d]: Rule didn't match any metric name(s)", list, i)
}

// forMatching applies a rule to the metrics whose names it matches, anywhere in the
// name, and reports whether there are any. A rule that is no regular expression
// matches none.
func forMatching(metrics []Metric, rule string, apply func(*Metric)) bool {
	pattern, err := regexp.Compile(rule)
	if err != nil {
		return false
	}
	matched := false
	for i := range metrics {
		if pattern.MatchString(metrics[i].Name) {
			matched = true
			apply(&metrics[i])
		}
	}
	return matched
}

// parseMetric reads a checked metric.
func parseMetric(m v1alpha1.Metric) Metric {
	l := limitsOf(m)
	return Metric{
		Name:                    m.Name,
		InitialDelay:            durationOr(m.InitialDelay, 0),
		Interval:                max(0, durationOr(m.Interval, defaultInterval)),
		Count:                   effectiveCount(m),
		FailureLimit:            l.failures,
		InconclusiveLimit:       l.inconclusive,
		ConsecutiveErrorLimit:   l.consecutiveErrors,
		ConsecutiveSuccessLimit: l.consecutiveSuccesses,
		SuccessCondition:        m.SuccessCondition,
		FailureCondition:        m.FailureCondition,
		Slow:                    m.Provider.Job != nil || m.Provider.Kayenta != nil || len(m.Provider.Plugin) > 0,
		Keep:                    defaultKeep,
	}
}

// effectiveCount is how many measurements complete a metric; zero: no number does.
// A negative count is reached by the first one.
func effectiveCount(m v1alpha1.Metric) int32 {
	switch n := number(m.Count); {
	case n > 0:
		return n
	case n < 0 || m.Interval == "":
		return 1
	default:
		return 0
	}
}

func durationOr(d v1alpha1.DurationString, otherwise time.Duration) time.Duration {
	parsed, err := time.ParseDuration(string(d))
	if err != nil {
		return otherwise
	}
	return parsed
}

// ParseTTL reads the strategy. A rule for all finished runs stands in for a closer one.
func ParseTTL(t *v1alpha1.TTLStrategy) TTL {
	if t == nil {
		return TTL{}
	}
	after := func(closer *int32) *time.Duration {
		if closer == nil {
			closer = t.SecondsAfterCompletion
		}
		if closer == nil {
			return nil
		}
		d := fromSeconds(int64(*closer))
		return &d
	}
	return TTL{AfterSuccess: after(t.SecondsAfterSuccess), AfterFailure: after(t.SecondsAfterFailure), AfterError: after(nil)}
}
