package view

import (
	"maps"
	"slices"
	"strings"
)

// taggedImages maps images that have pods to what they are to the Rollout.
type taggedImages map[string][]string

// add notes that image has these tags. The first owner of an image keeps the
// order of its tags; once there are several, they are sorted.
func (t taggedImages) add(image string, tags []string) {
	known, shared := t[image]
	if !shared {
		t[image] = tags
		return
	}
	merged := slices.Concat(known, tags)
	slices.Sort(merged)
	t[image] = slices.Compact(merged)
}

func (t taggedImages) addReplicaSets(sets []ReplicaSet, tags func(ReplicaSet) []string) {
	for _, rs := range sets {
		if rs.Replicas == 0 {
			continue
		}
		for _, image := range rs.Images {
			t.add(image, tags(rs))
		}
	}
}

func (t taggedImages) addExperiment(exp Experiment) {
	t.addReplicaSets(exp.ReplicaSets, func(rs ReplicaSet) []string {
		return []string{experimentTagSep + rs.Template}
	})
}

// lines lists the images by name, with their tags in parentheses.
func (t taggedImages) lines() []Line {
	var lines []Line
	for _, image := range slices.Sorted(maps.Keys(t)) {
		line := plain(image)
		if tags := t[image]; len(tags) > 0 {
			line = append(line, Span{Text: " ("})
			line = append(line, tagSpans(tags, ", ")...)
			line = append(line, Span{Text: ")"})
		}
		lines = append(lines, line)
	}
	return lines
}

func (v Rollout) imageLines() []Line {
	found := taggedImages{}
	found.addReplicaSets(v.ReplicaSets, func(rs ReplicaSet) []string { return rs.imageTags() })
	for _, exp := range v.Experiments {
		found.addExperiment(exp)
	}
	return found.lines()
}

// Images lists the images of the pod template, comma-separated.
func (v Rollout) Images() string {
	var list []string
	for _, c := range v.Containers {
		list = append(list, c.Image)
	}
	return strings.Join(list, ",")
}

// tagSpans is tags in their colours with sep in between.
func tagSpans(tags []string, sep string) Line {
	var line Line
	for i, tag := range tags {
		if i > 0 {
			line = append(line, Span{Text: sep})
		}
		line = append(line, Span{Text: tag, Tone: tagTone(tag)})
	}
	return line
}
