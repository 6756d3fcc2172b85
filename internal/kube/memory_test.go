package kube

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/spec"
)

func TestWritesWaitForTheCache(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	key, o := engine.Key{Name: "web"}, object{GroupVersionKind: replicaSetKind, Key: engine.Key{Name: "web-abc"}}
	cases := map[string]struct {
		write func(*writes)
		cache seen
		after time.Duration
		want  bool // behind
	}{
		"nothing was written":                    {write: func(*writes) {}, want: false},
		"a created object is not there yet":      {write: func(w *writes) { w.note(key, o, "10", now) }, want: true},
		"an older version is there":              {write: func(w *writes) { w.note(key, o, "10", now) }, cache: seen{version: 9}, want: true},
		"versions are compared as numbers":       {write: func(w *writes) { w.note(key, o, "10", now) }, cache: seen{version: 100}, want: false},
		"our version is there":                   {write: func(w *writes) { w.note(key, o, "10", now) }, cache: seen{version: 10}, want: false},
		"a newer one is there":                   {write: func(w *writes) { w.note(key, o, "10", now) }, cache: seen{version: 11}, want: false},
		"only the last write counts":             {write: func(w *writes) { w.note(key, o, "10", now); w.note(key, o, "12", now) }, cache: seen{version: 11}, want: true},
		"a deleted object is still there":        {write: func(w *writes) { w.noteDeleted(key, o, "u", now) }, cache: seen{version: 9, uid: "u"}, want: true},
		"another of the same name is there":      {write: func(w *writes) { w.noteDeleted(key, o, "u", now) }, cache: seen{version: 9, uid: "v"}, want: false},
		"it is gone":                             {write: func(w *writes) { w.noteDeleted(key, o, "u", now) }, want: false},
		"it never came, and is no longer waited": {write: func(w *writes) { w.note(key, o, "10", now) }, after: catchUp, want: false},
		"the writes of another Rollout":          {write: func(w *writes) { w.note(engine.Key{Name: "api"}, o, "10", now) }, want: false},
		"a forgotten write":                      {write: func(w *writes) { w.note(key, o, "10", now); w.forget(key) }, want: false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWrites()
			tc.write(w)
			_, got := w.behind(key, now.Add(tc.after), func(object) seen { return tc.cache })
			if got != tc.want {
				t.Errorf("behind() = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestWritesForgetWhatWasSeen(t *testing.T) {
	now := time.Now()
	key, o := engine.Key{Name: "web"}, object{GroupVersionKind: replicaSetKind}
	w := newWrites()
	w.note(key, o, "10", now)
	w.behind(key, now, func(object) seen { return seen{version: 10} })
	// The cache cannot go back, so that nobody asks it again.
	w.behind(key, now, func(object) seen {
		t.Error("a write that was seen is looked for again")
		return seen{}
	})
}

func TestReferences(t *testing.T) {
	web, api := engine.Key{Name: "web"}, engine.Key{Name: "api"}
	a := object{GroupVersionKind: serviceKind, Key: engine.Key{Name: "a"}}
	b := object{GroupVersionKind: serviceKind, Key: engine.Key{Name: "b"}}
	r := newReferences()
	pass := r.begin()
	r.add(pass, web, a)
	r.add(pass, web, b)
	r.add(pass, api, a)
	if dropped := r.end(pass, web); len(dropped) != 0 {
		t.Errorf("the first pass dropped %v", dropped)
	}
	if got := r.rollouts(a); len(got) != 2 || !slices.Contains(got, web) || !slices.Contains(got, api) {
		t.Errorf("rollouts(a) = %v, want web and api", got)
	}
	pass = r.begin()
	r.add(pass, web, b)
	if diff := cmp.Diff([]object{a}, r.end(pass, web)); diff != "" {
		t.Errorf("what the second pass dropped (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]engine.Key{api}, r.rollouts(a)); diff != "" {
		t.Errorf("rollouts(a) (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]object{b}, r.forget(web)); diff != "" {
		t.Errorf("what was forgotten (-want +got):\n%s", diff)
	}
	if got := r.rollouts(b); len(got) != 0 {
		t.Errorf("rollouts(b) = %v, want none", got)
	}
	r.forget(api)
	if len(r.from)+len(r.to) != 0 {
		t.Errorf("something is left: %v, %v", r.from, r.to)
	}
}

func TestParsedParsesOnce(t *testing.T) {
	one := func() *v1alpha1.Rollout {
		return &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web", UID: "u", Generation: 1}}
	}
	from := func(generation int64) *workload {
		return &workload{uid: "d", facts: plan.Workload{Generation: generation}}
	}
	cases := map[string]struct {
		rollout  func(*v1alpha1.Rollout)
		workload *workload
		want     int
	}{
		"the same again":                  {rollout: func(*v1alpha1.Rollout) {}, workload: from(1), want: 1},
		"a new version, the same content": {rollout: func(r *v1alpha1.Rollout) { r.ResourceVersion = "9" }, workload: from(1), want: 1},
		"a new generation":                {rollout: func(r *v1alpha1.Rollout) { r.Generation = 2 }, workload: from(1), want: 2},
		"a new object of that name":       {rollout: func(r *v1alpha1.Rollout) { r.UID = "v" }, workload: from(1), want: 2},
		"a collision, which enters the hash": {
			rollout: func(r *v1alpha1.Rollout) { r.Status.CollisionCount = pointer(int32(0)) }, workload: from(1), want: 2,
		},
		"the workload changed": {rollout: func(*v1alpha1.Rollout) {}, workload: from(2), want: 2},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			times := 0
			p := newParsed(func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList) {
				times++
				return spec.Rollout{}, nil
			})
			p.get(one(), from(1))
			second := one()
			tc.rollout(second)
			p.get(second, tc.workload)
			if times != tc.want {
				t.Errorf("parsed %d times, want %d", times, tc.want)
			}
		})
	}
}

func TestForgetEndsWatchesOfTheLastRollout(t *testing.T) {
	web, api := engine.Key{Namespace: "n", Name: "web"}, engine.Key{Namespace: "n", Name: "api"}
	service := object{GroupVersionKind: serviceKind, Key: engine.Key{Namespace: "n", Name: "s"}}
	ended := map[string]bool{}
	end := func(name string) *namespace { return &namespace{stop: func() { ended[name] = true }} }
	c := &Cluster{
		store: store{writes: newWrites()},
		refs:  newReferences(), parsed: newParsed(nil), passes: map[engine.Key]*pass{},
		watched:     &watched{namespaces: map[string]*namespace{"n": end("n"), "m": end("m")}},
		wakeRollout: func(engine.Key) {}, wakeService: func(engine.Key) {},
	}
	for _, key := range []engine.Key{web, api} {
		c.refs.add(c.refs.begin(), key, service)
	}
	c.Forget(web)
	if len(ended) != 0 {
		t.Errorf("ended %v while another Rollout needs it", ended)
	}
	c.Forget(api)
	if diff := cmp.Diff(map[string]bool{"n": true}, ended); diff != "" {
		t.Errorf("ended (-want +got):\n%s", diff)
	}
	if _, kept := c.watched.namespaces["n"]; kept || len(c.watched.namespaces) != 1 {
		t.Errorf("namespaces = %v, want m alone", c.watched.namespaces)
	}
}
