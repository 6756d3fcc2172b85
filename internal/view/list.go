package view

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// ListOptions says which columns a list has besides the usual ones.
type ListOptions struct {
	// Namespaces adds the namespace.
	Namespaces bool
	// Timestamps adds the time of printing.
	Timestamps bool
	// Detail Wide adds message, images and age.
	Detail Detail
}

// Table is a list of one kind of thing. It keeps its column widths, so that
// rows printed later stand below those printed earlier.
type Table[T any] struct {
	columns []column[T]
}

type column[T any] struct {
	title string
	width int
	value func(T, time.Time) string
}

// RolloutTable lists Rollouts.
func RolloutTable(o ListOptions) Table[Rollout] {
	var t Table[Rollout]
	if o.Timestamps {
		t = t.with("TIMESTAMP", 20, func(_ Rollout, now time.Time) string { return now.UTC().Format(time.RFC3339) })
	}
	if o.Namespaces {
		t = t.with("NAMESPACE", 9, func(v Rollout, _ time.Time) string { return v.Meta.Namespace })
	}
	t = t.with("NAME", 10, func(v Rollout, _ time.Time) string { return v.Meta.Name }).
		with("STRATEGY", 9, func(v Rollout, _ time.Time) string { return or(v.Strategy, "unknown") }).
		with("STATUS", 12, func(v Rollout, _ time.Time) string { return v.Status }).
		with("STEP", 4, func(v Rollout, _ time.Time) string { return or(v.Step, "-") }).
		with("SET-WEIGHT", 10, func(v Rollout, _ time.Time) string { return or(v.SetWeight, "-") }).
		with("READY", 5, func(v Rollout, _ time.Time) string { return fmt.Sprintf("%d/%d", v.Ready, v.Current) }).
		with("DESIRED", 7, func(v Rollout, _ time.Time) string { return number(v.Desired) }).
		with("UP-TO-DATE", 10, func(v Rollout, _ time.Time) string { return number(v.Updated) }).
		with("AVAILABLE", 9, func(v Rollout, _ time.Time) string { return number(v.Available) })
	if o.Detail == Wide {
		t = t.with("AGE", 3, func(v Rollout, now time.Time) string { return age(v.Meta.CreationTimestamp.Time, now) }).
			with("IMAGES", 6, func(v Rollout, _ time.Time) string { return or(v.Images(), "-") }).
			with("MESSAGE", 7, func(v Rollout, _ time.Time) string { return or(v.Message, "-") })
	}
	return t
}

// ExperimentTable lists Experiments.
func ExperimentTable(o ListOptions) Table[*v1alpha1.Experiment] {
	var t Table[*v1alpha1.Experiment]
	if o.Namespaces {
		t = t.with("NAMESPACE", 9, func(e *v1alpha1.Experiment, _ time.Time) string { return e.Namespace })
	}
	return t.with("NAME", 10, func(e *v1alpha1.Experiment, _ time.Time) string { return e.Name }).
		with("STATUS", 6, func(e *v1alpha1.Experiment, _ time.Time) string { return or(string(e.Status.Phase), "-") }).
		with("DURATION", 8, experimentDuration).
		with("REMAINING", 9, experimentRemaining).
		with("AGE", 3, func(e *v1alpha1.Experiment, now time.Time) string { return age(e.CreationTimestamp.Time, now) })
}

func (t Table[T]) with(title string, width int, value func(T, time.Time) string) Table[T] {
	t.columns = append(t.columns, column[T]{title: title, width: width, value: value})
	return t
}

// Fit is the table with columns wide enough for these items. The last column
// stays as it is: nothing stands behind it.
func (t Table[T]) Fit(items []T, now time.Time) Table[T] {
	fitted := Table[T]{columns: append([]column[T](nil), t.columns...)}
	for i, c := range t.columns[:len(t.columns)-1] {
		for _, item := range items {
			fitted.columns[i].width = max(fitted.columns[i].width, len([]rune(c.value(item, now))))
		}
	}
	return fitted
}

// Header is the line of column names.
func (t Table[T]) Header() string {
	return t.line(func(c column[T]) string { return c.title })
}

// Row is the line of one item.
func (t Table[T]) Row(item T, now time.Time) string {
	return t.line(func(c column[T]) string { return c.value(item, now) })
}

func (t Table[T]) line(cell func(column[T]) string) string {
	var row []Line
	var widths []int
	for _, c := range t.columns {
		row = append(row, plain(cell(c)))
		widths = append(widths, c.width)
	}
	return layout([][]Line{row}, widths).String()
}

func experimentDuration(e *v1alpha1.Experiment, _ time.Time) string {
	d, err := time.ParseDuration(string(e.Spec.Duration))
	if err != nil {
		return or(string(e.Spec.Duration), "-")
	}
	return duration.HumanDuration(d)
}

// experimentRemaining is the time left of a running Experiment with a duration.
func experimentRemaining(e *v1alpha1.Experiment, now time.Time) string {
	d, err := time.ParseDuration(string(e.Spec.Duration))
	if err != nil || e.Status.AvailableAt == nil || Final(e.Status.Phase) {
		return "-"
	}
	return duration.HumanDuration(max(0, e.Status.AvailableAt.Add(d).Sub(now)))
}

// Final is true when an analysis or an Experiment in this phase stays in it.
func Final(phase v1alpha1.AnalysisPhase) bool {
	switch phase {
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed,
		v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseInconclusive:
		return true
	case "", v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
		return false
	}
	return false
}

// age is the time since then in kubectl's form. Empty when then is not set.
func age(then, now time.Time) string {
	if then.IsZero() {
		return ""
	}
	return duration.HumanDuration(max(0, now.Sub(then)))
}

func number(n int32) string { return strconv.Itoa(int(n)) }

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
