package sim

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// generator draws one history. Everything comes from its dice.
type generator struct {
	dice
	ro       *v1alpha1.Rollout
	services []string
	images   int
}

// Generate draws a history: a manifest, an environment, what a user does and what
// goes wrong. The same seed gives the same history.
func Generate(seed uint64, core Core) History {
	g := &generator{dice: newDice(seed ^ 0xfeed)}
	g.manifest()
	h := History{Config: Config{
		Seed: seed, Rollout: g.ro, Core: core, Laws: Laws(),
		Services:    map[string]map[string]string{},
		Routers:     map[string]router.Renderer{"nginx": Plain{}},
		Environment: g.environment(),
		Faults:      g.faults(),
	}}
	h.Config.Templates = spec.Templates{{Name: "check"}: checkTemplate()}
	h.Config.Verdict = func(name string) Verdict { return verdictOf(seed, name) }
	for _, name := range g.services {
		h.Config.Services[name] = map[string]string{"app": "demo"}
	}
	h.Commands = g.commands()
	return h
}

func (g *generator) manifest() {
	replicas := one(g.dice, int32(1), 1, 2, 2, 3, 3, 4, 5, 5, 7, 10)
	labels := map[string]string{"app": "demo"}
	g.ro = &v1alpha1.Rollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "demo"},
		Spec: v1alpha1.RolloutSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "demo", Image: g.image()}}},
			},
		},
	}
	s := &g.ro.Spec
	if g.chance(20) {
		s.MinReadySeconds = int32(1 + g.IntN(5))
	}
	if g.chance(30) {
		limit := int32(g.IntN(4))
		s.RevisionHistoryLimit = &limit
	}
	if g.chance(25) {
		deadline := int32(20 + g.IntN(100))
		s.ProgressDeadlineSeconds = &deadline
		s.ProgressDeadlineAbort = g.chance(40)
	}
	if g.chance(10) {
		s.RollbackWindow = &v1alpha1.RollbackWindowSpec{Revisions: int32(1 + g.IntN(2))}
	}
	switch g.IntN(5) {
	case 0, 1:
		g.basic()
	case 2, 3:
		g.routed()
	default:
		g.blueGreen()
	}
	if c := s.Strategy.Canary; c != nil && g.chance(20) {
		start := int32(g.IntN(4))
		c.Analysis = &v1alpha1.RolloutAnalysisBackground{RolloutAnalysis: *checked(), StartingStep: &start}
	}
}

func (g *generator) basic() {
	c := &v1alpha1.CanaryStrategy{}
	g.ro.Spec.Strategy.Canary = c
	c.Steps = g.steps(false)
	if g.chance(60) {
		surge, missing := intstr.FromInt(g.IntN(4)), intstr.FromInt(g.IntN(3))
		if surge.IntVal == 0 && missing.IntVal == 0 {
			surge.IntVal = 1
		}
		c.MaxSurge, c.MaxUnavailable = &surge, &missing
	}
	if g.chance(25) {
		c.StableService, c.CanaryService = "stable", "canary"
		g.services = []string{"canary", "stable"}
	}
	g.threshold(c)
}

func (g *generator) routed() {
	c := &v1alpha1.CanaryStrategy{
		StableService: "stable", CanaryService: "canary",
		TrafficRouting: &v1alpha1.RolloutTrafficRouting{Nginx: &v1alpha1.NginxTrafficRouting{StableIngress: "demo"}},
	}
	g.ro.Spec.Strategy.Canary = c
	g.services = []string{"canary", "stable"}
	c.DynamicStableScale = g.chance(30)
	c.Steps = g.steps(true)
	if !c.DynamicStableScale && g.chance(50) {
		c.ScaleDownDelaySeconds = g.seconds(0, 0, 5, 30, 60)
	}
	if g.chance(40) {
		c.AbortScaleDownDelaySeconds = g.seconds(0, 5, 30, 1800)
	}
	c.ScaleDownDelayRevisionLimit = g.delayed()
	if g.chance(20) {
		least := int32(1 + g.IntN(3))
		c.MinPodsPerReplicaSet = &least
	}
	if g.chance(10) {
		whole := int32(1000)
		c.TrafficRouting.MaxTrafficWeight = &whole
	}
	g.threshold(c)
}

