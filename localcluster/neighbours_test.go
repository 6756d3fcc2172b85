package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTwoClusters runs two clusters on one machine. They share its loopback
// device, so their pods, which all want port 8080, must not share addresses.
func TestTwoClusters(t *testing.T) {
	first, second := newPlace(t), newPlace(t)
	runs := []*running{first.up(t), second.up(t)}
	for _, r := range runs {
		r.waitReady(t)
	}
	first.runDemo(t)
	second.runDemo(t)
	ofFirst, ofSecond := first.podAddresses(t), second.podAddresses(t)
	for _, address := range ofFirst {
		if strings.Contains(strings.Join(ofSecond, " "), address) {
			t.Errorf("pods of both clusters have address %s", address)
		}
	}

	for _, r := range runs {
		r.end(t, syscall.SIGTERM)
	}
	// Alone, the second could have the addresses of the first.
	again := second.up(t)
	again.waitReady(t)
	wantBlue(t, http.DefaultClient, "http://"+second.addresses(t).Gateway+"/color", "demo.example")
	if diff := cmp.Diff(ofSecond, second.podAddresses(t)); diff != "" {
		t.Errorf("pod addresses after another start (-want +got):\n%s", diff)
	}
	again.end(t, syscall.SIGTERM)
}

// runDemo applies the demo application and waits until the gateway serves it.
func (p place) runDemo(t *testing.T) {
	t.Helper()
	p.apply(t, shop)
	p.mustKubectl(t, "rollout", "status", "deployment/demo", "--namespace=shop", "--timeout=30s")
	wantBlue(t, http.DefaultClient, "http://"+p.addresses(t).Gateway+"/color", "demo.example")
}

func (p place) podAddresses(t *testing.T) []string {
	t.Helper()
	return strings.Fields(p.mustKubectl(t, "get", "pods", "--namespace=shop", "--selector=app=demo", "--sort-by=.metadata.name", "--output=jsonpath={.items[*].status.podIP}"))
}
