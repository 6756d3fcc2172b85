package main

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/analysisrun"
	rolloutcontroller "github.com/serin-rollouts/serin/internal/controller/rollout"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/nginx"
	"github.com/serin-rollouts/serin/internal/spec"
)

// wired joins the decisions, the parser, the routers there are and the sources of
// metrics, of which plugins are some.
func wired(plugins provider.Registry) parts {
	return parts{
		rules:   rolloutcontroller.Rules{Decide: rollout.Decide, Failed: rollout.Failed},
		parse:   parse(slices.Sorted(maps.Keys(renderers()))),
		reads:   rollout.Reads,
		routers: routers,
		runs:    analysisrun.Rules{Decide: analysis.Decide, Failed: analysis.Failed},
		sources: sources(plugins),
	}
}

// sources are where metrics come from, by the names in their provider blocks.
func sources(plugins provider.Registry) func(sourceTools) (provider.Registry, error) {
	return func(sourceTools) (provider.Registry, error) {
		registry := provider.Registry{}
		maps.Copy(registry, plugins)
		return registry, nil
	}
}

// renderers are the routers that work by editing objects, by name.
func renderers() map[string]router.Renderer {
	return map[string]router.Renderer{
		"nginx": nginx.Renderer{},
	}
}

func routers(client router.ObjectClient) router.Registry {
	registry := router.Registry{}
	for name, renderer := range renderers() {
		registry[name] = router.FromObjects(name, renderer, client)
	}
	return registry
}

// parse refuses what this version cannot do yet, so that it is never left out in
// silence.
func parse(routers []string) func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList) {
	return func(r *v1alpha1.Rollout) (spec.Rollout, field.ErrorList) {
		parsed, problems := spec.ParseRollout(r)
		if len(problems) > 0 {
			return parsed, problems
		}
		return parsed, spec.Unsupported(parsed, routers)
	}
}
