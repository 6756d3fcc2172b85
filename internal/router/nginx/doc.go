// Package nginx splits traffic with ingress-nginx: beside each stable Ingress of the
// user it keeps a canary Ingress that carries the weight as an annotation.
//
// It promises never to touch the user's Ingress; that the canary Ingress serves the
// same hosts and paths, follows later edits of the stable one, and belongs to the
// Rollout; and that annotations which others put on the canary Ingress stay.
//
// A maxTrafficWeight below 100 is written and read as the manifest says, though
// ingress-nginx ignores totals of 100 and less.
package nginx
