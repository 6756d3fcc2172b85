package traffic

// Observation is what one data plane serves now.
type Observation struct {
	// Router is the router that looked, by its name in spec.Routing.Routers.
	Router string
	// Split is what the data plane's configuration says. Meaningless unless Found.
	Split Split
	// Found says that our part of the data plane's configuration exists.
	Found bool
	// InSync says that everything we own there is as we would write it for Split
	// (rules copied from the user's objects included). False asks for a repeat.
	InSync bool
	// Verified tells whether the data plane confirmed that it serves Split; nil when
	// it has no way to.
	Verified *bool
	// Problem says what the user must put right before we can route, naming the
	// object, for example an Ingress that does not exist; "" when nothing.
	Problem string
}

// MostCanary is the largest canary share, as a fraction of Max in parts per
// FullWeight rounded up, that any of the observed data planes may still send.
// Data planes without configuration of ours send nothing to the canary.
func MostCanary(observed []Observation) Share {
	var most Share
	for _, o := range observed {
		if !o.Found {
			continue
		}
		if s := (Share{Part: o.Split.Canary, Of: o.Split.Max}); most.Less(s) {
			most = s
		}
	}
	return most
}

// LeastCanary is the smallest canary share that any observed data plane sends.
// Without any observation it is zero.
func LeastCanary(observed []Observation) Share {
	var least Share
	for i, o := range observed {
		s := Share{}
		if o.Found {
			s = Share{Part: o.Split.Canary, Of: o.Split.Max}
		}
		if i == 0 || s.Less(least) {
			least = s
		}
	}
	return least
}

// Share is Part of Of. The zero Share is nothing.
type Share struct{ Part, Of int32 }

// Less compares two shares as fractions.
func (s Share) Less(o Share) bool {
	return int64(s.Part)*int64(max(o.Of, 1)) < int64(o.Part)*int64(max(s.Of, 1))
}

// Pods is how many of replicas pods the share needs, rounded up.
// Example: 20 of 100 with 4 replicas -> 1.
func (s Share) Pods(replicas int32) int32 {
	if s.Of <= 0 || s.Part <= 0 {
		return 0
	}
	return int32((int64(s.Part)*int64(replicas) + int64(s.Of) - 1) / int64(s.Of))
}

// Rest is what the share leaves. Example: 20 of 100 -> 80 of 100.
func (s Share) Rest() Share {
	if s.Of <= 0 {
		return Share{Part: 1, Of: 1}
	}
	return Share{Part: s.Of - s.Part, Of: s.Of}
}
