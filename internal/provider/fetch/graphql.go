package fetch

import (
	"fmt"
	"strings"
)

// GraphQL reads the data of a GraphQL answer into a value; data that is null leaves the
// value as it is. What the server says is wrong with the query, which name calls, is an
// error without secrets, also when the status says that all is well.
func (a Answer) GraphQL(name string, into any) error {
	if !a.OK() {
		return a.Refusal()
	}
	said := struct {
		Data   any `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}{Data: into}
	if err := a.Decode(&said); err != nil {
		return err
	}
	if len(said.Errors) == 0 {
		return nil
	}
	messages := make([]string, len(said.Errors))
	for i, each := range said.Errors {
		messages[i] = each.Message
	}
	return fmt.Errorf("%s: %s", name, a.Redact(strings.Join(messages, "; ")))
}
