package scale

// Counts is a number of pods for each of the two revisions of a canary.
type Counts struct{ Canary, Stable int32 }

// Total is the sum of both.
func (c Counts) Total() int32 { return c.Canary + c.Stable }

// Ask is what a basic canary is asked for.
type Ask struct {
	// Replicas is spec.replicas. Unit: pods.
	Replicas int32
	// Weight of Max is the canary's share.
	Weight, Max int32
	// Surge is how many pods above Replicas may exist. Unit: pods.
	Surge int32
}

// ByWeight is the best split of pods for a weight: the candidate whose canary share
// is nearest to it, with at least one pod on both sides of a real split. The total
// is Replicas, or one more when surge allows and that is nearer.
// Example: 5 replicas, weight 20, surge 2 -> canary 1, stable 4.
func ByWeight(a Ask) Counts {
	if a.Replicas <= 0 {
		return Counts{}
	}
	best := Counts{Canary: -1}
	for _, c := range candidates(a) {
		if best.Canary < 0 || nearer(c, best, a) {
			best = c
		}
	}
	if best.Canary < 0 { // nothing fits: both sides keep a pod
		return Counts{Canary: a.Replicas - 1, Stable: 1}
	}
	return best
}

// candidates lists the splits worth comparing, the preferred one first: rounded up,
// rounded down, then the same with one surge pod. Rounding a half goes up.
func candidates(a Ask) []Counts {
	up, down := ceilShare(a.Replicas, a), floorShare(a.Replicas, a)
	// emptyOK: a side without pods is what was asked for, or cannot be helped.
	emptyOK := a.Weight <= 0 || a.Weight >= a.Max || (a.Replicas == 1 && a.Surge == 0)
	const most = 4
	list := make([]Counts, 0, most)
	if up < a.Replicas || emptyOK {
		list = append(list, Counts{Canary: up, Stable: a.Replicas - up})
	}
	if !tie(a.Replicas, a) && (down != 0 || emptyOK) {
		list = append(list, Counts{Canary: down, Stable: a.Replicas - down})
	}
	if a.Surge <= 0 {
		return list
	}
	total := a.Replicas + 1
	list = append(list, Counts{Canary: up, Stable: total - up})
	if !tie(total, a) && (down != 0 || emptyOK) {
		list = append(list, Counts{Canary: down, Stable: total - down})
	}
	return list
}

// nearer reports whether c's canary share is strictly nearer to the weight than b's.
func nearer(c, b Counts, a Ask) bool {
	// |c.Canary/total(c) - W/M| < |b.Canary/total(b) - W/M|, without fractions.
	distance := func(x Counts) int64 {
		d := int64(x.Canary)*int64(a.Max) - int64(a.Weight)*int64(x.Total())
		if d < 0 {
			d = -d
		}
		return d
	}
	return distance(c)*int64(b.Total()) < distance(b)*int64(c.Total())
}

func ceilShare(n int32, a Ask) int32 {
	return int32((int64(n)*int64(a.Weight) + int64(a.Max) - 1) / int64(a.Max))
}

func floorShare(n int32, a Ask) int32 {
	return int32(int64(n) * int64(a.Weight) / int64(a.Max))
}

// tie reports whether the share of n pods ends in exactly a half.
func tie(n int32, a Ask) bool {
	return (2*int64(n)*int64(a.Weight))%int64(a.Max) == 0 && (int64(n)*int64(a.Weight))%int64(a.Max) != 0
}
