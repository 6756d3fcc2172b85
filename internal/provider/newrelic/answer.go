package newrelic

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

// reply is a GraphQL answer.
type reply struct {
	Data struct {
		Actor struct {
			Account struct {
				NRQL struct {
					Results []map[string]any `json:"results"`
				} `json:"nrql"`
			} `json:"account"`
		} `json:"actor"`
	} `json:"data"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`
}

// valueOf is the one row there is, or a list of all rows.
func valueOf(answer fetch.Answer) (provider.Value, error) {
	if !answer.OK() {
		return provider.Value{}, answer.Refusal()
	}
	var said reply
	if err := answer.Decode(&said); err != nil {
		return provider.Value{}, err
	}
	if len(said.Errors) > 0 {
		messages := make([]string, len(said.Errors))
		for i, each := range said.Errors {
			messages[i] = each.Message
		}
		return provider.Value{}, fmt.Errorf("NRQL query: %s", answer.Redact(strings.Join(messages, "; ")))
	}
	rows := said.Data.Actor.Account.NRQL.Results
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
