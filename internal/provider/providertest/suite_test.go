package providertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

const (
	timeout  = 500 * time.Millisecond
	tooLong  = 10 << 20
	noSecret = "there is no key"
)

// faults are the ways in which a provider may misbehave; none of them is a good one.
type faults struct {
	ignoresContext, waitsForEver, readsAll, ignoresStatus, ignoresCuts, panics,
	guesses, showsURL, showsBody, trustsAll, ignoresSecret, wrongText, alwaysFails bool
}

// sample asks a server for a JSON object with a number in it.
type sample struct{ faults }

func (p sample) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	secret, err := q.Secrets.Secret(ctx, "", "key")
	switch {
	case err != nil && p.wrongText:
		return provider.Value{}, errors.New("no")
	case err != nil && !p.ignoresSecret:
		return provider.Value{}, errors.New(noSecret)
	case p.alwaysFails:
		return provider.Value{}, errors.New("always")
	}
	body, err := p.fetch(ctx, q.Metric.Provider.Web, string(secret["key"]))
	if err != nil {
		return provider.Value{}, err
	}
	var answer struct{ Value *float64 }
	if err := json.Unmarshal(body, &answer); err != nil && !p.guesses {
		return provider.Value{}, errors.New("garbage")
	}
	if answer.Value == nil && p.guesses {
		return provider.Value{Result: 0.0}, nil
	}
	if answer.Value == nil && !p.panics {
		return provider.Value{}, errors.New("no value")
	}
	return provider.Value{Result: *answer.Value, Text: fmt.Sprint(*answer.Value)}, nil
}

func (p sample) fetch(ctx context.Context, web *v1alpha1.WebMetric, key string) ([]byte, error) {
	if p.ignoresContext {
		ctx = context.WithoutCancel(ctx)
	}
	if !p.waitsForEver {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, web.URL, nil)
	request.Header.Set("X-Key", key)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.InsecureSkipVerify = web.Insecure || p.trustsAll
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil && p.showsURL {
		return nil, err
	}
	if err != nil {
		return nil, errors.New("unreachable")
	}
	defer response.Body.Close()
	return p.read(response)
}

func (p sample) read(response *http.Response) ([]byte, error) {
	most := int64(tooLong + 1)
	if p.readsAll {
		most = 1 << 30
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	switch {
	case err != nil && !p.ignoresCuts, len(body) > tooLong && !p.readsAll:
		return nil, errors.New("unreadable")
	case response.StatusCode != http.StatusOK && p.showsBody:
		return nil, fmt.Errorf("%s", body)
	case response.StatusCode != http.StatusOK && !p.ignoresStatus:
		return nil, errors.New("refused")
	}
	return body, nil
}

func subject(f faults) providertest.Subject {
	return providertest.Subject{
		Source: provider.Source{Provider: sample{f}},
		Metric: func(address string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: address + "/" + strings.ReplaceAll(providertest.Token, " ", "%20")}}
		},
		Secrets: func(string) map[string]map[string][]byte {
			return map[string]map[string][]byte{"key": {"key": []byte(providertest.Token)}}
		},
		MissingSecret: noSecret,
		Answer: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"value": 1}                  `)
		},
		Timeout: timeout,
		Insecure: func(m v1alpha1.MetricProvider) v1alpha1.MetricProvider {
			m.Web.Insecure = true
			return m
		},
	}
}

func TestAGoodProviderPasses(t *testing.T) {
	providertest.Run(t, subject(faults{}))
}

func TestBadProvidersFail(t *testing.T) {
	cases := map[string]struct {
		faults faults
		want   string // the check that complains
		how    string // part of the complaint
	}{
		"ignores its context":          {faults{ignoresContext: true}, "a cancelled context is obeyed", "took"},
		"waits for ever":               {faults{waitsForEver: true}, "a hanging server is left", "took"},
		"waits for ever for a body":    {faults{waitsForEver: true}, "a hanging body is left", "took"},
		"reads all there is":           {faults{readsAll: true}, "broken answers are errors", "too long"},
		"does not look at the status":  {faults{ignoresStatus: true}, "broken answers are errors", "status 500"},
		"takes a cut body for a whole": {faults{ignoresCuts: true}, "broken answers are errors", "by the connection"},
		"panics":                       {faults{panics: true}, "broken answers are errors", "panic"},
		"guesses":                      {faults{guesses: true}, "broken answers are errors", "garbage: value 0"},
		"shows the URL":                {faults{showsURL: true}, "an unreachable server is hidden", "shows a secret"},
		"shows the body":               {faults{showsBody: true}, "errors show no secret", "shows a secret"},
		"trusts every certificate":     {faults{trustsAll: true}, "certificates are checked", "certificate of nobody"},
		"works without its Secret":     {faults{ignoresSecret: true}, "a missing Secret is explained", "no Secret"},
		"says something else":          {faults{wrongText: true}, "a missing Secret is explained", noSecret},
		"never gives a value":          {faults{alwaysFails: true}, "a good answer is a value", "always"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := providertest.Complaints(t.Context(), subject(tc.faults))
			if !strings.Contains(strings.Join(got[tc.want], "\n"), tc.how) {
				t.Errorf("%q complains %q, want %q; all complaints are of %q", tc.want, got[tc.want], tc.how, slices.Sorted(maps.Keys(got)))
			}
		})
	}
}

// endless is a Job that is never over.
type endless struct{}

func (endless) Start(context.Context, provider.Query) (provider.Progress, error) {
	return provider.Progress{Phase: v1alpha1.AnalysisPhaseRunning}, nil
}

func (endless) Poll(context.Context, provider.Query, v1alpha1.Measurement) (provider.Progress, error) {
	return provider.Progress{Phase: v1alpha1.AnalysisPhaseRunning}, nil
}

func (endless) Stop(context.Context, provider.Query, v1alpha1.Measurement) (provider.Progress, error) {
	return provider.Progress{}, nil
}

func TestAJobMustEnd(t *testing.T) {
	s := subject(faults{})
	s.Source = provider.Source{Job: endless{}}
	if got := providertest.Complaints(t.Context(), s)["a good answer is a value"]; len(got) != 1 || !strings.Contains(got[0], "still Running") {
		t.Errorf("complaints %q, want that it never ends", got)
	}
}
