package prometheus

import (
	"fmt"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/expr"
)

// rangeOf is the range that a metric asks for.
func rangeOf(asked v1alpha1.PrometheusRangeQueryArgs, now time.Time) (v1.Range, error) {
	start, err := expr.Time(asked.Start, now)
	if err != nil {
		return v1.Range{}, fmt.Errorf("failed to parse rangeQuery.start as time: %w", err)
	}
	end, err := expr.Time(asked.End, now)
	if err != nil {
		return v1.Range{}, fmt.Errorf("failed to parse rangeQuery.end as time: %w", err)
	}
	step, err := time.ParseDuration(string(asked.Step))
	if err != nil {
		return v1.Range{}, fmt.Errorf("failed to parse rangeQuery.step as duration: %w", err)
	}
	return v1.Range{Start: start, End: end, Step: step}, nil
}
