package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	fieldselector "k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// server is an API server in memory: objects with versions, selectors, patches
// with preconditions, watches. It is strict where the tests depend on it and
// knows nothing of schemas.
type server struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	version  int
	objects  map[string]*unstructured.Unstructured // by path
	requests []request
	history  []event // all events, oldest first
	wake     map[chan struct{}]bool
	// forbidden are resources that nobody may list or watch.
	forbidden map[string]bool
	// hasStatus is false for a cluster from before the status subresource.
	hasStatus bool
	// beforeWrite, if set, may change objects just before a write is looked at.
	beforeWrite func(n int)
	writes      int
}

// request is a write as it arrived.
type request struct{ Verb, Path, Body string }

type event struct {
	Type   string         `json:"type"`
	Object map[string]any `json:"object"`
}

func newServer(t *testing.T, files ...string) *server {
	t.Helper()
	s := &server{t: t, version: 1000, objects: map[string]*unstructured.Unstructured{}, wake: map[chan struct{}]bool{},
		forbidden: map[string]bool{}, hasStatus: true}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.CloseClientConnections)
	t.Cleanup(s.Server.Close)
	for _, file := range files {
		s.load(file)
	}
	return s
}

// load adds the objects of a YAML file.
func (s *server) load(file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		obj := &unstructured.Unstructured{}
		if err := errors.Join(err, yaml.Unmarshal(doc, &obj.Object)); err != nil {
			s.t.Fatal(err)
		}
		s.put(obj)
	}
}

// add parses one YAML object and stores it.
func (s *server) add(text string) {
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &obj.Object); err != nil {
		s.t.Fatal(err)
	}
	s.put(obj)
}

func resourcePath(obj *unstructured.Unstructured) string {
	prefix := "/apis/" + obj.GetAPIVersion()
	if !strings.Contains(obj.GetAPIVersion(), "/") {
		prefix = "/api/" + obj.GetAPIVersion()
	}
	if obj.GetKind() == "ClusterAnalysisTemplate" {
		return prefix + "/clusteranalysistemplates"
	}
	return fmt.Sprintf("%s/namespaces/%s/%ss", prefix, obj.GetNamespace(), strings.ToLower(obj.GetKind()))
}

// put stores an object under a new version and tells the watchers.
func (s *server) put(obj *unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(obj)
}

func (s *server) store(obj *unstructured.Unstructured) {
	s.version++
	obj.SetResourceVersion(strconv.Itoa(s.version))
	path := resourcePath(obj) + "/" + obj.GetName()
	kind := "ADDED"
	if s.objects[path] != nil {
		kind = "MODIFIED"
	}
	s.objects[path] = obj
	s.notify(kind, obj)
}

// notify adds an event and wakes the watchers, without ever waiting for one.
func (s *server) notify(kind string, obj *unstructured.Unstructured) {
	s.happen(event{Type: kind, Object: obj.DeepCopy().Object})
}

func (s *server) happen(e event) {
	s.history = append(s.history, e)
	for wake := range s.wake {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// ofServer is true for events that are about no object.
func (e event) ofServer() bool { return e.Type == "CLOSE" || e.Type == "ERROR" }

// on is true when the event is about an object of this resource path.
func (e event) on(path string) bool {
	if e.ofServer() {
		return true
	}
	own := resourcePath(&unstructured.Unstructured{Object: e.Object})
	return own == path || allNamespaces(own) == path
}

// allNamespaces is the path of a resource across namespaces.
func allNamespaces(path string) string {
	parts := strings.Split(path, "/")
	i := slices.Index(parts, "namespaces")
	return strings.Join(append(parts[:i:i], parts[i+2:]...), "/")
}

// change edits a stored object.
func (s *server) change(path string, edit func(obj map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edit(path, edit)
}

func (s *server) edit(path string, edit func(obj map[string]any)) {
	obj := s.objects[path].DeepCopy()
	edit(obj.Object)
	s.store(obj)
}

// remove deletes a stored object.
func (s *server) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	obj := s.objects[path]
	delete(s.objects, path)
	s.version++
	obj.SetResourceVersion(strconv.Itoa(s.version))
	s.notify("DELETED", obj)
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	parts := strings.Split(r.URL.Path, "/")
	switch {
	case s.forbidden[parts[len(parts)-1]]:
		s.fail(w, http.StatusForbidden, metav1.StatusReasonForbidden,
			fmt.Sprintf("%s is forbidden: User \"eve\" cannot list resource %q", parts[len(parts)-1], parts[len(parts)-1]))
	case r.URL.Query().Get("watch") == "true":
		s.watch(w, r)
	case r.Method == http.MethodGet:
		s.read(w, r)
	default:
		s.write(w, r, string(body))
	}
}

func (s *server) fail(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	name := ""
	if reason == metav1.StatusReasonNotFound {
		name = "something"
	}
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure",
		Code: int32(code), Reason: reason, Message: message, Details: &metav1.StatusDetails{Name: name},
	})
}

func (s *server) notFound(w http.ResponseWriter, path string) {
	parts := strings.Split(path, "/")
	i := slices.Index(parts, "namespaces")
	group := ""
	if parts[1] == "apis" {
		group = "." + parts[2]
	}
	s.fail(w, http.StatusNotFound, metav1.StatusReasonNotFound,
		fmt.Sprintf("%s%s %q not found", parts[i+2], group, parts[i+3]))
}

