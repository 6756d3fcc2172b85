package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Detail says how much the tree shows.
type Detail int

// Details.
const (
	// Brief is the usual tree.
	Brief Detail = iota
	// Wide adds images to ReplicaSets, and node and address to pods.
	Wide
)

// TreeOptions are what the tree depends on besides the objects.
type TreeOptions struct {
	// Now is the time that ages are counted to.
	Now time.Time
	// Detail is Brief unless set.
	Detail Detail
}

// node is one row of the tree with the rows below it.
type node struct {
	name     Line
	kind     string
	status   Line
	created  metav1.Time
	info     Line
	children []node
}

// treeHeader names the columns of the tree.
var treeHeader = [...]string{"NAME", "KIND", "STATUS", "AGE", "INFO"}

// table lays the tree out under its column names.
func (n node) table(now time.Time) Text {
	var header []Line
	for _, title := range treeHeader {
		header = append(header, plain(title))
	}
	rows := append([][]Line{header}, n.rows(now, "", "")...)
	return layout(rows, make([]int, len(treeHeader)))
}

// rows is the row of n and those below it. The row begins with branch, those
// below with indent.
func (n node) rows(now time.Time, branch, indent string) [][]Line {
	name := append(plain(branch), n.name...)
	rows := [][]Line{{name, plain(n.kind), n.status, plain(age(n.created.Time, now)), n.info}}
	for i, child := range n.children {
		if i < len(n.children)-1 {
			rows = append(rows, child.rows(now, indent+"├──", indent+"│  ")...)
		} else {
			rows = append(rows, child.rows(now, indent+"└──", indent+"   ")...)
		}
	}
	return rows
}

// named is an icon and a name in a colour.
func named(icon, name string, tone Tone) Line {
	return Line{{Text: icon + " "}, {Text: name, Tone: tone}}
}

// statusLine is an icon in its colour and a word.
func statusLine(icon, status string) Line {
	return Line{{Text: icon, Tone: iconTone(icon)}, {Text: " " + status}}
}

func (v Rollout) node(o TreeOptions) node {
	root := node{
		name:    named(iconRollout, v.Meta.Name, TonePlain),
		kind:    "Rollout",
		status:  statusLine(v.Icon, v.Status),
		created: v.Meta.CreationTimestamp,
	}
	revisions := map[int64][]node{}
	for _, rs := range v.ReplicaSets {
		revisions[rs.Revision] = append(revisions[rs.Revision], rs.node(o))
	}
	for _, exp := range v.Experiments {
		revisions[exp.Revision] = append(revisions[exp.Revision], exp.node(o))
	}
	for _, run := range v.Runs {
		revisions[run.Revision] = append(revisions[run.Revision], run.node())
	}
	newestFirst := func(a, b int64) int { return cmp.Compare(b, a) }
	for _, n := range slices.SortedFunc(maps.Keys(revisions), newestFirst) {
		root.children = append(root.children, node{
			name:     plain(fmt.Sprintf("%s revision:%d", iconRevision, n)),
			children: revisions[n],
		})
	}
	return root
}

func (exp Experiment) node(o TreeOptions) node {
	n := node{
		name:    named(iconExperiment, exp.Meta.Name, analysisTone(exp.Status)),
		kind:    "Experiment",
		status:  statusLine(exp.Icon, exp.Status),
		created: exp.Meta.CreationTimestamp,
	}
	for _, rs := range exp.ReplicaSets {
		n.children = append(n.children, rs.node(o))
	}
	for _, run := range exp.Runs {
		n.children = append(n.children, run.node())
	}
	return n
}

func (rs ReplicaSet) node(o TreeOptions) node {
	tags := rs.tags()
	tone := TonePlain
	if len(tags) > 0 {
		tone = tagTone(tags[0])
	}
	if delay := rs.delayTag(o.Now); delay != "" {
		tags = append(tags, delay)
	}
	if o.Detail == Wide {
		tags = append(tags, "images:"+strings.Join(rs.Images, "+"))
	}
	n := node{
		name:    named(iconReplicaSet, rs.Meta.Name, tone),
		kind:    "ReplicaSet",
		status:  statusLine(rs.Icon, rs.Status),
		created: rs.Meta.CreationTimestamp,
		info:    tagSpans(tags, ","),
	}
	for _, pod := range rs.Pods {
		n.children = append(n.children, pod.node(o.Detail))
	}
	return n
}

func (pod Pod) node(detail Detail) node {
	info := []string{"ready:" + pod.Ready}
	if pod.Restarts > 0 {
		info = append(info, fmt.Sprintf("restarts:%d", pod.Restarts))
	}
	if detail == Wide {
		info = append(info, "ip:"+cmp.Or(pod.IP, "-"), "node:"+cmp.Or(pod.Node, "-"))
	}
	return node{
		name:    named(iconPod, pod.Meta.Name, TonePlain),
		kind:    "Pod",
		status:  statusLine(pod.Icon, pod.Status),
		created: pod.Meta.CreationTimestamp,
		info:    plain(strings.Join(info, ",")),
	}
}

func (run AnalysisRun) node() node {
	n := node{
		name:    named(iconAnalysisRun, run.Meta.Name, analysisTone(run.Status)),
		kind:    "AnalysisRun",
		status:  statusLine(run.Icon, run.Status),
		created: run.Meta.CreationTimestamp,
		info:    run.counters(),
	}
	for _, job := range run.Jobs {
		n.children = append(n.children, node{
			name:    named(iconJob, job.Meta.Name, analysisTone(job.Status)),
			kind:    "Job",
			status:  statusLine(job.Icon, job.Status),
			created: job.Meta.CreationTimestamp,
		})
	}
	return n
}

// counters is the measurements by verdict; verdicts without any are left out.
func (run AnalysisRun) counters() Line {
	var line Line
	for _, c := range []struct {
		icon  string
		count int32
	}{
		{iconHealthy, run.Successful},
		{iconFailed, run.Failed},
		{iconUnknown, run.Inconclusive},
		{iconWarning, run.Error},
	} {
		if c.count == 0 {
			continue
		}
		if len(line) > 0 {
			line = append(line, Span{Text: ","})
		}
		line = append(line, Span{Text: c.icon, Tone: iconTone(c.icon)}, Span{Text: fmt.Sprintf(" %d", c.count)})
	}
	return line
}
