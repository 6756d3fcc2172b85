package node

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestProbeTally(t *testing.T) {
	const yes, no = true, false
	probe := &corev1.Probe{SuccessThreshold: 2, FailureThreshold: 3}
	cases := map[string]struct {
		outcomes []bool
		want     []string
	}{
		"one success of two decides nothing":    {outcomes: []bool{yes}, want: []string{"-"}},
		"two successes in a row pass":           {outcomes: []bool{yes, yes, yes}, want: []string{"-", "passes", "-"}},
		"a failure between starts the count":    {outcomes: []bool{yes, no, yes, yes}, want: []string{"-", "-", "-", "passes"}},
		"three failures in a row fail":          {outcomes: []bool{no, no, no, no}, want: []string{"-", "-", "fails", "-"}},
		"two failures do not undo a pass":       {outcomes: []bool{yes, yes, no, no, yes}, want: []string{"-", "passes", "-", "-", "-"}},
		"after failing it takes two to pass":    {outcomes: []bool{no, no, no, yes, yes}, want: []string{"-", "-", "fails", "-", "passes"}},
		"after passing it takes three to fail":  {outcomes: []bool{yes, yes, no, no, no}, want: []string{"-", "passes", "-", "-", "fails"}},
		"a single success does not undo a fail": {outcomes: []bool{no, no, no, yes, no}, want: []string{"-", "-", "fails", "-", "-"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var tally probeTally
			var got []string
			for _, ok := range tc.outcomes {
				next, changed := tally.observe(outcome{ok: ok}, probe)
				tally = next
				got = append(got, word(next, changed))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		})
	}
}

func word(t probeTally, changed bool) string {
	switch {
	case !changed:
		return "-"
	case t.passing:
		return "passes"
	default:
		return "fails"
	}
}

func TestProberTiming(t *testing.T) {
	cases := map[string]struct {
		probe corev1.Probe
		takes time.Duration // each check
		want  []string
	}{
		"the first check comes at once, then one each period": {
			probe: corev1.Probe{PeriodSeconds: 2},
			want:  []string{"0s true", "2s true", "4s true"},
		},
		"the first check waits for the initial delay, to the instant": {
			probe: corev1.Probe{InitialDelaySeconds: 3, PeriodSeconds: 5},
			want:  []string{"3s true", "8s true", "13s true"},
		},
		"a check does not delay the next one": {
			probe: corev1.Probe{PeriodSeconds: 2, TimeoutSeconds: 2},
			takes: time.Second,
			want:  []string{"1s true", "3s true", "5s true"},
		},
		"a check that takes too long fails at the timeout": {
			probe: corev1.Probe{PeriodSeconds: 5, TimeoutSeconds: 2},
			takes: time.Minute,
			want:  []string{"2s false", "7s false", "12s false"},
		},
		"period and timeout have defaults": {
			takes: time.Minute,
			want:  []string{"1s false", "11s false", "21s false"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := reports(&tc.probe, tc.takes, len(tc.want))
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("reports (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// reports runs a prober until it has reported n times.
func reports(probe *corev1.Probe, takes time.Duration, n int) []string {
	begun := time.Now()
	lines := make(chan string, n+1)
	p := &prober{
		spec:  probe,
		slots: make(chan struct{}, 1),
		check: func(ctx context.Context) outcome { return sleep(ctx, takes) },
		report: func(o outcome, _ probeTally, _ bool) {
			lines <- fmt.Sprint(time.Since(begun), " ", o.ok)
		},
	}
	p.start()
	defer p.stop()
	var got []string
	for range n {
		got = append(got, <-lines)
	}
	return got
}

func TestProberStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reported := 0
		p := &prober{
			spec:   &corev1.Probe{PeriodSeconds: 1, TimeoutSeconds: 10},
			slots:  make(chan struct{}, 1),
			check:  func(ctx context.Context) outcome { return sleep(ctx, 5*time.Second) },
			report: func(outcome, probeTally, bool) { reported++ },
		}
		p.start()
		time.Sleep(2 * time.Second)
		p.stop()
		time.Sleep(time.Minute)
		if reported != 0 {
			t.Errorf("%d reports after stop, want none", reported)
		}
	})
}
