package node

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// longPatience bounds what takes a real cluster some seconds.
const longPatience = 60 * time.Second

// cluster is an API server with a node of ours.
type cluster struct {
	*testing.T
	client    kubernetes.Interface
	namespace string
	node      *node
	config    Config
	// onNode is set when the cluster has another node, so that pods come to ours.
	onNode string
}

// TestNodeOnAPIServer runs pods against the API server that
// SERIN_LOCAL_KUBECONFIG names. It may have a node of its own, and must run the
// Job and namespace controllers.
func TestNodeOnAPIServer(t *testing.T) {
	path := os.Getenv("SERIN_LOCAL_KUBECONFIG")
	if path == "" {
		t.Skip("SERIN_LOCAL_KUBECONFIG is not set")
	}
	c := newCluster(t, path)
	stop := c.start()
	t.Run("stories", func(t *testing.T) {
		for name, story := range map[string]func(*testing.T, *cluster){
			"a Job whose command fails has failed":            failingJob,
			"a command that ends loops with back-off":         crashLoop,
			"a command that does not exist is told":           noSuchCommand,
			"an image that does not exist is told":            noSuchImage,
			"a readiness probe makes a pod ready and unready": readinessProbe,
			"a liveness probe restarts a container":           livenessProbe,
			"READY_AFTER keeps a pod unready":                 readyAfter,
			"STOP_AFTER keeps a deleted pod serving":          stopAfter,
			"a deleted pod finishes the requests at hand":     inFlight,
			"a preStop hook runs before the end":              preStop,
			"what ignores SIGTERM is killed after its grace":  graceEnds,
			"logs are served, also of the run before":         readLogs,
			"a readiness gate holds a pod back":               readinessGate,
			"init containers run in order":                    initContainers,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := *c
				c.T = t
				story(t, &c)
			})
		}
	})
	t.Run("200 pods start in one burst", func(t *testing.T) {
		c := *c
		c.T = t
		burst(t, &c, 200)
	})
	t.Run("pods come back after a restart of the node", func(t *testing.T) {
		c := *c
		c.T = t
		comeBack(t, &c, stop)
	})
}

func newCluster(t *testing.T, path string) *cluster {
	rest, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	rest.QPS = -1
	client := kubernetes.NewForConfigOrDie(rest)
	ns, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "node-test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{T: t, client: client, namespace: ns.Name}
	c.config = Config{REST: rest, Name: ns.Name, Dir: t.TempDir(), BackoffBase: time.Second, BackoffMax: 2 * time.Second}
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes.Items) > 0 {
		c.onNode = c.config.Name
	}
	t.Cleanup(func() {
		ctx := context.Background()
		for _, err := range []error{
			client.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{}),
			client.CoreV1().Nodes().Delete(ctx, ns.Name, metav1.DeleteOptions{}),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return c
}

// start runs the node; the result stops it.
func (c *cluster) start() (stop func()) {
	n, err := newNode(c.config)
	if err != nil {
		c.Fatal(err)
	}
	c.node = n
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	config := c.config
	config.Ready = func() { close(ready) }
	go func() { done <- n.run(ctx, config) }()
	select {
	case <-ready:
	case err := <-done:
		c.Fatal("node ended: ", err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			c.Error("node ended: ", err)
		}
	}
	c.Cleanup(func() {
		// Pods can only go while their node runs.
		if !stopped {
			c.deleteAll()
		}
		stop()
	})
	return stop
}

func (c *cluster) deleteAll() {
	pods := c.client.CoreV1().Pods(c.namespace)
	now := int64(0)
	err := pods.DeleteCollection(context.Background(), metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{})
	if err != nil {
		c.Error(err)
	}
}

// create makes a pod of the name and containers given.
func (c *cluster) create(name string, change func(*corev1.PodSpec)) *corev1.Pod {
	c.Helper()
	grace := int64(30)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.namespace},
		Spec:       corev1.PodSpec{NodeName: c.onNode, TerminationGracePeriodSeconds: &grace},
	}
	change(&pod.Spec)
	pod, err := c.client.CoreV1().Pods(c.namespace).Create(c.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return pod
}

func (c *cluster) get(name string) (*corev1.Pod, error) {
	return c.client.CoreV1().Pods(c.namespace).Get(c.Context(), name, metav1.GetOptions{})
}

// until waits until a pod is as described.
func (c *cluster) until(name, what string, holds func(*corev1.Pod) bool) *corev1.Pod {
	c.Helper()
	var pod *corev1.Pod
	c.poll(what, func() bool {
		p, err := c.get(name)
		if err != nil {
			c.Fatal(err)
		}
		pod = p
		return holds(p)
	}, func() any { return pod.Status })
	return pod
}

// poll waits for a condition, with a deadline.
func (c *cluster) poll(what string, holds func() bool, last func() any) {
	c.Helper()
	for deadline := time.Now().Add(longPatience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("not in time: %s; last seen: %+v", what, last())
		}
	}
}

// deleteAndTime deletes a pod and returns how long it took to go.
func (c *cluster) deleteAndTime(name string, meanwhile func()) time.Duration {
	c.Helper()
	begun := time.Now()
	if err := c.client.CoreV1().Pods(c.namespace).Delete(c.Context(), name, metav1.DeleteOptions{}); err != nil {
		c.Fatal(err)
	}
	if meanwhile != nil {
		meanwhile()
	}
	c.poll("pod is gone", func() bool {
		_, err := c.get(name)
		return apierrors.IsNotFound(err)
	}, func() any { return name })
	return time.Since(begun)
}

// ask returns the status code of a request to a pod; 0 when nobody answers.
func (c *cluster) ask(pod *corev1.Pod, path string) int {
	c.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+pod.Status.PodIP+":8080"+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	response, err := newProbeClient().Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

func demoPod(env ...corev1.EnvVar) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.Containers = []corev1.Container{{Name: "c", Image: "argoproj/rollouts-demo:blue", Env: env}}
	}
}

func shell(script string, change ...func(*corev1.PodSpec)) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.Containers = []corev1.Container{{Name: "c", Image: "busybox", Command: []string{"sh", "-c", script}}}
		for _, f := range change {
			f(s)
		}
	}
}

func isReady(p *corev1.Pod) bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// first returns the status of the first container, empty while there is none.
func first(p *corev1.Pod) corev1.ContainerStatus {
	if len(p.Status.ContainerStatuses) == 0 {
		return corev1.ContainerStatus{}
	}
	return p.Status.ContainerStatuses[0]
}

func waitsFor(reason string) func(*corev1.Pod) bool {
	return func(p *corev1.Pod) bool {
		w := first(p).State.Waiting
		return w != nil && w.Reason == reason
	}
}
