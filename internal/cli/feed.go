package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// change is the whole present answer to a query, or the end of its feed.
type change struct {
	query query
	found []metav1.Object
	err   error
}

// feed keeps the answer to a query up to date.
type feed struct {
	client  client
	query   query
	changes chan<- change
	// retry is how long to wait after a failure.
	retry time.Duration
}

// feedFailures is how many failures in a row end a feed.
const feedFailures = 5

// run lists and watches until ctx ends. What cannot get better by waiting, such
// as a missing permission, ends it at once.
func (f feed) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		watched, err := f.listAndWatch(ctx)
		switch {
		case err == nil, watched && !lasting(err):
			failures = 0
		case lasting(err), failures >= feedFailures:
			f.send(ctx, change{query: f.query, err: err})
			return
		default:
			failures++
		}
		if err != nil {
			pause := time.NewTimer(f.retry)
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
			}
		}
	}
}

// lasting is true for errors that the same question will meet again.
func lasting(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) ||
		apierrors.IsNotFound(err) || apierrors.IsBadRequest(err) || errors.As(err, new(decodeError))
}

// decodeError is an object that this program cannot read.
type decodeError struct{ error }

// listAndWatch lists once and then follows the changes, over as many
// connections as the server cuts it into. Watched is true when changes could
// be followed at all.
func (f feed) listAndWatch(ctx context.Context) (watched bool, err error) {
	found, version, err := f.client.list(ctx, f.query)
	if err != nil {
		return false, err
	}
	byUID := map[types.UID]metav1.Object{}
	for _, obj := range found {
		byUID[obj.GetUID()] = obj
	}
	f.publish(ctx, byUID)
	if version == "" {
		<-ctx.Done()
		return true, nil
	}
	for ctx.Err() == nil {
		if version, err = f.watch(ctx, version, byUID); err != nil {
			return watched, err
		}
		watched = true
	}
	return true, nil
}

// watch follows the changes over one connection and returns the version to go
// on from. An expired version is an error, and the answer to it is a new list.
func (f feed) watch(ctx context.Context, version string, byUID map[types.UID]metav1.Object) (string, error) {
	w, err := f.client.resource(f.query.gvr).Watch(ctx, metav1.ListOptions{
		LabelSelector: f.query.labels, FieldSelector: f.query.fields,
		ResourceVersion: version, AllowWatchBookmarks: true,
	})
	if err != nil {
		return version, f.client.advise(err)
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		obj, ok := event.Object.(*unstructured.Unstructured)
		if !ok || event.Type == watch.Error {
			return version, apierrors.FromObject(event.Object)
		}
		version = obj.GetResourceVersion()
		if event.Type == watch.Bookmark {
			continue
		}
		if event.Type == watch.Deleted {
			delete(byUID, obj.GetUID())
		} else if byUID[obj.GetUID()], err = decodeAny(f.query, obj); err != nil {
			return version, decodeError{err}
		}
		f.publish(ctx, byUID)
	}
	return version, nil
}

func (f feed) publish(ctx context.Context, byUID map[types.UID]metav1.Object) {
	f.send(ctx, change{query: f.query, found: slices.Collect(maps.Values(byUID))})
}

func (f feed) send(ctx context.Context, c change) {
	select {
	case f.changes <- c:
	case <-ctx.Done():
	}
}

// follower keeps the answers to all queries of a view up to date.
type follower struct {
	client  client
	next    follow
	changes chan change
	known   answers
	started map[query]bool
	retry   time.Duration
}

// feedRetry is how long a feed waits after a failure.
const feedRetry = time.Second

func newFollower(c client, next follow) *follower {
	return &follower{
		client: c, next: next, changes: make(chan change),
		known: answers{}, started: map[query]bool{}, retry: feedRetry,
	}
}

// start begins feeds for the questions that came up since.
func (f *follower) start(ctx context.Context) {
	for _, q := range f.next(f.known) {
		if !f.started[q] {
			f.started[q] = true
			go feed{client: f.client, query: q, changes: f.changes, retry: f.retry}.run(ctx)
		}
	}
}

// take adds what a feed reported.
func (f *follower) take(ctx context.Context, c change) error {
	if c.err != nil {
		return fmt.Errorf("watch %s: %w", c.query.gvr.Resource, c.err)
	}
	f.known[c.query] = c.found
	f.start(ctx)
	return nil
}

// complete is true when every question has an answer.
func (f *follower) complete() bool { return len(f.known) == len(f.started) }
