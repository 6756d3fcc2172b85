package sim

import "slices"

// Shrink looks for a shorter history that breaks the same law: without some of its
// commands and faults, and with a calmer environment. It gives up after tries plays.
func Shrink(h History, law string, tries int) History {
	breaks := func(candidate History) bool {
		tries--
		r := Play(candidate)
		return r.Broken != nil && r.Broken.Law == law
	}
	for shorter := true; shorter && tries > 0; {
		shorter = false
		for _, candidate := range smaller(h) {
			if tries <= 0 {
				return h
			}
			if breaks(candidate) {
				h, shorter = candidate, true
				break
			}
		}
	}
	return h
}

// smaller lists histories with one thing less.
func smaller(h History) []History {
	var list []History
	for i := range h.Config.Faults {
		c := h
		c.Config.Faults = slices.Delete(slices.Clone(h.Config.Faults), i, i+1)
		list = append(list, c)
	}
	for i := len(h.Commands) - 1; i >= 0; i-- {
		c := h
		c.Commands = slices.Delete(slices.Clone(h.Commands), i, i+1)
		list = append(list, c)
	}
	for _, calm := range calmer(h.Config.Environment) {
		c := h
		c.Config.Environment = calm
		list = append(list, c)
	}
	return list
}

// calmer lists environments with one kind of lag less.
func calmer(e Environment) []Environment {
	var list []Environment
	without := func(span func(*Environment) *Span) {
		c := e
		if s := span(&c); *s != (Span{}) {
			*s = Span{}
			list = append(list, c)
		}
	}
	without(func(e *Environment) *Span { return &e.Watch })
	without(func(e *Environment) *Span { return &e.Call })
	without(func(e *Environment) *Span { return &e.Queue })
	without(func(e *Environment) *Span { return &e.DataPlane })
	without(func(e *Environment) *Span { return &e.Endpoints })
	if e.Shuffle {
		c := e
		c.Shuffle = false
		list = append(list, c)
	}
	return list
}
