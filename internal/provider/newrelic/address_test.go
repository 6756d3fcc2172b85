package newrelic

import "testing"

func TestAddresses(t *testing.T) {
	cases := map[string]struct{ address, region, want, wantErr string }{
		"no region":          {want: "https://api.newrelic.com/graphql"},
		"US":                 {region: "US", want: "https://api.newrelic.com/graphql"},
		"EU":                 {region: "EU", want: "https://api.eu.newrelic.com/graphql"},
		"eu":                 {region: "eu", want: "https://api.eu.newrelic.com/graphql"},
		"an address wins":    {region: "EU", address: "http://a/g", want: "http://a/g"},
		"a region of Mars's": {region: "mars", wantErr: `unknown region "mars", known are: us, eu`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := addressOf(tc.address, tc.region)
			if got != tc.want || (err == nil) != (tc.wantErr == "") || err != nil && err.Error() != tc.wantErr {
				t.Errorf("addressOf() = %q, %v, want %q, %q", got, err, tc.want, tc.wantErr)
			}
		})
	}
}
