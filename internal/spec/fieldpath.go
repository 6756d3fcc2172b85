package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// listed is labels or annotations as the downward API writes them: one a line, sorted,
// values quoted. Example: {b: 2, a: 1} -> a="1" and b="2" on two lines.
func listed(values map[string]string) string {
	lines := make([]string, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, key+"="+strconv.Quote(values[key]))
	}
	return strings.Join(lines, "\n")
}

// manifestValue is the value at a path of the Rollout as its manifest has it: a text, a
// number in the digits that it is written with, or a truth value. Elements of lists are
// [0], and a key with dots in it is ['a.b'].
func manifestValue(path string, ro *v1alpha1.Rollout) (string, error) {
	tree, err := jsonTree(ro)
	if err != nil {
		return "", err
	}
	at := tree
	for _, part := range splitPath(path) {
		if at, err = child(at, part, path); err != nil {
			return "", err
		}
	}
	return primitive(at, path)
}

func jsonTree(ro *v1alpha1.Rollout) (any, error) {
	raw, err := json.Marshal(ro)
	if err != nil {
		return nil, fmt.Errorf("write the Rollout as JSON: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read the Rollout as JSON: %w", err)
	}
	return tree, nil
}

// splitPath cuts a path at dots and brackets, but not inside ['…'] or ["…"].
// Example: a.b[0]['c.d'] -> a, b, 0, c.d.
func splitPath(path string) []string {
	var parts []string
	for path != "" {
		if key, rest, ok := quotedKey(path); ok {
			parts, path = append(parts, key), rest
			continue
		}
		end := strings.IndexAny(path, ".[]")
		if end == 0 {
			path = path[1:]
			continue
		}
		if end < 0 {
			end = len(path)
		}
		parts, path = append(parts, path[:end]), path[end:]
	}
	return parts
}

func quotedKey(path string) (key, rest string, ok bool) {
	for _, quote := range []string{"'", `"`} {
		if after, opened := strings.CutPrefix(path, "["+quote); opened {
			return strings.Cut(after, quote+"]")
		}
	}
	return "", "", false
}

func child(at any, part, path string) (any, error) {
	switch node := at.(type) {
	case map[string]any:
		if value, found := node[part]; found {
			return value, nil
		}
	case []any:
		i, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("invalid index '%s'", part)
		}
		if i < 0 || i >= len(node) {
			return nil, fmt.Errorf("index %d out of range", i)
		}
		return node[i], nil
	}
	return nil, fmt.Errorf("invalid path %s in rollout", path)
}

func primitive(at any, path string) (string, error) {
	switch value := at.(type) {
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	case bool:
		return strconv.FormatBool(value), nil
	default:
		return "", fmt.Errorf("path %s in rollout must terminate in a primitive value", path)
	}
}
