package wavefront

// Over is p with another scheme.
func Over(p Provider, scheme string) Provider {
	p.scheme = scheme
	return p
}
