// Package influxdb asks an InfluxDB server in Flux.
//
// It speaks HTTP itself: what is needed is one request and one table format. The
// maintained client brings a writer with its buffers and retries, and its reader ends
// in silence where an answer breaks off.
package influxdb
