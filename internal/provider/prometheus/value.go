package prometheus

import (
	"errors"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/serin-rollouts/serin/internal/provider"
)

// errType is what a string or a histogram gets: neither is a number to judge.
var errType = errors.New("Prometheus metric type not supported") //nolint:revive,staticcheck // users know this text

// valueOf turns an answer into a number or a list of numbers. No series is an empty
// list, never nil: conditions ask for its length.
func valueOf(answer model.Value) (provider.Value, error) {
	switch answer := answer.(type) {
	case *model.Scalar:
		return provider.Value{Result: float64(answer.Value), Text: answer.Value.String()}, nil
	case model.Vector:
		return vector(answer)
	case model.Matrix:
		return matrix(answer)
	default:
		return provider.Value{}, errType
	}
}

func vector(series model.Vector) (provider.Value, error) {
	samples := make([]model.SampleValue, len(series))
	for i, s := range series {
		if s.Histogram != nil {
			return provider.Value{}, errType
		}
		samples[i] = s.Value
	}
	return list(samples), nil
}

// matrix joins the samples of all series.
func matrix(series model.Matrix) (provider.Value, error) {
	var samples []model.SampleValue
	for _, s := range series {
		if len(s.Histograms) > 0 {
			return provider.Value{}, errType
		}
		for _, pair := range s.Values {
			samples = append(samples, pair.Value)
		}
	}
	return list(samples), nil
}

// list is, for example, [0.99,1] in text.
func list(samples []model.SampleValue) provider.Value {
	result, texts := make([]float64, len(samples)), make([]string, len(samples))
	for i, sample := range samples {
		result[i], texts[i] = float64(sample), sample.String()
	}
	return provider.Value{Result: result, Text: "[" + strings.Join(texts, ",") + "]"}
}
