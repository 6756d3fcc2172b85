package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/spec"
)

// missing is an error about the arguments themselves: trying again is no use.
type missing struct{ error }

// resolve fills in the metric of q. Secrets are read now, so that a measurement has
// what they hold when it is taken. Resolved is nil for a run without secrets.
func (w *Workers) resolve(ctx context.Context, q Query) (Query, *spec.Resolved, error) {
	secrets, err := w.secrets(ctx, q.Run)
	if err != nil {
		return q, nil, err
	}
	resolved, err := spec.Resolve(q.Metric, q.Run.Spec.Args, secrets)
	if err != nil {
		return q, nil, missing{err}
	}
	resolved.Hidden = spellings(resolved.Hidden)
	q.Metric, q.Hidden = resolved.Metric, resolved.Hidden
	if len(secrets) == 0 {
		return q, nil, nil
	}
	return q, &resolved, nil
}

// secrets reads what the run's arguments take from Secrets, each Secret once.
func (w *Workers) secrets(ctx context.Context, run *v1alpha1.AnalysisRun) (spec.Secrets, error) {
	values, read := spec.Secrets{}, map[string]map[string][]byte{}
	for _, ref := range spec.SecretRefs(run.Spec.Args) {
		if _, done := read[ref.Name]; !done {
			data, err := w.options.Secrets.Secret(ctx, run.Namespace, ref.Name)
			switch {
			case err != nil && w.options.Secrets.Missing(err):
				return nil, missing{err}
			case err != nil:
				return nil, fmt.Errorf("read secret '%s': %w", ref.Name, err)
			}
			read[ref.Name] = data
		}
		if value, found := read[ref.Name][ref.Key]; found {
			values[ref] = string(value)
		}
	}
	return values, nil
}

// spellings are how secrets may look in a text: as they are, without blanks around
// them, inside JSON or a quoted text, and inside a URL. The longest come first, so that
// one which is part of another leaves nothing of it.
func spellings(secrets []string) []string {
	var all []string
	for _, secret := range secrets {
		bare := strings.TrimSpace(secret)
		quoted := strconv.Quote(bare)
		all = append(all, secret, bare, escaped(bare, false), escaped(bare, true), quoted[1:len(quoted)-1])
		if inJSON, err := json.Marshal(bare); err == nil {
			all = append(all, string(inJSON[1:len(inJSON)-1]))
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}

// escaped is a text as it stands in the path of a URL, or with form in its query,
// where a blank is a plus.
func escaped(text string, form bool) string {
	const plain = "-_.~" + "0123456789" + "abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var out strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case strings.IndexByte(plain, c) >= 0:
			out.WriteByte(c)
		case c == ' ' && form:
			out.WriteByte('+')
		default:
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

const (
	// longestText is how much of a value or a message is kept, and longestNote of one
	// entry of metadata, so that ten measurements of fifty metrics fit into an object.
	// Unit: bytes.
	longestText = 1 << 10
	longestNote = 4 << 10
)

// redact hides the query's secrets in everything that will be shown, and cuts what is
// too long. What conditions see stays as it is.
func redact(q Query, r analysis.Reading) analysis.Reading {
	r.Failure = cut(q.Redact(r.Failure), longestText)
	r.Message = cut(q.Redact(r.Message), longestText)
	r.Value = cut(q.Redact(r.Value), longestText)
	r.Metadata = redactAll(q, r.Metadata)
	r.Description = redactAll(q, r.Description)
	return r
}

func redactAll(q Query, texts map[string]string) map[string]string {
	if texts == nil {
		return nil
	}
	out := make(map[string]string, len(texts))
	for name, text := range texts {
		out[q.Redact(name)] = cut(q.Redact(text), longestNote)
	}
	return out
}

// cut shortens a text and says so.
func cut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + fmt.Sprintf("… (%d bytes more)", len(text)-longest)
}
