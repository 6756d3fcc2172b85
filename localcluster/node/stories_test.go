package node

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func failingJob(t *testing.T, c *cluster) {
	never := int32(0)
	template := corev1.PodSpec{NodeName: c.onNode, RestartPolicy: corev1.RestartPolicyNever}
	template.Containers = []corev1.Container{{Name: "c", Image: "busybox", Command: []string{"sh", "-c", "sleep 1; exit 1"}}}
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "fails"},
		Spec:       batchv1.JobSpec{BackoffLimit: &never, Template: corev1.PodTemplateSpec{Spec: template}},
	}
	jobs := c.client.BatchV1().Jobs(c.namespace)
	if _, err := jobs.Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.poll("Job has failed", func() bool {
		got, err := jobs.Get(t.Context(), "fails", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		job = got
		return got.Status.Failed == 1 && len(got.Status.Conditions) > 0 && got.Status.Active == 0
	}, func() any { return job.Status })
	pods, err := c.client.CoreV1().Pods(c.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "job-name=fails"})
	if err != nil || len(pods.Items) != 1 {
		t.Fatalf("pods of the Job: %v, %v", pods, err)
	}
	pod := &pods.Items[0]
	end := first(pod).State.Terminated
	if pod.Status.Phase != corev1.PodFailed || end == nil || end.ExitCode != 1 || end.FinishedAt.Sub(end.StartedAt.Time) < time.Second {
		t.Errorf("pod status = %+v", pod.Status)
	}
}

func crashLoop(t *testing.T, c *cluster) {
	c.create("loop", shell("exit 3"))
	pod := c.until("loop", "crash loop", func(p *corev1.Pod) bool {
		return first(p).RestartCount >= 2 && waitsFor(reasonCrashLoop)(p)
	})
	if end := first(pod).LastTerminationState.Terminated; end == nil || end.ExitCode != 3 || pod.Status.Phase != corev1.PodRunning {
		t.Errorf("pod status = %+v", pod.Status)
	}
}

func noSuchCommand(t *testing.T, c *cluster) {
	c.create("nocmd", shell("", func(s *corev1.PodSpec) { s.Containers[0].Command = []string{"/no/such"} }))
	c.until("nocmd", reasonRunError, waitsFor(reasonRunError))
	pod := c.until("nocmd", reasonCrashLoop, waitsFor(reasonCrashLoop))
	if end := first(pod).LastTerminationState.Terminated; end == nil || end.ExitCode != 128 || end.Reason != reasonStartError {
		t.Errorf("last state = %+v", end)
	}
}

func noSuchImage(t *testing.T, c *cluster) {
	image := func(name string) func(*corev1.PodSpec) {
		return func(s *corev1.PodSpec) { s.Containers = []corev1.Container{{Name: "c", Image: name}} }
	}
	c.create("missing", image("argoproj/rollouts-demo:does-not-exist"))
	c.create("redis", image("redis:7"))
	c.until("missing", reasonPull, waitsFor(reasonPull))
	c.until("missing", reasonPullBackOff, waitsFor(reasonPullBackOff))
	pod := c.until("redis", reasonPullBackOff, waitsFor(reasonPullBackOff))
	if got := first(pod).State.Waiting.Message; !strings.Contains(got, supported) {
		t.Errorf("message = %s, want it to say what is supported", got)
	}
}

func readinessProbe(t *testing.T, c *cluster) {
	pod := c.create("probed", shell("exec sleep 1000", func(s *corev1.PodSpec) {
		s.Containers[0].ReadinessProbe = &corev1.Probe{
			PeriodSeconds: 1, FailureThreshold: 1,
			ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"test", "-f", "fine"}}},
		}
	}))
	c.until("probed", "running", func(p *corev1.Pod) bool { return first(p).State.Running != nil })
	if got, err := c.get("probed"); err != nil || isReady(got) {
		t.Fatalf("ready without passing the probe: %v, %v", got.Status, err)
	}
	file := filepath.Join(c.config.Dir, "pods", string(pod.UID), "c", "fine")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c.until("probed", "ready", isReady)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	c.until("probed", "unready again", func(p *corev1.Pod) bool { return !isReady(p) })
}

