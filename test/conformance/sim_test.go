package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/nginx"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Every story, played in the simulator, agrees with its record.
func TestStoriesInTheSimulator(t *testing.T) {
	for name, story := range allStories(t) {
		t.Run(name, func(t *testing.T) {
			record, err := ReadRecord("records/" + name + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			p := newPlayer(t, story)
			p.play()
			if b := p.world.Broken(); b != nil {
				t.Errorf("%v", b)
			}
			for _, d := range unexpected(onPurpose(), name, Differences(record, p.lines)) {
				t.Error(d)
			}
			if t.Failed() && testing.Verbose() {
				t.Log("\n" + strings.Join(p.world.Trace(), "\n"))
			}
		})
	}
}

// player plays a story in a world and writes its record.
type player struct {
	t     *testing.T
	story Story
	world *sim.World
	lines []Line
	// seen is the state of the present moment, which counts when the moment is over.
	seen State
	at   time.Time
	last string
}

func newPlayer(t *testing.T, story Story) *player {
	manifests, err := story.Manifests()
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, story: story}
	cfg := sim.Config{
		Services: map[string]map[string]string{},
		Routers:  map[string]router.Renderer{"nginx": nginx.Renderer{}},
		Core: sim.Core{
			Parse: spec.ParseRollout, Reads: rollout.Reads, Decide: rollout.Decide, Failed: rollout.Failed,
		},
		Environment: sim.Calm(), Laws: sim.Laws(), Trace: true, Onlooker: p,
		Templates: spec.Templates{}, Measure: shell,
	}
	for _, o := range manifests {
		switch o.GetKind() {
		case "Rollout":
			cfg.Rollout = &v1alpha1.Rollout{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, cfg.Rollout); err != nil {
				t.Fatal(err)
			}
		case "Service":
			selector, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector")
			cfg.Services[o.GetName()] = selector
		case "AnalysisTemplate":
			var template v1alpha1.AnalysisTemplate
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &template); err != nil {
				t.Fatal(err)
			}
			cfg.Templates[spec.TemplateKey{Name: template.Name}] = &template.Spec
		default:
			o.SetNamespace("default")
			cfg.Objects = append(cfg.Objects, o)
		}
	}
	p.world = sim.New(cfg)
	return p
}

// shell is the source of all metrics of the stories: Jobs with shell commands such as
// "sleep 1; exit 0". A Job takes a second and a half besides, as those that were recorded.
func shell(ask sim.Ask) sim.Sample {
	sample := sim.Sample{Takes: 1500 * time.Millisecond, Phase: v1alpha1.AnalysisPhaseSuccessful}
	for _, arg := range ask.Metric.Provider.Job.Spec.Template.Spec.Containers[0].Args {
		var seconds int
		if _, err := fmt.Sscanf(arg, "sleep %d;", &seconds); err == nil {
			sample.Takes += time.Duration(seconds) * time.Second
		}
		if strings.HasSuffix(arg, "exit 1") {
			sample.Phase = v1alpha1.AnalysisPhaseFailed
		}
	}
	return sample
}

func (p *player) play() {
	for _, a := range p.story.Do {
		if a.Wait != "" {
			p.wait(a.Wait)
			continue
		}
		note, err := json.Marshal(a)
		if err != nil {
			p.t.Fatal(err)
		}
		p.write(Line{Do: note})
		p.do(a)
	}
	p.world.Advance(2 * time.Second)
	p.write(Line{End: true})
}

func (p *player) do(a Action) {
	switch {
	case a.Image != "":
		p.world.Do(sim.Command{Verb: sim.SetImage, Text: a.Image})
	case a.Promote:
		p.world.Do(sim.Command{Verb: sim.Resume})
	case a.Full:
		p.world.Do(sim.Command{Verb: sim.PromoteFull})
	case a.Abort:
		p.world.Do(sim.Command{Verb: sim.Abort})
	case a.Retry:
		p.world.Do(sim.Command{Verb: sim.Retry})
	case a.Sleep != "":
		d, err := time.ParseDuration(a.Sleep)
		if err != nil {
			p.t.Fatal(err)
		}
		p.world.Advance(d)
	default:
		p.t.Fatalf("cannot play %+v", a)
	}
}

// wait gives the controller half a second to see what the user did, and then looks
// every 50 ms, as the recorder did.
func (p *player) wait(want string) {
	phase, step, hasStep := strings.Cut(want, "@")
	p.world.Advance(500 * time.Millisecond)
	for deadline := p.world.Now().Add(90 * time.Second); p.world.Now().Before(deadline); p.world.Advance(50 * time.Millisecond) {
		ro := p.world.Rollout()
		fresh := ro.Status.ObservedGeneration == fmt.Sprint(ro.Generation)
		at := "<nil>"
		if ro.Status.CurrentStepIndex != nil {
			at = fmt.Sprint(*ro.Status.CurrentStepIndex)
		}
		if fresh && string(ro.Status.Phase) == phase && (!hasStep || at == step) {
			p.write(Line{Reached: want})
			p.world.Advance(100 * time.Millisecond) // what a user does next comes when all is quiet
			return
		}
	}
	p.write(Line{NotReached: want})
}

func (p *player) write(l Line) {
	p.look()
	l.T = p.world.Now().Sub(sim.Epoch()).Seconds()
	p.lines = append(p.lines, l)
}

// look writes the state that was seen last, when it is a new one.
func (p *player) look() {
	text, err := json.Marshal(p.seen)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.at.IsZero() || string(text) == p.last {
		return
	}
	p.last = string(text)
	seen := p.seen
	p.lines = append(p.lines, Line{T: p.at.Sub(sim.Epoch()).Seconds(), State: &seen})
}

// Changed implements sim.Onlooker. What does not last is not seen.
func (p *player) Changed(w *sim.World) {
	if p.at != w.Now() {
		p.look()
	}
	p.seen, p.at = stateOf(w), w.Now()
}

// Event implements sim.Onlooker.
func (p *player) Event(w *sim.World, on string, e plan.Event) {
	kind := "Normal"
	if e.Warning {
		kind = "Warning"
	}
	p.world = w // events begin before New returns
	p.write(Line{Event: &Event{On: on, Type: kind, Reason: e.Reason, Message: w.Named(e.Message)}})
}

// stateOf is what an onlooker sees of a world.
func stateOf(w *sim.World) State {
	s := State{Rollout: rolloutOf(w.Rollout().Status, w.Named), ReplicaSets: map[string]Size{}}
	for _, rs := range w.ReplicaSets() {
		pods, available := w.Pods(rs.Name)
		s.ReplicaSets[w.Named(rs.Hash)] = Size{
			Desired: rs.Want, Replicas: pods, Available: available, ScaleDownDeadline: !rs.Deadline.IsZero(),
		}
	}
	for _, rs := range w.TrialSets() {
		s.ReplicaSets[rs.Hash] = Size{Desired: rs.Want, Replicas: rs.Pods, Available: rs.Available, ScaleDownDeadline: !rs.Deadline.IsZero()}
	}
	for name, service := range w.Services() {
		s.pointService(name, w.Named(service.Hash))
	}
	for name, ingress := range w.Objects("Ingress") {
		s.annotateIngress(name, ingress.GetAnnotations())
	}
	return s
}
