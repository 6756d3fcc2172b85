package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) listCommand() *cobra.Command {
	return s.group("list", "List Rollouts or Experiments", s.listRolloutsCommand(), s.listExperimentsCommand())
}

// listOptions are the flags of list.
type listOptions struct {
	allNamespaces, watch, timestamps bool
	name, output                     string
}

func (o *listOptions) validate() error {
	get := getOptions{watch: o.watch, output: o.output, colour: string(colourNever)}
	return get.validate()
}

func (o *listOptions) columns() view.ListOptions {
	columns := view.ListOptions{Namespaces: o.allNamespaces, Timestamps: o.timestamps}
	if o.output == outputWide {
		columns.Detail = view.Wide
	}
	return columns
}

// fields selects by name.
func (o *listOptions) fields() string {
	if o.name == "" {
		return ""
	}
	return "metadata.name=" + o.name
}

// listing is how one kind is listed.
type listing[T any] struct {
	query query
	// kind is the resource in the singular, for -o name.
	kind string
	// items looks at objects.
	items func([]metav1.Object) []T
	// key is namespace and name of an item.
	key   func(T) listKey
	table view.Table[T]
	// wrap is what JSON shows.
	wrap func([]T) any
}

// listKey is the namespace and the name of a listed thing.
type listKey struct{ namespace, name string }

func (t listKey) compare(u listKey) int {
	return cmp.Or(cmp.Compare(t.namespace, u.namespace), cmp.Compare(t.name, u.name))
}

// list prints a list once, or goes on with a row for every change.
func list[T any](ctx context.Context, s *shell, l listing[T], o listOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	if o.allNamespaces {
		c.namespace = metav1.NamespaceAll
	}
	if o.watch {
		return listWatch(ctx, s, c, l)
	}
	found, _, err := c.list(ctx, l.query)
	if err != nil {
		return err
	}
	items := sorted(l, found)
	if len(items) == 0 && (o.output == outputText || o.output == outputWide) {
		fmt.Fprintln(s.Err, "No resources found.")
		return nil
	}
	text, err := listText(l, items, o.output, s.Now())
	if err != nil {
		return err
	}
	fmt.Fprint(s.Out, text)
	return nil
}

func sorted[T any](l listing[T], found []metav1.Object) []T {
	items := l.items(found)
	slices.SortFunc(items, func(a, b T) int { return l.key(a).compare(l.key(b)) })
	return items
}

func listText[T any](l listing[T], items []T, output string, now time.Time) (string, error) {
	var b strings.Builder
	switch output {
	case outputJSON, outputYAML:
		return encode(l.wrap(items), output)
	case outputName:
		for _, item := range items {
			fmt.Fprintf(&b, "%s.argoproj.io/%s\n", l.kind, l.key(item).name)
		}
	default:
		table := l.table.Fit(items, now)
		b.WriteString(table.Header())
		for _, item := range items {
			b.WriteString(table.Row(item, now))
		}
	}
	return b.String(), nil
}

// listWatch prints the table and then a row whenever one of its columns
// changes. A thing that goes away is said to be deleted.
func listWatch[T any](ctx context.Context, s *shell, c client, l listing[T]) error {
	printed := map[listKey]string{}
	first, table := true, l.table
	next := func(answers) []query { return []query{l.query} }
	return watchAll(ctx, newFollower(c, next), linePace, func(known answers) error {
		now := s.Now()
		items := sorted(l, known[l.query])
		table = table.Fit(items, now)
		var b strings.Builder
		if first {
			b.WriteString(table.Header())
			first = false
		}
		present := map[listKey]bool{}
		for _, item := range items {
			key := l.key(item)
			present[key] = true
			steady := l.table.Row(item, time.Time{})
			if printed[key] != steady {
				printed[key] = steady
				b.WriteString(table.Row(item, now))
			}
		}
		for _, key := range gone(printed, present) {
			delete(printed, key)
			fmt.Fprintf(&b, "%s %s was deleted\n", l.kind, strings.TrimPrefix(key.namespace+"/"+key.name, "/"))
		}
		if b.Len() == 0 {
			return nil
		}
		_, err := fmt.Fprint(s.Out, b.String())
		return err
	})
}

func gone(printed map[listKey]string, present map[listKey]bool) []listKey {
	var keys []listKey
	for key := range printed {
		if !present[key] {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, listKey.compare)
	return keys
}
