package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// story is a scenario over time: a calm world in which a Rollout was applied, with
// every law watched. Versions are the tags of images: demo:v1 is v1.
type story struct {
	t *testing.T
	*sim.World
	seen *witness
}

// witness keeps what a story saw.
type witness struct {
	// sizes are the wanted sizes, one entry for each change; weights and phases the same.
	sizes, weights, phases []string
	// served are the versions that Services selected, "service version", in order.
	served []string
	events []plan.Event
	// writes counts everything that changed.
	writes int
	// also is called after every change; nil: nothing is.
	also func(w *sim.World)
}

// stories plays each scenario in a world of its own.
func stories(t *testing.T, cases map[string]func(*story)) {
	t.Helper()
	for name, tell := range cases {
		t.Run(name, func(t *testing.T) { tell(&story{t: t}) })
	}
}

// given applies a manifest to a calm world and waits until nothing is left to happen.
func (s *story) given(ro *v1alpha1.Rollout, changes ...func(*sim.Config)) {
	s.t.Helper()
	s.begin(ro, changes...)
	s.rest()
}

// begin applies a manifest to a calm world.
func (s *story) begin(ro *v1alpha1.Rollout, changes ...func(*sim.Config)) {
	cfg := sim.Config{
		Rollout: ro, Core: core(), Environment: sim.Calm(), Laws: sim.Laws(), Trace: true,
		Routers: plainRouters(), Services: map[string]map[string]string{},
	}
	for _, name := range servicesOf(ro) {
		cfg.Services[name] = map[string]string{"app": ro.Name}
	}
	for _, change := range changes {
		change(&cfg)
	}
	s.seen = &witness{}
	cfg.Onlooker = s.seen
	s.World = sim.New(cfg)
	s.t.Cleanup(func() {
		if b := s.Broken(); b != nil {
			s.t.Errorf("%v", b)
		}
		if s.t.Failed() {
			s.t.Log("\n" + strings.Join(s.Trace(), "\n"))
		}
	})
}

func plainRouters() map[string]router.Renderer {
	return map[string]router.Renderer{"nginx": sim.Plain{}}
}

// missingServices are the Services that a manifest names and that are not there.
func missingServices(s plan.Snapshot) field.ErrorList {
	var errs field.ErrorList
	for name, service := range s.Services {
		if !service.Found {
			errs = append(errs, field.Invalid(field.NewPath("spec", "strategy"), name, "service \""+name+"\" not found"))
		}
	}
	return errs
}

func servicesOf(ro *v1alpha1.Rollout) []string {
	var names []string
	add := func(more ...string) {
		for _, name := range more {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	if c := ro.Spec.Strategy.Canary; c != nil {
		add(c.CanaryService, c.StableService)
	}
	if b := ro.Spec.Strategy.BlueGreen; b != nil {
		add(b.ActiveService, b.PreviewService)
	}
	return names
}

// rest waits until nothing is left to happen.
func (s *story) rest() {
	s.t.Helper()
	if !s.Settle() {
		s.t.Fatalf("it never comes to rest: %s", s.Seen())
	}
	s.CheckRest()
}

// does lets a user do one thing. What was seen before is forgotten.
func (s *story) does(c sim.Command) {
	*s.seen = witness{}
	s.Do(c)
}

// update changes the image.
func (s *story) update(version string) {
	s.does(sim.Command{Verb: sim.SetImage, Text: "demo:" + version})
}

// edit changes the manifest.
func (s *story) edit(change func(*v1alpha1.Rollout)) {
	s.does(sim.Command{Verb: sim.Edit, Edit: change})
}

// expect compares the words that it is given with the present state.
func (s *story) expect(want build.Words) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.words().Only(want)); diff != "" {
		s.t.Fatalf("at %v (-want +got):\n%s", s.Now().Sub(sim.Epoch()), diff)
	}
}

// until lets time pass until the state reads like this, or a minute went by.
func (s *story) until(want build.Words) {
	s.t.Helper()
	for end := s.Now().Add(time.Minute); s.Now().Before(end); s.Advance(10 * time.Millisecond) {
		if cmp.Equal(want, s.words().Only(want)) {
			return
		}
	}
	s.expect(want)
}

