package view

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// testNow is the moment that the objects of testdata are made for.
var testNow = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// load reads the objects of one file.
func load(t *testing.T, path string) Objects {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var objs Objects
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return objs
		}
		if err != nil {
			t.Fatalf("split %s: %v", path, err)
		}
		objs = add(t, objs, doc)
	}
}

// add parses one document and puts it where its kind belongs.
func add(t *testing.T, objs Objects, doc []byte) Objects {
	t.Helper()
	var head metav1.TypeMeta
	must(t, yaml.Unmarshal(doc, &head))
	switch head.Kind {
	case v1alpha1.RolloutKind:
		objs.Rollout = parse(t, doc, &v1alpha1.Rollout{})
	case v1alpha1.ExperimentKind:
		objs.Experiments = append(objs.Experiments, parse(t, doc, &v1alpha1.Experiment{}))
	case v1alpha1.AnalysisRunKind:
		objs.Runs = append(objs.Runs, parse(t, doc, &v1alpha1.AnalysisRun{}))
	case "ReplicaSet":
		objs.ReplicaSets = append(objs.ReplicaSets, parse(t, doc, &appsv1.ReplicaSet{}))
	case "Pod":
		objs.Pods = append(objs.Pods, parse(t, doc, &corev1.Pod{}))
	default:
		t.Fatalf("unexpected kind %q", head.Kind)
	}
	return objs
}

func parse[T any](t *testing.T, doc []byte, into *T) *T {
	t.Helper()
	must(t, yaml.UnmarshalStrict(doc, into))
	return into
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
