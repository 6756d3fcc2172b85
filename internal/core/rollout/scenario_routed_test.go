package rollout_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// routed is an update from v1 to v2 with these steps.
func routed(replicas int32, steps ...v1alpha1.CanaryStep) *v1alpha1.Rollout {
	return update(build.RoutedCanary("demo", replicas, steps...), "v2")
}

// under is a snapshot of an update from v1.
func under(ro *v1alpha1.Rollout, facts ...build.Fact) plan.Snapshot {
	return build.Snapshot(ro, append([]build.Fact{build.Stable("v1")}, facts...)...)
}

func TestRoutedCanaryWeights(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(25), build.Wait(), build.Weight(50), build.Wait()}
	play(t, map[string]scenario{
		"a quarter of four is one pod, and no weight before it is available": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 1, build.Available(0)), build.CanaryWeight(0)),
			want:  build.Words{"v1": "4", "v2": "1", "weight": "0", "step": "0", "service canary": "v1"},
		},
		"once it is available it gets its weight, and the step is done": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 1), build.Serves("canary", "v1"), build.CanaryWeight(0)),
			want: build.Words{
				"v1": "4", "v2": "1", "weight": "25", "step": "1", "service canary": "v2",
				"event TrafficWeightUpdated": "Traffic weight updated from 0 to 25",
				"event RolloutStepCompleted": "Rollout step 1/4 completed (setWeight: 25)",
			},
		},
		"a canary that lost all its pods loses its traffic": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 2, build.Available(0)), build.CanaryWeight(50), build.AtStep(3)),
			want:  build.Words{"weight": "0", "v2": "2"},
		},
		"stable without the pods for the rest keeps the traffic as it is": {
			given: under(routed(4, build.Weight(50), build.Weight(10), build.Wait()), build.Has("v1", 4, build.Available(1)), build.Has("v2", 2),
				build.CanaryWeight(50), build.AtStep(1)),
			want: build.Words{"weight": "50", "step": "1"},
		},
		"with no pods anywhere the Services follow the promoted revision": {
			given: build.Snapshot(update(build.RoutedCanary("demo", 0, steps...), "v2"), build.Stable("v2"), build.Has("v1", 0), build.Has("v2", 0),
				build.Serves("stable", "v1"), build.CanaryWeight(100), build.AtStep(4)),
			want: build.Words{"service stable": "v2"},
		},
		"a lower weight moves traffic and keeps the pods until it has moved": {
			given: under(routed(4, build.Weight(50), build.Weight(25), build.Wait()), build.Has("v1", 4), build.Has("v2", 2), build.CanaryWeight(50), build.AtStep(1)),
			want:  build.Words{"weight": "25", "v2": "2", "step": "1"},
		},
		"and then the pods go": {
			given: under(routed(4, build.Weight(50), build.Weight(25), build.Wait()), build.Has("v1", 4), build.Has("v2", 2), build.CanaryWeight(25), build.AtStep(1)),
			want:  build.Words{"weight": "25", "v2": "1"},
		},
		"a weight that is not confirmed does not end the step, and is asked for in ten seconds": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 1), build.CanaryWeight(25), build.Verified(false)),
			want:  build.Words{"step": "0", "wake": "10s", "weight": "25"},
		},
		"a confirmed one does": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 1), build.CanaryWeight(25), build.Verified(true)),
			want:  build.Words{"step": "1"},
		},
		"the last weight that is not confirmed promotes nothing": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 4), build.CanaryWeight(100), build.AtStep(4), build.Verified(false)),
			want:  build.Words{"stable": "v1", "v1": "4", "v2": "4", "wake": "10s"},
		},
		"without steps traffic stays until every pod is available": {
			given: under(routed(4), build.Has("v1", 4), build.Has("v2", 4, build.Available(3)), build.CanaryWeight(0)),
			want:  build.Words{"weight": "0", "stable": "v1", "v2": "4"},
		},
		"and then there is one cutover": {
			given: under(routed(4), build.Has("v1", 4), build.Has("v2", 4), build.CanaryWeight(0)),
			want:  build.Words{"stable": "v2", "v1": "4"},
		},
		"an empty trafficRouting is sized like a router's, and has no weights": {
			given: under(update(build.Canary("demo", 4, build.Weight(25), build.Wait()), "v2", canary(func(c *v1alpha1.CanaryStrategy) {
				c.TrafficRouting = &v1alpha1.RolloutTrafficRouting{}
			})), build.Has("v1", 4), build.Has("v2", 1)),
			want: build.Words{"v1": "4", "v2": "1", "weight": "", "step": "1"},
		},
	})
}

