package node

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBackoffDelay(t *testing.T) {
	b := backoff{base: 10 * time.Second, max: 5 * time.Minute}
	var got []time.Duration
	for ends := range 9 {
		got = append(got, b.delay(ends))
	}
	s := time.Second
	want := []time.Duration{0, 0, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 300 * s, 300 * s}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("delay(0..8) (-want +got):\n%s", diff)
	}
	if got := b.delay(1000); got != b.max {
		t.Errorf("delay(1000) = %s, want %s", got, b.max)
	}
}

func TestBackoffResets(t *testing.T) {
	b := backoff{base: 10 * time.Second, max: 5 * time.Minute}
	cases := map[string]struct {
		ran  time.Duration
		want bool
	}{
		"a short run counts on":       {ran: time.Minute},
		"ten minutes are not enough":  {ran: 10 * time.Minute},
		"more than ten minutes reset": {ran: 10*time.Minute + time.Second, want: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := b.resets(tc.ran); got != tc.want {
				t.Errorf("resets(%s) = %t, want %t", tc.ran, got, tc.want)
			}
		})
	}
}
