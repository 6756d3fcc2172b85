package scale

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// trajectory plays moves with pods that become available at once; stable is written
// first and the canary is decided again, as one write a pass does.
func trajectory(p Pods, target Counts, b Bounds) string {
	var steps []string
	for range 40 {
		next := Move(p, target, b)
		switch {
		case next.Stable != p.Stable.Want:
			p.Stable = Size{Want: next.Stable, Available: next.Stable}
			steps = append(steps, fmt.Sprintf("s%d", next.Stable))
		case next.Canary != p.Canary.Want:
			p.Canary = Size{Want: next.Canary, Available: next.Canary}
			steps = append(steps, fmt.Sprintf("c%d", next.Canary))
		default:
			return strings.Join(steps, " ")
		}
	}
	return strings.Join(append(steps, "..."), " ")
}

func TestMoveWorkedTrajectories(t *testing.T) {
	pods := func(canary, stable int32) Pods {
		return Pods{Canary: Size{Want: canary, Available: canary}, Stable: Size{Want: stable, Available: stable}}
	}
	cases := map[string]struct {
		from   Pods
		target Counts
		bounds Bounds
		want   string
	}{
		"10 pods to 20 % with defaults":       {pods(0, 10), Counts{2, 8}, Bounds{10, 3, 2}, "s8 c2"},
		"10 pods to 10 %, one up one down":    {pods(0, 10), Counts{1, 9}, Bounds{10, 1, 1}, "s9 c1"},
		"10 pods to 20 %, surge only":         {pods(0, 10), Counts{2, 8}, Bounds{10, 2, 0}, "c2 s8"},
		"10 pods to 50 %, one surge pod":      {pods(0, 10), Counts{5, 5}, Bounds{10, 1, 0}, "c1 s9 c2 s8 c3 s7 c4 s6 c5 s5"},
		"10 pods to 50 %, one may be missing": {pods(0, 10), Counts{5, 5}, Bounds{10, 0, 1}, "s9 c1 s8 c2 s7 c3 s6 c4 s5 c5"},
		"10 pods without steps":               {pods(0, 10), Counts{10, 0}, Bounds{10, 3, 2}, "s8 c5 s3 c10 s0"},
		"4 pods without steps":                {pods(0, 4), Counts{4, 0}, Bounds{4, 1, 1}, "s3 c2 s1 c4 s0"},
		"2 pods without steps":                {pods(0, 2), Counts{2, 0}, Bounds{2, 1, 0}, "c1 s1 c2 s0"},
		"1 pod without steps":                 {pods(0, 1), Counts{1, 0}, Bounds{1, 1, 0}, "c1 s0"},
		"1 pod that may be missing":           {pods(0, 1), Counts{1, 0}, Bounds{1, 0, 1}, "s0 c1"},
		"from 50 % down to 20 %":              {pods(5, 5), Counts{2, 8}, Bounds{10, 1, 0}, "s6 c4 s7 c3 s8 c2"},
		"abort at 50 % with defaults":         {pods(5, 5), Counts{0, 10}, Bounds{10, 3, 2}, "s8 c0 s10"},
		"scaled from 10 to 20 at 20 %":        {pods(2, 8), Counts{4, 16}, Bounds{20, 5, 5}, "s16 c4"},
		"scaled from 10 to 4 at 20 %":         {pods(2, 8), Counts{1, 4}, Bounds{4, 1, 1}, "s4 c1"},
		"at the target already":               {pods(2, 8), Counts{2, 8}, Bounds{10, 3, 2}, ""},
		"broken stable pods go although superseded ones are left": {
			Pods{Canary: Size{Want: 5, Available: 5}, Stable: Size{Want: 5, Broken: 5}, Superseded: 3}, Counts{10, 0}, Bounds{10, 3, 2}, "s0 c10",
		},
		"superseded pods block every shrinking": {Pods{Stable: Size{Want: 10, Available: 10}, Superseded: 2}, Counts{2, 8}, Bounds{10, 3, 2}, "c1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := trajectory(tc.from, tc.target, tc.bounds); got != tc.want {
				t.Errorf("trajectory = %q, want %q", got, tc.want)
			}
		})
	}
}

// Whatever works now, a move never asks for more than surge allows (beyond what is
// already there) and never shrinks below what must stay available.
func TestMoveKeepsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := func(label string) Size {
			want := rapid.Int32Range(0, 20).Draw(t, label)
			return Size{Want: want, Available: rapid.Int32Range(0, want).Draw(t, label+" available")}
		}
		p := Pods{Canary: size("canary"), Stable: size("stable"), Superseded: rapid.Int32Range(0, 3).Draw(t, "superseded")}
		b := Bounds{Replicas: rapid.Int32Range(1, 20).Draw(t, "replicas")}
		b.Surge = rapid.Int32Range(0, 5).Draw(t, "surge")
		b.Unavailable = rapid.Int32Range(0, b.Replicas).Draw(t, "unavailable")
		target := ByWeight(Ask{Replicas: b.Replicas, Weight: rapid.Int32Range(0, 100).Draw(t, "weight"), Max: 100, Surge: b.Surge})
		next := Move(p, target, b)
		before := p.Canary.Want + p.Stable.Want + p.Superseded
		if after := next.Total() + p.Superseded; after > max(before, b.Most()) {
			t.Fatalf("Move(%+v, %+v, %+v) = %+v: %d pods, at most %d allowed", p, target, b, next, after, b.Most())
		}
		available := p.Canary.Available + p.Stable.Available
		left := min(p.Canary.Available, next.Canary) + min(p.Stable.Available, next.Stable)
		rising := target.Canary >= p.Canary.Want
		drained := p.Stable
		if !rising {
			drained = p.Canary
		}
		if broken := drained.Want - drained.Available; left < min(available, b.Least())-broken {
			t.Fatalf("Move(%+v, %+v, %+v) = %+v: %d stay available, %d must", p, target, b, next, left, b.Least())
		}
	})
}
