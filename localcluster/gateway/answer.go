package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// statusClientClosed is what nginx counts when the client left before the
// answer began.
const statusClientClosed = 499

// answerUnrouted answers a request that nobody can take.
func (p *proxy) answerUnrouted(ex *exchange) {
	host := hostName(ex.in.Host)
	switch ex.choice.Outcome {
	case NoHost:
		answerText(ex, http.StatusNotFound, fmt.Sprintf("no Ingress serves host %q", host))
	case NoPath:
		answerText(ex, http.StatusNotFound, fmt.Sprintf("no Ingress serves path %q of host %q", ex.in.URL.Path, host))
	case NoEndpoints:
		backend := ex.choice.Backend
		answerText(ex, http.StatusServiceUnavailable, fmt.Sprintf("service %s/%s has no ready endpoint for port %s",
			backend.Namespace, backend.Service, backend.Port))
	case Found:
		panic("a routed request was answered as unrouted")
	}
}

// answerError answers a request that was routed but got no answer.
func answerError(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	switch {
	case r.Context().Err() != nil || errors.Is(err, context.Canceled):
		status = statusClientClosed
	case isTimeout(err):
		status = http.StatusGatewayTimeout
	}
	answerText(w, status, err.Error())
}

// answerText answers with one line that says who speaks.
func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintf(w, "serin gateway: %d %s: %s\n", status, statusText(status), text)
}

func statusText(status int) string {
	if status == statusClientClosed {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}