func TestRoutedCanaryScale(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.ScaleTo(3), build.Weight(90), build.Wait(), build.ScaleWithTraffic(), build.Wait()}
	light := []v1alpha1.CanaryStep{build.ScaleLike(25), build.Weight(0), build.Wait()}
	least := func(n int32) build.Option {
		return canary(func(c *v1alpha1.CanaryStrategy) { c.MinPodsPerReplicaSet = &n })
	}
	play(t, map[string]scenario{
		"three pods are three pods, whatever the weight": {
			given: under(routed(10, steps...), build.Has("v1", 10), build.Has("v2", 3), build.CanaryWeight(0), build.AtStep(1)),
			want:  build.Words{"v2": "3", "weight": "90", "step": "2"},
		},
		"until the size follows the traffic again": {
			given: under(routed(10, steps...), build.Has("v1", 10), build.Has("v2", 3), build.CanaryWeight(90), build.AtStep(3)),
			want:  build.Words{"v2": "9", "weight": "90", "step": "3"},
		},
		"a quarter of the pods without traffic": {
			given: under(routed(8, light...), build.Has("v1", 8), build.Has("v2", 0), build.CanaryWeight(0)),
			want:  build.Words{"v2": "2", "weight": "0", "step": "0"},
		},
		"and the weight of zero keeps them": {
			given: under(routed(8, light...), build.Has("v1", 8), build.Has("v2", 2), build.CanaryWeight(0), build.AtStep(1)),
			want:  build.Words{"v2": "2", "weight": "0", "step": "2"},
		},
		"one percent of ten is two pods when two are the least": {
			given: under(build.With(routed(10, build.Weight(1), build.Wait()), least(2)), build.Has("v1", 10), build.Has("v2", 0), build.CanaryWeight(0)),
			want:  build.Words{"v2": "2"},
		},
		"of one replica there is one, and nothing to do once it is there": {
			given: under(build.With(routed(1, build.Weight(1), build.Wait()), least(2)), build.Has("v1", 1), build.Has("v2", 1), build.CanaryWeight(1),
				build.AtStep(1), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)),
			want: build.Words{"v2": "1", "writes": "0", "wake": "never"},
		},
	})
}

func TestRoutedCanaryTurnsBack(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(80), build.Wait()}
	play(t, map[string]scenario{
		"a third version: traffic goes back to the first, the second keeps its pods": {
			given: build.Snapshot(build.With(routed(10, steps...), build.Image("demo:v3")), build.Stable("v1"), build.Seen("v2"), build.AtStep(1),
				build.Has("v1", 10), build.Has("v2", 8), build.Serves("canary", "v2"), build.CanaryWeight(80),
				build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)),
			want: build.Words{"weight": "0", "v1": "10", "v2": "8", "v3": "8", "step": "0"},
		},
		"a superseded version that nothing reaches any more starts its delay": {
			given: build.Snapshot(build.With(routed(10, steps...), build.Image("demo:v3")), build.Stable("v1"), build.AtStep(0),
				build.Has("v1", 10), build.Has("v2", 8), build.Has("v3", 8, build.Available(0)), build.Serves("canary", "v1"), build.CanaryWeight(0)),
			want: build.Words{"v2": "8 for 30s", "wake": "30s"},
		},
		"going back to stable takes all weight off at once": {
			given: build.Snapshot(build.With(routed(10, steps...), build.Image("demo:v1")), build.Stable("v1"), build.Seen("v2"), build.AtStep(1),
				build.Has("v1", 10), build.Has("v2", 8), build.Serves("canary", "v2"), build.CanaryWeight(80)),
			want: build.Words{"weight": "0", "v2": "8", "step": "2", "event SkipSteps": "Rollback to stable ReplicaSets"},
		},
		"and the second version starts its delay then": {
			given: build.Snapshot(build.With(routed(10, steps...), build.Image("demo:v1")), build.Stable("v1"), build.AtStep(2),
				build.Has("v1", 10), build.Has("v2", 8), build.Serves("canary", "v1"), build.CanaryWeight(0)),
			want: build.Words{"v2": "8 for 30s"},
		},
		"going back while stable has shrunk: selector and weight wait for its pods": {
			given: build.Snapshot(build.With(routed(10, build.Weight(50), build.Wait()), build.Image("demo:v1"), canary(func(c *v1alpha1.CanaryStrategy) {
				c.DynamicStableScale = true
			})), build.Seen("v2"), build.Stable("v1"), build.AtStep(1), build.Has("v1", 5), build.Has("v2", 5), build.Serves("canary", "v2"),
				weightOf("v2", 50)),
			want: build.Words{"v1": "10", "v2": "5", "weight": "50", "service canary": "v2"},
		},
		"a version whose delay is over stays while a Service still selects it": {
			given: build.Snapshot(build.With(routed(4), build.Image("demo:v2")), build.Stable("v2"), build.Has("v1", 4, build.Until(-time.Second)), build.Has("v2", 4),
				build.Serves("stable", "v1"), build.Serves("canary", "v2"), build.CanaryWeight(0)),
			want: build.Words{"v1": "4", "service stable": "v2"},
		},
		"of three that lost their traffic only the newest stays when one may": {
			given: build.Snapshot(update(build.RoutedCanary("demo", 2), "v4", canary(func(c *v1alpha1.CanaryStrategy) { c.ScaleDownDelayRevisionLimit = seconds(1) })),
				build.Stable("v4"), build.Has("v1", 2, build.Until(10*time.Second)), build.Has("v2", 2, build.Until(20*time.Second)), build.Has("v3", 2), build.Has("v4", 2), build.CanaryWeight(0)),
			want: build.Words{"v1": "0", "v2": "0", "v3": "2 for 30s", "v4": "2"},
		},
		"a delay of zero lets the old version go at once": {
			given: build.Snapshot(build.With(routed(4), canary(func(c *v1alpha1.CanaryStrategy) { c.ScaleDownDelaySeconds = seconds(0) })),
				build.Stable("v2"), build.Has("v1", 4), build.Has("v2", 4), build.CanaryWeight(0)),
			want: build.Words{"v1": "0"},
		},
	})
}

