// Package prometheus is the cluster's Prometheus: scraping, storage, queries and
// the HTTP API are Prometheus' own packages, the page to ask it is ours.
//
// What it promises:
//   - It scrapes the gateway, the Serin controller and every running pod that asks
//     for it by the annotation prometheus.io/scrape, each every Interval.
//   - The gateway's labels namespace, service and so on stay as the gateway says
//     them, so that queries written for ingress-nginx work as they are.
//   - Samples are kept for Retention and survive the end of the process, however
//     it ends.
package prometheus
