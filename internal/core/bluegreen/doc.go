// Package bluegreen decides for the blue-green strategy: the desired revision comes
// up beside the active one, passes its gates, takes the active Service over, and
// becomes stable.
package bluegreen
