package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"k8s.io/client-go/util/jsonpath"

	"github.com/serin-rollouts/serin/internal/provider"
)

const everything = "{$}"

var errNoValue = errors.New("result of web metric produced no value")

// pick returns the first value of the body that a path finds. A body that is no JSON
// is the value itself.
func pick(body []byte, path string) (provider.Value, error) {
	var all any
	if err := json.Unmarshal(body, &all); err != nil {
		return provider.Value{Result: string(body), Text: string(body)}, nil //nolint:nilerr // text is an answer, too
	}
	if all == nil {
		return provider.Value{}, errNoValue
	}
	found, err := find(all, path)
	if err != nil {
		return provider.Value{}, err
	}
	text, err := json.Marshal(found)
	if err != nil {
		return provider.Value{}, fmt.Errorf("write value as JSON: %w", err)
	}
	return provider.Value{Result: found, Text: string(text)}, nil
}

// find evaluates the path.
//
// Compat: a path without braces is a text, and the text is what is found. Held by
// TestPicking.
func find(all any, path string) (any, error) {
	if path == "" {
		path = everything
	}
	parsed := jsonpath.New("metric")
	if err := parsed.Parse(path); err != nil {
		return nil, fmt.Errorf("read jsonPath: %w", err)
	}
	lists, err := parsed.FindResults(all)
	if err != nil {
		return nil, fmt.Errorf("Could not find JSONPath in body: %w", err) //nolint:staticcheck,revive // known text
	}
	return first(lists)
}

func first(lists [][]reflect.Value) (any, error) {
	found := slices.Concat(lists...)
	switch {
	case len(found) == 0:
		return nil, errNoValue
	case !found[0].IsValid():
		return nil, nil
	}
	return found[0].Interface(), nil
}
