package plugin

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/serin-rollouts/serin/internal/provider"
)

// Folder is where programs are put, below the working directory.
const Folder = "plugin-bin"

// Options are what plugins need of the controller.
type Options struct {
	// Folder for the programs.
	Folder string
	// Secret returns the data of a Secret in the controller's namespace.
	Secret func(ctx context.Context, name string) (map[string][]byte, error)
	// Log takes what the programs say, line by line as they say it.
	Log io.Writer
}

// Set is the plugins of a controller.
type Set struct{ processes map[string]*process }

// OpenMetricProviders fetches the programs of metric providers; none is started. One
// that cannot be fetched, or is not the one that was meant, is an error.
func OpenMetricProviders(ctx context.Context, items []Item, o Options) (*Set, error) {
	register()
	set := &Set{processes: map[string]*process{}}
	for _, item := range items {
		headers, err := headersOf(ctx, item, o)
		if err != nil {
			return nil, err
		}
		path, err := fetch(ctx, item, o.Folder, headers)
		if err != nil {
			return nil, err
		}
		set.processes[item.Name] = newProcess(item, metricProvider(), path, o.Log)
	}
	return set, nil
}

func headersOf(ctx context.Context, item Item, o Options) (http.Header, error) {
	headers := http.Header{}
	for _, from := range item.HeadersFrom {
		data, err := o.Secret(ctx, from.SecretRef.Name)
		if err != nil {
			return nil, fmt.Errorf("plugin %s: read headers from Secret %s: %w", item.Name, from.SecretRef.Name, err)
		}
		for name, value := range data {
			headers.Set(name, string(value))
		}
	}
	return headers, nil
}

// Sources are the metric providers, by their names in a provider.Registry.
func (s *Set) Sources() provider.Registry {
	sources := provider.Registry{}
	for name, p := range s.processes {
		sources["plugin:"+name] = provider.Source{Job: Metric{process: p}}
	}
	return sources
}

// Close ends the programs that run.
func (s *Set) Close() {
	for _, p := range s.processes {
		p.close()
	}
}
