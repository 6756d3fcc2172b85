package kube

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// A server that answers only when a thousand Rollouts have said everything gets all
// of it, few at a time.
func TestEventsOfABurstAreNotLost(t *testing.T) {
	const rollouts, each = 1000, 10
	var under, most, got atomic.Int64
	open, all := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if now := under.Add(1); now > most.Load() {
			most.Store(now)
		}
		<-open
		under.Add(-1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"kind":"Event","apiVersion":"v1","metadata":{"name":"e"}}`)
		if got.Add(1) == rollouts*each {
			close(all)
		}
	}))
	t.Cleanup(server.Close)
	scheme, err := NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	events, err := NewEvents(&rest.Config{Host: server.URL, QPS: -1}, scheme)
	if err != nil {
		t.Fatal(err)
	}
	for i := range each {
		for n := range rollouts {
			events.Record(&v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{
				Namespace: "n", Name: fmt.Sprint("web-", n), UID: types.UID(fmt.Sprint("uid-", n)),
			}}, plan.Event{Reason: "RolloutStepCompleted", Message: fmt.Sprint("step ", i)})
		}
	}
	close(open)
	select {
	case <-all:
	case <-time.After(time.Minute):
		t.Errorf("%d of %d events came", got.Load(), rollouts*each)
	}
	if most.Load() > eventsAtOnce {
		t.Errorf("%d requests at a time, want at most %d", most.Load(), eventsAtOnce)
	}
}
