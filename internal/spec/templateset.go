package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// NotFoundError names a template that does not exist.
type NotFoundError struct {
	Key TemplateKey
	// Nested says that another template asks for it.
	Nested bool
}

func (e *NotFoundError) Error() string { return e.Key.String() + " not found" }

// KeyOf is the template that a reference names.
func KeyOf(ref v1alpha1.AnalysisTemplateRef) TemplateKey {
	return TemplateKey{Name: ref.TemplateName, Cluster: ref.ClusterScope != nil && *ref.ClusterScope}
}

// Missing are the templates that refs ask for, directly or through other templates,
// and that are not in t; each once, in the order in which they are met. Whoever
// observes looks for them and asks again until nothing new is missing. Templates that
// refer to each other are no trouble here; NewRun and CheckTemplates report them.
func (t Templates) Missing(refs []v1alpha1.AnalysisTemplateRef) []TemplateKey {
	var missing []TemplateKey
	for _, e := range t.walk(refs).missing {
		missing = append(missing, e.Key)
	}
	return missing
}

// Complete reads what refs ask for, directly or through other templates, as far as t
// has it not. read returns nil for a template that does not exist, which stays missing;
// its errors end the reading.
func (t Templates) Complete(refs []v1alpha1.AnalysisTemplateRef, read func(TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error)) error {
	asked := map[TemplateKey]bool{}
	for news := true; news; {
		news = false
		for _, key := range t.Missing(refs) {
			if asked[key] {
				continue
			}
			template, err := read(key)
			if err != nil {
				return fmt.Errorf("read %s: %w", key, err)
			}
			asked[key], news = true, true
			if template != nil {
				t[key] = template
			}
		}
	}
	return nil
}

// collect lists the templates that refs ask for, with those that they refer to in
// turn: those of the namespace first, then those of the cluster, each once, a template
// before the ones that it refers to.
func (t Templates) collect(refs []v1alpha1.AnalysisTemplateRef) ([]TemplateKey, error) {
	w := t.walk(refs)
	if w.cycle != nil {
		return nil, w.cycle
	}
	if len(w.missing) > 0 {
		errs := make([]error, 0, len(w.missing))
		for _, e := range w.missing {
			errs = append(errs, e)
		}
		return nil, errors.Join(errs...)
	}
	slices.SortStableFunc(w.order, func(a, b TemplateKey) int { return scope(a) - scope(b) })
	return w.order, nil
}

func scope(k TemplateKey) int {
	if k.Cluster {
		return 1
	}
	return 0
}

// walk goes through templates depth first.
type walk struct {
	templates Templates
	// path leads to where the walk is now.
	path    []TemplateKey
	seen    map[TemplateKey]bool
	order   []TemplateKey
	missing []*NotFoundError
	// cycle is the first one found.
	cycle error
}

func (t Templates) walk(refs []v1alpha1.AnalysisTemplateRef) *walk {
	w := &walk{templates: t, seen: map[TemplateKey]bool{}}
	for _, ref := range refs {
		w.visit(KeyOf(ref))
	}
	return w
}

func (w *walk) visit(key TemplateKey) {
	if at := slices.Index(w.path, key); at >= 0 {
		w.closeCycle(append(slices.Clone(w.path[at:]), key))
		return
	}
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	template := w.templates[key]
	if template == nil {
		w.missing = append(w.missing, &NotFoundError{Key: key, Nested: len(w.path) > 0})
		return
	}
	w.order = append(w.order, key)
	w.path = append(w.path, key)
	for _, ref := range template.Templates {
		w.visit(KeyOf(ref))
	}
	w.path = w.path[:len(w.path)-1]
}

func (w *walk) closeCycle(keys []TemplateKey) {
	if w.cycle != nil {
		return
	}
	names := make([]string, 0, len(keys))
	for _, key := range keys {
		names = append(names, key.Name)
	}
	w.cycle = fmt.Errorf("%s refers to itself: %s", keys[0], strings.Join(names, " -> "))
}
