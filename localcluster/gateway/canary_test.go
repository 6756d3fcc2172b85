package gateway

import (
	"math/rand/v2"
	"net/http"
	"testing"
)

// canaryOf reads a canary from annotations without their prefix.
func canaryOf(pairs ...string) *Canary {
	return canaryRule(prefixed(append([]string{"canary", "true"}, pairs...)...))
}

// prefixed makes annotations from names and values.
func prefixed(pairs ...string) annotations {
	a := annotations{}
	for i := 0; i < len(pairs); i += 2 {
		a[annotationPrefix+pairs[i]] = pairs[i+1]
	}
	return a
}

// headers makes a header from names and values.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestCanaryPrecedence(t *testing.T) {
	const weightNone, weightAll = "0", "100"
	cases := map[string]struct {
		canary *Canary
		header http.Header
		want   bool
	}{
		"header always wins over weight 0": {
			canary: canaryOf("canary-by-header", "X-C", "canary-weight", weightNone), header: headers("X-C", "always"), want: true},
		"header never is final, over cookie and weight": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-cookie", "c", "canary-weight", weightAll),
			header: headers("X-C", "never", "Cookie", "c=always"), want: false},
		"an unknown header value goes on to the cookie": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-cookie", "c", "canary-weight", weightNone),
			header: headers("X-C", "maybe", "Cookie", "c=always"), want: true},
		"a cookie never is final after an unknown header value": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-cookie", "c", "canary-weight", weightAll),
			header: headers("X-C", "maybe", "Cookie", "c=never"), want: false},
		"an unknown header value without a cookie goes on to the weight": {
			canary: canaryOf("canary-by-header", "X-C", "canary-weight", weightAll), header: headers("X-C", "maybe"), want: true},
		"an unknown cookie value goes on to the weight": {
			canary: canaryOf("canary-by-cookie", "c", "canary-weight", weightAll), header: headers("Cookie", "c=maybe"), want: true},
		"the exact value is canary": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-value", "qa", "canary-weight", weightNone),
			header: headers("X-C", "qa"), want: true},
		"always means nothing when a value is set": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-value", "qa", "canary-weight", weightNone),
			header: headers("X-C", "always"), want: false},
		"never means nothing when a value is set": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-value", "qa", "canary-weight", weightAll),
			header: headers("X-C", "never"), want: true},
		"another value goes on to the cookie": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-value", "qa", "canary-by-cookie", "c"),
			header: headers("X-C", "zz", "Cookie", "c=always"), want: true},
		"a pattern is searched": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-pattern", "^q"), header: headers("X-C", "qa"), want: true},
		"a pattern that does not match goes on to the weight": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-pattern", "^q", "canary-weight", weightAll),
			header: headers("X-C", "zz"), want: true},
		"a pattern is ignored next to a value": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-value", "qa", "canary-by-header-pattern", ".*"),
			header: headers("X-C", "zz"), want: false},
		"a pattern that does not compile keeps requests with the header on the primary": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-pattern", "(", "canary-weight", weightAll),
			header: headers("X-C", "zz"), want: false},
		"a pattern that does not compile says nothing without the header": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-pattern", "(", "canary-weight", weightAll), want: true},
		"a value with a forbidden character reverts to always and never": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-value", "a b"), header: headers("X-C", "always"), want: true},
		"a pattern with a forbidden character reverts to always and never": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-pattern", "a!"), header: headers("X-C", "always"), want: true},
		"a header name with a forbidden character is ignored": {
			canary: canaryOf("canary-by-header", "X C"), header: http.Header{"X C": {"always"}}, want: false},
		"the name's case does not matter": {
			canary: canaryOf("canary-by-header", "x-cANARY"), header: headers("X-Canary", "always"), want: true},
		"an underscore in the annotation equals a dash": {
			canary: canaryOf("canary-by-header", "x_canary"), header: headers("X-Canary", "always"), want: true},
		"an underscore in the request equals a dash": {
			canary: canaryOf("canary-by-header", "X-Canary"), header: headers("X_Canary", "always"), want: true},
		"the value's case matters": {
			canary: canaryOf("canary-by-header", "X-C"), header: headers("X-C", "Always"), want: false},
		"a repeated header is not equal to its value": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-value", "qa"),
			header: headers("X-C", "qa", "X-C", "qa"), want: false},
		"a repeated header is searched as one text": {
			canary: canaryOf("canary-by-header", "X-C", "canary-by-header-pattern", "b$"),
			header: headers("X-C", "a", "X-C", "b"), want: true},
		"an empty header is present and says nothing": {
			canary: canaryOf("canary-by-header", "X-C", "canary-weight", weightAll), header: headers("X-C", ""), want: true},
		"a cookie among others is found": {
			canary: canaryOf("canary-by-cookie", "c"), header: headers("Cookie", "a=1; cc=never; c=always"), want: true},
		"nothing asked for, nothing given": {canary: canaryOf(), want: false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			const middle = 1 << 31
			if got := tc.canary.wants(Request{Header: tc.header, Draw: middle}); got != tc.want {
				t.Errorf("wants() = %t, want %t", got, tc.want)
			}
		})
	}
}

