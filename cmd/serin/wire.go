package main

import (
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/nginx"
)

// renderers are the routers that work by editing objects, by name, for lint.
func renderers() map[string]router.Renderer {
	return map[string]router.Renderer{
		"nginx": nginx.Renderer{},
	}
}
