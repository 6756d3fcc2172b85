package kube

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// route notes whose traffic this pass is about.
func (o observer) route(s spec.Rollout, p *pass) {
	canary, ok := s.Strategy.(spec.Canary)
	if !ok || canary.Routing == nil {
		return
	}
	p.target = targetOf(o.rollout, canary)
	p.routers = o.options.Routers(&objects{observer: o})
}

// targetOf says whose traffic is meant. With a pair of Services the status says
// which of the two is stable: pong, unless ping is.
func targetOf(r *v1alpha1.Rollout, c spec.Canary) router.Target {
	t := router.Target{
		Namespace: r.Namespace,
		Rollout:   r.Name,
		UID:       string(r.UID),
		Canary:    c.CanaryService,
		Stable:    c.StableService,
		Routing:   *c.Routing,
	}
	if c.PingPong == nil {
		return t
	}
	t.Stable, t.Canary = c.PingPong.PongService, c.PingPong.PingService
	if r.Status.Canary.StablePingPong == v1alpha1.PPPing {
		t.Stable, t.Canary = t.Canary, t.Stable
	}
	return t
}

// traffic asks every router. What the user must put right comes back as errors at
// the router's field.
func (o observer) traffic(ctx context.Context, s *plan.Snapshot, p *pass) (field.ErrorList, error) {
	var problems field.ErrorList
	for _, name := range p.target.Routing.Routers {
		path := routerPath(name)
		r, err := p.routers.Find(name)
		if err != nil {
			problems = append(problems, field.Invalid(path, name, err.Error()))
			continue
		}
		observed, err := r.Observe(ctx, p.target)
		if err != nil {
			return nil, fmt.Errorf("observe router %s: %w", name, err)
		}
		observed.Router = name
		if observed.Problem != "" {
			problems = append(problems, field.Invalid(path, p.target.Rollout, observed.Problem))
		}
		s.Traffic = append(s.Traffic, observed)
	}
	return problems, nil
}

// pluginPrefix begins the name of a router that is a plugin.
const pluginPrefix = "plugin:"

// routerPath is the field of the manifest that configures a router.
func routerPath(name string) *field.Path {
	path := field.NewPath("spec", "strategy", "canary", "trafficRouting")
	if plugin, ok := strings.CutPrefix(name, pluginPrefix); ok {
		return path.Child("plugins").Key(plugin)
	}
	return path.Child(name)
}
