package sim

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// service is a Service and what its endpoints follow.
type service struct {
	cell[plan.Service]
	name string
	// effective is the pinned hash that the endpoints obey by now; "" when they
	// follow any revision.
	effective string
}

// addService creates a Service whose selector may pin a hash already.
func (w *World) addService(name string, selector map[string]string) {
	s := w.service(name)
	if s == nil {
		s = &service{name: name}
		w.services = append(w.services, s)
	}
	value := plan.Service{Name: name, Found: true, Selector: map[string]string{}}
	for k, v := range selector {
		if k == v1alpha1.DefaultRolloutUniqueLabelKey {
			value.Hash = v
		} else {
			value.Selector[k] = v
		}
	}
	w.putService(s, value, byOthers)
}

// putService writes a new state of a Service; its endpoints follow in a while.
func (w *World) putService(s *service, next plan.Service, by author) {
	next.Version = w.nextVersion()
	put(w, &s.cell, next, true, by)
	w.after(w.dice.within(w.env.Endpoints), func() {
		s.effective = s.live.value.Hash
		w.touched++
	})
}

// object is one object of a data plane, the user's or ours.
type object struct {
	cell[*unstructured.Unstructured]
	kind, name string
}

// addObject creates one of the user's objects.
func (w *World) addObject(content *unstructured.Unstructured) {
	o := w.object(content.GetKind(), content.GetName())
	put(w, &o.cell, content, true, byOthers)
}

// object finds or makes the place of an object.
func (w *World) object(kind, name string) *object {
	for _, o := range w.objects {
		if o.kind == kind && o.name == name {
			return o
		}
	}
	o := &object{kind: kind, name: name}
	w.objects = append(w.objects, o)
	return o
}

// Object returns one of the data plane's objects as it stands; nil when there is none.
func (w *World) Object(kind, name string) *unstructured.Unstructured {
	o := w.object(kind, name)
	if !o.live.found {
		return nil
	}
	return o.live.value
}

// Objects lists the data plane's objects of a kind as they stand, by name.
func (w *World) Objects(kind string) map[string]*unstructured.Unstructured {
	found := map[string]*unstructured.Unstructured{}
	for _, o := range w.objects {
		if o.kind == kind && o.live.found {
			found[o.name] = o.live.value
		}
	}
	return found
}

// plane is one data plane: objects that a renderer writes and a router obeys.
type plane struct {
	w        *World
	name     string
	renderer router.Renderer
	// written is what the objects say, effective what the router obeys by now.
	written, effective traffic.Observation
	// writes and obeyed count what was written and how much of it is effective.
	writes, obeyed int
}

// plane finds or makes a data plane by its router's name.
func (w *World) plane(name string) *plane {
	for _, p := range w.planes {
		if p.name == name {
			return p
		}
	}
	p := &plane{w: w, name: name, renderer: w.cfg.Routers[name]}
	w.planes = append(w.planes, p)
	return p
}

// observe reports what the controller's cache says that the data plane serves.
func (p *plane) observe(t router.Target) traffic.Observation {
	if p.renderer == nil {
		return traffic.Observation{Router: p.name, Problem: "router " + p.name + " is not known"}
	}
	o := p.renderer.Read(t, p.read(t, fromCache))
	o.Router = p.name
	if p.w.env.Verifies && o.Found {
		served := p.effective.Found && p.effective.Split.SameWeights(o.Split)
		o.Verified = &served
	}
	return o
}

// source says which state of objects is read.
type source bool

const (
	fromCache source = true
	fromAPI   source = false
)

// read gathers the objects that a renderer works on.
func (p *plane) read(t router.Target, from source) []router.Object {
	refs := p.renderer.Refs(t)
	list := make([]router.Object, len(refs))
	for i, ref := range refs {
		o := p.w.object(ref.Kind, ref.Name)
		state := o.live
		if from == fromCache {
			state = o.seen
		}
		list[i] = router.Object{Ref: ref}
		if state.found {
			list[i].Content = state.value
		}
	}
	return list
}

