package providertest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
)

// Subject is a provider to try.
type Subject struct {
	// Source under test. For a Job a measurement is Start, and Poll until it is over.
	Source provider.Source
	// Metric asks the server at an address, such as http://127.0.0.1:8080. It may hold
	// Token wherever users may have secrets.
	Metric func(address string) v1alpha1.MetricProvider
	// Secrets are those of the controller's namespace that the provider reads for a
	// server at the address. Credentials in them hold Token. Nil: it reads none.
	Secrets func(address string) map[string]map[string][]byte
	// MissingSecret is the error's text when there are no Secrets. "": it reads none.
	MissingSecret string
	// Answer is a server's, of which the provider makes a value.
	Answer http.HandlerFunc
	// AnyText says that any 200 answer is a value, so that garbage is none here.
	AnyText bool
	// Timeout is how long the provider waits for the server here; choose it short.
	Timeout time.Duration
	// Insecure is the metric without a check of the certificate. Nil: there is no such
	// setting.
	Insecure func(v1alpha1.MetricProvider) v1alpha1.MetricProvider
	// NoTLS says that the provider has an address of its own that cannot be https here.
	NoTLS bool
}

// Token is the secret that a Subject has in it, and that no text may show.
const Token = "t0ken-Of/the Suite"

// grace is how much later than it should a provider may be back.
const grace = 2 * time.Second

// polls is how often a Job is looked at before it counts as one that never ends.
const polls = 10

// Run tries a provider.
func Run(t *testing.T, s Subject) {
	t.Helper()
	found := checks()
	for _, name := range slices.Sorted(maps.Keys(found)) {
		t.Run(name, func(t *testing.T) {
			for _, complaint := range found[name](t.Context(), s) {
				t.Error(complaint)
			}
		})
	}
}

// Complaints is what Run would report, by name of the check.
func Complaints(ctx context.Context, s Subject) map[string][]string {
	all := map[string][]string{}
	for name, check := range checks() {
		if found := check(ctx, s); len(found) > 0 {
			all[name] = found
		}
	}
	return all
}

// check tries one thing, and returns what is wrong.
type check func(context.Context, Subject) []string

func checks() map[string]check {
	return map[string]check{
		"a good answer is a value":        good,
		"a cancelled context is obeyed":   cancelled,
		"a hanging server is left":        hanging,
		"a hanging body is left":          stalling,
		"broken answers are errors":       broken,
		"errors show no secret":           secretive,
		"an unreachable server is hidden": unreachable,
		"certificates are checked":        verified,
		"a missing Secret is explained":   unkeyed,
	}
}

// outcome is what came of a measurement.
type outcome struct {
	value    provider.Value
	err      error
	panicked any
	took     time.Duration
}

// complain says what is wrong with the outcome of what should be an error.
func (o outcome) complain(what string) []string {
	var complaints []string
	switch {
	case o.panicked != nil:
		complaints = append(complaints, fmt.Sprintf("%s: panic: %v", what, o.panicked))
	case o.err == nil:
		complaints = append(complaints, fmt.Sprintf("%s: value %#v, want an error", what, o.value.Result))
	case o.value.Result != nil || o.value.Text != "":
		complaints = append(complaints, fmt.Sprintf("%s: value %#v beside the error %v", what, o.value.Result, o.err))
	}
	if leak := o.leak(); leak != "" {
		complaints = append(complaints, what+": shows a secret: "+leak)
	}
	return complaints
}

// leak is a text with a secret in it, in any of the usual spellings.
func (o outcome) leak() string {
	texts := slices.Collect(maps.Values(o.value.Metadata))
	if o.err != nil {
		texts = append(texts, o.err.Error())
	}
	for _, text := range texts {
		for _, spelling := range spellings() {
			if strings.Contains(text, spelling) {
				return text
			}
		}
	}
	return ""
}

// take takes a measurement at an address.
func (s Subject) take(ctx context.Context, metric v1alpha1.MetricProvider, held map[string]map[string][]byte) (result outcome) {
	began := time.Now()
	defer func() {
		result.panicked, result.took = recover(), time.Since(began)
	}()
	q := provider.Query{
		Run:     &v1alpha1.AnalysisRun{},
		Metric:  v1alpha1.Metric{Name: "m", Interval: "1m", Provider: metric},
		Number:  1,
		Now:     time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
		Secrets: vault(held),
		Hidden:  []string{Token},
	}
	q.Run.Name, q.Run.Namespace, q.Run.UID = "run", "ns", "uid"
	if s.Source.Provider != nil {
		result.value, result.err = s.Source.Provider.Measure(ctx, q)
		return result
	}
	result.value, result.err = follow(ctx, s.Source.Job, q)
	return result
}

// at is a measurement at an address, with the Secrets for it.
func (s Subject) at(ctx context.Context, address string) outcome {
	return s.take(ctx, s.Metric(address), s.held(address))
}

func (s Subject) held(address string) map[string]map[string][]byte {
	if s.Secrets == nil {
		return nil
	}
	return s.Secrets(address)
}

// follow is a Job until it is over; its verdict is the value.
func follow(ctx context.Context, j provider.Job, q provider.Query) (provider.Value, error) {
	progress, err := j.Start(ctx, q)
	m := v1alpha1.Measurement{Metadata: map[string]string{}}
	for range polls {
		if err != nil {
			return provider.Value{Metadata: progress.Metadata}, err
		}
		if progress.Phase != v1alpha1.AnalysisPhaseRunning {
			return provider.Value{Result: string(progress.Phase), Text: progress.Text, Metadata: progress.Metadata}, nil
		}
		maps.Copy(m.Metadata, progress.Metadata)
		progress, err = j.Poll(ctx, q, m)
	}
	return provider.Value{}, fmt.Errorf("still %s after %d looks", progress.Phase, polls)
}
