package influxdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	timeout        = 30 * time.Second
	defaultProfile = "influxdb"
)

// Texts that users know, word for word.
var (
	errIncomplete = errors.New("authToken, org, or address not found")
	errNoRows     = errors.New("no results returned from flux query")
)

// Provider implements provider.Provider.
type Provider struct {
	client  *fetch.Client
	timeout time.Duration
}

// New returns a Provider.
func New(client *fetch.Client) Provider { return Provider{client: client, timeout: timeout} }

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	server, err := find(ctx, q)
	if err != nil {
		return provider.Value{}, err
	}
	answer, err := p.ask(ctx, server, q)
	if err != nil {
		return provider.Value{}, err
	}
	values, err := read(answer.Body)
	if err != nil {
		return provider.Value{}, errors.New(answer.Redact(err.Error()))
	}
	if len(values) == 0 {
		return provider.Value{}, errNoRows
	}
	return provider.Value{Result: values, Text: fmt.Sprint(values)}, nil
}

// server is what the Secret of a profile says.
type server struct{ address, token, org string }

func find(ctx context.Context, q provider.Query) (server, error) {
	profile := q.Metric.Provider.Influxdb.Profile
	if profile == "" {
		profile = defaultProfile
	}
	secret, err := q.Secrets.Secret(ctx, "", profile)
	if err != nil {
		return server{}, fmt.Errorf("read Secret %s: %w", profile, err)
	}
	s := server{address: string(secret["address"]), token: string(secret["authToken"]), org: string(secret["org"])}
	if s.address == "" || s.token == "" || s.org == "" {
		return server{}, errIncomplete
	}
	return s, nil
}

// question asks for the types of columns, without which values are texts.
type question struct {
	Query   string  `json:"query"`
	Type    string  `json:"type"`
	Dialect dialect `json:"dialect"`
}

type dialect struct {
	Annotations []string `json:"annotations"`
	Delimiter   string   `json:"delimiter"`
	Header      bool     `json:"header"`
}

// ask returns the server's answer, annotated CSV.
func (p Provider) ask(ctx context.Context, s server, q provider.Query) (fetch.Answer, error) {
	body, err := json.Marshal(question{
		Query: q.Metric.Provider.Influxdb.Query, Type: "flux",
		Dialect: dialect{Annotations: []string{"datatype", "group", "default"}, Delimiter: ",", Header: true},
	})
	if err != nil {
		return fetch.Answer{}, fmt.Errorf("write flux query: %w", err)
	}
	answer, err := p.client.Do(ctx, fetch.Request{
		Method:  http.MethodPost,
		Timeout: p.timeout,
		URL:     strings.TrimRight(s.address, "/") + "/api/v2/query?" + url.Values{"org": {s.org}}.Encode(),
		Header:  http.Header{"Authorization": {"Token " + s.token}, "Content-Type": {"application/json"}, "Accept": {"text/csv"}},
		Body:    body,
		Hidden:  append([]string{s.token}, q.Hidden...),
	})
	if err != nil {
		return fetch.Answer{}, fmt.Errorf("ask InfluxDB: %w", err)
	}
	if answer.Status != http.StatusOK {
		return fetch.Answer{}, refusal(answer)
	}
	return answer, nil
}

// refusal is what the server says when it does not answer.
func refusal(answer fetch.Answer) error {
	var said struct{ Code, Message string }
	if err := json.Unmarshal(answer.Body, &said); err != nil || said.Message == "" {
		return fmt.Errorf("InfluxDB answered %d %s", answer.Status, http.StatusText(answer.Status))
	}
	return errors.New(answer.Redact(said.Code + ": " + said.Message))
}
