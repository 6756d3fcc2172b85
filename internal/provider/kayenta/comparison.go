package kayenta

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
)

// Texts that users know, word for word.
var (
	errStart = errors.New("controlScope.start and experimentScope.start must both be set or be empty")
	errEnd   = errors.New("controlScope.end and experimentScope.end must both be set or be empty")
)

// order is what Kayenta is asked to compare.
type order struct {
	Scopes     map[string]pair `json:"scopes"`
	Thresholds thresholds      `json:"thresholds"`
}

type pair struct {
	Control    scope `json:"controlScope"`
	Experiment scope `json:"experimentScope"`
}

type scope struct {
	Scope    string `json:"scope"`
	Location string `json:"location"`
	// Step is the distance of the samples. Unit: seconds.
	Step  int64  `json:"step"`
	Start string `json:"start"`
	End   string `json:"end"`
}

type thresholds struct {
	Pass     int64 `json:"pass"`
	Marginal int64 `json:"marginal"`
}

// comparison is the order of a metric, as JSON.
func comparison(metric *v1alpha1.KayentaMetric, q provider.Query) ([]byte, error) {
	asked := order{Scopes: map[string]pair{}, Thresholds: thresholds{Pass: metric.Threshold.Pass, Marginal: metric.Threshold.Marginal}}
	for _, each := range metric.Scopes {
		start, end, err := window(each, q)
		if err != nil {
			return nil, err
		}
		asked.Scopes[each.Name] = pair{Control: side(each.ControlScope, start, end), Experiment: side(each.ExperimentScope, start, end)}
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, fmt.Errorf("write comparison: %w", err)
	}
	return body, nil
}

// side is one side of a pair, with the window for a side without one.
func side(detail v1alpha1.ScopeDetail, start, end string) scope {
	made := scope{Scope: detail.Scope, Location: detail.Region, Step: detail.Step, Start: detail.Start, End: detail.End}
	if made.Start == "" {
		made.Start = start
	}
	if made.End == "" {
		made.End = end
	}
	return made
}

// window is the time of a pair that names none: up to now, and from one interval
// earlier, or from the start of the run when looking back.
func window(pair v1alpha1.KayentaScope, q provider.Query) (start, end string, err error) {
	control, experiment := pair.ControlScope, pair.ExperimentScope
	switch {
	case (control.Start == "") != (experiment.Start == ""):
		return "", "", errStart
	case (control.End == "") != (experiment.End == ""):
		return "", "", errEnd
	}
	end = q.Now.UTC().Format(time.RFC3339)
	switch {
	case control.Start != "":
		return control.Start, end, nil
	case q.Metric.Provider.Kayenta.Lookback:
		return begun(q).UTC().Format(time.RFC3339), end, nil
	}
	interval, err := time.ParseDuration(string(q.Metric.Interval))
	if err != nil {
		return "", "", fmt.Errorf("Invalid duration %q: %w", q.Metric.Interval, err) //nolint:staticcheck,revive // known text
	}
	return q.Now.Add(-interval).UTC().Format(time.RFC3339), end, nil
}

// begun is when the run began. On its first pass that is not written down yet, and it
// is now.
func begun(q provider.Query) time.Time {
	if q.Run.Status.StartedAt == nil {
		return q.Now
	}
	return q.Run.Status.StartedAt.Time
}
