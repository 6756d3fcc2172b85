package v1alpha1

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/randfill"
)

// filler fills any type with random values that JSON can hold.
func filler(seed int64) *randfill.Filler {
	return randfill.NewWithSeed(seed).NilChance(0.3).NumElements(1, 3).MaxDepth(20).Funcs(
		func(q *resource.Quantity, c randfill.Continue) {
			*q = resource.MustParse(fmt.Sprintf("%dm", c.Intn(5000)))
			_ = q.String() // fills the cache that decoding fills too
		},
		func(t *metav1.Time, c randfill.Continue) { *t = metav1.Unix(int64(c.Intn(1<<30)), 0) },
		func(v *intstr.IntOrString, c randfill.Continue) {
			*v = intstr.FromInt32(c.Int31())
			if c.Bool() {
				*v = intstr.FromString("25%")
			}
		},
		func(m *json.RawMessage, c randfill.Continue) {
			*m = json.RawMessage(fmt.Sprintf(`{"deep":[{"n":%d}],"unknown":null}`, c.Intn(100)))
		},
		func(f *metav1.FieldsV1, _ randfill.Continue) { f.SetRawString(`{"f:metadata":{}}`) },
		func(t *metav1.TypeMeta, _ randfill.Continue) { *t = metav1.TypeMeta{} },
		func(spec *RolloutSpec, c randfill.Continue) {
			c.FillNoCustom(spec)
			spec.TemplateResolvedFromRef, spec.SelectorResolvedFromRef = false, false // never on the wire
		},
	)
}

func kinds() map[string]func() runtime.Object {
	return map[string]func() runtime.Object{
		RolloutKind:                 func() runtime.Object { return &Rollout{} },
		AnalysisTemplateKind:        func() runtime.Object { return &AnalysisTemplate{} },
		ClusterAnalysisTemplateKind: func() runtime.Object { return &ClusterAnalysisTemplate{} },
		AnalysisRunKind:             func() runtime.Object { return &AnalysisRun{} },
		ExperimentKind:              func() runtime.Object { return &Experiment{} },
	}
}

func TestRoundTripLosesNothing(t *testing.T) {
	for kind, empty := range kinds() {
		t.Run(kind, func(t *testing.T) {
			for seed := range int64(12) {
				filled := empty()
				filler(seed).Fill(filled)
				roundTrip(t, filled, empty())
			}
		})
	}
}

// roundTrip writes filled as JSON, reads that into empty as an API client does,
// and compares values and JSON.
func roundTrip(t *testing.T, filled, empty runtime.Object) {
	t.Helper()
	first := encode(t, filled)
	strict, err := kjson.UnmarshalStrict(first, empty)
	if err != nil || len(strict) > 0 {
		t.Fatalf("decode: %v %v", err, strict)
	}
	if !equality.Semantic.DeepEqual(filled, empty) {
		t.Fatalf("values (-filled +read):\n%s", cmp.Diff(filled, empty))
	}
	var want, got any
	decode(t, first, &want)
	decode(t, encode(t, empty), &got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("JSON (-first +second):\n%s", diff)
	}
	if copied := empty.DeepCopyObject(); !equality.Semantic.DeepEqual(empty, copied) {
		t.Fatalf("deep copy (-original +copy):\n%s", cmp.Diff(empty, copied))
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return raw
}

func decode(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("decode: %v", err)
	}
}

func TestSchemeKnowsAllKinds(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for kind, empty := range kinds() {
		for _, name := range []string{kind, kind + "List"} {
			if !scheme.Recognizes(SchemeGroupVersion.WithKind(name)) {
				t.Errorf("scheme does not know %s", name)
			}
		}
		gvks, _, err := scheme.ObjectKinds(empty())
		if err != nil || len(gvks) != 1 || gvks[0].Kind != kind {
			t.Errorf("%s is known as %v (%v)", kind, gvks, err)
		}
	}
}

// What is on the wire with an unusual name or type, because clients rely on it.
func TestWireNames(t *testing.T) {
	cases := map[string]struct {
		object any
		want   string
	}{
		"the autoscaler's count is in capitals": {
			RolloutStatus{HPAReplicas: 3, ObservedGeneration: "7"},
			`{"HPAReplicas":3,"blueGreen":{},"canary":{},"observedGeneration":"7"}`,
		},
		"a template that is another object's is not written": {
			RolloutSpec{WorkloadRef: &ObjectRef{Name: "demo"}},
			`{"strategy":{},"workloadRef":{"name":"demo"}}`,
		},
		"a weight of zero is written": {
			WeightDestination{ServiceName: "demo"},
			`{"serviceName":"demo","weight":0}`,
		},
		"plugin settings are not touched": {
			PluginStep{Name: "a/b", Config: json.RawMessage(`{"x":{"y":null}}`)},
			`{"config":{"x":{"y":null}},"name":"a/b"}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var want, got any
			decode(t, []byte(tc.want), &want)
			decode(t, encode(t, tc.object), &got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
		})
	}
}
