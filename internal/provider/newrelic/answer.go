package newrelic

import (
	"encoding/json"
	"fmt"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

// data is what the query selects.
type data struct {
	Actor struct {
		Account struct {
			NRQL struct {
				Results []map[string]any `json:"results"`
			} `json:"nrql"`
		} `json:"account"`
	} `json:"actor"`
}

// valueOf is the one row there is, or a list of all rows.
func valueOf(answer fetch.Answer) (provider.Value, error) {
	var found data
	if err := answer.GraphQL("NRQL query", &found); err != nil {
		return provider.Value{}, err
	}
	rows := found.Actor.Account.NRQL.Results
	var result any = rows
	switch {
	case len(rows) == 0, len(rows) == 1 && len(rows[0]) == 0:
		return provider.Value{}, errNoRows
	case len(rows) == 1:
		result = rows[0]
	}
	text, err := json.Marshal(result)
	if err != nil {
		return provider.Value{}, fmt.Errorf("write value as JSON: %w", err)
	}
	return provider.Value{Result: result, Text: string(text)}, nil
}
