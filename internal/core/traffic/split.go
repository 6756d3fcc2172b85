package traffic

import "slices"

// FullWeight is the weight that means all traffic unless a manifest says otherwise.
const FullWeight int32 = 100

// Split says who gets which share of the traffic. Weights add up by construction:
// stable has whatever the canary and the additional destinations do not take.
type Split struct {
	// Max is the weight that means all traffic. Positive.
	Max int32
	// Canary is the canary's weight, from 0 to Max.
	Canary int32
	// CanaryHash and StableHash are the revisions behind the two destinations, for
	// data planes that select pods themselves; "" when unknown.
	CanaryHash, StableHash string
	// Additional destinations take their weight out of stable's share.
	Additional []Destination
	// Headers and Mirrors are the routes we own, highest precedence first.
	Headers []HeaderRoute
	Mirrors []MirrorRoute
}

// Destination is one more Service that takes a share, such as an experiment's.
type Destination struct {
	Service, Hash string
	Weight        int32
}

// NewSplit returns a split that gives weight to the canary, limited to 0..full.
// A full below 1 means FullWeight.
func NewSplit(weight, full int32) Split {
	if full < 1 {
		full = FullWeight
	}
	return Split{Max: full, Canary: min(full, weightAtLeast(weight))}
}

func weightAtLeast(weight int32) int32 { return max(0, weight) }

// WithAdditional returns s with these destinations. They get their weights only
// as far as stable's share reaches, in order.
func (s Split) WithAdditional(destinations ...Destination) Split {
	s.Additional = nil
	left := s.Max - s.Canary
	for _, d := range destinations {
		d.Weight = min(weightAtLeast(d.Weight), left)
		left -= d.Weight
		s.Additional = append(s.Additional, d)
	}
	return s
}

// Stable is the stable revision's weight. Never negative.
func (s Split) Stable() int32 {
	left := s.Max - s.Canary
	for _, d := range s.Additional {
		left -= d.Weight
	}
	return weightAtLeast(left)
}

// SameWeights reports whether two splits send the same shares to the same places.
// Routes and hashes are not compared.
func (s Split) SameWeights(o Split) bool {
	return s.Max == o.Max && s.Canary == o.Canary && slices.Equal(s.Additional, o.Additional)
}
