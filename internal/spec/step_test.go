package spec

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// routed lays steps over a canary that has every kind of router they may need.
func routed(steps string) string {
	return `{strategy: {canary: {canaryService: c, stableService: s,
		trafficRouting: {managedRoutes: [{name: beta}], istio: {virtualService: {name: demo}}}, steps: [` + steps + `]}}}`
}

func TestSteps(t *testing.T) {
	percentage := int32(10)
	cases := map[string]struct {
		step string
		want Step
		text string
	}{
		"a weight":                      {`{setWeight: 20}`, SetWeight{Weight: 20}, "setWeight: 20"},
		"a weight of nothing":           {`{setWeight: 0}`, SetWeight{}, "setWeight: 0"},
		"a pause without end":           {`{pause: {}}`, Pause{Indefinite: true}, "pause"},
		"a pause in seconds":            {`{pause: {duration: 60}}`, Pause{Duration: time.Minute, Written: "60"}, "pause: 60"},
		"a pause that is over":          {`{pause: {duration: 0}}`, Pause{Written: "0"}, "pause: 0"},
		"a pause as text":               {`{pause: {duration: 1m30s}}`, Pause{Duration: 90 * time.Second, Written: "1m30s"}, "pause: 1m30s"},
		"a size by weight":              {`{setCanaryScale: {weight: 25}}`, SetCanaryScale{Weight: ptr(25)}, "setCanaryScale{weight: 25}"},
		"a size by too much weight":     {`{setCanaryScale: {weight: 250}}`, SetCanaryScale{Weight: ptr(100)}, "setCanaryScale{weight: 100}"},
		"a size in pods wins":           {`{setCanaryScale: {replicas: 3, weight: 25}}`, SetCanaryScale{Replicas: ptr(3)}, "setCanaryScale{replicas: 3}"},
		"a size that follows":           {`{setCanaryScale: {matchTrafficWeight: true}}`, SetCanaryScale{MatchTraffic: true}, "setCanaryScale{matchTrafficWeight: true}"},
		"a size that says nothing":      {`{setCanaryScale: {}}`, SetCanaryScale{MatchTraffic: true}, "setCanaryScale{matchTrafficWeight: true}"},
		"the removal of a header route": {`{setHeaderRoute: {name: beta}}`, SetHeaderRoute{Name: "beta"}, "setHeaderRoute: beta"},
		"a header route": {
			`{setHeaderRoute: {name: beta, match: [{headerName: a, headerValue: {prefix: b}}]}}`,
			SetHeaderRoute{Name: "beta", Match: []HeaderMatch{{Header: "a", Value: StringMatch{Prefix: "b"}}}},
			"setHeaderRoute: beta",
		},
		"a mirror route": {
			`{setMirrorRoute: {name: beta, percentage: 10, match: [{method: {exact: GET}, headers: {a: {regex: b}}}]}}`,
			SetMirrorRoute{Name: "beta", Percentage: &percentage, Match: []RouteMatch{{
				Method: &StringMatch{Exact: "GET"}, Headers: map[string]StringMatch{"a": {Regex: "b"}},
			}}},
			"setMirrorRoute: beta",
		},
		"a plugin": {`{plugin: {name: a/b, config: {"x":1}}}`, PluginStep{Name: "a/b", Config: []byte(`{"x":1}`)}, "plugin: a/b"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := canary(t, routed(tc.step)).Steps[0]
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("step (-want +got):\n%s", diff)
			}
			if got.String() != tc.text {
				t.Errorf("String() = %q, want %q", got.String(), tc.text)
			}
		})
	}
}

func TestTextsOfStepsThatRunThings(t *testing.T) {
	steps := canary(t, routed(`{analysis: {templates: [{templateName: x}]}}, {experiment: {templates: [{name: a, specRef: canary}]}}`)).Steps
	for i, want := range []string{"analysis", "experiment"} {
		if got := steps[i].String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
	if got := (Pause{Duration: time.Minute}).String(); got != "pause: 1m0s" {
		t.Errorf("String() of a pause that was not written = %q", got)
	}
}

func TestUnsupported(t *testing.T) {
	cases := map[string]struct {
		rollout string
		want    []string
	}{
		"what there is":          {routed(`{setWeight: 1}, {pause: {}}, {setCanaryScale: {weight: 1}}`), nil},
		"a router that there is": {routed(`{setWeight: 20}`), nil},
		"a router that there is not": {
			`{strategy: {canary: {canaryService: c, stableService: s, trafficRouting: {smi: {}, plugins: {a/b: {}}}}}}`,
			[]string{
				"spec.strategy.canary.trafficRouting.smi: Forbidden: this router is not supported yet",
				"spec.strategy.canary.trafficRouting.plugins[a/b]: Forbidden: this router is not supported yet",
			},
		},
		"steps": {
			routed(`{setWeight: 1}, {analysis: {}}, {experiment: {templates: []}}, {plugin: {name: x}}, {setHeaderRoute: {name: beta}}, {setMirrorRoute: {name: beta}}`),
			[]string{
				"spec.strategy.canary.steps[3].plugin: Forbidden: a plugin step is not supported yet",
				"spec.strategy.canary.steps[4].setHeaderRoute: Forbidden: a header route is not supported yet",
				"spec.strategy.canary.steps[5].setMirrorRoute: Forbidden: a mirror route is not supported yet",
			},
		},
		"background analysis": {
			`{strategy: {canary: {analysis: {templates: [{templateName: x}]}}}}`, nil,
		},
		"ping-pong": {
			`{strategy: {canary: {pingPong: {pingService: a, pongService: b}}}}`,
			[]string{"spec.strategy.canary.pingPong: Forbidden: ping-pong is not supported yet"},
		},
		"analysis around a promotion": {
			`{strategy: {blueGreen: {activeService: a, prePromotionAnalysis: {}, postPromotionAnalysis: {}}}}`,
			nil,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, err := range Unsupported(parse(t, tc.rollout), []string{RouterIstio}) {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Unsupported() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExperimentWeightsLeaveStableSomething(t *testing.T) {
	manifest := func(weights string) *v1alpha1.Rollout {
		overlay := routed(`{setWeight: 60}, {experiment: {templates: [` + weights + `]}}`)
		return &v1alpha1.Rollout{Spec: typed(t, merge(decode(t, read(t, "testdata/base.yaml")), decode(t, overlay)))}
	}
	cases := map[string]struct {
		weights, want string
	}{
		"all of it": {`{name: a, specRef: canary, weight: 20}, {name: b, specRef: stable, weight: 20}`, ""},
		"more than all": {
			`{name: a, specRef: canary, weight: 20}, {name: b, specRef: stable, weight: 21}`,
			"steps[1].experiment.templates: Invalid value: 101: the weights of the canary and of the experiment's templates add up to more than 100",
		},
		"less than nothing": {`{name: a, specRef: canary, weight: -1}`, "steps[1].experiment.templates[0].weight: Invalid value: -1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, errs := ParseRollout(manifest(tc.weights))
			switch {
			case tc.want == "" && len(errs) > 0:
				t.Errorf("ParseRollout() = %v, want no error", errs)
			case tc.want != "" && (len(errs) == 0 || !strings.Contains(errs[0].Error(), tc.want)):
				t.Errorf("ParseRollout() = %v, want %s", errs, tc.want)
			}
		})
	}
}