func (g *generator) threshold(c *v1alpha1.CanaryStrategy) {
	if g.chance(15) {
		kind := one(g.dice, v1alpha1.ProgressThresholdTypePercentage, v1alpha1.ProgressThresholdTypePods)
		value := int32(1 + g.IntN(2))
		if kind == v1alpha1.ProgressThresholdTypePercentage {
			value = one(g.dice, int32(50), 80, 100)
		}
		c.ReplicaProgressThreshold = &v1alpha1.ReplicaProgressThreshold{Type: kind, Value: min(value, max(1, value))}
	}
}

func (g *generator) blueGreen() {
	bg := &v1alpha1.BlueGreenStrategy{ActiveService: "active"}
	g.ro.Spec.Strategy.BlueGreen = bg
	g.services = []string{"active"}
	if g.chance(70) {
		bg.PreviewService = "preview"
		g.services = append(g.services, "preview")
	}
	if g.chance(40) {
		manual := false
		bg.AutoPromotionEnabled = &manual
	}
	if g.chance(30) {
		bg.AutoPromotionSeconds = int32(1 + g.IntN(20))
	}
	if g.chance(30) {
		size := int32(1 + g.IntN(2))
		bg.PreviewReplicaCount = &size
	}
	if g.chance(50) {
		bg.ScaleDownDelaySeconds = g.seconds(0, 5, 30, 60)
	}
	if g.chance(40) {
		bg.AbortScaleDownDelaySeconds = g.seconds(0, 5, 30)
	}
	bg.ScaleDownDelayRevisionLimit = g.delayed()
	if g.chance(30) {
		bg.PrePromotionAnalysis = checked()
	}
	if g.chance(30) {
		bg.PostPromotionAnalysis = checked()
	}
}

// delayed limits how many ReplicaSets wait for their end: no more than are kept at all.
func (g *generator) delayed() *int32 {
	if !g.chance(15) {
		return nil
	}
	limit := int32(g.IntN(3))
	if kept := g.ro.Spec.RevisionHistoryLimit; kept != nil {
		limit = min(limit, *kept)
	}
	return &limit
}

func (g *generator) seconds(of ...int32) *int32 {
	n := one(g.dice, of...)
	return &n
}

func (g *generator) steps(routed bool) []v1alpha1.CanaryStep {
	var steps []v1alpha1.CanaryStep
	weight := int32(0)
	for range g.IntN(7) {
		switch g.IntN(12) {
		case 10:
			steps = append(steps, v1alpha1.CanaryStep{Analysis: checked()})
		case 11:
			steps = append(steps, v1alpha1.CanaryStep{Experiment: trial()})
		case 0, 1, 2, 3, 4:
			weight += int32(g.IntN(50))
			if g.chance(15) {
				weight = int32(g.IntN(60))
			}
			w := min(weight, 100)
			steps = append(steps, v1alpha1.CanaryStep{SetWeight: &w})
		case 5, 6:
			seconds := intstr.FromInt(1 + g.IntN(20))
			steps = append(steps, v1alpha1.CanaryStep{Pause: &v1alpha1.RolloutPause{Duration: &seconds}})
		case 7:
			steps = append(steps, v1alpha1.CanaryStep{Pause: &v1alpha1.RolloutPause{}})
		default:
			if routed {
				steps = append(steps, g.canaryScale())
			}
		}
	}
	return steps
}

func (g *generator) canaryScale() v1alpha1.CanaryStep {
	scale := &v1alpha1.SetCanaryScale{}
	switch g.IntN(3) {
	case 0:
		n := int32(g.IntN(4))
		scale.Replicas = &n
	case 1:
		n := int32(g.IntN(101))
		scale.Weight = &n
	default:
		scale.MatchTrafficWeight = true
	}
	return v1alpha1.CanaryStep{SetCanaryScale: scale}
}