func livenessProbe(t *testing.T, c *cluster) {
	c.create("dead", func(s *corev1.PodSpec) {
		demoPod()(s)
		s.Containers[0].LivenessProbe = &corev1.Probe{
			PeriodSeconds: 1, FailureThreshold: 2,
			ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(9)}},
		}
	})
	c.until("dead", "restarted", func(p *corev1.Pod) bool { return first(p).RestartCount >= 1 })
}

func readyAfter(t *testing.T, c *cluster) {
	c.create("late", demoPod(corev1.EnvVar{Name: "READY_AFTER", Value: "1500ms"}))
	pod := c.until("late", "running", func(p *corev1.Pod) bool { return first(p).State.Running != nil })
	if got := c.ask(pod, "/color"); got != http.StatusServiceUnavailable || isReady(pod) {
		t.Errorf("before READY_AFTER: status code %d, ready %t", got, isReady(pod))
	}
	c.until("late", "ready", isReady)
	if got := c.ask(pod, "/color"); got != http.StatusOK {
		t.Errorf("after READY_AFTER: status code %d", got)
	}
}

func stopAfter(t *testing.T, c *cluster) {
	c.create("lingers", demoPod(corev1.EnvVar{Name: "STOP_AFTER", Value: "1500ms"}))
	pod := c.until("lingers", "ready", isReady)
	took := c.deleteAndTime("lingers", func() {
		c.until("lingers", "deleted", func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
		if got := c.ask(pod, "/color"); got != http.StatusOK {
			t.Errorf("after deletion: status code %d", got)
		}
	})
	if took < 1500*time.Millisecond {
		t.Errorf("gone after %s", took)
	}
	if got := c.ask(pod, "/color"); got != 0 {
		t.Errorf("after the end: status code %d", got)
	}
}

func inFlight(t *testing.T, c *cluster) {
	c.create("busy", demoPod(corev1.EnvVar{Name: "LATENCY", Value: "2s"}))
	pod := c.until("busy", "ready", isReady)
	answer := make(chan int, 1)
	go func() { answer <- c.ask(pod, "/color") }()
	c.poll("request has arrived", func() bool {
		text := metrics(c, pod)
		return strings.Contains(text, `demo_requests_total{color="blue"} 1`)
	}, func() any { return metrics(c, pod) })
	c.deleteAndTime("busy", nil)
	if got := <-answer; got != http.StatusOK {
		t.Errorf("request at hand got status code %d", got)
	}
}

func metrics(c *cluster, pod *corev1.Pod) string {
	response, err := newProbeClient().Get("http://" + pod.Status.PodIP + ":8080/metrics")
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	return string(text)
}

func preStop(t *testing.T, c *cluster) {
	out := filepath.Join(t.TempDir(), "hook")
	c.create("hooked", func(s *corev1.PodSpec) {
		demoPod(corev1.EnvVar{Name: "OUT", Value: out})(s)
		s.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{
			Exec: &corev1.ExecAction{Command: []string{"sh", "-c", "sleep 1; echo done > $OUT"}},
		}}
	})
	pod := c.until("hooked", "ready", isReady)
	took := c.deleteAndTime("hooked", func() {
		c.until("hooked", "deleted", func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
		if got := c.ask(pod, "/color"); got != http.StatusOK {
			t.Errorf("during the hook: status code %d", got)
		}
	})
	if text, err := os.ReadFile(out); err != nil || string(text) != "done\n" || took < time.Second {
		t.Errorf("the hook wrote %q, %v; gone after %s", text, err, took)
	}
}

func graceEnds(t *testing.T, c *cluster) {
	c.create("stubborn", shell("trap '' TERM; while :; do sleep 0.05; done", func(s *corev1.PodSpec) {
		one := int64(1)
		s.TerminationGracePeriodSeconds = &one
	}))
	c.until("stubborn", "ready", isReady)
	if took := c.deleteAndTime("stubborn", nil); took < time.Second || took > 10*time.Second {
		t.Errorf("gone after %s, want a little more than its grace period of 1s", took)
	}
}

func readLogs(t *testing.T, c *cluster) {
	c.create("talks", shell("echo run; sleep 0.2; exit 1"))
	c.until("talks", "restarted", func(p *corev1.Pod) bool { return first(p).RestartCount >= 1 })
	read := func(query string) string {
		w := httptest.NewRecorder()
		path := "/containerLogs/" + c.namespace + "/talks/c?" + query
		c.node.api().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	if got := read("follow=true"); got != "run\n" {
		t.Errorf("log = %q", got)
	}
	if got := read("previous=true&tailLines=1"); got != "run\n" {
		t.Errorf("previous log = %q", got)
	}
}

func readinessGate(t *testing.T, c *cluster) {
	c.create("gated", func(s *corev1.PodSpec) {
		demoPod()(s)
		s.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/open"}}
	})
	pod := c.until("gated", "running", func(p *corev1.Pod) bool { return first(p).Ready })
	if isReady(pod) {
		t.Error("ready with its gate closed")
	}
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: "example.com/open", Status: corev1.ConditionTrue})
	if _, err := c.client.CoreV1().Pods(c.namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.until("gated", "ready", isReady)
}

func initContainers(t *testing.T, c *cluster) {
	out := filepath.Join(t.TempDir(), "order")
	step := func(name string) corev1.Container {
		return corev1.Container{Name: name, Image: "busybox", Command: []string{"sh", "-c", "echo " + name + " >> " + out}}
	}
	c.create("ordered", func(s *corev1.PodSpec) {
		s.RestartPolicy = corev1.RestartPolicyNever
		s.InitContainers = []corev1.Container{step("one"), step("two")}
		s.Containers = []corev1.Container{step("main")}
	})
	c.until("ordered", "succeeded", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded })
	if text, err := os.ReadFile(out); err != nil || string(text) != "one\ntwo\nmain\n" {
		t.Errorf("order = %q, %v", text, err)
	}
}

