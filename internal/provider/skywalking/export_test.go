package skywalking

import "time"

// Within is p with another time limit.
func Within(p Provider, timeout time.Duration) Provider {
	p.timeout = timeout
	return p
}
