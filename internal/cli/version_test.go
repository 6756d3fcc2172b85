package cli

import "testing"

func TestDescribedBuild(t *testing.T) {
	const commit = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"
	cases := map[string]struct{ described, commit, want string }{
		"a tag is the whole version":     {"v1.2.3", commit, "v1.2.3"},
		"a candidate is a tag too":       {"v1.2.3-rc1", commit, "v1.2.3-rc1"},
		"a changed tag is none":          {"v1.2.3-dirty", commit, "v1.2.3+1a2b3c4.dirty"},
		"after a tag the commit counts":  {"v1.2.3-4-g1a2b3c4", commit, "v1.2.3+1a2b3c4"},
		"without a tag there is no name": {"1a2b3c4-dirty", commit, "v" + developedVersion + "+1a2b3c4.dirty"},
		"without git nothing is known":   {"unknown", "unknown", "v" + developedVersion + "+unknown"},
		"nor without a linker's word":    {"", "", "v" + developedVersion + "+unknown"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := DescribedBuild(tc.described, tc.commit, "").String(); got != tc.want {
				t.Errorf("DescribedBuild(%q) = %s, want %s", tc.described, got, tc.want)
			}
		})
	}
}