// image names a version nobody had before, mostly a good one.
func (g *generator) image() string {
	g.images++
	kind := one(g.dice, "v", "v", "v", "v", "v", "v", "v", "slow", "never", "crash")
	if g.images == 1 && g.chance(80) {
		kind = "v"
	}
	return fmt.Sprintf("demo:%s-%d", kind, g.images)
}

func (g *generator) environment() Environment {
	e := Calm()
	if g.chance(20) {
		return e
	}
	e.Shuffle = true
	e.Ready = Span{From: 500 * time.Millisecond, To: time.Duration(1+g.IntN(10)) * time.Second}
	e.Terminate = UpTo(time.Duration(g.IntN(30)) * time.Second)
	e.Workload = UpTo(g.lag(0, 50, 500, 3000))
	e.Watch = UpTo(g.lag(0, 20, 200, 2000))
	e.Call = UpTo(g.lag(0, 10, 100, 1000))
	e.Queue = UpTo(g.lag(0, 10, 500))
	e.DataPlane = UpTo(g.lag(0, 100, 1000, 4000))
	e.Endpoints = UpTo(g.lag(0, 100, 1000))
	e.Analysis = UpTo(g.lag(0, 20, 500, 2000))
	e.Restart = Span{From: 10 * time.Millisecond, To: time.Duration(1+g.IntN(20)) * time.Second}
	e.Verifies = g.chance(25)
	return e
}

func (g *generator) faults() []Fault {
	var list []Fault
	if g.chance(50) {
		return nil
	}
	for range 1 + g.IntN(5) {
		list = append(list, Fault{
			Pass: 1 + g.IntN(60), Call: g.IntN(4) - 1,
			Mishap: one(g.dice, CrashBefore, CrashAfter, Conflict, Refused, Unanswered, Rival, Deaf),
		})
	}
	return list
}

// commands draws what the user does. Half of the users wait until the world has come
// to rest before they do the next thing; the others are impatient.
func (g *generator) commands() []Command {
	patient := g.chance(50)
	list := []Command{{Settled: g.chance(70), Verb: SetImage, Text: g.image()}}
	for range g.IntN(6) {
		c := g.command()
		c.Settled = patient && g.chance(80) || g.chance(20)
		c.After = time.Duration(g.IntN(30000)) * time.Millisecond
		if g.chance(20) {
			c.After = time.Duration(g.IntN(100)) * time.Millisecond
		}
		list = append(list, c)
	}
	return list
}

func (g *generator) command() Command {
	switch g.IntN(20) {
	case 0, 1, 2:
		return Command{Verb: SetImage, Text: g.image()}
	case 3, 4, 5:
		return Command{Verb: Promote}
	case 6, 7:
		return Command{Verb: Resume}
	case 8:
		return Command{Verb: PromoteFull}
	case 9, 10:
		return Command{Verb: Abort}
	case 11:
		return Command{Verb: Retry}
	case 12, 13:
		return Command{Verb: Undo}
	case 14, 15:
		return Command{Verb: Scale, Number: one(g.dice, int32(0), 1, 2, 3, 5, 8)}
	case 16:
		return Command{Verb: one(g.dice, Pause, Unpause)}
	case 17:
		return Command{Verb: Restart}
	case 18:
		return Command{Verb: SetSteps, Steps: g.steps(false)}
	default:
		return Command{Verb: Kill, Number: int32(g.IntN(2))}
	}
}

// Describe is a history in a few lines, to be read beside its trace.
func Describe(h History) string {
	ro := h.Config.Rollout
	text := "seed " + strconv.FormatUint(h.Config.Seed, 10) + "\n" + describeManifest(ro)
	for _, c := range h.Commands {
		text += "\n  user: " + c.String()
	}
	for _, f := range h.Config.Faults {
		text += "\n  fault: " + f.String()
	}
	return text
}

// lag draws one of several times, in milliseconds.
func (g *generator) lag(of ...int) time.Duration {
	return time.Duration(one(g.dice, of...)) * time.Millisecond
}
