package traffic

// HeaderRoute sends requests to the canary whose headers all match.
type HeaderRoute struct {
	Name  string
	Match []HeaderMatch
}

// HeaderMatch matches one header.
type HeaderMatch struct {
	Header string
	Value  StringMatch
}

// MirrorRoute copies matching requests to the canary.
type MirrorRoute struct {
	Name string
	// Percentage of the matching requests; 100: all.
	Percentage int32
	Match      []RequestMatch
}

// RequestMatch matches a request; zero fields match everything.
type RequestMatch struct {
	Method, Path StringMatch
	Headers      []HeaderMatch
}

// StringMatch holds at most one matcher; none matches everything.
type StringMatch struct{ Exact, Prefix, Regex string }
