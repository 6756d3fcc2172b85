package experiment

import (
	"fmt"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// vocabulary is what the values of arguments may stand for, by placeholder.
func vocabulary(s Snapshot, parts []part) map[string]string {
	words := map[string]string{}
	for _, p := range parts {
		words["templates."+p.Name+".podTemplateHash"] = p.hash
		words["templates."+p.Name+".replicaset.name"] = p.replicaSet
	}
	if available := s.Experiment.Status.AvailableAt; available != nil {
		words["experiment.availableAt"] = available.UTC().Format(time.RFC3339)
		if s.Spec.Duration != nil {
			words["experiment.finishedAt"] = available.Add(*s.Spec.Duration).UTC().Format(time.RFC3339)
		}
	}
	return words
}

// expandAll returns arguments with their values expanded. What is looked up elsewhere,
// such as a Secret, stays as it is.
func expandAll(args []v1alpha1.Argument, words map[string]string) ([]v1alpha1.Argument, error) {
	expanded := make([]v1alpha1.Argument, 0, len(args))
	for _, arg := range args {
		next := *arg.DeepCopy()
		if arg.Value != nil {
			value, err := expand(*arg.Value, words)
			if err != nil {
				return nil, err
			}
			next.Value = &value
		}
		expanded = append(expanded, next)
	}
	return expanded, nil
}

// expand replaces every {{ placeholder }} of a text.
func expand(text string, words map[string]string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		tag, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			b.WriteString(text)
			return b.String(), nil
		}
		word, known := words[strings.TrimSpace(tag)]
		if !known {
			return "", fmt.Errorf("failed to resolve {{%s}}", tag)
		}
		b.WriteString(before)
		b.WriteString(word)
		text = after
	}
}
