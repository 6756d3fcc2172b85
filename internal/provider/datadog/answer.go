package datadog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	groupsKey    = "groups"
	truncatedKey = "groups_truncated"
	// mostGroups is how many groups are recorded.
	mostGroups = 100
)

// timeseries is an answer of version 1.
type timeseries struct {
	Series *[]struct {
		// Pointlist has pairs of a time and a value, which may be null.
		Pointlist [][]*float64 `json:"pointlist"`
	} `json:"series"`
	Error any `json:"error"`
}

// lastPoint is the last point of the first series. A point without a value is nil, and
// not zero: nothing was measured.
func lastPoint(answer fetch.Answer) (provider.Value, error) {
	var found timeseries
	if err := answer.Decode(&found); err != nil {
		return provider.Value{}, err
	}
	if err := queryError(answer, found.Error); err != nil {
		return provider.Value{}, err
	}
	if found.Series == nil {
		return provider.Value{}, errShape
	}
	series := *found.Series
	if len(series) == 0 || len(series[0].Pointlist) == 0 {
		text, err := json.Marshal(series)
		return provider.Value{Text: string(text)}, err
	}
	last := series[0].Pointlist[len(series[0].Pointlist)-1]
	if len(last) < 2 {
		return provider.Value{}, errShape
	}
	return number(last[1])
}

func number(n *float64) (provider.Value, error) {
	text, err := json.Marshal(n)
	if n == nil || err != nil {
		return provider.Value{Text: string(text)}, err
	}
	return provider.Value{Result: *n, Text: string(text)}, nil
}

// scalars is an answer of version 2: a table, by column.
type scalars struct {
	Data *struct {
		Attributes struct {
			Columns []column `json:"columns"`
		} `json:"attributes"`
	} `json:"data"`
	Errors any `json:"errors"`
}

type column struct {
	Type   string            `json:"type"`
	Values []json.RawMessage `json:"values"`
}

// group is a row with a number.
type group struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// firstNumbers is the first column of numbers: its first value, or all when the query
// groups. Rows without a value are left out.
func firstNumbers(answer fetch.Answer) (provider.Value, error) {
	var found scalars
	if err := answer.Decode(&found); err != nil {
		return provider.Value{}, err
	}
	if err := queryError(answer, found.Errors); err != nil {
		return provider.Value{}, err
	}
	if found.Data == nil {
		return provider.Value{}, errShape
	}
	columns := found.Data.Attributes.Columns
	tags := slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.Type != "group" })
	groups, err := rows(columns, tags)
	switch {
	case err != nil:
		return provider.Value{}, fmt.Errorf("read the answer: %s", answer.Redact(err.Error()))
	case len(groups) == 0:
		return provider.Value{Text: "[]"}, nil
	case len(tags) == 0:
		return number(&groups[0].Value)
	}
	return grouped(groups)
}

func rows(columns, tags []column) ([]group, error) {
	at := slices.IndexFunc(columns, func(c column) bool { return c.Type == "number" })
	if at < 0 {
		return nil, nil
	}
	var found []group
	for i, value := range columns[at].Values {
		var n *float64
		if err := json.Unmarshal(value, &n); err != nil {
			return nil, err
		}
		if n == nil {
			continue
		}
		name, err := label(tags, i)
		if err != nil {
			return nil, err
		}
		found = append(found, group{Name: name, Value: *n})
	}
	return found, nil
}

// label joins the tags of a row, which come in a column each.
func label(tags []column, row int) (string, error) {
	var parts []string
	for _, tag := range tags {
		if row >= len(tag.Values) {
			return "", errShape
		}
		var values []string
		if err := json.Unmarshal(tag.Values[row], &values); err != nil {
			return "", err
		}
		parts = append(parts, values...)
	}
	return strings.Join(parts, ","), nil
}

// grouped is the numbers of all groups; which is whose is metadata.
func grouped(groups []group) (provider.Value, error) {
	numbers := make([]float64, len(groups))
	for i, g := range groups {
		numbers[i] = g.Value
	}
	text, err := json.Marshal(numbers)
	if err != nil {
		return provider.Value{}, fmt.Errorf("write value as JSON: %w", err)
	}
	metadata := map[string]string{}
	if len(groups) > mostGroups {
		groups = extremes(groups)
		metadata[truncatedKey] = "true"
	}
	listed, err := json.Marshal(groups)
	if err != nil {
		return provider.Value{}, fmt.Errorf("write groups as JSON: %w", err)
	}
	metadata[groupsKey] = string(listed)
	return provider.Value{Result: numbers, Text: string(text), Metadata: metadata}, nil
}

// extremes are the lowest and the highest groups, half and half, in order.
func extremes(groups []group) []group {
	sorted := slices.Clone(groups)
	slices.SortStableFunc(sorted, func(a, b group) int {
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	return append(sorted[:mostGroups/2:mostGroups/2], sorted[len(sorted)-mostGroups/2:]...)
}
