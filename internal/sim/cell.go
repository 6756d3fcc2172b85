package sim

// cell is one object: its live state in the API server and the state that the
// controller's cache holds. States are never edited, only replaced.
type cell[T any] struct {
	live, seen state[T]
	// own is the state after the controller's last write.
	own state[T]
}

// state is an object at one version. The zero state is no object.
type state[T any] struct {
	version int64
	found   bool
	value   T
}

// deliver brings a state to the controller's cache, unless a later one is there.
func (c *cell[T]) deliver(s state[T]) bool {
	if s.version <= c.seen.version {
		return false
	}
	c.seen = s
	return true
}

// catchUp makes the cache at least as new as the controller's own last write.
func (c *cell[T]) catchUp() {
	if c.own.version > c.seen.version {
		c.seen = c.own
	}
}

// settled reports whether the cache is up to date.
func (c *cell[T]) settled() bool { return c.seen.version == c.live.version }

// author says who writes.
type author bool

const (
	byController author = true
	byOthers     author = false
)

// put writes a new state of an object and tells the controller's cache in a while.
func put[T any](w *World, c *cell[T], value T, found bool, by author) {
	w.version++
	w.touched++
	c.live = state[T]{version: w.version, found: found, value: value}
	if by == byController {
		c.own = c.live
	}
	arrived := c.live
	w.after(w.dice.within(w.env.Watch), func() {
		if c.deliver(arrived) {
			w.control.notice()
		}
	})
}
