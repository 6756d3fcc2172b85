package spec

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
)

func TestPods(t *testing.T) {
	cases := map[string]struct {
		amount   intstr.IntOrString
		replicas int32
		wantUp   int32
		wantDown int32
	}{
		"a number stands for itself":             {intstr.FromInt32(3), 100, 3, 3},
		"a percentage is rounded":                {intstr.FromString("25%"), 10, 3, 2},
		"text without a sign is a percentage":    {intstr.FromString("5"), 100, 5, 5},
		"such text is rounded too":               {intstr.FromString("5"), 10, 1, 0},
		"one percent of ten is up to one pod":    {intstr.FromString("1%"), 10, 1, 0},
		"a hundredth of a pod is up to one pod":  {intstr.FromString("1%"), 1, 1, 0},
		"more than all is allowed":               {intstr.FromString("200%"), 10, 20, 20},
		"a word is zero":                         {intstr.FromString("few"), 10, 0, 0},
		"two signs are a word":                   {intstr.FromString("5%%"), 10, 0, 0},
		"a fraction is a word":                   {intstr.FromString("1.5%"), 10, 0, 0},
		"a negative number is zero":              {intstr.FromInt32(-5), 10, 0, 0},
		"a negative percentage is zero":          {intstr.FromString("-5%"), 10, 0, 0},
		"a huge percentage stays within a count": {intstr.FromString("2147483647%"), 2147483647, 2147483647, 2147483647},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := pods(tc.amount, tc.replicas, roundUp); got != tc.wantUp {
				t.Errorf("pods(roundUp) = %d, want %d", got, tc.wantUp)
			}
			if got := pods(tc.amount, tc.replicas, roundDown); got != tc.wantDown {
				t.Errorf("pods(roundDown) = %d, want %d", got, tc.wantDown)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	text := func(s string) *intstr.IntOrString { v := intstr.FromString(s); return &v }
	number := func(n int32) *intstr.IntOrString { v := intstr.FromInt32(n); return &v }
	cases := map[string]struct {
		surge, unavailable         *intstr.IntOrString
		replicas                   int32
		wantSurge, wantUnavailable int32
	}{
		"a quarter each is the default":             {nil, nil, 10, 3, 2},
		"one pod may be extra, none missing":        {nil, nil, 1, 1, 0},
		"when both come to nothing one may go":      {number(0), text("5%"), 10, 0, 1},
		"no more than all may be missing":           {number(0), number(7), 3, 0, 3},
		"without replicas nothing may be missing":   {nil, nil, 0, 0, 0},
		"a whole surge":                             {text("100%"), number(0), 4, 4, 0},
		"one percent of ten is a pod that is extra": {text("1%"), number(0), 10, 1, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			surge, unavailable := bounds(tc.surge, tc.unavailable, tc.replicas)
			if surge != tc.wantSurge || unavailable != tc.wantUnavailable {
				t.Errorf("bounds() = %d, %d, want %d, %d", surge, unavailable, tc.wantSurge, tc.wantUnavailable)
			}
		})
	}
}

func TestBoundsAlwaysLeaveRoomToMove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Custom(func(t *rapid.T) *intstr.IntOrString {
			v := intstr.FromInt32(rapid.Int32().Draw(t, "number"))
			if rapid.Bool().Draw(t, "as text") {
				v = intstr.FromString(v.String() + "%")
			}
			return &v
		})
		replicas := rapid.Int32Range(0, 1<<30).Draw(t, "replicas")
		surge, unavailable := bounds(amount.Draw(t, "surge"), amount.Draw(t, "unavailable"), replicas)
		if surge < 0 || unavailable < 0 || unavailable > replicas {
			t.Fatalf("bounds() = %d, %d for %d replicas", surge, unavailable, replicas)
		}
		if replicas > 0 && surge == 0 && unavailable == 0 {
			t.Fatal("nothing may be extra and nothing may be missing")
		}
	})
}

func TestParsePause(t *testing.T) {
	cases := map[string]struct {
		duration intstr.IntOrString
		want     time.Duration
		wantBad  bool
	}{
		"a number is seconds":           {intstr.FromInt32(10), 10 * time.Second, false},
		"text that is a number as well": {intstr.FromString("10"), 10 * time.Second, false},
		"minutes":                       {intstr.FromString("90m"), 90 * time.Minute, false},
		"a fraction of an hour":         {intstr.FromString("1.5h"), 90 * time.Minute, false},
		"more seconds than fit":         {intstr.FromString("99999999999"), 9223372036 * time.Second, false},
		"days are not known":            {intstr.FromString("1d"), 0, true},
		"nothing":                       {intstr.FromString(""), 0, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parsePause(tc.duration)
			if (err != nil) != tc.wantBad || got != tc.want {
				t.Errorf("parsePause() = %v, %v, want %v, bad %t", got, err, tc.want, tc.wantBad)
			}
		})
	}
}