// words tell the present state, as build.Words does.
func (s *story) words() build.Words {
	w := build.StatusWords(s.Rollout().Status, s.version)
	for _, rs := range s.ReplicaSets() {
		version := build.Tag(rs.Template)
		w[version] = build.Size(rs, s.Now())
		w[version+" revision"] = rs.Annotations[v1alpha1.RevisionAnnotation]
		_, available := s.Pods(rs.Name)
		w[version+" available"] = fmt.Sprint(available)
	}
	for name, service := range s.Services() {
		w["service "+name] = s.version(service.Hash)
	}
	if split, ok := splitOf(s.World); ok {
		w["weight"] = fmt.Sprint(split.Canary)
	}
	for _, e := range s.seen.events {
		w["event "+e.Reason] = e.Message
	}
	w["sizes"] = strings.Join(s.seen.sizes, " ")
	w["weights"] = strings.Join(s.seen.weights, " ")
	w["phases"] = strings.Join(s.seen.phases, ", ")
	w["served"] = strings.Join(s.seen.served, ", ")
	return w
}

// quiet checks that nothing at all happens for so long.
func (s *story) quiet(d time.Duration) {
	s.t.Helper()
	s.Settle()
	*s.seen = witness{}
	s.Advance(d)
	if s.seen.writes > 0 || len(s.seen.events) > 0 {
		s.t.Errorf("%d things happened in %v in which nothing should", s.seen.writes, d)
	}
}

// pods lists the pods of a version as the controller sees them, oldest first. It
// sees them only while something in the manifest asks for that.
func (s *story) pods(version string) []plan.Pod {
	s.t.Helper()
	snapshot, err := s.Client().Observe(s.t.Context(), s.Key())
	if err != nil {
		s.t.Fatal(err)
	}
	var list []plan.Pod
	for _, rs := range s.ReplicaSets() {
		for _, p := range snapshot.Pods {
			if p.ReplicaSet == rs.Name && build.Tag(rs.Template) == version && !p.Terminating {
				list = append(list, p)
			}
		}
	}
	return list
}

// version names a hash.
func (s *story) version(hash string) string { return versionOf(s.World, hash) }

func versionOf(w *sim.World, hash string) string {
	for _, rs := range w.ReplicaSets() {
		if rs.Hash == hash {
			return build.Tag(rs.Template)
		}
	}
	if hash == "" {
		return "any"
	}
	return hash
}

func splitOf(w *sim.World) (traffic.Split, bool) {
	object := w.Object("PlainSplit", w.Key().Name)
	if object == nil {
		return traffic.Split{}, false
	}
	split, ok := object.Object["split"].(traffic.Split)
	return split, ok
}

// Changed implements sim.Onlooker.
func (s *witness) Changed(w *sim.World) {
	if s.also != nil {
		s.also(w)
	}
	s.writes++
	var sizes []string
	for _, rs := range w.ReplicaSets() {
		sizes = append(sizes, fmt.Sprint(rs.Want))
	}
	s.sizes = told(s.sizes, strings.Join(sizes, "/"))
	s.phases = told(s.phases, string(w.Rollout().Status.Phase))
	if split, ok := splitOf(w); ok {
		s.weights = told(s.weights, fmt.Sprint(split.Canary))
	}
	for _, name := range []string{"stable", "canary", "active", "preview"} {
		if service, ok := w.Services()[name]; ok {
			s.served = toldOf(s.served, name, name+" "+versionOf(w, service.Hash))
		}
	}
}

// Event implements sim.Onlooker.
func (s *witness) Event(_ *sim.World, kind string, e plan.Event) {
	if kind == v1alpha1.RolloutKind {
		s.events = append(s.events, e)
	}
}

// errRefuses is what a data plane says that does not want to.
var errRefuses = errors.New("not today")

// splitNumbers reads sizes such as 10/2.
func splitNumbers(text string) []int {
	var numbers []int
	for part := range strings.SplitSeq(text, "/") {
		var n int
		if _, err := fmt.Sscan(part, &n); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// told appends what is new.
func told(list []string, next string) []string {
	if len(list) > 0 && list[len(list)-1] == next {
		return list
	}
	return append(list, next)
}

// toldOf appends what is new of a subject.
func toldOf(list []string, subject, next string) []string {
	for i := len(list) - 1; i >= 0; i-- {
		if strings.HasPrefix(list[i], subject+" ") {
			if list[i] == next {
				return list
			}
			break
		}
	}
	return append(list, next)
}
