package scale

// Routed sizes a canary whose traffic a router splits.
type Routed struct {
	// Replicas is spec.replicas. Unit: pods.
	Replicas int32
	// Weight of Max is the share that the sizes must carry.
	Weight, Max int32
	// Explicit pins the canary's size; nil: follow Weight.
	Explicit *int32
	// MinPods is the least size of a revision that has any pods; 0: no floor.
	MinPods int32
	// Dynamic shrinks stable as the canary grows.
	Dynamic bool
}

// Sizes is how many pods each revision should have for the wanted weight.
// Stable keeps all its pods unless Dynamic.
// Example: 10 replicas, weight 25 -> canary 3, stable 10.
func (r Routed) Sizes() Counts {
	canary, stable := r.canary(), r.Replicas
	if r.Dynamic {
		weight := r.Weight
		if r.Explicit != nil {
			weight = 0
		}
		stable = r.floor(share(r.Max-weight, r.Max, r.Replicas))
	}
	return Counts{Canary: canary, Stable: stable}
}

func (r Routed) canary() int32 {
	switch {
	case r.Explicit != nil && !r.Dynamic:
		return max(0, *r.Explicit)
	case r.Explicit != nil:
		return r.floor(max(0, *r.Explicit))
	default:
		return r.floor(share(r.Weight, r.Max, r.Replicas))
	}
}

// Needed is how many pods carry part of the traffic, with the floor applied.
func (r Routed) Needed(part, of int32) int32 { return r.floor(share(part, of, r.Replicas)) }

// floor raises a size that is not zero to MinPods, which replicas caps.
func (r Routed) floor(pods int32) int32 {
	if pods == 0 {
		return 0
	}
	return max(pods, min(r.MinPods, r.Replicas))
}

// share is part/of of n, rounded up. Example: 25/100 of 10 -> 3.
func share(part, of, n int32) int32 {
	if of <= 0 || part <= 0 {
		return 0
	}
	return int32((int64(part)*int64(n) + int64(of) - 1) / int64(of))
}
