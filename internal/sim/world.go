package sim

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// World is a cluster with one Rollout in it. It is made by New, and advanced by
// Settle, Advance and Play.
type World struct {
	cfg  Config
	env  Environment
	dice dice

	now     time.Duration
	queue   queue
	version int64
	names   int64
	// touched counts changes that an onlooker could see, looked those looked at.
	touched, looked int64

	key      engine.Key
	rollout  *cell[*v1alpha1.Rollout]
	manifest *parsed
	sets     []*replicaSet
	services []*service
	planes   []*plane
	objects  []*object
	runs     []*kept[plan.Run]
	trials   []*kept[plan.Experiment]
	// analysts and experimenters work on runs and experiments by the real decisions.
	analysts      []*analyst
	experimenters []*experimenter

	// taken are names of ReplicaSets that belong to somebody else.
	taken   []string
	control *control
	laws    []check
	broken  *Violation
	trace   trace
	// asked is when the user last did something.
	asked time.Duration
	// emptied is until when the user wanted no pods at all.
	emptied time.Duration
	// rivaled is when two controllers last worked at the same time.
	rivaled time.Duration
}

// New makes a world with the user's objects applied and the controller started, if
// the Core decides at all. Nothing has happened yet.
func New(cfg Config) *World {
	w := &World{cfg: cfg, env: cfg.Environment, dice: newDice(cfg.Seed), rollout: &cell[*v1alpha1.Rollout]{}}
	w.trace.on = cfg.Trace
	w.control = newControl(w)
	for _, law := range cfg.Laws {
		w.laws = append(w.laws, check{name: law.Name, Check: law.New()})
	}
	for _, name := range sortedKeys(cfg.Services) {
		w.addService(name, cfg.Services[name])
	}
	for _, content := range cfg.Objects {
		w.addObject(content)
	}
	w.apply(cfg.Rollout)
	if cfg.Core.Decide == nil {
		w.control.down = true
		w.relist()
		return w
	}
	w.control.start()
	return w
}

// apply creates the Rollout as the API server would.
func (w *World) apply(manifest *v1alpha1.Rollout) {
	ro := *manifest
	if ro.Namespace == "" {
		ro.Namespace = "default"
	}
	ro.UID = types.UID("uid-" + ro.Name)
	ro.Generation = 1
	ro.CreationTimestamp = metav1.Time{Time: w.second()}
	w.key = engine.Key{Namespace: ro.Namespace, Name: ro.Name}
	w.putRollout(&ro, byOthers)
}

// putRollout writes a new state of the Rollout.
func (w *World) putRollout(ro *v1alpha1.Rollout, by author) {
	ro.ResourceVersion = w.nextVersion()
	if ro.Spec.Replicas != nil && *ro.Spec.Replicas == 0 {
		w.emptied = w.now
	}
	put(w, w.rollout, ro, true, by)
}

// live is the Rollout as it stands in the API server.
func (w *World) live() *v1alpha1.Rollout { return w.rollout.live.value }

// Rollout returns the Rollout as it stands. It must not be edited.
func (w *World) Rollout() *v1alpha1.Rollout { return w.live() }

// ReplicaSets lists the ReplicaSets as they stand, oldest first.
func (w *World) ReplicaSets() []plan.ReplicaSet {
	var list []plan.ReplicaSet
	for _, s := range w.sets {
		if s.live.found {
			list = append(list, s.live.value)
		}
	}
	return list
}

// Pods counts the pods of a ReplicaSet as they are, and those of them that serve.
// What the ReplicaSet reports may lag behind.
func (w *World) Pods(name string) (all, available int32) {
	s := w.set(name)
	if s == nil {
		return 0, 0
	}
	all, _, available = w.counts(s)
	return all, available
}

// Services lists the Services as they stand, by name.
func (w *World) Services() map[string]plan.Service {
	found := map[string]plan.Service{}
	for _, s := range w.services {
		if s.live.found {
			found[s.name] = s.live.value
		}
	}
	return found
}

// Named replaces every hash in a text by rev and the revision's number.
func (w *World) Named(text string) string { return w.named(text) }

// Key names the Rollout.
func (w *World) Key() engine.Key { return w.key }

// Now is the present moment.
func (w *World) Now() time.Time { return Epoch().Add(w.now) }

// Broken is the first law that was broken; nil: none was.
func (w *World) Broken() *Violation { return w.broken }

// Client returns a view of the world for one controller process.
func (w *World) Client() *Client { return &Client{w: w} }

// second is the present moment as the API server stores it.
func (w *World) second() time.Time { return w.Now().Truncate(time.Second) }

func (w *World) nextVersion() string { return strconv.FormatInt(w.version+1, 10) }

// name makes a unique name with a prefix.
func (w *World) name(prefix string) string {
	w.names++
	return prefix + strconv.FormatInt(w.names, 36)
}

// set finds a ReplicaSet by name; nil when there is none.
func (w *World) set(name string) *replicaSet {
	for _, s := range w.sets {
		if s.live.found && s.live.value.Name == name {
			return s
		}
	}
	return nil
}

// setOf finds the ReplicaSet of a revision by its hash; nil when there is none.
func (w *World) setOf(hash string) *replicaSet {
	for _, s := range w.sets {
		if s.live.found && s.live.value.Hash == hash {
			return s
		}
	}
	return nil
}

func (w *World) service(name string) *service {
	for _, s := range w.services {
		if s.name == name {
			return s
		}
	}
	return nil
}

// Step runs one pass of the loop at once, as a test of a single decision wants.
func (w *World) Step() error {
	_, err := w.control.loop.Step(context.Background(), w.key)
	return err
}

// revisionName replaces a hash by rev and its number, for people.
func (w *World) revisionName(hash string) string {
	if s := w.setOf(hash); s != nil && s.live.value.Revision > 0 {
		return "rev" + strconv.FormatInt(s.live.value.Revision, 10)
	}
	return hash
}

// named replaces every hash in a text by its revision.
func (w *World) named(text string) string {
	for _, s := range w.sets {
		if hash := s.live.value.Hash; hash != "" && strings.Contains(text, hash) {
			text = strings.ReplaceAll(text, hash, w.revisionName(hash))
		}
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// refresh brings every object to the controller's cache that it wrote itself.
func (w *World) refresh() {
	w.rollout.catchUp()
	for _, s := range w.sets {
		s.catchUp()
	}
	for _, s := range w.services {
		s.catchUp()
	}
	for _, o := range w.objects {
		o.catchUp()
	}
	for _, r := range w.runs {
		r.catchUp()
	}
	for _, e := range w.trials {
		e.catchUp()
	}
}

// relist brings every object to the controller's cache, as a fresh process does.
func (w *World) relist() {
	w.rollout.deliver(w.rollout.live)
	for _, s := range w.sets {
		s.deliver(s.live)
	}
	for _, s := range w.services {
		s.deliver(s.live)
	}
	for _, o := range w.objects {
		o.deliver(o.live)
	}
	for _, r := range w.runs {
		r.deliver(r.live)
	}
	for _, e := range w.trials {
		e.deliver(e.live)
	}
}

// snapshotPods lists the pods as the controller sees them.
func (w *World) snapshotPods() []plan.Pod {
	var list []plan.Pod
	for _, s := range w.sets {
		for _, p := range s.pods {
			list = append(list, p.fact(s, w.now))
		}
	}
	return list
}
