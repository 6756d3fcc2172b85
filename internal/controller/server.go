package controller

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

const (
	// headerPatience is how long a client may take to say what it wants.
	headerPatience = 5 * time.Second
	// farewell is how long running requests may take at the end.
	farewell = 5 * time.Second
	// syncedPatience is how long the readiness probe looks at the caches.
	syncedPatience = 100 * time.Millisecond
)

// server is an HTTP server that lives as long as the process, leader or not.
type server struct {
	name, address string
	handler       http.Handler
	log           logr.Logger
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (s server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends.
func (s server) Start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen for %s: %w", s.name, err)
	}
	s.log.Info("listening", "server", s.name, "address", listener.Addr().String())
	h := &http.Server{Handler: s.handler, ReadHeaderTimeout: headerPatience}
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		_ = h.Shutdown(end) // what is still running is cut off with the process
	}()
	if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.name, err)
	}
	return nil
}

func answerOK(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok")) // the prober has gone
}

// readiness says ok when the caches are filled.
func readiness(m manager.Manager) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), syncedPatience)
		defer cancel()
		if !m.GetCache().WaitForCacheSync(ctx) {
			http.Error(w, "caches are not filled", http.StatusServiceUnavailable)
			return
		}
		answerOK(w, r)
	}
}
