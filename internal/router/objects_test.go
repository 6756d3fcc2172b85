package router_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
)

// store is an ObjectClient in memory. Names in broken cannot be written.
type store struct {
	objects map[string]*unstructured.Unstructured
	broken  map[string]error
	written []string
}

func (s *store) Get(_ context.Context, _ string, ref router.Ref) (*unstructured.Unstructured, error) {
	return s.objects[ref.Name], nil
}

func (s *store) Write(_ context.Context, _ string, ref router.Ref, _, after *unstructured.Unstructured) error {
	if err := s.broken[ref.Name]; err != nil {
		return err
	}
	s.written = append(s.written, ref.Name)
	s.objects[ref.Name] = after
	return nil
}

// labels renders a split as a label on each of its objects. It cannot render the
// object named bad.
type labels []string

func (l labels) Refs(router.Target) []router.Ref {
	refs := make([]router.Ref, len(l))
	for i, name := range l {
		refs[i] = router.Ref{Kind: "Thing", Name: name, Owned: true}
	}
	return refs
}

func (l labels) Read(_ router.Target, objects []router.Object) traffic.Observation {
	return traffic.Observation{Found: objects[0].Content != nil}
}

func (l labels) Render(t router.Target, objects []router.Object, s traffic.Split) ([]router.Object, error) {
	wanted := make([]router.Object, len(objects))
	var err error
	for i, object := range objects {
		wanted[i] = object
		if object.Ref.Name == "bad" {
			err = errors.New("bad must be put right")
			continue
		}
		wanted[i].Content = router.NewOwned(t, object.Ref)
		wanted[i].Content.SetLabels(map[string]string{"weight": fmt.Sprint(s.Canary)})
	}
	return wanted, err
}

func TestApply(t *testing.T) {
	cases := map[string]struct {
		names       []string
		earlier     int32
		broken      map[string]error
		wantWritten []string
		wantErr     string
		wantIs      error
	}{
		"what differs is written":               {names: []string{"a", "b"}, earlier: 1, wantWritten: []string{"a", "b"}},
		"what is right already is left alone":   {names: []string{"a", "b"}, earlier: 2},
		"a problem does not stop the others":    {names: []string{"bad", "b"}, earlier: 1, wantWritten: []string{"b"}, wantErr: "bad must be put right"},
		"a conflict can be told from a failure": {names: []string{"a", "b"}, earlier: 1, broken: map[string]error{"a": plan.ErrConflict}, wantWritten: []string{"b"}, wantErr: `write Thing "a"`, wantIs: plan.ErrConflict},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			client := &store{objects: map[string]*unstructured.Unstructured{}}
			r := router.FromObjects("labels", labels(tc.names), client)
			target := router.Target{Rollout: "shop", UID: "1"}
			_, _ = r.Apply(t.Context(), target, traffic.NewSplit(tc.earlier, 100))
			client.written, client.broken = nil, tc.broken

			_, err := r.Apply(t.Context(), target, traffic.NewSplit(2, 100))
			if diff := cmp.Diff(tc.wantWritten, client.written); diff != "" {
				t.Errorf("written -want +got:\n%s", diff)
			}
			if (err != nil) != (tc.wantErr != "") || (err != nil && !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("Apply() error = %v, want %q", err, tc.wantErr)
			}
			if tc.wantIs != nil && !errors.Is(err, tc.wantIs) {
				t.Errorf("Apply() error = %v, want it to be %v", err, tc.wantIs)
			}
		})
	}
}

func TestObserveNamesTheRouter(t *testing.T) {
	client := &store{objects: map[string]*unstructured.Unstructured{"a": {Object: map[string]any{}}}}
	got, err := router.FromObjects("labels", labels{"a"}, client).Observe(t.Context(), router.Target{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(traffic.Observation{Router: "labels", Found: true}, got); diff != "" {
		t.Errorf("Observe() -want +got:\n%s", diff)
	}
}

func TestOwns(t *testing.T) {
	ours := router.Target{Namespace: "prod", Rollout: "shop", UID: "1"}
	object := router.NewOwned(ours, router.Ref{Kind: "Thing", Name: "a"})
	if !router.Owns(ours, object) {
		t.Error("Owns() = false for what NewOwned made")
	}
	recreated := ours
	recreated.UID = "2"
	if router.Owns(recreated, object) {
		t.Error("Owns() = true for a Rollout of the same name that is another")
	}
}

func TestFind(t *testing.T) {
	registry := router.Registry{"b": router.FromObjects("b", labels{}, nil), "a": router.FromObjects("a", labels{}, nil)}
	if _, err := registry.Find("a"); err != nil {
		t.Errorf("Find(a) error = %v", err)
	}
	_, err := registry.Find("c")
	if !errors.Is(err, router.ErrUnknown) || !strings.Contains(err.Error(), `"c", known are: a, b`) {
		t.Errorf("Find(c) error = %v, want one that names c and lists a, b", err)
	}
}
