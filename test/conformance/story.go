package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Story is objects, and what a user does with them.
type Story struct {
	Title   string   `json:"title"`
	Rollout string   `json:"rollout"`
	Objects string   `json:"objects"`
	Do      []Action `json:"do"`
}

// Action is one thing a user does, or a wait. Exactly one field is set.
type Action struct {
	Image   string         `json:"image,omitempty"`
	Promote bool           `json:"promote,omitempty"`
	Full    bool           `json:"full,omitempty"`
	Abort   bool           `json:"abort,omitempty"`
	Retry   bool           `json:"retry,omitempty"`
	Patch   map[string]any `json:"patch,omitempty"`
	// Wait for a phase, or PHASE@STEP.
	Wait  string `json:"wait,omitempty"`
	Sleep string `json:"sleep,omitempty"`
}

// Line is one line of a record: a state, an event, or what the user did.
type Line struct {
	// T is seconds since the beginning.
	T float64 `json:"t"`
	*State
	Event      *Event          `json:"event,omitempty"`
	Do         json.RawMessage `json:"do,omitempty"`
	Reached    string          `json:"reached,omitempty"`
	NotReached string          `json:"notReached,omitempty"`
	End        bool            `json:"end,omitempty"`
}

// Event is one event, with hashes written as revisions.
type Event struct {
	On      string `json:"on"`
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// State is what an onlooker sees at one moment, with hashes written as revisions.
type State struct {
	Rollout     Rollout                      `json:"rollout"`
	ReplicaSets map[string]Size              `json:"replicaSets"`
	Services    map[string]string            `json:"services,omitempty"`
	Ingresses   map[string]map[string]string `json:"ingresses,omitempty"`
}

// Rollout is what of the status is compared.
type Rollout struct {
	Phase             string            `json:"phase,omitempty"`
	Message           string            `json:"message,omitempty"`
	CurrentStepIndex  *int32            `json:"currentStepIndex,omitempty"`
	Abort             bool              `json:"abort,omitempty"`
	PromoteFull       bool              `json:"promoteFull,omitempty"`
	ControllerPause   bool              `json:"controllerPause,omitempty"`
	Replicas          int32             `json:"replicas,omitempty"`
	UpdatedReplicas   int32             `json:"updatedReplicas,omitempty"`
	ReadyReplicas     int32             `json:"readyReplicas,omitempty"`
	AvailableReplicas int32             `json:"availableReplicas,omitempty"`
	HPAReplicas       int32             `json:"HPAReplicas,omitempty"`
	Weights           *Weights          `json:"weights,omitempty"`
	StableRS          string            `json:"stableRS,omitempty"`
	CurrentPodHash    string            `json:"currentPodHash,omitempty"`
	ActiveSelector    string            `json:"activeSelector,omitempty"`
	PreviewSelector   string            `json:"previewSelector,omitempty"`
	PauseConditions   []string          `json:"pauseConditions,omitempty"`
	Conditions        map[string]string `json:"conditions,omitempty"`
}

// Weights is the split that the status tells.
type Weights struct {
	Canary Weight `json:"canary"`
	Stable Weight `json:"stable"`
}

// Weight is one share of it.
type Weight struct {
	PodTemplateHash string `json:"podTemplateHash,omitempty"`
	ServiceName     string `json:"serviceName,omitempty"`
	Weight          int32  `json:"weight"`
}

// Size is one ReplicaSet's.
type Size struct {
	Desired           int32 `json:"desired"`
	Replicas          int32 `json:"replicas"`
	Available         int32 `json:"available"`
	ScaleDownDeadline bool  `json:"scaleDownDeadline,omitempty"`
}

// ReadStory reads a story file.
func ReadStory(path string) (Story, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Story{}, err
	}
	var s Story
	if err := yaml.UnmarshalStrict(text, &s); err != nil {
		return Story{}, fmt.Errorf("read story %s: %w", path, err)
	}
	return s, nil
}

// Manifests parses the story's objects.
func (s Story) Manifests() ([]*unstructured.Unstructured, error) {
	var list []*unstructured.Unstructured
	for _, doc := range strings.Split(s.Objects, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &o.Object); err != nil {
			return nil, fmt.Errorf("parse an object of %q: %w", s.Title, err)
		}
		list = append(list, o)
	}
	return list, nil
}

// ReadRecord reads a record file.
func ReadRecord(path string) ([]Line, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []Line
	scan := bufio.NewScanner(bytes.NewReader(text))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var l Line
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("read record %s: %w", path, err)
		}
		lines = append(lines, l)
	}
	return lines, scan.Err()
}