func reply(w http.ResponseWriter, obj any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(obj)
}

func (s *server) read(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if obj := s.objects[r.URL.Path]; obj != nil {
		reply(w, obj.Object)
		return
	}
	if isObjectPath(r.URL.Path) {
		s.notFound(w, r.URL.Path)
		return
	}
	items := []any{}
	for _, path := range slices.Sorted(maps.Keys(s.objects)) {
		obj := s.objects[path]
		own := resourcePath(obj)
		if (own == r.URL.Path || allNamespaces(own) == r.URL.Path) && selected(r, obj) {
			items = append(items, obj.Object)
		}
	}
	reply(w, map[string]any{"kind": "List", "apiVersion": "v1", "items": items,
		"metadata": map[string]any{"resourceVersion": strconv.Itoa(s.version)}})
}

// isObjectPath is true for .../namespaces/NS/RESOURCE/NAME.
func isObjectPath(path string) bool {
	_, rest, found := strings.Cut(path, "/namespaces/")
	return found && strings.Count(rest, "/") >= 2
}

func selected(r *http.Request, obj *unstructured.Unstructured) bool {
	byLabel, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return false
	}
	byField, err := fieldselector.ParseSelector(r.URL.Query().Get("fieldSelector"))
	return err == nil && byLabel.Matches(labels.Set(obj.GetLabels())) &&
		byField.Matches(fieldselector.Set{"metadata.name": obj.GetName()})
}

func (s *server) watch(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	wake := make(chan struct{}, 1)
	s.mu.Lock()
	s.wake[wake] = true
	sent := s.happenedBy(from)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.wake, wake)
		s.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "application/json")
	w.(http.Flusher).Flush()
	for {
		s.mu.Lock()
		fresh := s.history[sent:]
		sent = len(s.history)
		s.mu.Unlock()
		for _, e := range fresh {
			if e.Type == "CLOSE" {
				return
			}
			if !e.on(r.URL.Path) || !e.ofServer() && !selected(r, &unstructured.Unstructured{Object: e.Object}) {
				continue
			}
			_ = json.NewEncoder(w).Encode(e)
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-wake:
		}
	}
}

// happenedBy is how many events a client has seen that has seen this version.
// Events of the server's own are for those who watch at the time.
func (s *server) happenedBy(version int) int {
	for i, e := range s.history {
		obj := unstructured.Unstructured{Object: e.Object}
		if v, _ := strconv.Atoi(obj.GetResourceVersion()); !e.ofServer() && v > version {
			return i
		}
	}
	return len(s.history)
}

// interrupt sends an event of the server's own to all watchers.
func (s *server) interrupt(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.happen(e)
}

func (s *server) write(w http.ResponseWriter, r *http.Request, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request{r.Method, r.URL.Path, body})
	s.writes++
	if s.beforeWrite != nil {
		s.beforeWrite(s.writes)
	}
	if r.Method == http.MethodPost {
		s.create(w, r, body)
		return
	}
	path, isStatus := strings.CutSuffix(r.URL.Path, "/status")
	obj := s.objects[path]
	if obj == nil || isStatus && !s.hasStatus {
		s.notFound(w, path)
		return
	}
	patched, err := apply(r, obj, body)
	if err != nil {
		s.fail(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, err.Error())
		return
	}
	if patched.GetResourceVersion() != obj.GetResourceVersion() {
		s.fail(w, http.StatusConflict, metav1.StatusReasonConflict, "the object has been modified")
		return
	}
	s.store(patched)
	reply(w, patched.Object)
}

// create stores a new object. The lock is held.
func (s *server) create(w http.ResponseWriter, r *http.Request, body string) {
	obj := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(body), &obj.Object); err != nil {
		s.fail(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	if obj.GetName() == "" {
		obj.SetName(obj.GetGenerateName() + "x7x7x")
	}
	if _, rest, namespaced := strings.Cut(r.URL.Path, "/namespaces/"); namespaced {
		namespace, _, _ := strings.Cut(rest, "/")
		obj.SetNamespace(namespace)
	}
	if s.objects[r.URL.Path+"/"+obj.GetName()] != nil {
		s.fail(w, http.StatusConflict, metav1.StatusReasonAlreadyExists, obj.GetName()+" already exists")
		return
	}
	s.store(obj)
	reply(w, obj.Object)
}

// apply is the object after a write of one of the three kinds in use.
func apply(r *http.Request, obj *unstructured.Unstructured, body string) (*unstructured.Unstructured, error) {
	before, err := json.Marshal(obj.Object)
	if err != nil {
		return nil, err
	}
	after := []byte(body)
	switch r.Header.Get("Content-Type") {
	case "application/merge-patch+json":
		after, err = jsonpatch.MergePatch(before, after)
	case "application/json-patch+json":
		var patch jsonpatch.Patch
		if patch, err = jsonpatch.DecodePatch(after); err == nil {
			after, err = patch.Apply(before)
		}
	}
	result := &unstructured.Unstructured{}
	return result, errors.Join(err, json.Unmarshal(after, &result.Object))
}