// weightOf says that a version other than the desired one has this canary weight.
func weightOf(version string, weight int32) build.Fact {
	return func(s *build.Scene) {
		var hash string
		for _, rs := range s.ReplicaSets {
			if build.Tag(rs.Template) == version {
				hash = rs.Hash
			}
		}
		build.CanaryWeight(weight)(s)
		for i := range s.Traffic {
			s.Traffic[i].Split.CanaryHash = hash
		}
		s.Rollout.Status.Canary.Weights.Canary.PodTemplateHash = hash
	}
}

func TestHeaderRoutes(t *testing.T) {
	match := []v1alpha1.HeaderRoutingMatch{{HeaderName: "x", HeaderValue: &v1alpha1.StringMatch{Exact: "1"}}}
	set := v1alpha1.CanaryStep{SetHeaderRoute: &v1alpha1.SetHeaderRoute{Name: "beta", Match: match}}
	unset := v1alpha1.CanaryStep{SetHeaderRoute: &v1alpha1.SetHeaderRoute{Name: "beta"}}
	withRoutes := func(steps ...v1alpha1.CanaryStep) *v1alpha1.Rollout {
		return update(build.RoutedCanary("demo", 4, steps...), "v2", canary(func(c *v1alpha1.CanaryStrategy) {
			c.TrafficRouting = &v1alpha1.RolloutTrafficRouting{
				ManagedRoutes: []v1alpha1.ManagedRoute{{Name: "beta"}},
				Istio:         &v1alpha1.IstioTrafficRouting{VirtualService: &v1alpha1.IstioVirtualService{Name: "demo"}},
			}
		}))
	}
	served := func(s plan.Snapshot) plan.Snapshot {
		for i := range s.Traffic {
			s.Traffic[i].Split.Headers = []traffic.HeaderRoute{{Name: "beta", Match: []traffic.HeaderMatch{{Header: "x", Value: traffic.StringMatch{Exact: "1"}}}}}
		}
		return s
	}
	canaryUp := []build.Fact{build.Has("v1", 4), build.Has("v2", 1), build.CanaryWeight(25), build.Serves("canary", "v2")}
	cases := map[string]struct {
		given plan.Snapshot
		want  int
	}{
		"a header route is there from its step on": {
			under(withRoutes(build.Weight(25), set, build.Wait()), append(canaryUp, build.AtStep(1))...), 1,
		},
		"a step without a match takes it away": {
			served(under(withRoutes(build.Weight(25), set, unset, build.Wait()), append(canaryUp, build.AtStep(2))...)), 0,
		},
		"an abort takes it away": {
			served(under(withRoutes(build.Weight(25), set, build.Wait()), append(canaryUp, build.Aborted(), build.AtStep(0))...)), 0,
		},
		"a full promotion takes it away": {
			served(under(withRoutes(build.Weight(25), set, build.Wait()), append(canaryUp, build.AtStep(2), promoteFull())...)), 0,
		},
		"a canary without pods has none": {
			served(under(withRoutes(build.Weight(25), set, build.Wait()), build.Has("v1", 4), build.Has("v2", 1, build.Available(0)), build.CanaryWeight(25), build.AtStep(2))), 0,
		},
		"a promoted one has none": {
			served(build.Snapshot(withRoutes(build.Weight(25), set, build.Wait()), build.Stable("v2"), build.Has("v1", 0), build.Has("v2", 4), build.CanaryWeight(0), build.AtStep(3))), 0,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			set := actionOf[plan.SetTraffic](t, tc.given)
			if got := len(set.Split.Headers); got != tc.want {
				t.Errorf("%d header routes, want %d", got, tc.want)
			}
		})
	}
}

func promoteFull() build.Fact {
	return build.Status(func(st *v1alpha1.RolloutStatus) { st.PromoteFull = true })
}
