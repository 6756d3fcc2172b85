package cli

import (
	"context"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// gather asks until nothing new comes up. Questions of one round are asked at
// the same time.
func gather(ctx context.Context, c client, next follow) (answers, error) {
	known := answers{}
	for {
		fresh := unasked(next(known), known)
		if len(fresh) == 0 {
			return known, nil
		}
		found := make([][]metav1.Object, len(fresh))
		var group errgroup.Group
		for i, q := range fresh {
			group.Go(func() (err error) {
				found[i], _, err = c.list(ctx, q)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
		for i, q := range fresh {
			known[q] = found[i]
		}
	}
}

func unasked(queries []query, known answers) []query {
	var fresh []query
	once := map[query]bool{}
	for _, q := range queries {
		if _, asked := known[q]; !asked && !once[q] {
			once[q] = true
			fresh = append(fresh, q)
		}
	}
	return fresh
}

// list answers a query. The version is where a watch can begin.
func (c client) list(ctx context.Context, q query) (found []metav1.Object, version string, err error) {
	list, err := c.resource(q.gvr).List(ctx, metav1.ListOptions{LabelSelector: q.labels, FieldSelector: q.fields})
	if q.optional && (apierrors.IsNotFound(err) || apierrors.IsForbidden(err)) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", c.advise(err)
	}
	for i := range list.Items {
		obj, err := decodeAny(q, &list.Items[i])
		if err != nil {
			return nil, "", err
		}
		found = append(found, obj)
	}
	return found, list.GetResourceVersion(), nil
}
