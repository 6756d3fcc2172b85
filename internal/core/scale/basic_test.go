package scale

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// The table of worked targets: canary/stable for replicas, surge and weight.
func TestByWeightWorkedTargets(t *testing.T) {
	weights := []int32{1, 5, 10, 20, 25, 33, 41, 50, 60, 75, 90, 95, 99, 100}
	rows := map[string]struct {
		replicas, surge int32
		want            []string
	}{
		"1 without surge":  {1, 0, []string{"0/1", "0/1", "0/1", "0/1", "0/1", "0/1", "0/1", "1/0", "1/0", "1/0", "1/0", "1/0", "1/0", "1/0"}},
		"1 with surge":     {1, 1, []string{"1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/0"}},
		"2 without surge":  {2, 0, []string{"1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "1/1", "2/0"}},
		"2 with surge":     {2, 1, []string{"1/2", "1/2", "1/2", "1/2", "1/2", "1/2", "1/2", "1/1", "2/1", "2/1", "2/1", "2/1", "2/1", "2/0"}},
		"3 without surge":  {3, 0, []string{"1/2", "1/2", "1/2", "1/2", "1/2", "1/2", "1/2", "2/1", "2/1", "2/1", "2/1", "2/1", "2/1", "3/0"}},
		"3 with surge":     {3, 1, []string{"1/3", "1/3", "1/3", "1/3", "1/3", "1/2", "1/2", "2/2", "2/1", "3/1", "3/1", "3/1", "3/1", "3/0"}},
		"4 with surge":     {4, 1, []string{"1/4", "1/4", "1/4", "1/4", "1/3", "2/3", "2/3", "2/2", "3/2", "3/1", "4/1", "4/1", "4/1", "4/0"}},
		"5 without surge":  {5, 0, []string{"1/4", "1/4", "1/4", "1/4", "1/4", "2/3", "2/3", "3/2", "3/2", "4/1", "4/1", "4/1", "4/1", "5/0"}},
		"5 with surge":     {5, 2, []string{"1/5", "1/5", "1/5", "1/4", "1/4", "2/4", "2/3", "3/3", "3/2", "4/1", "5/1", "5/1", "5/1", "5/0"}},
		"10 without surge": {10, 0, []string{"1/9", "1/9", "1/9", "2/8", "3/7", "3/7", "4/6", "5/5", "6/4", "8/2", "9/1", "9/1", "9/1", "10/0"}},
		"10 with surge":    {10, 3, []string{"1/10", "1/10", "1/9", "2/8", "3/8", "3/7", "4/6", "5/5", "6/4", "8/3", "9/1", "10/1", "10/1", "10/0"}},
	}
	for name, tc := range rows {
		t.Run(name, func(t *testing.T) {
			for i, weight := range weights {
				got := ByWeight(Ask{Replicas: tc.replicas, Weight: weight, Max: 100, Surge: tc.surge})
				if text := fmt.Sprintf("%d/%d", got.Canary, got.Stable); text != tc.want[i] {
					t.Errorf("weight %d: canary/stable = %s, want %s", weight, text, tc.want[i])
				}
			}
		})
	}
}

func TestByWeightLeavesBothSidesAPod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Ask{Replicas: rapid.Int32Range(2, 200).Draw(t, "replicas"), Max: rapid.SampledFrom([]int32{100, 1000}).Draw(t, "max"), Surge: rapid.Int32Range(0, 3).Draw(t, "surge")}
		a.Weight = rapid.Int32Range(1, a.Max-1).Draw(t, "weight")
		got := ByWeight(a)
		if got.Canary < 1 || got.Stable < 1 {
			t.Fatalf("ByWeight(%+v) = %+v: a side is empty", a, got)
		}
		if got.Total() < a.Replicas || got.Total() > a.Replicas+min(a.Surge, 1) {
			t.Fatalf("ByWeight(%+v) = %+v: total is outside replicas and one surge pod", a, got)
		}
	})
}
