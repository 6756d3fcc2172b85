package router

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrUnknown is what Find returns for a name that no router has.
var ErrUnknown = errors.New("unknown traffic router")

// Registry is the routers there are, by their names in spec.Routing.Routers. It is
// written out where the program is wired and never changes afterwards.
type Registry map[string]Router

// Find returns the router of that name. There is no default: a name that is not
// registered is an error that lists those that are.
func (r Registry) Find(name string) (Router, error) {
	router, found := r[name]
	if !found {
		known := strings.Join(slices.Sorted(maps.Keys(r)), ", ")
		return nil, fmt.Errorf("%w %q, known are: %s", ErrUnknown, name, known)
	}
	return router, nil
}
