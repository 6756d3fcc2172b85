package node

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestClassify(t *testing.T) {
	cases := map[string]imageKind{
		"argoproj/rollouts-demo:blue":           imageDemo,
		"serin/demo":                            imageDemo,
		"localhost:5000/demo:red@sha256:abc":    imageDemo,
		"argoproj/rollouts-demo:does-not-exist": imageMissing,
		"busybox:missing-tag":                   imageMissing,
		"nginx:1.15.4":                          imageWelcome,
		"redis:7":                               imageUnknown,
		"example.com/demo/server:blue":          imageUnknown,
	}
	for image, want := range cases {
		if got := classify(image); got != want {
			t.Errorf("classify(%s) = %d, want %d", image, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	a := newAddresses()
	a.network, a.next = 7, netip.MustParseAddr("10.7.0.1")
	take := func() string {
		t.Helper()
		ip, err := a.take()
		if err != nil {
			t.Fatal(err)
		}
		return ip.String()
	}
	a.claim(netip.MustParseAddr("10.7.0.253"))
	first, second := take(), take()
	a.give(netip.MustParseAddr(first))
	got := []string{first, second, take()}
	// .255 and .0 are left out, and an address just given back is not next.
	want := []string{"10.7.0.254", "10.7.1.1", "10.7.1.2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	a.next = netip.MustParseAddr("10.7.255.254")
	take()
	if got, want := take(), "10.7.0.1"; got != want {
		t.Errorf("after the last address comes %s, want %s", got, want)
	}
}

func TestAddressesOfTwoNodesDiffer(t *testing.T) {
	first, second, third := newAddresses(), newAddresses(), newAddresses()
	for _, a := range []*addresses{first, second} {
		if err := a.settle(); err != nil {
			t.Fatal(err)
		}
		defer a.close()
	}
	if first.network == second.network {
		t.Errorf("both nodes have network %d", first.network)
	}
	had := second.first()
	if first.owns(had) || !second.owns(had) {
		t.Errorf("owns(%s) = %t and %t, want only the second", had, first.owns(had), second.owns(had))
	}
	if err := second.close(); err != nil {
		t.Fatal(err)
	}
	third.claim(had)
	if err := third.settle(); err != nil {
		t.Fatal(err)
	}
	defer third.close()
	if third.network != second.network {
		t.Errorf("a node with pods of network %d has network %d", second.network, third.network)
	}
}

func TestExpand(t *testing.T) {
	values := map[string]string{"A": "1", "B": "$(A)"}
	cases := map[string]string{
		"plain": "plain", "$(A)": "1", "x$(A)y$(A)": "x1y1", "$(B)": "$(A)", "$$(A)": "$(A)",
		"$(NONE)": "$(NONE)", "$A": "$A", "$": "$", "$(A": "$(A", "a$$b": "a$b",
	}
	for text, want := range cases {
		if got := expand(text, values); got != want {
			t.Errorf("expand(%s) = %s, want %s", text, got, want)
		}
	}
}

func TestResolveEnv(t *testing.T) {
	yes := true
	client := fake.NewClientset(
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "config"}, Data: map[string]string{"key": "from-config"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "secret"}, Data: map[string][]byte{"key": []byte("from-secret")}},
	)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p", Labels: map[string]string{"app": "web"}},
		Status:     corev1.PodStatus{PodIP: "10.1.0.1"},
	}
	object := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	from := func(s corev1.EnvVarSource) []corev1.EnvVar { return []corev1.EnvVar{{Name: "V", ValueFrom: &s}} }
	cases := map[string]struct {
		container corev1.Container
		want      map[string]string
		wantErr   string
	}{
		"a value may use earlier ones": {
			container: corev1.Container{Env: []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "$(A)$(BASE)"}}},
			want:      map[string]string{"A": "1", "B": "1base"},
		},
		"the manifest overrides what every container gets": {
			container: corev1.Container{Env: []corev1.EnvVar{{Name: "BASE", Value: "mine"}}},
			want:      map[string]string{"BASE": "mine"},
		},
		"a field of the pod": {
			container: corev1.Container{Env: from(corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}})},
			want:      map[string]string{"V": "10.1.0.1"},
		},
		"a label of the pod": {
			container: corev1.Container{Env: from(corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.labels['app']"}})},
			want:      map[string]string{"V": "web"},
		},
		"a key of a ConfigMap": {
			container: corev1.Container{Env: from(corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: object("config"), Key: "key"}})},
			want:      map[string]string{"V": "from-config"},
		},
		"a key of a Secret": {
			container: corev1.Container{Env: from(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: object("secret"), Key: "key"}})},
			want:      map[string]string{"V": "from-secret"},
		},
		"all keys, with a prefix": {
			container: corev1.Container{EnvFrom: []corev1.EnvFromSource{{Prefix: "P_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: object("config")}}}},
			want:      map[string]string{"P_key": "from-config"},
		},
		"a limit, rounded up": {
			container: corev1.Container{
				Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("1250m")}},
				Env:       from(corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.cpu"}}),
			},
			want: map[string]string{"V": "2"},
		},
		"a ConfigMap that does not exist": {
			container: corev1.Container{Env: from(corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: object("none"), Key: "key"}})},
			wantErr:   `configmap "none" not found`,
		},
		"one that need not exist": {
			container: corev1.Container{Env: from(corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: object("none"), Key: "key", Optional: &yes}})},
		},
		"a key that does not exist": {
			container: corev1.Container{Env: from(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: object("secret"), Key: "none"}})},
			wantErr:   "couldn't find key none in Secret ns/secret",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			base := map[string]string{"BASE": "base"}
			got, err := resolveEnv(context.Background(), envResolver{client: client, pod: pod, values: base}, &tc.container)
			if tc.wantErr != "" {
				var config configError
				if !errors.As(err, &config) || err.Error() != tc.wantErr {
					t.Fatalf("resolveEnv() error = %v, want %s", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"BASE": "base"}
			for k, v := range tc.want {
				want[k] = v
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("resolveEnv() (-want +got):\n%s", diff)
			}
		})
	}
}
