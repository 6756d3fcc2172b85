package prometheus

import (
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// rangeOf is the range that a metric asks for.
func rangeOf(asked v1alpha1.PrometheusRangeQueryArgs, now time.Time) (v1.Range, error) {
	start, err := timeOf(asked.Start, now)
	if err != nil {
		return v1.Range{}, fmt.Errorf("failed to parse rangeQuery.start as time: %w", err)
	}
	end, err := timeOf(asked.End, now)
	if err != nil {
		return v1.Range{}, fmt.Errorf("failed to parse rangeQuery.end as time: %w", err)
	}
	step, err := time.ParseDuration(string(asked.Step))
	if err != nil {
		return v1.Range{}, fmt.Errorf("failed to parse rangeQuery.step as duration: %w", err)
	}
	return v1.Range{Start: start, End: end, Step: step}, nil
}

// timeOf evaluates an expression such as now() - duration("5m").
func timeOf(expression string, now time.Time) (time.Time, error) {
	clock := expr.Function("now", func(...any) (any, error) { return now, nil }, new(func() time.Time))
	program, err := expr.Compile(expression, expr.Env(map[string]any{}), clock)
	if err != nil {
		return time.Time{}, plain(err)
	}
	result, err := expr.Run(program, nil)
	if err != nil {
		return time.Time{}, plain(err)
	}
	at, is := result.(time.Time)
	if !is {
		return time.Time{}, fmt.Errorf("expected time.Time, but got %T", result)
	}
	return at, nil
}

// plain leaves out the picture of where in the expression it went wrong.
func plain(err error) error {
	var located *file.Error
	if errors.As(err, &located) {
		return errors.New(located.Message)
	}
	return err
}
