package job

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"
)

const uid = "0e5b7c1a-7f1e-4d0b-9a55-3a3a4c4c5d5d"

func TestNames(t *testing.T) {
	cases := map[string]struct {
		metric string
		number int32
		want   string
	}{
		"a name that fits stays":          {"success-rate", 1, uid + ".success-rate.1"},
		"24 letters and a digit just fit": {strings.Repeat("a", 24), 9, uid + "." + strings.Repeat("a", 24) + ".9"},
		"a long name is cut and hashed":   {"success-rate-of-the-canary", 1, uid + ".success-rate-of-b1917826.1"},
		"no dash before the hash's dash":  {"success-rate---of-the-canary", 1, uid + ".success-rate-2cac910e.1"},
		"letters that names may not have": {"Success Rate", 2, uid + ".success-rate-5068c6c3.2"},
		"nothing that a name may have":    {"成功率", 2, uid + ".47d2ca13.2"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := nameOf(uid, tc.metric, tc.number); got != tc.want {
				t.Errorf("nameOf() = %q, want %q", got, tc.want)
			}
		})
	}
}

// Law: every name is one that Jobs and the labels of their pods may have, and no two
// measurements of a run share one.
func TestNamesAreValidAndApart(t *testing.T) {
	metric := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z]{1,3}[a-zA-Z0-9. -]{10,40}`), rapid.StringMatching(`(same){5}[a-z]?`))
	rapid.Check(t, func(t *rapid.T) {
		first, second := metric.Draw(t, "first"), metric.Draw(t, "second")
		n, m := rapid.Int32Range(1, 99999).Draw(t, "n"), rapid.Int32Range(1, 99999).Draw(t, "m")
		a, b := nameOf(uid, first, n), nameOf(uid, second, m)
		if problems := validation.IsDNS1123Subdomain(a); len(problems) > 0 || len(a) > 63 {
			t.Fatalf("%q: %v", a, problems)
		}
		if (a == b) != (first == second && n == m) {
			t.Fatalf("%q of %q %d, %q of %q %d", a, first, n, b, second, m)
		}
	})
}
