package influxdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/internal/provider"
)

const (
	timeout        = 30 * time.Second
	defaultProfile = "influxdb"
	// answerMax is the longest answer that is read. Unit: bytes.
	answerMax = 10 << 20
)

// Texts that users know, word for word.
var (
	errIncomplete = errors.New("authToken, org, or address not found")
	errNoRows     = errors.New("no results returned from flux query")
)

// Provider implements provider.Provider.
type Provider struct{}

// New returns a Provider.
func New() Provider { return Provider{} }

// Measure implements provider.Provider.
func (Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	server, err := find(ctx, q)
	if err != nil {
		return provider.Value{}, err
	}
	answer, err := server.ask(ctx, q.Metric.Provider.Influxdb.Query)
	if err != nil {
		return provider.Value{}, errors.New(q.Redact(err.Error()))
	}
	values, err := read(answer)
	if err != nil {
		return provider.Value{}, errors.New(q.Redact(err.Error()))
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
func (s server) ask(ctx context.Context, flux string) ([]byte, error) {
	body, err := json.Marshal(question{
		Query: flux, Type: "flux", Dialect: dialect{Annotations: []string{"datatype", "group", "default"}, Delimiter: ",", Header: true},
	})
	if err != nil {
		return nil, fmt.Errorf("write flux query: %w", err)
	}
	at := strings.TrimRight(s.address, "/") + "/api/v2/query?" + url.Values{"org": {s.org}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask InfluxDB: %w", err)
	}
	request.Header.Set("Authorization", "Token "+s.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/csv")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask InfluxDB: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerMax+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read InfluxDB's answer: %w", err)
	case response.StatusCode != http.StatusOK:
		return nil, refusal(response.StatusCode, answer)
	case len(answer) > answerMax:
		return nil, fmt.Errorf("InfluxDB's answer is longer than %d bytes", answerMax)
	}
	return answer, nil
}

// refusal is what the server says when it does not answer.
func refusal(status int, answer []byte) error {
	var said struct{ Code, Message string }
	if err := json.Unmarshal(answer, &said); err != nil || said.Message == "" {
		return fmt.Errorf("InfluxDB answered %d %s", status, http.StatusText(status))
	}
	return fmt.Errorf("%s: %s", said.Code, said.Message)
}
