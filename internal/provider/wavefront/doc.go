// Package wavefront measures by asking Wavefront for the newest point of each series.
package wavefront
