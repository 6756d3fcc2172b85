package kube

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// newInformer is how a cache makes an informer.
type newInformer func(toolscache.ListerWatcher, runtime.Object, time.Duration, toolscache.Indexers) toolscache.SharedIndexInformer

// tolerantInformer makes informers that read our kinds tolerantly, and any other kind
// as usual.
func tolerantInformer(config *rest.Config, s Scope, instance labels.Selector) (newInformer, error) {
	scheme, err := NewScheme()
	if err != nil {
		return nil, err
	}
	ours, err := tolerantClient(config, scheme)
	if err != nil {
		return nil, err
	}
	readers := tolerated()
	return func(lw toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		if kinds, _, err := scheme.ObjectKinds(example); err == nil && kinds[0].GroupVersion() == v1alpha1.SchemeGroupVersion {
			if reader, found := readers[kinds[0].Kind]; found {
				lw = listWatch(ours, reader, s.Namespace, instance.String())
			}
		}
		return toolscache.NewSharedIndexInformer(lw, example, resync, indexers)
	}, nil
}

// tolerantClient is a client for our kinds that decodes tolerantly.
func tolerantClient(config *rest.Config, scheme *runtime.Scheme) (rest.Interface, error) {
	c := rest.CopyConfig(config)
	c.APIPath, c.GroupVersion = "/apis", &v1alpha1.SchemeGroupVersion
	c.ContentType, c.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	c.NegotiatedSerializer = tolerantSerializer{serializer.WithoutConversionCodecFactory{CodecFactory: serializer.NewCodecFactory(scheme)}}
	client, err := rest.RESTClientFor(c)
	if err != nil {
		return nil, fmt.Errorf("open client for Rollouts: %w", err)
	}
	return client, nil
}

type tolerantSerializer struct{ runtime.NegotiatedSerializer }

// DecoderToVersion implements runtime.NegotiatedSerializer.
func (s tolerantSerializer) DecoderToVersion(d runtime.Decoder, v runtime.GroupVersioner) runtime.Decoder {
	return tolerant{Decoder: s.NegotiatedSerializer.DecoderToVersion(d, v)}
}

func listWatch(client rest.Interface, reader kindReader, namespace, selector string) *toolscache.ListWatch {
	request := func(options metav1.ListOptions) *rest.Request {
		options.LabelSelector = selector
		return client.Get().
			NamespaceIfScoped(namespace, reader.namespaced && namespace != "").
			Resource(reader.plural).
			VersionedParams(&options, metav1.ParameterCodec)
	}
	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list := reader.list()
			return list, request(options).Do(ctx).Into(list)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (apiwatch.Interface, error) {
			options.Watch, options.AllowWatchBookmarks = true, true
			return request(options).Watch(ctx)
		},
	}
}
