package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

const (
	// required is the variable that turns missing programs from a skip to a failure.
	required = "SERIN_LOCAL_REQUIRED"
	// storiesAtOnce is how many stories are played at a time. They mostly wait.
	storiesAtOnce = "6"
	// startPatience is how long the cluster and its controller may take to be ready.
	startPatience = 2 * time.Minute
	// quietTime is how long nothing new must be seen before a state counts as settled:
	// watches of several kinds do not tell in one order.
	quietTime = 300 * time.Millisecond
	// quietPatience is how long to wait for that.
	quietPatience = 3 * time.Second
)

func TestMain(m *testing.M) {
	// A default, which the command line overrides.
	if err := flag.Lookup("test.parallel").Value.Set(storiesAtOnce); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Every story, played on a real API server with real pods, agrees with its record but
// for what differs on purpose.
func TestStoriesOnACluster(t *testing.T) {
	cluster := startCluster(t)
	for name, story := range allStories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record, err := ReadRecord("records/" + name + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			replay := playOn(cluster.Namespace(t), t, story)
			for _, d := range unexpected(onPurpose(), name, Differences(record, replay)) {
				t.Error(d)
			}
			keep(t, name, replay)
		})
	}
}

// keep writes a replay to the folder that SERIN_REPLAYS names, in the format of records.
func keep(t *testing.T, name string, replay []Line) {
	t.Helper()
	folder := os.Getenv("SERIN_REPLAYS")
	if folder == "" {
		return
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	for _, l := range replay {
		if err := encoder.Encode(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, name+".jsonl"), []byte(text.String()), 0o644); err != nil {
		t.Error(err)
	}
}

// startCluster starts a cluster with a controller, which end with the test. Without
// the programs the test is skipped, or fails where they are required.
func startCluster(t *testing.T) *local.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startPatience)
	defer cancel()
	cluster, err := local.Start(ctx)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv(required) != "1" {
		t.Skipf("stories are played in the simulator only: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	if err := cluster.Controller().Start(ctx); err != nil {
		t.Fatal(err)
	}
	return cluster
}

// visitor plays a story in a namespace, as a user would, next to an onlooker.
type visitor struct {
	*onlooker
	t     *testing.T
	space *local.Namespace
	story Story
}

// playOn plays a story in a namespace and returns its record.
func playOn(space *local.Namespace, t *testing.T, story Story) []Line {
	t.Helper()
	v := &visitor{onlooker: newOnlooker(t, space.Client(), space.Name), t: t, space: space, story: story}
	v.deploy()
	for _, a := range story.Do {
		if a.Wait != "" {
			v.wait(a.Wait)
			continue
		}
		note, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		v.note(Line{Do: note})
		v.do(a)
	}
	v.sleep(2 * time.Second)
	v.note(Line{End: true})
	return v.record()
}

func (v *visitor) deploy() {
	manifests, err := v.story.Manifests()
	if err != nil {
		v.t.Fatal(err)
	}
	for _, o := range manifests {
		client := v.space.Client().Resource(resources()[o.GetKind()]).Namespace(v.space.Name)
		if _, err := client.Create(v.t.Context(), o, metav1.CreateOptions{}); err != nil {
			v.t.Fatalf("create %s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

func (v *visitor) do(a Action) {
	switch {
	case a.Image != "":
		v.patch(types.JSONPatchType, fmt.Sprintf(`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":%q}]`, a.Image))
	case a.Promote:
		v.patch(types.MergePatchType, `{"status":{"pauseConditions":null}}`, "status")
	case a.Full:
		v.patch(types.MergePatchType, `{"status":{"promoteFull":true}}`, "status")
	case a.Abort:
		v.patch(types.MergePatchType, `{"status":{"abort":true}}`, "status")
	case a.Retry:
		v.patch(types.MergePatchType, `{"status":{"abort":false}}`, "status")
	case a.Sleep != "":
		d, err := time.ParseDuration(a.Sleep)
		if err != nil {
			v.t.Fatal(err)
		}
		v.sleep(d)
	default:
		v.t.Fatalf("cannot play %+v", a)
	}
}

func (v *visitor) patch(how types.PatchType, patch string, subresource ...string) {
	client := v.space.Client().Resource(v1alpha1.RolloutGVR).Namespace(v.space.Name)
	if _, err := client.Patch(v.t.Context(), v.story.Rollout, how, []byte(patch), metav1.PatchOptions{}, subresource...); err != nil {
		v.t.Fatalf("patch Rollout %s with %s: %v", v.story.Rollout, patch, err)
	}
}

// wait gives the controller half a second to see what the user did, and then looks
// every 50 ms, as the recorder did. What a user does next comes when all is quiet.
func (v *visitor) wait(want string) {
	phase, step, _ := strings.Cut(want, "@")
	v.sleep(500 * time.Millisecond)
	if !v.poll(90*time.Second, func() bool { return v.met(phase, step) }) {
		v.note(Line{NotReached: want})
		return
	}
	v.note(Line{Reached: want})
	v.poll(quietPatience, func() bool { return v.quietSince() >= quietTime })
}

// poll looks every 50 ms whether a condition is met, and reports whether it was in time.
func (v *visitor) poll(patience time.Duration, met func() bool) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !met(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// sleep lets time go by, because the story says so.
func (v *visitor) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-v.t.Context().Done():
	}
}