// route makes one router's objects say a split.
func (w *World) route(a plan.SetTraffic) error {
	p := w.plane(a.Router)
	canary, ok := w.parse(w.live()).spec.Strategy.(spec.Canary)
	if p.renderer == nil || !ok || canary.Routing == nil {
		return fmt.Errorf("router %s: not configured any more: %w", a.Router, plan.ErrConflict)
	}
	t := w.target(canary)
	before := p.read(t, fromAPI)
	after, err := p.renderer.Render(t, before, a.Split)
	if err != nil {
		return fmt.Errorf("router %s: %w", a.Router, err)
	}
	for i := range after {
		if after[i].Content != nil && !router.Same(after[i].Content, before[i].Content) {
			o := w.object(after[i].Ref.Kind, after[i].Ref.Name)
			put(w, &o.cell, after[i].Content, true, byController)
		}
	}
	p.written = p.renderer.Read(t, p.read(t, fromAPI))
	p.writes++
	written, number := p.written, p.writes
	w.after(w.dice.within(w.env.DataPlane), func() {
		if number > p.obeyed {
			p.effective, p.obeyed = written, number
			w.touched++
		}
	})
	return nil
}

// Destination is a share of the requests and where it ends up.
type Destination struct {
	// Name is the Service, or "canary" and "stable" for data planes that pick pods
	// themselves.
	Name string
	// Share of all requests that come this way.
	Share traffic.Share
	// Hash is the revision that serves; "" when every revision does.
	Hash string
	// Available is how many pods can serve.
	Available int32
}

// Requests tells where requests go at this moment, given what data planes and
// endpoints obey by now.
func (w *World) Requests() []Destination {
	all := traffic.Share{Part: 1, Of: 1}
	switch s := w.parse(w.live()).spec.Strategy.(type) {
	case spec.BlueGreen:
		return []Destination{w.destination(s.ActiveService, "", all)}
	case spec.Canary:
		if s.Routing == nil || len(s.Routing.Routers) == 0 {
			return w.unrouted(s, all)
		}
		var list []Destination
		for _, name := range s.Routing.Routers {
			list = append(list, w.routed(s, w.plane(name))...)
		}
		return list
	default:
		return nil
	}
}

// unrouted requests go to a Service of all pods, and to those that users named.
func (w *World) unrouted(s spec.Canary, all traffic.Share) []Destination {
	list := []Destination{w.destination("", "", all)}
	if s.StableService != "" {
		list = append(list, w.destination(s.StableService, "", all))
	}
	return list
}

// routed requests are split as the data plane obeys by now. Without a canary part
// of ours everything goes to the stable Service.
func (w *World) routed(s spec.Canary, p *plane) []Destination {
	split := p.effective.Split
	if !p.effective.Found {
		split = traffic.NewSplit(0, s.Routing.MaxWeight)
	}
	canary, stable := s.CanaryService, s.StableService
	if s.PingPong != nil {
		canary, stable = s.PingPong.PingService, s.PingPong.PongService
		if w.live().Status.Canary.StablePingPong == v1alpha1.PPPing {
			canary, stable = stable, canary
		}
	}
	return []Destination{
		w.destination(canary, split.CanaryHash, traffic.Share{Part: split.Canary, Of: split.Max}),
		w.destination(stable, split.StableHash, traffic.Share{Part: split.Stable(), Of: split.Max}),
	}
}

// destination resolves a Service, or a hash where there is no Service, to pods.
func (w *World) destination(name, hash string, share traffic.Share) Destination {
	d := Destination{Name: name, Share: share, Hash: hash}
	if s := w.service(name); s != nil {
		d.Hash = s.effective
		if !s.live.found {
			return d
		}
	}
	for _, set := range w.sets {
		if set.live.found && (d.Hash == "" || set.live.value.Hash == d.Hash) {
			d.Available += w.available(set)
		}
	}
	return d
}