func TestCanaryWeight(t *testing.T) {
	cases := map[string]struct {
		weight, total string
		wantHits      int // of 100,000 draws spread evenly
	}{
		"20 of 100":                        {weight: "20", total: "100", wantHits: 20_000},
		"no total means 100":               {weight: "20", total: "", wantHits: 20_000},
		"5 of 1000":                        {weight: "5", total: "1000", wantHits: 500},
		"a total below 100 is ignored":     {weight: "5", total: "50", wantHits: 5_000},
		"a total of 101 counts":            {weight: "101", total: "101", wantHits: 100_000},
		"a total that is no number is 100": {weight: "30", total: "many", wantHits: 30_000},
		"weight 0 is never":                {weight: "0", total: "100", wantHits: 0},
		"no weight is never":               {weight: "", total: "", wantHits: 0},
		"a weight that is no number is 0":  {weight: "half", total: "", wantHits: 0},
		"a negative weight is never":       {weight: "-3", total: "", wantHits: 0},
		"weight 100 is always":             {weight: "100", total: "100", wantHits: 100_000},
		"a weight above total is always":   {weight: "150", total: "100", wantHits: 100_000},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			canary := canaryOf("canary-weight", tc.weight, "canary-weight-total", tc.total)
			const draws = 100_000
			hits := 0
			for i := range uint64(draws) {
				// From the lowest draw to the highest, ends included.
				if canary.wants(Request{Draw: uint32(i * (1<<32 - 1) / (draws - 1))}) {
					hits++
				}
			}
			if tolerance := draws / 10_000; hits < tc.wantHits-tolerance || hits > tc.wantHits+tolerance {
				t.Errorf("%d of %d draws chose the canary, want %d", hits, draws, tc.wantHits)
			}
			if exact := tc.wantHits == 0 || tc.wantHits == draws; exact && hits != tc.wantHits {
				t.Errorf("%d of %d draws chose the canary, want exactly %d", hits, draws, tc.wantHits)
			}
		})
	}
}

func TestTwentyPercentLooksLikeTwentyPercent(t *testing.T) {
	canary := canaryOf("canary-weight", "20")
	source := rand.New(rand.NewPCG(1, 2))
	hits := 0
	for range 1000 {
		if canary.wants(Request{Draw: source.Uint32()}) {
			hits++
		}
	}
	if hits < 170 || hits > 230 {
		t.Errorf("%d of 1000 requests went to the canary, want 200 within 30", hits)
	}
}

func TestCanaryRuleNeedsTheMark(t *testing.T) {
	cases := map[string]struct {
		value string
		want  bool
	}{
		"true":          {value: "true", want: true},
		"a boolean 1":   {value: "1", want: true},
		"false":         {value: "false", want: false},
		"absent":        {value: "", want: false},
		"not a boolean": {value: "yes", want: false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := canaryRule(prefixed("canary", tc.value, "canary-weight", "20")) != nil
			if got != tc.want {
				t.Errorf("canaryRule() made a canary: %t, want %t", got, tc.want)
			}
		})
	}
}
