package loop

import (
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		wake time.Time
		want time.Duration
	}{
		"never":           {want: 0},
		"later":           {wake: now.Add(time.Minute), want: time.Minute},
		"now is soon":     {wake: now, want: firstRetry},
		"overdue is soon": {wake: now.Add(-time.Minute), want: firstRetry},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := until(tc.wake, now); got != tc.want {
				t.Errorf("until() = %v, want %v", got, tc.want)
			}
		})
	}
}
