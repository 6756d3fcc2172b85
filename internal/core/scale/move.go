package scale

// Size is how large one ReplicaSet is and how much of it works. Unit: pods.
type Size struct {
	Want, Available int32
	// Broken are pods known not to work. What is neither Available nor Broken is not
	// known yet.
	Broken int32
	// Going are pods above Want that are still there.
	Going int32
}

// Pods are the sizes that one move of a basic canary starts from.
type Pods struct {
	Canary, Stable Size
	// Superseded is how many pods every other ReplicaSet wants or still has.
	Superseded int32
}

// Bounds limit a move. Unit: pods.
type Bounds struct {
	Replicas, Surge, Unavailable int32
}

// Most is how many pods may exist.
func (b Bounds) Most() int32 { return b.Replicas + b.Surge }

// Least is how many pods must stay available.
func (b Bounds) Least() int32 { return max(0, b.Replicas-b.Unavailable) }

// Move is the next sizes on the way to target: grow as far as surge allows, stable
// first; shrink as far as availability allows; a revision that is being drained
// never blocks its own drain with broken pods.
// Growth comes before shrinking within what is returned: the sizes are the end
// point of one write each, and either order keeps the bounds.
func Move(p Pods, target Counts, b Bounds) Counts {
	next := grow(p, target, b)
	rising := target.Canary >= p.Canary.Want
	if p.Superseded > 0 {
		return dropBroken(p, next, target, rising)
	}
	spare := usable(p.Canary, !rising) + usable(p.Stable, rising) - b.Least()
	if spare <= 0 {
		return next
	}
	if rising {
		next.Stable = shrink(next.Stable, target.Stable, spare)
	} else {
		next.Canary = shrink(next.Canary, target.Canary, spare)
		next.Stable = shrink(next.Stable, target.Stable, p.spareStable(next.Canary, b))
	}
	return next
}

// dropBroken takes pods that do not work off the side being drained. While superseded
// pods are left that is all that shrinks: it costs nothing, and makes room.
func dropBroken(p Pods, next, target Counts, rising bool) Counts {
	if rising {
		next.Stable = shrink(next.Stable, target.Stable, p.Stable.Broken)
	} else {
		next.Canary = shrink(next.Canary, target.Canary, p.Canary.Broken)
	}
	return next
}

// spareStable is how many stable pods may go, once the canary has this size, when
// replicas were lowered and both sides are too large.
func (p Pods) spareStable(canary int32, b Bounds) int32 {
	return max(0, min(canary, p.Canary.Available)+usable(p.Stable, false)-b.Least())
}

// grow raises both sides as far as there is room, stable first.
func grow(p Pods, target Counts, b Bounds) Counts {
	next := Counts{Canary: p.Canary.Want, Stable: p.Stable.Want}
	room := b.Most() - p.Superseded - next.Total() - p.Canary.Going - p.Stable.Going
	if target.Stable > next.Stable && room > 0 {
		growth := min(target.Stable-next.Stable, room)
		next.Stable += growth
		room -= growth
	}
	if target.Canary > next.Canary && room > 0 {
		next.Canary += min(target.Canary-next.Canary, room)
	}
	return next
}

// shrink lowers want towards target by at most spare; it never raises.
func shrink(want, target, spare int32) int32 {
	if want <= target {
		return want
	}
	return max(target, want-spare)
}

// usable is how many of a ReplicaSet's pods count as serving. Those of the side
// being drained all count, so that broken ones can be removed.
func usable(s Size, drained bool) int32 {
	if drained {
		return s.Want
	}
	return min(s.Want, s.Available)
}
