// Package names lets programs outside the pod network use in-cluster names.
//
// It is a forward proxy: a program that honours HTTP_PROXY may ask for
// http://prometheus.monitoring:9090 and reaches a ready endpoint of that Service.
// It promises to follow a Service as it is now, not as it was at an earlier
// request; to reach nothing outside this machine; and to answer 502 with a
// sentence that says what is wrong.
package names
