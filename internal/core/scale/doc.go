// Package scale knows how many pods each revision should have: by weight, within
// surge and availability, and one safe move at a time.
package scale