// burst starts many pods and logs how long they took to be ready.
func burst(t *testing.T, c *cluster, count int) {
	begun := time.Now()
	errs := make(chan error, 16)
	for worker := range 16 {
		go func() {
			for i := worker; i < count; i += 16 {
				pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "burst-" + strconv.Itoa(i), Labels: map[string]string{"burst": "yes"}}}
				pod.Spec.NodeName = c.onNode
				demoPod()(&pod.Spec)
				if _, err := c.client.CoreV1().Pods(c.namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 16 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	created := time.Since(begun)
	ready := 0
	c.poll("all are ready", func() bool {
		pods, err := c.client.CoreV1().Pods(c.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "burst=yes"})
		if err != nil {
			t.Fatal(err)
		}
		ready = 0
		for i := range pods.Items {
			if isReady(&pods.Items[i]) {
				ready++
			}
		}
		return ready == count
	}, func() any { return ready })
	t.Logf("%d pods: created in %s, ready in %s", count, created.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
}

// comeBack stops the node, starts one on the same name and directory, and
// expects pods that ran to run again, each at its address.
func comeBack(t *testing.T, c *cluster, stop func()) {
	c.create("returns", demoPod())
	before := c.until("returns", "ready", isReady)
	stop()
	if got := c.ask(before, "/color"); got != 0 {
		t.Errorf("without a node: status code %d", got)
	}
	c.start()
	after := c.until("returns", "restarted", func(p *corev1.Pod) bool { return first(p).RestartCount == 1 && isReady(p) })
	if after.Status.PodIP != before.Status.PodIP {
		t.Errorf("address moved from %s to %s", before.Status.PodIP, after.Status.PodIP)
	}
	if end := first(after).LastTerminationState.Terminated; end == nil || end.ExitCode != exitCodeLost {
		t.Errorf("last state = %+v", end)
	}
	if got := c.ask(after, "/color"); got != http.StatusOK {
		t.Errorf("after the restart: status code %d", got)
	}
}
